"""The host's side of a relay: ports, several boards, the operator, notifications, the command."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial
from puppet import Puppet, Site
from relaying import Relay, settings_for

from uscomo_tools import cli
from uscomo_tools.board import find
from uscomo_tools.board.frames import encode
from uscomo_tools.board.lock import PortLock
from uscomo_tools.board.stream import Kind
from uscomo_tools.relay.allowed import AllowList
from uscomo_tools.relay.board import BoardSettings, names_of
from uscomo_tools.relay.console import ConsoleText
from uscomo_tools.relay.run import RelaySettings


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def several(boards: list[Puppet], server: str) -> Relay:
    return Relay(
        RelaySettings(
            ports=[board.url for board in boards],
            allowed=AllowList(server),
            notify=("127.0.0.1", 0),
            board=BoardSettings(share=False),
            typed=False,
        )
    )


def send(address: str, data: bytes) -> None:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, (host, int(port)))


def taken(board: Puppet, kind: str) -> list[bytes]:
    board.idle(0.3)
    return [data for found, data in board.heard if chr(found) == kind]


def test_a_board_is_told_the_time_when_somebody_comes(board: Puppet, site: Site) -> None:
    with Relay(settings_for(board.url, site.url)) as relay:
        relay.wait_event("attached")
        (told,) = taken(board, "T")
        assert abs(int.from_bytes(told, "little") - time.time()) < 5
        board.get(site.url + "/dm")
        assert len(taken(board, "T")) == 2


def test_each_board_has_notifications_of_its_own(site: Site) -> None:
    with Puppet() as one, Puppet() as other, several([one, other], site.url) as relay:
        relay.wait_event("attached", 2)
        first, second = (str(found["address"]) for found in relay.heard.all("listens"))
        send(second, b"for the second")
        assert taken(other, "N") == [b"for the second"]
        assert taken(one, "N") == []
        send(first, b"for the first")
        assert taken(one, "N") == [b"for the first"]
        relay.wait_event("notified", 2)


def test_notifications_are_limited(board: Puppet, site: Site) -> None:
    with Relay(settings_for(board.url, site.url)) as relay:
        relay.wait_event("attached")
        for _ in range(20):
            send(relay.notify_address, b"call")
        relay.wait_event("notification")
        assert taken(board, "N") == [b"call"]
        assert len(relay.heard.all("notification")) == 1
        time.sleep(1)
        send(relay.notify_address, bytes(129))
        relay.wait_event("notification refused")


def test_what_has_waited_is_shown_and_its_frames_are_not_acted_on(
    board: Puppet, site: Site
) -> None:
    opened = encode(Kind.OPEN, 0, b"\x05\x00" + site.url.encode())
    asked = encode(Kind.DATA, 1, b"\x05\x00GET /old HTTP/1.1\r\nHost: x\r\n\r\n")
    attached = threading.Event()

    def talk() -> None:
        # As long as it takes to open the port, which itself drops what was there.
        while not attached.wait(0.03):
            board.write(b"text" + opened + b" and\r\n" + asked)
            if time.monotonic() > end:
                return

    end = time.monotonic() + 0.6
    talking = threading.Thread(target=talk)
    talking.start()
    with Relay(settings_for(board.url, site.url)) as relay:
        relay.wait_event("attached")
        attached.set()
        talking.join()
        board.get(site.url + "/new")
    assert set(relay.heard.lines) == {"text and"}
    assert [path for _, path, _, _ in site.seen] == ["/new"]


def test_a_port_that_another_program_has_is_waited_for(board: Puppet, site: Site) -> None:
    lock = PortLock(board.url)
    lock.acquire()
    try:
        with Relay(settings_for(board.url, site.url)) as relay:
            assert "in use" in relay.wait_event("busy")["problem"]
            time.sleep(1.2)
            assert len(relay.heard.all("busy")) == 1, "said once, not at each try"
            lock.release()
            relay.wait_event("attached")
            with pytest.raises(Exception, match="in use"):
                PortLock(board.url).acquire()
        lock.acquire()
    finally:
        lock.release()


def test_a_board_that_comes_back_under_another_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[find.Candidate] = []
    monkeypatch.setattr(find, "candidates", lambda: list(there))

    def plugged(puppet: Puppet) -> None:
        there[:] = [find.Candidate(puppet.url, "E6614104", 1, 2, "", ())]

    # Both from the beginning: so the names differ.
    with Puppet() as again, Puppet() as puppet:
        plugged(puppet)
        with Relay(settings_for(puppet.url, site.url)) as relay:
            relay.wait_event("attached")
            assert b"content" in puppet.get(site.url + "/before")
            there.clear()
            puppet.close()
            relay.wait_event("lost")
            plugged(again)
            assert relay.wait_event("attached", 2)["port"] == again.url
            assert b"content" in again.get(site.url + "/after")
        puppet.close = lambda: None  # type: ignore[method-assign]
    assert [path for _, path, _, _ in site.seen] == ["/before", "/after"]


# -- the operator


def read_line(board: Puppet) -> str:
    found = ""
    end = time.monotonic() + 10
    while not found.endswith("\n"):
        assert time.monotonic() < end, found
        found += board.link.character() or ""
        time.sleep(0.001)
    return found.strip()


def test_lines_go_to_who_has_asked_else_to_who_is_named(site: Site) -> None:
    with Puppet() as one, Puppet() as other, several([one, other], site.url) as relay:
        relay.wait_event("attached", 2)
        name = one.url.rpartition("/")[2]
        relay.type("nobody asked")
        relay.wait(lambda: relay.heard.all("not sent"))
        other.write(b"? Install x? [y/N/later] ")
        relay.wait_for("Install x")
        relay.type("yes")
        assert read_line(other) == "yes"
        other.write(b"? Second? [y/N/later] ")
        relay.wait_for("Second")
        relay.type(f"{name}: a line of its own")
        assert read_line(one) == "a line of its own"
        one.write(b"? First? [y/N/later] ")
        relay.wait_for("First")
        relay.type("for the second")  # who asked first comes first
        relay.type("for the first")
        assert read_line(other) == "for the second"
        assert read_line(one) == "for the first"


def test_with_one_board_no_name_is_needed(board: Puppet, site: Site) -> None:
    with Relay(settings_for(board.url, site.url)) as relay:
        relay.wait_event("attached")
        relay.type("http://a line with a colon")
        assert read_line(board) == "http://a line with a colon"


def test_console_text_becomes_lines() -> None:
    text = ConsoleText()
    assert text.take(b"one\r\ntw") == ["one"]
    assert text.take(b"o\r\n\r\n? Sure? [y/N/later] ") == ["two", "? Sure? [y/N/later]"]
    assert text.question == "? Sure? [y/N/later]"
    assert text.take(b"\r\n") == []
    assert text.question == ""
    assert text.take(b"\x1b[2Jcolour\x07\xff\n") == ["·[2Jcolour··"]
    assert [len(line) for line in text.take(b"a" * 1000)] == [1000]
    assert not text.at_prompt
    text.take(b"\r\nMicroPython\r\n>>> ")
    assert text.at_prompt
    text.take(b"import x\r\n")
    assert not text.at_prompt
    text.take(b">")
    assert not text.at_prompt, "an application's"
    text.take(b"\r\nraw REPL; CTRL-B to exit\r\n>")
    assert text.at_prompt


def test_names_of_boards() -> None:
    name = names_of(["/dev/ttyACM0", "socket://host:1234"])
    assert [name("/dev/ttyACM0"), name("socket://host:1234")] == ["ttyACM0", "host:1234"]
    name = names_of(["/dev/a/tty0", "/dev/b/tty0"])
    assert [name("/dev/a/tty0"), name("/dev/b/tty0")] == ["dev-a-tty0", "dev-b-tty0"]


# -- other programs


def test_a_shared_console_has_the_text_and_takes_what_is_typed(
    board: Puppet, site: Site, tmp_path: Path
) -> None:
    shared = BoardSettings(consoles=tmp_path)
    with Relay(settings_for(board.url, site.url, board=shared)) as relay:
        relay.wait_event("attached")
        path = relay.wait_event("shares")["path"]
        with serial.Serial(path, timeout=5) as port:
            time.sleep(0.3)
            # Sessions go on beside it, and their frames are not seen.
            board.write(b"before\r\n")
            board.get(site.url + "/dm")
            board.write(b"after\r\n")
            assert port.read_until(b"after\r\n") == b"before\r\nafter\r\n"
            port.write(b"typed\r\n")
            assert read_line(board) == "typed"
            # From the raw REPL on, all bytes are the program's.
            port.write(b"\x01")
            end = time.monotonic() + 10
            while board.link.character() != "\x01":
                assert time.monotonic() < end
                time.sleep(0.005)
            frame = encode(Kind.OPEN, 0, b"\x05\x00" + site.url.encode())
            board.write(frame)
            assert port.read(len(frame)) == frame
        relay.wait_event("released")
        assert b"content" in board.get(site.url + "/again")
    assert [path for _, path, _, _ in site.seen] == ["/dm", "/again"]


# -- the command


RELAY = (sys.executable, "-c", "from uscomo_tools.cli import main; main()", "relay")


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RELAY, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal_and_leaves_in_order(
    board: Puppet, site: Site, tmp_path: Path, number: signal.Signals
) -> None:
    process = command(
        *(board.url, "--server", site.url + "/dm", "--json", "--notify", "0"),
        *("--consoles", str(tmp_path / "consoles")),
    )
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        told = []
        for line in process.stdout:
            told.append(json.loads(line))
            if told[-1]["event"] == "attached":
                break
        board.write(b"hello\r\n? Sure? [y/N/later] ")
        assert b"content" in board.get(site.url + "/dm")
        process.stdin.write("yes\n")
        process.stdin.flush()
        assert read_line(board) == "yes"
        (link,) = (tmp_path / "consoles").iterdir()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
    told += [json.loads(line) for line in rest.splitlines()]
    names = [one["event"] for one in told]
    assert names[-1] == "stopped"
    (request,) = [one for one in told if one["event"] == "request"]
    assert (request["status"], request["url"]) == (200, site.url + "/dm")
    assert [one["text"] for one in told if one["event"] == "console"] == [
        *("hello", "? Sure? [y/N/later]"),
    ]
    assert all("time" in one for one in told)
    assert not os.path.lexists(link)


def test_the_log_for_people(board: Puppet, site: Site) -> None:
    process = command(board.url, "--server", site.url, "--no-share")
    try:
        assert process.stderr is not None
        while "attached" not in process.stderr.readline():
            pass
        board.write(b"hello\r\n")
        board.get(site.url + "/dm")
        process.terminate()
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert output == "hello\n"
    assert f"url={site.url}/dm status=200" in errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["/dev/null"], 2),
        (["/dev/null", "--server", "dm.example"], 2),
        (["/dev/null", "--server", "http://x", "--allow", "http://y/path"], 2),
        (["/dev/null", "--server", "http://x", "--notify", "here"], 2),
        (["/dev/null", "--server", "http://x", "--ca", "/nonexistent"], 2),
        (["/dev/null", "--server", "http://x", "--ca", __file__], 2),
        (["/dev/null", "/dev/null", "--server", "http://x"], 2),
        (["/dev/null", "--server", "http://x", "--notify", "256.0.0.1:1"], 2),
    ],
)
def test_wrong_usage(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.delenv("USCOMO_SERVER", raising=False)
    assert cli.run(["relay", *arguments, "--json"]) == code
    (line,) = capsys.readouterr().out.splitlines()[-1:]
    assert json.loads(line)["ok"] is False


def test_a_bar_on_a_terminal_and_the_consoles_text_above_it(board: Puppet, site: Site) -> None:
    site.body = bytes(60_000)
    master, end = pty.openpty()
    process = subprocess.Popen(
        [*RELAY, board.url, "--server", site.url, "--no-share"],
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(end)
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        end = time.monotonic() + 20
        while text not in shown:
            assert time.monotonic() < end, shown
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536)

    try:
        until(b"attached")
        getting = threading.Thread(target=board.get, args=(site.url + "/blink.pkg",))
        getting.start()
        until(b"blink.pkg")
        until("━".encode())
        getting.join()
        board.write(b"hello\r\n")
        until(b"hello\r\n")
        until(b"status=200")
        process.terminate()
        until(b"stopped")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_many_boards_at_once(site: Site) -> None:
    site.body = bytes(range(256)) * 8
    with ExitStack() as stack:
        boards = [stack.enter_context(Puppet()) for _ in range(12)]
        relay = stack.enter_context(several(boards, site.url))
        relay.wait_event("attached", len(boards))
        found: dict[int, bytes] = {}

        def get(number: int) -> None:
            found[number] = boards[number].get(f"{site.url}/{number}")

        threads = [threading.Thread(target=get, args=(number,)) for number in range(len(boards))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(found[number].endswith(site.body) for number in range(len(boards)))
    assert sorted(int(path[1:]) for _, path, _, _ in site.seen) == list(range(len(boards)))
