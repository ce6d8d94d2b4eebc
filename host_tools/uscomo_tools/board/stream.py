"""The host's end of the streams that a board opens through its console (``uscomo.link``). Sans-IO.

Bytes of the line and the time go in; events, and bytes to be written, come out. One stream at a
time: whoever opens the next has given up the last. What we send is cut into frames, of which as
many are under way as the board's ring buffer holds (go-back-N); what comes is taken in order.

Beside streams, as stream 0, go a notification, sent again until the board has answered, the time,
and that this end knows of no stream.

Never opens anything itself, and never decides what may be opened: it says `Opened`, and waits for
`accept` or `refuse`.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from .frames import Decoder, Frame, encode

#: Bytes that a plain UART of a board keeps while its program is busy.
RING_BUFFER = 256
#: Octets of data in a frame, as the board's buffer has them.
MAX_DATA = 128
MIN_DATA = 32

_NUMBER_BYTES = 2
# Seconds: the first, shortest and longest time until a frame is sent again, and how long a board
# may say nothing at all while something waits for it; it may be writing to flash.
# Where a byte in a hundred is spoiled, four of five of the longest frames come to nothing: there
# have to be many tries before one end gives up.
_FIRST, _SHORTEST, _LONGEST, _GIVE_UP = 1.0, 0.03, 1.0, 60.0
# Seconds after which a notification is sent again, and how often: a board may be busy for long.
_AGAIN, _MAX_TIMES = 1.0, 120
# How many answers to frames that were sent twice are waited for at most: some get lost.
_MAX_STALE = 4


class Kind(IntEnum):
    """Kinds of frames on a relayed line."""

    ACK = 0x41
    CLOSE = 0x43
    DATA = 0x44
    NOTIFICATION = 0x4E
    OPEN = 0x4F
    TIME = 0x54


@dataclass(frozen=True)
class Text:
    """Console text between the frames."""

    data: bytes


@dataclass(frozen=True)
class Opened:
    """The board wants a stream to ``url`` (scheme, host and port)."""

    stream: int
    url: str


@dataclass(frozen=True)
class Received:
    """Octets of the board, each once and in order."""

    stream: int
    data: bytes


@dataclass(frozen=True)
class Closed:
    """The stream is over: by the board, or because that said nothing for too long."""

    stream: int
    lost: bool = False


@dataclass(frozen=True)
class Notified:
    """The board has the notification; or it never answered."""

    taken: bool


Event = Text | Opened | Received | Closed | Notified


@dataclass
class _Notice:
    """A notification under way."""

    sequence: int
    wire: bytes
    times: int = 0
    since: float = 0.0


@dataclass
class _Stream:
    number: int
    open: bool = False
    refused: bool = False
    expected: int = 1  # of the board; its OPEN had 0
    sequence: int = 0  # ours, of the next frame
    waiting: bytearray = field(default_factory=bytearray)
    ending: bool = False
    sent: deque[tuple[int, bytes]] = field(default_factory=deque)
    since: float = 0.0  # when the oldest of them was sent last
    heard: float = 0.0
    first_try: bool = True
    window: int = 2  # frames that may be under way, if the credit allows
    stale: int = 0  # answers still to come to frames that were sent again


class StreamEnd:
    """The host's end.

    Parameters
    ----------
    credit
        Bytes of frames that may be under way to the board: what its ring buffer holds.
    patience
        So many times longer an answer is waited for: the board may be emulated.

    Attributes
    ----------
    repeated
        How many frames were sent again.
    """

    def __init__(self, credit: int = RING_BUFFER, patience: float = 1.0) -> None:
        self.repeated = 0
        self._credit = credit
        self._longest = _LONGEST * patience
        self._give_up = _GIVE_UP * patience
        self._decoder = Decoder()
        self._stream: _Stream | None = None
        self._notice: _Notice | None = None
        self._notices = 0
        self._out = bytearray()
        self._patience = _FIRST * patience
        self._data_size = MAX_DATA

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what the line brought at ``now`` (seconds)."""
        events: list[Event] = []
        for item in self._decoder.feed(data):
            if isinstance(item, bytes):
                events.append(Text(item))
            else:
                events += self._take(item, now)
        return events

    def flush(self) -> bytes:
        """Return what looked like a frame and had no end, as text; when the line is silent."""
        return self._decoder.abandon()

    def accept(self, stream: int) -> None:
        """Let the board use the stream that it opened."""
        current = self._current(stream)
        if current is not None and not current.open:
            current.open = True
            self._put(current, Kind.ACK, 0)

    def refuse(self, stream: int) -> None:
        """Say no to a stream, or break it off."""
        current = self._current(stream)
        if current is not None:
            current.refused = True
            self._put(current, Kind.CLOSE, 0)

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        """Send octets; after ``end`` there are no more."""
        current = self._current(stream)
        if current is not None:
            current.waiting += data
            current.ending = current.ending or end

    def backlog(self, stream: int) -> int:
        """Return how many octets of a stream wait to be sent for the first time."""
        current = self._current(stream)
        return len(current.waiting) if current is not None else 0

    def forget(self) -> None:
        """Say, and mean, that there is no stream: whatever the board has open breaks off."""
        self._stream = None
        self._put(_Stream(0), Kind.CLOSE, 0)

    def tell_time(self, seconds: float) -> None:
        """Tell the board the time, in seconds after 1970: once, it may get lost."""
        self._out += self._frame(_Stream(0), Kind.TIME, 0, struct.pack("<I", int(seconds)))

    def notify(self, data: bytes) -> None:
        """Send a notification, again until it is answered; in place of one that is not yet.

        Raises
        ------
        ValueError
            It does not fit a frame.
        """
        if len(data) > MAX_DATA:
            raise ValueError(f"a notification of {len(data)} octets, over {MAX_DATA}")
        self._notices = self._notices + 1 & 0xFF
        wire = self._frame(_Stream(0), Kind.NOTIFICATION, self._notices, data)
        self._notice = _Notice(self._notices, wire)

    def outgoing(self, now: float) -> bytes:
        """Return what is to be written to the line now."""
        notice = self._notice
        due = notice is not None and (not notice.times or now - notice.since >= _AGAIN)
        if notice is not None and due and notice.times < _MAX_TIMES:
            self._out += notice.wire
            notice.times += 1
            notice.since = now
        current = self._stream
        if current is not None and current.open:
            self._repeat(current, now)
            self._fill(current, now)
        out = bytes(self._out)
        self._out.clear()
        return out

    def wait(self, now: float) -> float | None:
        """Return in how many seconds `outgoing` has to be asked even if nothing comes."""
        ends = []
        if self._stream is not None and self._stream.sent:
            ends.append(self._stream.since + self._patience)
        if self._notice is not None:
            ends.append(self._notice.since + _AGAIN if self._notice.times else now)
        return max(0.0, min(ends) - now) if ends else None

    def lost(self, now: float) -> Closed | Notified | None:
        """Return what has ended because the board has said nothing for too long."""
        notice = self._notice
        if notice is not None and notice.times == _MAX_TIMES and now - notice.since > _AGAIN:
            self._notice = None
            return Notified(False)
        current = self._stream
        if current is None or not current.sent or now - current.heard < self._give_up:
            return None
        self._stream = None
        self._put(current, Kind.CLOSE, 0)  # it may hear again
        return Closed(current.number, lost=True)

    # -- what comes

    def _take(self, frame: Frame, now: float) -> list[Event]:
        if len(frame.payload) < _NUMBER_BYTES:
            return []
        number = int.from_bytes(frame.payload[:_NUMBER_BYTES], "little")
        data = frame.payload[_NUMBER_BYTES:]
        if not number:
            return self._beside(frame)
        if frame.kind == Kind.OPEN:
            return self._open(number, data, now)
        current = self._current(number)
        if current is None:
            # Of a stream before this program was started: the board should try anew.
            if frame.kind == Kind.DATA:
                self._put(_Stream(number), Kind.CLOSE, 0)
            return []
        current.heard = now
        if frame.kind == Kind.CLOSE:
            self._stream = None
            return [Closed(number)]
        if frame.kind == Kind.ACK:
            self._acknowledged(current, frame.sequence, now)
        elif frame.kind == Kind.DATA and current.refused:
            self._put(current, Kind.CLOSE, 0)
        elif frame.kind == Kind.DATA and current.open:
            news = frame.sequence == current.expected
            if news:
                current.expected = current.expected + 1 & 0xFF
            self._put(current, Kind.ACK, current.expected - 1 & 0xFF)
            if news and data:
                return [Received(number, data)]
        return []

    def _beside(self, frame: Frame) -> list[Event]:
        notice = self._notice
        if notice is None or (frame.kind, frame.sequence) != (Kind.ACK, notice.sequence):
            return []
        self._notice = None
        return [Notified(True)]

    def _open(self, number: int, data: bytes, now: float) -> list[Event]:
        current = self._stream
        if current is not None and current.number == number:
            if current.refused:
                self._put(current, Kind.CLOSE, 0)
            elif current.open:
                self._put(current, Kind.ACK, 0)
            return []
        self._stream = _Stream(number, heard=now)
        events: list[Event] = [] if current is None else [Closed(current.number)]
        return [*events, Opened(number, data.decode("ascii", "replace"))]

    def _acknowledged(self, current: _Stream, sequence: int, now: float) -> None:
        if any(number == sequence for number, _ in current.sent):
            if current.first_try:
                taken = now - current.since
                self._patience = min(max(2 * taken + 0.01, _SHORTEST), self._longest)
                self._data_size = min(self._data_size + 8, MAX_DATA)
                current.window += 1
            else:
                # Which of the copies this answers is not known.
                self._patience = max(self._patience / 2, _SHORTEST)
            while current.sent and current.sent.popleft()[0] != sequence:
                pass
            current.since, current.first_try = now, True
        elif current.sent and sequence == current.sent[0][0] - 1 & 0xFF:
            # The board got something that it cannot use. Where that is no frame that was sent
            # twice, one was lost: once, it is sent again without waiting for the time.
            if current.stale:
                current.stale -= 1
            elif current.first_try:
                current.since = now - self._longest

    # -- what goes

    def _repeat(self, current: _Stream, now: float) -> None:
        if not current.sent or now - current.since < self._patience:
            return
        # The oldest alone: a board that is only slow must not get everything twice. What it has
        # not taken of the others goes behind it, one by one.
        self._out += current.sent[0][1]
        self.repeated += 1
        current.stale = min(current.stale + 1, _MAX_STALE)
        current.since, current.first_try = now, False
        current.window = 1
        self._patience = min(2 * self._patience, self._longest)
        self._data_size = max(self._data_size // 2, MIN_DATA)

    def _fill(self, current: _Stream, now: float) -> None:
        under_way = sum(len(wire) for _, wire in current.sent)
        while (current.waiting or current.ending) and len(current.sent) < current.window:
            data = bytes(current.waiting[: self._data_size])
            wire = self._frame(current, Kind.DATA, current.sequence, data)
            if current.sent and under_way + len(wire) > self._credit:
                break
            while len(wire) > self._credit:  # all of it escaped
                data = data[: len(data) // 2]
                wire = self._frame(current, Kind.DATA, current.sequence, data)
            del current.waiting[: len(data)]
            current.ending = current.ending and bool(data)
            if not current.sent:
                current.since, current.first_try, current.heard = now, True, now
            current.sent.append((current.sequence, wire))
            current.sequence = current.sequence + 1 & 0xFF
            under_way += len(wire)
            self._out += wire

    def _put(self, current: _Stream, kind: Kind, sequence: int) -> None:
        self._out += self._frame(current, kind, sequence, b"")

    @staticmethod
    def _frame(current: _Stream, kind: Kind, sequence: int, data: bytes) -> bytes:
        return encode(kind, sequence, current.number.to_bytes(_NUMBER_BYTES, "little") + data)

    def _current(self, stream: int) -> _Stream | None:
        current = self._stream
        return current if current is not None and current.number == stream else None
