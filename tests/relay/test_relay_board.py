"""Sessions and installations of real MicroPython over a relay."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pipe import Pipe
from relaying import Desk, desk

from uscomo_tools.relay.board import BoardSettings


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as found:
        yield found


def on_board(here: Desk, code: str) -> None:
    """Somebody was at the board before: what they typed, then it starts anew."""
    with here.board.open() as board:
        board.soft_reset()
        board.exec(code)
        board.soft_reset(run_main=True)


def test_a_server_calls_and_the_board_installs_at_once(here: Desk) -> None:
    app = here.app()
    with here.relay() as relay:
        relay.wait_event("attached")
        here.address(relay)
        here.install(app.id)
        relay.wait_for("^hello 1$")
        relay.wait(lambda: here.state() == ["done"])
    sessions = [line for line in relay.heard.agent() if line.startswith("session")]
    assert sessions[:2] == ["session main begins", "session main done"]
    assert "notified by main" in relay.heard.agent()
    requests = relay.heard.requests
    (package,) = [one for one in requests if one.method == "GET" and one.size == len(app.data)]
    assert (package.status, package.received) == (200, package.size)
    assert not [one for one in requests[:-1] if one.problem]  # the last may be under way
    assert relay.heard.all("notified")


def test_the_board_asks_for_an_application_and_gets_its_update(here: Desk) -> None:
    app = here.app()
    on_board(here, f"import uscomo\nuscomo.request_install({app.id!r})")
    with here.relay() as relay:
        relay.wait_for("^hello 1$")
        relay.wait(lambda: here.state() == ["done"])
        here.address(relay)
        here.install(here.app(2).id)
        relay.wait_for("^hello 2$")
        relay.wait(lambda: here.state() == ["done", "done"])
    assert not [line for line in relay.heard.lines if "Traceback" in line]


def test_an_application_prints_and_fails_and_its_traceback_stays_readable(here: Desk) -> None:
    text = "import time\n\n\ndef main():\n    print('about to fail')\n    raise ValueError(7)\n"
    app = here.app(text=text)
    with here.relay() as relay:
        relay.wait_event("attached")
        here.address(relay)
        here.install(app.id)
        relay.wait_for("^ValueError: 7$")
    at = relay.heard.lines.index("Traceback (most recent call last):")
    assert relay.heard.lines[at - 1] == "about to fail"
    assert "hello.py" in "".join(relay.heard.lines[at + 1 : at + 4])
    assert not [line for line in relay.heard.lines if "·" in line], "a frame's rest"


# -- the operator


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, consent="console") as found:
        yield found


def test_the_operator_answers_for_the_user(asking: Desk) -> None:
    app = asking.app()
    with asking.relay() as relay:
        relay.wait_event("attached")
        asking.address(relay)
        asking.install(app.id)
        relay.wait_for(r"^\? Install .*\[Y/n/later\]$")
        relay.type("n")
        relay.wait(lambda: asking.state() == ["refused"])
        asking.install(app.id)
        relay.wait_for(r"^\? Install", times=2)
        relay.type("yes")
        relay.wait_for("^hello 1$")


def test_alerts_of_the_server_are_answered_at_the_relay(asking: Desk) -> None:
    path = f"/devices/{quote(asking.device_id, safe='')}/commands"

    def alert(code: str, *texts: str) -> int:
        items = [{"data": text} for text in texts]
        return int(
            asking.server.post(path, {"command": "Alert", "code": code, "items": items})["id"]
        )

    def answer(number: int) -> dict[str, Any]:
        (found,) = [one for one in asking.server.get(path) if one["id"] == number]
        return found

    with asking.relay() as relay:
        relay.wait_event("attached")
        told = alert("1100", "MINDT=1", "Good morning")
        name = alert("1102", "MAXDT=60&IT=A", "Your name?")
        choice = alert("1103", "MAXDT=60", "Which one?", "red", "green", "blue")
        asking.call(relay)
        relay.wait_for("^! Good morning$")
        relay.wait_for(r"^\? Your name\?")
        relay.type("Ada Lovelace")
        relay.wait_for(r"^\? Which one\?")
        relay.type("2")
        relay.wait_for("session main done")
        relay.wait(lambda: "done" in str(answer(choice)))
    # Each question was answered when it was asked: nothing of one answer was left for the next.
    assert sum(line.startswith("? ") for line in relay.heard.lines) == 2
    assert [answer(one)["told"] for one in (told, name, choice)] == [[], ["Ada Lovelace"], ["2"]]
    assert {answer(one)["statuses"][0]["code"] for one in (told, name, choice)} == {200}


# -- what breaks off


def test_a_download_goes_on_when_the_relay_is_started_anew(here: Desk) -> None:
    app = here.app(padding=40_000)
    with Pipe(here.board.url, bytes_per_second=40_000) as pipe:
        with here.relay(pipe.url) as relay:
            relay.wait_event("attached")
            here.address(relay)
            here.install(app.id)
            relay.wait_for("progress")
            relay.wait(lambda: pipe.to_board > 16_000)
        first = relay.heard.requests[-1]
        assert first.method == "GET"
        assert 0 < first.received < len(app.data)
        with here.relay(pipe.url) as relay:
            relay.wait_for("^hello 1$")
            relay.wait(lambda: here.state() == ["done"])
    rest = [one for one in relay.heard.requests if one.method == "GET"]
    assert [one.status for one in rest] == [206]
    assert rest[0].received < len(app.data) - 8_000


def test_a_board_that_is_reset_in_a_download_goes_on(here: Desk) -> None:
    app = here.app(padding=40_000)
    with (
        Pipe(here.board.url, bytes_per_second=40_000) as pipe,
        here.relay(pipe.url) as relay,
    ):
        relay.wait_event("attached")
        here.address(relay)
        here.install(app.id)
        relay.wait_for(r"progress 2\d{4} ")
        here.board.power.restart()
        relay.wait_for("^hello 1$")
        relay.wait(lambda: here.state() == ["done"])
    found = [one for one in relay.heard.requests if one.method == "GET" and ".pkg" in one.url]
    assert (found[0].status, bool(found[0].problem)) == (200, True)
    assert (found[-1].status, found[-1].problem) == (206, "")


def test_a_bad_line_costs_time_and_nothing_else(here: Desk) -> None:
    app = here.app(padding=3_000)
    with Pipe(here.board.url, rate=0.003, seed=5) as pipe, here.relay(pipe.url) as relay:
        relay.wait_event("attached")
        here.address(relay)
        here.install(app.id)
        relay.wait_for("hello 1")
        relay.wait(lambda: here.state() == ["done"])
    assert pipe.spoiled > 10


def test_a_spoiled_byte_that_is_a_ctrl_c_stops_no_board_for_long(here: Desk) -> None:
    def runs_again(times: int) -> bool:
        return here.board.console_log.count("listens at the relay") >= times

    app = here.app()
    with here.relay() as relay:
        relay.wait_event("attached")
        relay.wait(lambda: runs_again(1))
        relay.type("\x03")
        relay.wait_for("KeyboardInterrupt")
        relay.wait_event("restarted")
        relay.wait(lambda: runs_again(2))
        # Also where more of it has led to the raw REPL.
        relay.type("\x03\x01")
        relay.wait_for("raw REPL")
        relay.wait(lambda: runs_again(3))
        here.address(relay)
        here.install(app.id)
        relay.wait_for("^hello 1$")


# -- other programs


def test_mpremote_works_beside_the_relay(here: Desk, tmp_path: Path) -> None:
    def mpremote(*arguments: str) -> str:
        command = [sys.executable, "-m", "mpremote", "connect", path, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    consoles = BoardSettings(consoles=tmp_path / "consoles")
    with here.relay(board=consoles) as relay:
        relay.wait_event("attached")
        path = str(relay.wait_event("shares")["path"])
        assert Path(path).is_symlink()
        assert mpremote("exec", "print(6 * 7)").strip() == "42"
        relay.wait_event("released")
        (tmp_path / "file.bin").write_bytes(bytes(range(256)) * 4)
        mpremote("cp", str(tmp_path / "file.bin"), ":file.bin")
        relay.wait_event("released", 2)
        assert here.board.files()["/file.bin"] == bytes(range(256)) * 4
        # Its program was stopped, as mpremote always does; started anew, the board is there again.
        mpremote("reset")
        relay.wait_for("listens at the relay", times=1)
        here.call(relay)
        relay.wait_for("session main done")
    assert not Path(path).is_symlink()


def test_a_board_that_nobody_relays_comes_back_when_somebody_does(here: Desk) -> None:
    app = here.app()
    on_board(here, f"import uscomo\nuscomo.request_install({app.id!r})")
    time.sleep(4)  # it tries, and nobody answers
    with here.relay() as relay:
        relay.wait_for("^hello 1$")
