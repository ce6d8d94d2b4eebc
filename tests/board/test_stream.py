"""Streams over the cable: the board's own `uscomo.link` against the host's end, on bad lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossy import Cable, Line, running

from uscomo import http, link, platform
from uscomo_tools.board.frames import encode
from uscomo_tools.board.stream import Closed, Kind, Opened, StreamEnd


def echo(size: int):
    return lambda url, request: request if len(request) == size else None


def ask(cable: Cable, stream: link.Link) -> None:
    while stream.write(b"question") is None:
        cable.pause(0.002)


def exchange(cable: Cable, body: bytes) -> bytes:
    """As http does: write all, then read to the end."""
    stream = cable.link.open(b"http://local:80")
    view = memoryview(body)
    while view:
        count = stream.write(view)
        view = view[count or 0 :]
        if count is None:
            cable.pause(0.002)
    found = b""
    buffer = bytearray(100)
    while True:
        count = stream.readinto(memoryview(buffer))
        if count == 0:
            break
        if count is None:
            cable.pause(0.002)
            continue
        found += buffer[:count]
    stream.close()
    return found


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=700), st.integers(0, 2**32), st.sampled_from([0.0, 0.002, 0.01]))
def test_all_octets_arrive_once_and_in_order(body: bytes, seed: int, rate: float) -> None:
    body = body or b"x"
    cable = Cable(Line(rate, seed), echo(len(body)))
    with running(cable):
        assert exchange(cable, body) == body
    assert cable.url == "http://local:80"


def test_hundreds_of_frames_on_a_line_that_spoils_one_byte_in_a_hundred() -> None:
    line = Line(0.01, 7)
    answer = bytes(range(256)) * 40
    cable = Cable(line, lambda url, request: answer if len(request) == 2000 else None)
    with running(cable):
        for _ in range(3):
            assert exchange(cable, bytes(2000)) == answer
    frames = 3 * (10240 + 2000) // 128
    assert cable.end.repeated > frames // 10, "the line was no bad one"
    assert line.now < 600, "it would never end on a real board"


@pytest.mark.full
def test_ten_thousand_frames_on_such_a_line(record_property: Callable[[str, str], None]) -> None:
    answer = bytes(range(256)) * 256
    cable = Cable(Line(0.01, 11), lambda url, request: answer)
    with running(cable):
        for _ in range(20):
            assert exchange(cable, b"again") == answer
    assert 20 * len(answer) // 128 > 10_000
    line = cable.line
    assert line.spoiled > line.carried // 110
    told = (
        f"{20 * len(answer):,} bytes delivered; {line.carried:,} on the line, {line.spoiled:,} of "
        f"them spoiled; {cable.end.repeated:,} frames sent again, {line.now:.0f} s at 115,200 baud"
    )
    print(told)
    record_property("loss", told)


def test_a_good_line_repeats_nothing_and_never_fills_the_ring_buffer() -> None:
    answer = bytes(4000)  # all of it needs no escape, the frames are as large as they get
    cable = Cable(Line(), lambda url, request: answer)
    with running(cable):
        assert exchange(cable, b"x") == answer
    assert cable.end.repeated == 0
    assert cable.line.overflowed == 0


def test_what_needs_an_escape_everywhere_stays_within_the_ring_buffer() -> None:
    answer = b"\x03\x10" * 1000
    cable = Cable(Line(), lambda url, request: answer if len(request) == 300 else None)
    with running(cable):
        assert exchange(cable, b"\x1e" * 300) == answer
    assert cable.line.overflowed == 0


def test_console_text_stays_readable_around_frames() -> None:
    cable = Cable(Line(), lambda url, request: b"answer")
    with running(cable):
        cable.print(b"Traceback (most recent call last):\r\n")
        stream = cable.link.open(b"http://local:80")
        cable.print(b'  File "main.py", line 1\r\n')
        ask(cable, stream)
        cable.print(b"ValueError: 7\r\n")
        stream.close()
        cable.pause(0.1)
    assert cable.text == (
        b'Traceback (most recent call last):\r\n  File "main.py", line 1\r\nValueError: 7\r\n'
    )
    assert len(cable.closed) == 1


def test_what_is_typed_between_frames_is_for_the_console() -> None:
    cable = Cable(Line(), lambda url, request: b"answer" * 50)
    with running(cable):
        stream = cable.link.open(b"http://local:80")
        cable.line.carry(b"ye", cable.line.board_side)
        ask(cable, stream)
        cable.line.carry(b"s\n", cable.line.board_side)
        cable.pause(0.1)
        taken = ""
        for _ in range(400):
            taken += cable.link.character() or ""
            cable.pause(0.002)
    assert taken == "yes\n"


def test_without_a_host_opening_ends_soon() -> None:
    cable = Cable(Line(), lambda url, request: None)
    cable.deaf = True
    with running(cable), pytest.raises(OSError, match="110"):
        cable.link.open(b"http://local:80")
    assert 2 < cable.line.now < 4


def test_a_host_that_goes_away_is_noticed() -> None:
    cable = Cable(Line(), lambda url, request: None)
    with running(cable):
        stream = cable.link.open(b"http://local:80")
        cable.deaf = True
        with pytest.raises(OSError, match="110"):
            ask(cable, stream)
    assert 7 < cable.line.now < 10


def test_a_board_that_is_busy_for_long_goes_on_where_it_was() -> None:
    answer = bytes(range(250)) * 8
    cable = Cable(Line(), lambda url, request: answer)
    with running(cable):
        stream = cable.link.open(b"http://local:80")
        ask(cable, stream)
        found = b""
        buffer = bytearray(64)
        while len(found) < len(answer):
            count = stream.readinto(memoryview(buffer))
            found += buffer[: count or 0]
            cable.pause(3.0 if len(found) % 512 == 0 else 0.002)
    assert found == answer
    assert cable.closed == []


def test_a_stream_of_before_is_told_that_it_is_over() -> None:
    cable = Cable(Line(), lambda url, request: None)
    with running(cable):
        stream = cable.link.open(b"http://local:80")
        cable.end = StreamEnd()  # the host's program was started anew
        with pytest.raises(OSError, match="104"):
            ask(cable, stream)


def test_frames_of_another_stream_are_nobodys() -> None:
    cable = Cable(Line(), lambda url, request: b"right")
    with running(cable):
        stream = cable.link.open(b"http://local:80")
        number = next(e.stream for e in cable.events if isinstance(e, Opened))
        stale = (number - 1).to_bytes(2, "little") + b"wrong"
        cable.line.carry(encode(Kind.DATA, 0, stale), cable.line.board_side)
        ask(cable, stream)
        found = b""
        buffer = memoryview(bytearray(64))
        while (count := stream.readinto(buffer)) != 0:
            found += buffer[: count or 0]
            cable.pause(0.002)
    assert found == b"right"


def test_a_refused_stream_is_an_unreachable_host() -> None:
    cable = Cable(Line(), lambda url, request: None)
    cable.end.accept = cable.end.refuse  # type: ignore[method-assign]
    with running(cable), pytest.raises(OSError, match="104"):
        cable.link.open(b"http://elsewhere:80")


def test_a_board_that_says_nothing_any_more_is_given_up() -> None:
    end = StreamEnd()
    ((opened),) = end.receive(encode(Kind.OPEN, 0, b"\x01\x00http://local:80"), 0.0)
    assert opened == Opened(1, "http://local:80")
    end.accept(1)
    end.send(1, b"answer", end=True)
    assert end.outgoing(0.0)
    assert end.lost(59.0) is None
    assert end.lost(61.0) == Closed(1, lost=True)
    assert end.outgoing(62.0) == encode(Kind.CLOSE, 0, b"\x01\x00")  # it may hear again
    assert end.outgoing(63.0) == b""


def test_http_over_the_cable(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(url: str, request: bytes) -> bytes | None:
        if not request.endswith(b"\r\n\r\nbody"):
            return None
        return b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + request[:4] + b"!"

    cable = Cable(Line(0.005, 3), answer)
    monkeypatch.setattr(link, "_link", cable.link)
    monkeypatch.setattr(platform, "carrier", link.connect)
    with running(cable):
        response = http.request("POST", "http://local/dm", (), b"body", 30, None)
        body = memoryview(bytearray(16))
        count = response.readinto(body)
        response.close()
    assert (response.status, bytes(body[:count])) == (200, b"POST!")
    assert cable.url == "http://local:80"
