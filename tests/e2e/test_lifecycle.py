"""Starts, trials and safe mode of a whole device: what runs after which kind of end."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gateway import Answer
from pairs import App, Pair

from uscomo_tools.device.simulated import Console
from uscomo_tools.errors import UscomoError
from uscomo_tools.syncml.message import Message

KILL = "__import__('os').system('kill -9 $PPID')"
AGENT = "com.uscomo.agent"

# Places in a component row, see store.py.
STATE, TRIES, FLAGS, SLOT, FALL_BACK, FLOOR = 1, 2, 3, 4, 5, 6


def board(pair: Pair) -> dict[str, Any]:
    """The board's record, and where its agent comes from."""
    text = pair.on_board("lifecycle")
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def call(pair: Pair, *words: str) -> str:
    """Call a function of uscomo on the board, as over a cable."""
    return pair.on_board("call", *words)


def new_agent(pair: Pair, kind: str) -> None:
    pair.on_board("new_agent", kind)


def records(pair: Pair) -> list[bytes]:
    flash = pair.flash()
    found = []
    for copy in ("r0", "r1"):
        with flash.open(f"/uscomo.d/{copy}/record", "rb") as file:
            found.append(file.read())
    return found


def stop_when(pair: Pair, line: str) -> None:
    """Cut the power when an app has printed a line."""

    def printed(text: str) -> None:
        pair.output.append(text)
        if text == line:
            pair.device.board.cut_power()

    pair.output = Listening(printed)


class Listening(list):
    """Output that somebody listens to."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        super().__init__()
        self._on_line = on_line

    def append(self, line: str) -> None:
        if self._on_line is not None:
            on_line, self._on_line = self._on_line, None
            on_line(line)
            self._on_line = on_line
        else:
            super().append(line)


RUNS = """
import asyncio, uscomo

async def main():
    print("runs")
    while True:
        await asyncio.sleep(1)
"""


def test_soft_resets_of_tools_use_up_no_attempt(new_pair: Callable[..., Pair]) -> None:
    """mpremote runs boot.py before each command: ten of them change not one byte."""
    pair = new_pair(settings={"confirm_after": "1000"})
    app = App(pair)
    pair.device.request("install", app.publish(RUNS))
    stop_when(pair, "runs")
    assert pair.run() == -9
    (row,) = board(pair)["rows"]
    assert row[TRIES] == 2
    before = records(pair)
    image = pair.device.board.image.read_bytes()
    for _ in range(5):
        pair.device.status()
        assert pair.device.board.run("repl", on_text=lambda text: None, timeout=20) == 0
    assert records(pair) == before
    assert pair.device.board.image.read_bytes() == image
    # A start by main.py does.
    assert pair.run() == -9
    assert board(pair)["rows"][0][TRIES] == 1
    assert records(pair) != before


def test_an_app_that_kills_the_process_is_rolled_back(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(settings={"confirm_after": "1"})
    app = App(pair)
    assert pair.ask_for(app.publish(RUNS)) == 0
    app.publish(f"def main():\n    {KILL}\n")
    assert app.update() == -9
    assert app.version() == "2"
    assert [pair.run() for _ in range(2)] == [-9, -9]
    pair.output.clear()
    assert pair.run() == 0
    assert f"component {app.id} rolled back" in pair.events
    assert pair.output == ["runs"]
    assert app.version() == "1"
    assert [operation["code"] for operation in pair.operations()] == [1200, 1473]
    assert board(pair)["abnormal"] == 0


@pytest.mark.parametrize("hang", ["def main():\n    while True:\n        pass\n"])
def test_the_watchdog_ends_a_hang(new_pair: Callable[..., Pair], hang: str) -> None:
    pair = new_pair(settings={"confirm_after": "1", "watchdog": "2000"})
    app = App(pair)
    assert pair.ask_for(app.publish(hang)) == 0
    assert pair.device.board.bites == 3
    assert pair.outcome() == ("failed", 1473)
    assert pair.status() == {app.id: 10}


def test_the_watchdog_is_fed_through_an_installation(new_pair: Callable[..., Pair]) -> None:
    """A slow server, a slow user, a slow download: nothing of it starves a watchdog of 2 s."""
    pair = new_pair(settings={"confirm_after": "1", "watchdog": "2000", "poll": "1"})
    app = App(pair)
    assert pair.ask_for(app.publish(RUNS)) == 0
    files = {f"data{i}": secrets.token_bytes(9000) for i in range(16)}
    large = pair.publish({"app.py": b"async def main():\n    print('large')\n", **files})
    slow = {"message", "question", "content"}

    def be_slow(what: str) -> None:
        if what in slow:
            slow.remove(what)
            time.sleep(2.5)

    def slow_message(message: Message) -> str:
        if pair.operations()[1:]:
            be_slow("message")
        return ""

    def slow_content(path: str, answer: Answer) -> Answer:
        if path.endswith("pkg"):
            answer.headers["content-length"] = str(len(answer.body))
            answer.pieces = slow_pieces(answer.body)
        return answer

    def slow_pieces(body: bytes) -> Iterator[bytes]:
        for i in range(8):
            part = len(body) // 7
            yield body[i * part : (i + 1) * part]
            time.sleep(0.35)
        slow.discard("content")

    def heard(words: list[str]) -> None:
        if words == ["session", "main", "done"] and not pair.operations()[1:]:
            pair.api.post(
                f"/devices/{pair.device_id}/operations",
                json={"primitive": "install", "package": large, "ask": "server"},
            )
        if words == ["component", large, "confirmed"]:
            pair.device.board.cut_power()

    def asked(question: str) -> str:
        be_slow("question")
        return "y"

    pair.on_event = heard
    pair.gateway.lose = slow_message
    pair.gateway.content = slow_content
    console = Console(heard, pair.output.append, asked)
    assert pair.device.run(console, "run", 60) == -9
    assert slow == set()
    assert pair.device.board.bites == 0
    assert pair.status()[large] == 20


def test_a_broken_new_agent_is_rolled_back(pair: Pair) -> None:
    """It cannot even be imported: main.py's resets use up its attempts."""
    new_agent(pair, "broken")
    assert pair.run() == 0
    state = board(pair)
    assert state["agent"].startswith("/lib/uscomo/")
    (row,) = state["rows"]
    assert row[STATE] == 10
    assert pair.output.count("ValueError: a new agent that nobody can import") == 3
    assert f"component {AGENT} rolled back" in pair.events
    assert state["abnormal"] == 0


