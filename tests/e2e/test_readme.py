"""The README's walk-through of a server and a device of one's own, command by command."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USCOMO = [sys.executable, "-c", "from uscomo_tools.cli import main; main()"]


def commands() -> list[list[str]]:
    """The `uscomo` commands of the README's second shell block."""
    text = (ROOT / "README.md").read_text().split("## Your own server")[1]
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    lines = block[1].replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines if line.strip()]
    assert all(words[0] == "uscomo" for words in found)
    return [words[1:] for words in found]


def test_your_own_server_your_own_device(tmp_path: Path) -> None:
    environment = os.environ | {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }

    def start(words: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*USCOMO, *words],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    done = []
    url = ""
    server = None
    try:
        for words in commands():
            project = str(ROOT / "firmware/demo_apps/blink")
            words = [project if word == "path/to/project" else word for word in words]
            if words[0] == "serve":
                assert words.pop() == "&"
                server = start([*words, "--port", "0", "--json"])
                assert server.stdout
                url = json.loads(server.stdout.readline())["url"]
                environment["USCOMO_SERVER"] = url
                continue
            words = [word.replace("http://127.0.0.1:8080", url) if url else word for word in words]
            if words[:2] == ["device", "request"]:
                words.append("--yes")
            if words[:2] == ["device", "run"]:
                continue  # for ever; what it does is shown elsewhere
            process = start(words)
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, (words, output, errors)
            done.append(" ".join(words[:2]))
        assert done[-1] == "device request"
        assert "com.example.blink confirmed" in output
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=20)
    assert server
    assert server.returncode == 0
