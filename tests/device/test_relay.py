# The board's end of a relay beside streams: notifications, the time, a host that is another one.
import struct
import sys
import time

from link_host import ACK, CLOSE, DATA, OPEN, Host, frame, patient

from support import MICROPYTHON
from uscomo import clock, link, platform, relay

NOTIFICATION, TIME = b"NT"


def listening(host):
    link._link = link.Link(host.read, host.write, host.poll)
    try:
        return link._link, relay.listen()
    finally:
        platform.carrier = None


def let_go():
    link._link = None


def test_http_goes_to_the_link_from_then_on():
    link._link = link.Link(*[lambda *arguments: ()] * 3)
    try:
        relay.listen()
        assert platform.carrier is link.connect
    finally:
        platform.carrier = None
        let_go()


def test_a_notification_is_answered_and_waits_to_be_taken():
    host = Host(lambda *said: b"")
    _, listener = listening(host)
    try:
        assert not listener.waiting()
        # What is none is answered too, or it would come for ever.
        host.waiting = frame(NOTIFICATION, 7, 0, b"none of ours")
        assert not listener.waiting()
        assert host.seen == [(ACK, 7, b"")]
        package = bytes(16) + b"\x02\xd8" + bytes(3) + b"\x00\x07" + b"\x06server"
        host.waiting = frame(NOTIFICATION, 8, 0, package) + b"typed"
        assert listener.waiting()
        assert host.seen[1:] == [(ACK, 8, b"")]
        listener.close()
    finally:
        let_go()


def test_a_notification_in_the_middle_of_a_stream_spoils_nothing():
    def answer(kind, sequence, stream, data):
        out = patient(kind, sequence, stream, data)
        if kind == DATA:
            out = frame(NOTIFICATION, 9, 0, b"call") + out + frame(DATA, 0, stream, b"answer")
        return out

    host = Host(answer)
    end, _ = listening(host)
    try:
        heard = []
        end.heard = lambda kind, data: heard.append((kind, bytes(data))) is None
        stream = end.open(b"http://server:80")
        buffer = memoryview(bytearray(16))
        while stream.write(b"question") is None:
            pass
        count = None
        while count is None:
            count = stream.readinto(buffer)
        assert bytes(buffer[:count]) == b"answer"
        assert heard == [(NOTIFICATION, b"call")]
        # Each answer belongs to what it answers.
        assert host.seen[1:] == [(DATA, 1, b"question"), (ACK, 9, b""), (ACK, 0, b"")]
    finally:
        let_go()


def test_another_host_knows_of_no_stream():
    def answer(kind, sequence, stream, data):
        if kind == OPEN:  # which is sent again anyway
            return frame(CLOSE, 0, 0) + patient(kind, sequence, stream, data)
        return frame(CLOSE, 0, 0)

    host = Host(answer)
    end, listener = listening(host)
    try:
        stream = end.open(b"http://server:80")
        try:
            stream.write(b"question")
            raise AssertionError("goes on")
        except OSError as error:
            assert error.args[0] == 104
        stream.close()
        # And while there is none, nothing ends.
        host.waiting = frame(CLOSE, 0, 0) + b"y"
        assert not listener.waiting()
        assert end.character() == "y"
    finally:
        let_go()


class Clock:
    """In the place of machine.RTC."""

    told = []

    def datetime(self, now):
        self.told.append(now)


class Machine:
    RTC = Clock


def told(earlier, frames):
    """What the clock is set to, where it said that year before."""
    host = Host(lambda *said: b"")
    _, listener = listening(host)
    Clock.told = []
    machine = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    real = time.gmtime

    class Time:
        def gmtime(seconds=None):
            return (earlier,) if seconds is None else real(seconds)

    clock.time = Time
    try:
        host.waiting = frames
        listener.waiting()
        return Clock.told
    finally:
        clock.time = time
        sys.modules.pop("machine")
        if machine:
            sys.modules["machine"] = machine
        let_go()


def test_the_time():
    # 2026-07-11 16:38:17, a Saturday.
    now = frame(TIME, 0, 0, struct.pack("<I", 1783787897))
    assert told(2021, now) == [(2026, 7, 11, 5, 16, 38, 17, 0)]
    # A clock that was set is left alone, and so it is by what is no time.
    assert told(2026, now) == []
    assert told(2021, frame(TIME, 0, 0, b"no")) == []
    assert MICROPYTHON or sys.modules.get("machine") is None