def test_a_deaf_new_agent_is_rolled_back(pair: Pair) -> None:
    """It starts, but holds no session."""
    new_agent(pair, "deaf")
    assert pair.run() == 0
    state = board(pair)
    assert state["agent"].startswith("/lib/uscomo/")
    assert pair.events.count("agent failed") == 3
    assert f"component {AGENT} rolled back" in pair.events


def test_a_new_agent_without_a_server_is_rolled_back(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(settings={"agent_trial": "1"})
    new_agent(pair, "good")
    pair.gateway.gone = True
    assert pair.run() == 3
    assert pair.events.count("no good session with the new agent") == 3
    assert board(pair)["agent"].startswith("/lib/uscomo/")


def test_a_good_new_agent_takes_over(pair: Pair) -> None:
    new_agent(pair, "good")
    assert pair.run() == 0
    assert f"component {AGENT} confirmed" in pair.events
    state = board(pair)
    (row,) = state["rows"]
    assert state["agent"] == f"/uscomo.d/c/{row[SLOT]}/uscomo/__init__.mpy"
    assert row[FLAGS] == 2
    assert row[FLOOR] == 2
    # It is an agent like any other: apps come and go.
    app = App(pair)
    assert pair.ask_for(app.publish(RUNS)) == 0
    assert pair.status() == {AGENT: 20, app.id: 20}
    assert board(pair)["agent"] == state["agent"]


FRAGILE = f"""
import os, uscomo

async def main():
    if "bad" in os.listdir(uscomo.data_dir()):
        {KILL}
    print("well")
"""


@pytest.mark.parametrize("way_out", ["call", "server"])
def test_three_abnormal_starts(new_pair: Callable[..., Pair], way_out: str) -> None:
    """A confirmed app that kills the device: safe mode, the agent alone, and the ways out."""
    pair = new_pair(settings={"confirm_after": "1"})
    app = App(pair)
    assert pair.ask_for(app.publish(FRAGILE)) == 0
    assert pair.outcome() == ("done", 1200)
    bad = call(pair, "data_dir", app.id).strip() + "/bad"
    pair.on_board("touch", bad)
    assert [pair.run() for _ in range(3)] == [-9, -9, -9]
    pair.output.clear()
    pair.events.clear()
    assert pair.check() == 0
    assert pair.events[0].startswith("SAFE MODE: ")
    assert pair.output == []
    assert board(pair)["flags"] == 1
    # It stays, and is told at every start; a session works.
    pair.events.clear()
    assert pair.check() == 0
    assert pair.events[0].startswith("SAFE MODE: ")
    assert "session main done" in pair.events

    pair.events.clear()
    if way_out == "call":
        pair.on_board("touch", bad, "remove")
        call(pair, "leave_safe_mode")
        assert pair.run() == 0
        assert pair.output == ["well"]
    else:
        pair.operate("deactivate", app.id)
        assert pair.check() == 0
        assert pair.status() == {app.id: 10}
        assert "SAFE MODE" not in " ".join(pair.events[3:])
    state = board(pair)
    assert (state["flags"], state["abnormal"]) == (0, 0)


def test_back_by_hand(new_pair: Callable[..., Pair]) -> None:
    """What was replaced is retained: back and forth, without a trial; data stays."""
    pair = new_pair(settings={"confirm_after": "1"})
    app = App(pair)
    keeps = """
import os, uscomo

async def main():
    with open(uscomo.data_dir() + "/count", "a") as file:
        file.write("x")
    print({version}, os.stat(uscomo.data_dir() + "/count")[6])
"""
    assert pair.ask_for(app.publish(keeps.format(version=1))) == 0
    with pytest.raises(UscomoError, match="nothing retained"):
        call(pair, "rollback", app.id)
    app.publish(keeps.format(version=2))
    assert app.update() == 0
    assert pair.output == ["1 1", "1 2", "2 3"]
    for expected in ("1 4", "2 5"):
        assert f"component {app.id} back to {expected[0]}" in call(pair, "rollback", app.id)
        pair.output.clear()
        assert pair.run() == 0
        assert pair.output == [expected]
        assert app.version() == expected[0]
    (row,) = board(pair)["rows"]
    assert row[FLOOR] == 2
    assert row[FLAGS] == 0
    # The folder goes with the component.
    pair.operate("remove", app.id)
    assert pair.check() == 0
    assert pair.flash().listdir("/uscomo.d/a") == []


def test_sleep_is_a_clean_run(new_pair: Callable[..., Pair]) -> None:
    """An app that sleeps after a moment, again and again, is no crash loop."""
    source = """
import uscomo

def main():
    print("awake")
    uscomo.sleep(10)
"""
    pair = new_pair(settings={"confirm_after": "1000"})
    app = App(pair)
    pair.device.request("install", app.publish(source))

    lines: list[str] = []

    def awake(line: str) -> None:
        lines.append(line)
        if lines.count("awake") == 6:
            pair.device.board.cut_power()

    pair.output = Listening(awake)
    assert pair.run() == -9
    assert f"component {app.id} confirmed" in pair.events
    assert pair.outcome() == ("done", 1200)
    assert board(pair)["abnormal"] == 1


def test_apps_end_before_a_restart(new_pair: Callable[..., Pair]) -> None:
    """Each has its `finally`; one that does not end is not waited for."""
    source = """
import asyncio, uscomo

async def stubborn():
    while True:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            print("no")

async def main():
    try:
        await asyncio.sleep(1000)
    finally:
        print("cleaned up")
        await stubborn()
"""
    pair = new_pair(settings={"confirm_after": "1"})
    app = App(pair)
    assert pair.ask_for(app.publish(source)) == 0
    assert pair.output == []
    pair.operate("deactivate", app.id)
    assert pair.check() == 0
    assert pair.output == ["cleaned up"]
    assert pair.status() == {app.id: 10}


def test_what_an_app_can_call(new_pair: Callable[..., Pair]) -> None:
    source = """
import asyncio, uscomo

uscomo.log("at import")

def asked(text, default):
    print("asked", default)
    return True

def answered(id, answer):
    print("answer", id, answer)

async def main():
    uscomo.on_consent(asked)
    uscomo.on_answer(answered)
    uscomo.log("in main")
    print(repr(uscomo.params()), uscomo.data_dir()[:12])
    uscomo.request_install("com.example.nothing")
    await asyncio.sleep(1000)
"""
    pair = new_pair(settings={"confirm_after": "1"})
    app = App(pair)
    assert pair.ask_for(app.publish(source)) == 0
    assert pair.output[:3] == [
        f"{app.id}: at import",
        f"{app.id}: in main",
        "'' /uscomo.d/a/",
    ]
    assert any(line.startswith("answer com.example.nothing ") for line in pair.output)
    # The next question goes to the app, not to the console.
    asked = len(pair.questions)
    another = pair.publish()
    assert pair.ask_for(another) == 0
    assert len(pair.questions) == asked
    assert "asked True" in pair.output or "asked False" in pair.output
    assert pair.status()[another] == 20
