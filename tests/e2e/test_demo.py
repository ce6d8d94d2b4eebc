"""`uscomo demo`, the way a user runs it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = "import sys; from uscomo_tools.cli import run; sys.exit(run(sys.argv[1:]))"
STEPS = [
    *("build", "publish", "bootstrap", "request", "install", "confirm"),
    *("unauthorised", "authorise", "default", "default-changed"),
    *("update", "crash", "notification", "power-cut", "agent"),
    *("deactivate", "activate", "remove", "agree"),
]
LEFT = [
    {"id": "com.example.clock", "version": "1.0.0", "state": "active"},
    {"id": "uscomo", "version": "0.1.1", "state": "active"},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home and a folder for temporary files, both empty."""
    for name in ("home", "tmp", "here"):
        (tmp_path / name).mkdir()
    return tmp_path


def command(home: Path, *arguments: str) -> dict[str, object]:
    """The demo as arguments of `subprocess`; it leads a process group of its own."""
    unset = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment.update(HOME=str(home / "home"), TMPDIR=str(home / "tmp"), COLUMNS="200")
    return {
        "args": [sys.executable, "-c", RUN, "demo", *arguments],
        "cwd": home / "here",
        "env": environment,
        "start_new_session": True,
    }


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = subprocess.Popen(
        **command(home, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output, errors = process.communicate(timeout=120)
    assert processes_with(home) == []
    return subprocess.CompletedProcess([], process.returncode, output, errors)


def processes_with(home: Path) -> list[str]:
    """Command lines of processes that work in the test's folder."""
    found = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in found.stdout.splitlines() if str(home / "tmp") in line]


def left_behind(home: Path) -> list[Path]:
    return sorted(path for name in ("home", "tmp", "here") for path in (home / name).iterdir())


def test_one_json_object(home: Path) -> None:
    began = time.monotonic()
    done = demo(home, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    assert left_behind(home) == []

    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert set(result) == {"ok", "steps", "server", "device"}
    assert result["ok"] is True
    assert result["server"] == result["device"] == LEFT
    assert [step["name"] for step in result["steps"]] == STEPS
    fields = {"name", "ok", "seconds", "messages", "bytes_up", "bytes_down", "detail"}
    assert all(set(step) == fields and step["ok"] for step in result["steps"])
    cost = {step["name"]: step for step in result["steps"]}
    for name in ("request", "confirm", "default", "default-changed", "deactivate", "remove"):
        assert cost[name]["messages"] >= 2
        assert cost[name]["messages"] % 2 == 0
        assert cost[name]["bytes_up"] > 100
        assert cost[name]["bytes_down"] > 100
    assert cost["build"]["messages"] == cost["install"]["messages"] == 0
    assert cost["default"]["messages"] == 2  # nothing to do costs two messages
    assert "rolled back" in cost["crash"]["detail"]
    assert re.fullmatch(r"(\d+) bytes instead of (\d+)", cost["update"]["detail"])
    assert re.fullmatch(
        r"version [24]\.0\.0 after the restart, then \d+", cost["power-cut"]["detail"]
    )
    # Only the app that crashes has one, among what the board prints.
    assert "Traceback" not in re.sub(r"^ +\| .*\n", "", done.stderr, flags=re.MULTILINE)


def test_kept_and_traced(home: Path) -> None:
    kept = home / "here" / "kept"
    done = demo(home, "--yes", "--trace", "--keep", str(kept))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""

    lines = [line for line in done.stdout.splitlines() if re.match(r"ok  \S", line)]
    assert [line.split()[1] for line in lines] == STEPS
    assert all(re.search(r"\d\.\d\d s", line) for line in lines)
    assert "blink: on" in done.stdout  # the app's own words
    assert re.search(r"com.example.clock\W+1.0.0 active\W+1.0.0 active\W+agree", done.stdout)

    assert done.stdout.count("device -> server") == done.stdout.count("server -> device") > 10
    for said in (
        "<LocURI>./SCOMO</LocURI>",
        "UpdateUserRequest",
        "<Data>1226</Data>",
        "<Sequence>",
        "<Correlator>",
        "<ResultCode>1200</ResultCode>",
    ):
        assert said in done.stdout or said.replace("<", "&lt;").replace(">", "&gt;") in done.stdout

    assert left_behind(home) == [kept]
    assert (kept / "server" / "server.sqlite").exists()
    assert (kept / "device" / "device.json").exists()
    again = demo(home, "--yes", "--keep", str(kept))
    assert again.returncode == 2
    assert again.stdout == ""
    assert len(again.stderr.splitlines()) == 1
    assert str(kept) in again.stderr


def test_nobody_to_ask(home: Path) -> None:
    done = demo(home)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("uscomo: ")
    assert "--yes" in line

    done = demo(home, "--json")
    assert done.returncode == 2
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["ok"] is False
    assert "--yes" in result["error"]
    assert left_behind(home) == []


class Terminal:
    """The demo at a terminal."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            **command(home, *arguments), stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, expected: str) -> None:
        """Read until a text shows up, or the terminal is closed."""
        end = time.monotonic() + 30
        while expected not in self.text:
            assert time.monotonic() < end, self.text
            if not select.select([self.mine], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.mine, 4096)
            except OSError:  # what Linux says when nobody has the other end any more
                return
            if not data:
                return
            self.text += data.decode()

    def finish(self) -> int:
        self.read_until("\0 never sent")
        os.close(self.mine)
        return self.process.wait(10)


@pytest.fixture
def at_terminal(home: Path) -> Callable[..., Terminal]:
    return lambda *arguments: Terminal(home, *arguments)


def test_user_says_no(home: Path, at_terminal: Callable[..., Terminal]) -> None:
    terminal = at_terminal()
    terminal.read_until("[Y/n/later] ")
    assert "Install Blink 1.0.0" in terminal.text
    os.write(terminal.mine, b"n\n")
    assert terminal.finish() == 4
    assert terminal.text.splitlines()[-1] == "uscomo: the user said no: nothing was installed"
    assert "FAILED" in terminal.text
    assert "Traceback" not in terminal.text
    assert left_behind(home) == []
    assert processes_with(home) == []


@pytest.mark.parametrize("waiting", [True, False])
def test_interrupted(home: Path, at_terminal: Callable[..., Terminal], waiting: bool) -> None:
    """Ctrl-C at a question, and while the board works."""
    terminal = at_terminal(*(() if waiting else ("--yes",)))
    terminal.read_until("[Y/n/later] " if waiting else "blink: on")
    assert processes_with(home)
    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.finish() == 130
    assert "Traceback" not in terminal.text
    assert left_behind(home) == []
    assert processes_with(home) == []
