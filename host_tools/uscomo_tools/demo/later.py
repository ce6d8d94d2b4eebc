"""What happens to an app over time: update, a bad version, a call, a power cut, a new agent."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from .. import resources
from ..device.agent import agent_files
from ..errors import UscomoError
from ..package import Project, agent_project, build
from .stage import BLINK, PATIENCE, Stage

_BROKEN = b'async def main():\n    raise RuntimeError("blink 3 does not work")\n'
#: Large enough that a cut at one of the first writes falls into the installation.
_SOUND = bytes(range(256)) * 48
_LATEST_CUT = 60
#: Of the agent that replaces the deployed one; its code is the same here.
_AGENT = "0.1.1"


def update_on_request(stage: Stage) -> None:
    """Version 2 has another pattern: that file travels, the rest is copied on the board."""
    sizes: list[int] = []

    def on_event(words: list[str]) -> None:
        if words[0] == "progress":
            sizes.append(int(words[1]))

    with stage.step("update", f"the device asks for an update of {BLINK}") as step:
        _publish(stage, 2, {"pattern.txt": b"0.05 0.05\n"})
        stage.device.request("update", BLINK)
        stage.run(on_event)
        stage.expect_end("done", 1200)
        stage.expect_component(BLINK, ("2.0.0", "active"))
        whole = len(stage.packages["blink 2"])
        if not sizes or sizes[-1] >= whole:
            raise UscomoError(f"the whole package travelled: {sizes[-1:]} of {whole} bytes")
        step.detail = f"{sizes[-1]} bytes instead of {whole}"


def crash(stage: Stage) -> None:
    """Version 3 crashes at each start: the board goes back by itself, the server hears why."""
    with stage.step("crash", "version 3 crashes: back to version 2, the server is told") as step:
        _publish(stage, 3, {"blink.py": _BROKEN})
        stage.device.request("update", BLINK)
        stage.run()
        operation = stage.expect_end("failed", 1472)
        stage.expect_component(BLINK, ("2.0.0", "active"))
        step.detail = f"1472, {operation['reason']}"


def notification(stage: Stage) -> None:
    """The server calls: package 0 over UDP makes the running device open a session."""
    with stage.step("notification", "package 0 over UDP makes the device open a session"):
        heard: list[str] = []
        with stage.running(lambda words: heard.append(" ".join(words))):
            _wait(lambda: any("listens" in line for line in heard), "the device does not listen")
            stage.operate(primitive="deactivate", component=BLINK)
            _wait(lambda: stage.last_operation()["state"] == "done", "nobody answered the call")
        first = stage.get("/api/messages?after=0")
        if not any("<Data>1200</Data>" in row["xml"] for row in first if row["direction"] == "up"):
            raise UscomoError("no session began with Alert 1200")
        stage.operate(primitive="activate", component=BLINK)
        stage.run_check()
        stage.expect_component(BLINK, ("2.0.0", "active"))


def power_cut(stage: Stage) -> None:
    """The process is killed at a random flash write of an installation."""
    at = random.randint(1, _LATEST_CUT)
    title = f"power cut (SIGKILL) at flash write {at} of the update to version 4"
    with stage.step("power-cut", title) as step:
        _publish(stage, 4, {"sound.bin": _SOUND})
        stage.device.request("update", BLINK)
        stage.device.board.cut_at = at
        try:
            code = stage.power_on()
        finally:
            stage.device.board.cut_at = None
        if code != -signal.SIGKILL:
            raise UscomoError(f"the power was not cut: the device ended with exit code {code}")
        found = {row["id"]: row["version"] for row in stage.device.status()}[BLINK]
        if found not in ("2.0.0", "4.0.0"):
            raise UscomoError(f"{BLINK} is neither old nor new: {found}")
        stage.run_check()
        operation = stage.last_operation()
        ends = {"done": ("4.0.0", "active"), "failed": ("2.0.0", "active")}
        if operation["state"] not in ends:
            raise UscomoError(f"the server does not know how it ended: {operation}")
        stage.expect_component(BLINK, ends[operation["state"]])
        step.detail = f"version {found} after the restart, then {operation['code']}"


def agent_update(stage: Stage) -> None:
    """The agent is a component like any other, on trial until it has held a session."""
    with stage.step("agent", "the agent itself is updated") as step:
        stage.packages["agent"] = build(agent_project(agent_files(), _AGENT), stage.key)
        stage.publish("operator", "agent")
        stage.operate(primitive="install", package="uscomo")
        stage.run_check()
        stage.expect_end("done", 1200)
        stage.expect_component("uscomo", (_AGENT, "active"))
        step.detail = f"version {_AGENT} held its first session"


def _publish(stage: Stage, version: int, changes: dict[str, bytes]) -> None:
    """Build and publish another version of blink, all it was before but for some files."""
    folder = stage.folder / f"blink-{version}"
    before = stage.folder / f"blink-{version - 1}"
    if version == 4:  # what was wrong with version 3 is gone
        before = stage.folder / "blink-2"
    _copy(before if before.exists() else resources.demo_apps() / "blink", folder)
    for name, content in changes.items():
        (folder / name).write_bytes(content)
    description = folder / "uscomo.toml"
    lines = [
        f'version = "{version}.0.0"'
        if line.startswith("version")
        else f"release = {version}"
        if line.startswith("release")
        else line
        for line in description.read_text().splitlines()
    ]
    description.write_text("\n".join(lines) + "\n")
    name = f"blink {version}"
    stage.packages[name] = build(Project.load(folder), stage.key)
    stage.publish("operator", name)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _wait(happened: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise UscomoError(otherwise)
        time.sleep(0.05)
