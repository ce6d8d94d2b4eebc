"""What a relay tells beside streams, on bad lines: whole or not at all; nothing else suffers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossy import RING, Cable, Line, running

from uscomo_tools.board.frames import encode
from uscomo_tools.board.stream import MAX_DATA, Kind, Notified, StreamEnd


class Ear:
    """Keeps what the board hears."""

    def __init__(self, cable: Cable) -> None:
        self.notices: list[bytes] = []
        self.times: list[bytes] = []
        cable.link.heard = self.hear

    def hear(self, kind: int, data: memoryview) -> bool:
        (self.notices if kind == Kind.NOTIFICATION else self.times).append(bytes(data))
        return kind == Kind.NOTIFICATION


def idle(cable: Cable, seconds: float) -> None:
    end = cable.line.now + seconds
    while cable.line.now < end:
        cable.link.listen()
        cable.pause(0.05)


def fetch(cable: Cable) -> bytes:
    end = cable.line.now + 300
    stream = cable.link.open(b"http://server:80")
    while stream.write(b"question") is None:
        cable.pause(0.002)
    found = b""
    buffer = memoryview(bytearray(100))
    while (count := stream.readinto(buffer)) != 0:
        found += buffer[: count or 0]
        if count is None:
            cable.pause(0.002)
            assert cable.line.now < end, "livelock"
    stream.close()
    return found


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=MAX_DATA), min_size=1, max_size=4),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.005, 0.01]),
)
def test_every_notification_arrives_as_it_was(
    notices: list[bytes], seed: int, rate: float
) -> None:
    cable = Cable(Line(rate, seed), lambda url, request: None)
    ear = Ear(cable)
    with running(cable):
        for number, notice in enumerate(notices, 1):
            cable.end.notify(notice)
            while len([e for e in cable.events if isinstance(e, Notified)]) < number:
                idle(cable, 0.5)
                assert cable.line.now < 200, "it would never end on a real board"
    assert all(event.taken for event in cable.events if isinstance(event, Notified))
    # Where an answer was lost it came again; never another one, never in another order.
    assert [one for at, one in enumerate(ear.notices) if ear.notices[at - 1 : at] != [one]] == [
        one for at, one in enumerate(notices) if notices[at - 1 : at] != [one]
    ]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.002, 0.01]))
def test_streams_notifications_and_text_on_one_line(seed: int, rate: float) -> None:
    answer = bytes(range(256)) * 12
    cable = Cable(Line(rate, seed), lambda url, request: answer)
    ear = Ear(cable)
    with running(cable):
        cable.end.notify(b"first call")
        assert fetch(cable) == answer
        cable.end.notify(b"second call")
        cable.end.tell_time(1_800_000_000)
        cable.print(b"a line of text\r\n")
        assert fetch(cable) == answer
        idle(cable, 20)
    assert set(ear.notices) <= {b"first call", b"second call"}
    assert ear.notices[-1] == b"second call"
    assert set(ear.times) <= {(1_800_000_000).to_bytes(4, "little")}
    if not rate:
        assert cable.text == b"a line of text\r\n"


@pytest.mark.full
def test_ten_thousand_frames_with_all_that_may_happen() -> None:
    # One byte in a hundred is spoiled; the host is started anew now and then.
    answer = bytes(range(256)) * 128
    cable = Cable(Line(0.01, 23), lambda url, request: answer)
    ear = Ear(cable)
    fetched = broken = 0
    with running(cable):
        while fetched < 40:
            if fetched % 4 == 0:
                cable.end.notify(b"call %d" % fetched)
            if fetched % 10 == 9 and broken <= fetched // 10:
                cable.link.open(b"http://server:80")
                cable.end = StreamEnd()
                cable.end.forget()
                broken += 1
            try:
                assert fetch(cable) == answer
                fetched += 1
            except OSError:
                broken += 1
                assert broken < 20, "hardly anything gets through"
            idle(cable, 1)
    assert 40 * len(answer) // MAX_DATA >= 10_000
    assert set(ear.notices) <= {b"call %d" % number for number in range(0, 40, 4)}


def test_a_new_host_ends_what_the_old_one_had_open() -> None:
    cable = Cable(Line(), lambda url, request: None)
    with running(cable):
        stream = cable.link.open(b"http://server:80")
        while stream.write(b"question") is None:
            cable.pause(0.002)
        cable.end = StreamEnd()
        cable.end.forget()
        began = cable.line.now

        def read_on() -> None:
            while True:
                stream.readinto(memoryview(bytearray(8)))
                cable.pause(0.002)

        with pytest.raises(OSError, match="104"):
            read_on()
        assert cable.line.now - began < 0.1, "else it waits for half a minute"


def test_beside_frames_fit_the_ring_together_with_a_window() -> None:
    cable = Cable(Line(), lambda url, request: bytes(4000))
    Ear(cable)
    with running(cable):
        stream = cable.link.open(b"http://server:80")
        cable.end.notify(bytes(MAX_DATA))
        while stream.write(b"question") is None:
            cable.pause(0.002)
        cable.pause(1.0)  # it writes to flash, and takes nothing
        found = b""
        buffer = memoryview(bytearray(100))
        while (count := stream.readinto(buffer)) != 0:
            found += buffer[: count or 0]
            cable.pause(0.002)
    assert found == bytes(4000)
    assert cable.line.ring == RING


def test_a_notification_that_fits_no_frame() -> None:
    with pytest.raises(ValueError, match="129"):
        StreamEnd().notify(bytes(MAX_DATA + 1))


def test_a_board_that_never_answers_is_called_for_two_minutes() -> None:
    end = StreamEnd()
    end.notify(b"call")
    now, sent = 0.0, 0
    while (lost := end.lost(now)) is None:
        sent += bool(end.outgoing(now))
        wait = end.wait(now)
        assert wait is not None
        now += max(wait, 0.001)
    assert lost == Notified(False)
    assert sent == 120
    assert 115 < now < 125
    assert end.wait(now) is None


def test_an_answer_to_another_notification_is_none() -> None:
    end = StreamEnd()
    end.notify(b"one")
    end.outgoing(0.0)
    end.notify(b"two")
    assert end.receive(encode(Kind.ACK, 1, b"\0\0"), 0.1) == []
    assert end.receive(encode(Kind.ACK, 2, b"\0\0"), 0.1) == [Notified(True)]
