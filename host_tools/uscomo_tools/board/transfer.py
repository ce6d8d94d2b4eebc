"""The fast lane: files to a board as one deflated stream, in frames.

The board's half is board/receiver.py, which says what a stream and a frame are. Frames have the
header and the CRC of `frames`, but nothing in them is escaped: the receiver switches Ctrl-C off.
The host sends as many octets as the board's port can hold (`Window`), goes back to where the board
says it is, and makes frames smaller on a line that damages them.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time
import zlib
from binascii import crc32
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import description, scripts
from .deflated import Stream
from .errors import BoardError, UnreachableError
from .identity import Identity
from .plain_frames import CLOSE, DATA, MAX_ROOM, NAK, OVERHEAD, frame

if TYPE_CHECKING:
    from .line import Line
    from .transport import Transport

_ANSWER = 10  # octets behind the flag
_SMALLEST = 24  # octets of data in a frame on the worst line
_ANSWER_SECONDS = 1.0
_ASK_SECONDS = 1.0  # less than the board waits for us
_FASTEST = 0.03
_START_SECONDS = 10.0
_GIVE_UP_SECONDS = 60.0  # without anything new


@dataclass(frozen=True)
class Lane:
    """How files are sent to a board.

    Attributes
    ----------
    room
        Octets of data in a frame.
    frames
        How many of them may be under way.
    late
        The board answers when a frame is written, not when it has come.
    wbits
        Bits of deflate; 0: the board cannot inflate.
    buffer
        Octets that the board takes at once out of the stream.
    keep
        Octets of the largest file that is written when it has come as a whole.
    """

    room: int
    frames: int
    late: bool
    wbits: int
    buffer: int
    keep: int

    @property
    def is_large(self) -> bool:
        """Whether it takes much of the board's heap."""
        return self.buffer > _BUFFER

    def smaller(self) -> Lane:
        """The same for a heap that has no large pieces."""
        room, keep = min(self.room, _ROOM), min(self.keep, _BUFFER)
        wbits = min(self.wbits, _WBITS)
        return replace(self, room=room, wbits=wbits, buffer=_BUFFER, keep=keep)

    @classmethod
    def of(cls, printed: Sequence[object]) -> Lane:
        """What fits a board of which board/lane.py has printed this."""
        platform, machine, build, inflates, free = printed
        board = description.by_identity(
            Identity("", str(machine), (), platform=str(platform), build=str(build))
        )
        is_large = int(str(free)) >= _LARGE_HEAP
        buffer = 8192 if is_large else _BUFFER
        wbits = (15 if is_large else _WBITS) if inflates else 0
        # A file that is overwritten is the old or the new one on littlefs, and there only.
        on_littlefs = board is not None and board.medium.file_system == "littlefs"
        keep = buffer if on_littlefs else 0
        if board is not None and board.console in _WITH_FLOW_CONTROL:
            # The port makes the host wait: two frames, so that the board need not.
            return cls(MAX_ROOM if is_large else _ROOM, 2, False, wbits, buffer, keep)
        # Nothing makes the host wait, and while flash is written nothing empties the buffer.
        ring = (board.ring_buffer if board is not None else None) or _RING_BUFFER
        return cls(ring - 1 - OVERHEAD, 1, True, wbits, buffer, keep)


#: What UARTs of unknown boards hold.
_RING_BUFFER = 256
_WITH_FLOW_CONTROL = {"usb-cdc", "usb-jtag", "pty"}
#: What fits a small heap.
_BUFFER, _ROOM, _WBITS = 1024, 512, 12
#: Free heap at which 32 KB for the window are no matter.
_LARGE_HEAP = 120_000


@dataclass(frozen=True)
class File:
    """A file to be sent: all of it, and from which octet on the board lacks it."""

    path: str
    data: bytes
    offset: int = 0

    def entry(self) -> bytes:
        """What stands for it in the stream."""
        name = self.path.encode()
        head = struct.pack("<BII", len(name), self.offset, len(self.data))
        digest = hashlib.sha256(self.data).digest()
        return b"".join((head, digest, name, memoryview(self.data)[self.offset :]))


def receiver(wbits: int) -> str:
    """The code that makes the receiver known to a board; sent once a connection."""
    code = scripts.compact(scripts.path("receiver"))
    if not wbits:
        return code
    deflated = zlib.compressobj(9, zlib.DEFLATED, -12)
    packed = base64.b64encode(deflated.compress(code.encode()) + deflated.flush())
    return scripts.with_values(scripts.path("inflate"), {"CODE": packed})


def send(
    transport: Transport,
    lane: Lane,
    files: Sequence[File],
    progress: Callable[[int], None],
) -> None:
    """Send files to a board that knows the receiver.

    Parameters
    ----------
    progress
        Called with the octets of all entries that the board has.

    Raises
    ------
    BoardError
        The board could not write: its traceback.
    UnreachableError
        The line is too bad, or gone. What has come is kept beside the files.
    """
    stream = Stream(b"".join(file.entry() for file in files) + bytes(41), lane.wbits)
    values = (lane.room, lane.wbits, lane.late, lane.buffer, lane.keep)
    transport.begin(f"uscomo_receive{values}".encode())
    sender = _Sender(transport.line, lane, stream, progress)
    try:
        sender.run()
    except _EndedError:
        pass  # with a traceback, which tells why
    except BaseException:
        sender.abandon()
        raise
    _, traceback = transport.end(_START_SECONDS)
    if traceback:
        raise BoardError(traceback, "")


class _EndedError(Exception):
    """The receiver has ended before it should."""


class _Sender:
    def __init__(
        self, line: Line, lane: Lane, stream: Stream, progress: Callable[[int], None]
    ) -> None:
        self._line = line
        self._lane = lane
        self._stream = stream
        self._progress = progress
        self._limit = lane.room
        self._known = 0  # the board has all before
        self._next = 0  # is sent next
        self._furthest = 0  # was sent, perhaps before going back
        self._ends: list[int] = []  # of the frames under way
        self._slowness = _ASK_SECONDS / 2  # of answers, in seconds
        self._sent_at = 0.0
        self._repeated = False

    def run(self) -> None:
        if self._answer(_START_SECONDS) is None:
            raise UnreachableError("the board's receiver does not answer")
        heard = news = time.monotonic()
        asked = False
        while self._known < self._stream.size:
            while self._next < self._stream.size and len(self._ends) < self._lane.frames:
                self._send_next()
            known = self._known
            kind = self._answer(min(_ASK_SECONDS, 3 * self._slowness))
            now = time.monotonic()
            if kind is not None:
                heard, asked = now, False
                if kind == NAK:
                    self._repeated = True
                    self._limit = max(_SMALLEST, self._limit // 2)
                    self._go_back()
            elif asked and now - heard > 6 * self._slowness:
                heard, asked = now, False
                self._repeated = True
                self._go_back()
            else:  # it may be busy, or wait for the rest of a damaged frame
                asked = self._repeated = True
                self._line.write(frame(DATA, struct.pack("<HH", self._known - 1 & 0xFFFF, 0)))
            if self._known > known:
                news = now
                self._progress(self._stream.inflated(self._known))
            elif now - news > _GIVE_UP_SECONDS:
                raise UnreachableError("the line is too bad: nothing gets through")
        self._line.write(frame(CLOSE))
        try:
            while self._answer(_START_SECONDS) is not None:
                pass  # what it said twice
        except _EndedError:
            pass

    def abandon(self) -> None:
        """Make the receiver end: complete a frame that may have begun, then say so."""
        if self._line.cancelled.is_set():
            self._line.cancelled.clear()
        try:
            self._line.write(bytes(self._lane.room + OVERHEAD + 4))
            end = time.monotonic() + _ANSWER_SECONDS
            while time.monotonic() < end and self._answer(_ANSWER_SECONDS) not in (None, NAK):
                pass
            self._line.write(frame(CLOSE))
        except (UnreachableError, _EndedError):
            pass  # nobody is there who could wait for more

    def _send_next(self) -> None:
        start = self._next
        end = self._stream.cut(start, self._limit)
        ready = self._stream.inflated(end) - self._stream.inflated(start)
        head = struct.pack("<HH", start & 0xFFFF, ready)
        self._line.write(frame(DATA, head + self._stream.data[start:end]))
        self._sent_at = time.monotonic()
        self._next = end
        self._furthest = max(self._furthest, end)
        self._ends.append(end)

    def _go_back(self) -> None:
        self._next = self._known
        self._ends.clear()

    def _answer(self, seconds: float) -> int | None:
        """Take one answer: its kind, None when none came."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            byte = self._line.until_any(b"\x1e\x04", left)
            if byte == b"\x04":
                self._look_for_end()
            if byte != b"\x1e":
                continue
            self._line.timeout = max(0.1, left)
            body = self._line.read(_ANSWER)
            kind = body[0] if body else 0
            if len(body) < _ANSWER or crc32(body[:6]) != int.from_bytes(body[6:], "little"):
                continue
            self._heard(int.from_bytes(body[4:6], "little"))
            return kind

    def _heard(self, position: int) -> None:
        known = self._known + (position - self._known & 0xFFFF)
        if known > self._furthest:
            return  # an old answer
        if known > self._known:
            if not self._repeated:  # else it is not known what took so long
                took = max(_FASTEST, time.monotonic() - self._sent_at)
                self._slowness = max(took, (3 * self._slowness + took) / 4)
            self._repeated = False
        self._known = known
        self._next = max(self._next, known)
        self._ends = [end for end in self._ends if end > known]
        if not self._ends and self._limit < self._lane.room:
            self._limit += self._limit // 8

    def _look_for_end(self) -> None:
        """Tell the end of the receiver from an octet of a damaged answer."""
        rest = self._line.until(b"\x04>", 0.5)
        self._line.unread(rest)
        if rest.endswith(b"\x04>"):
            self._line.unread(b"\x04")
            raise _EndedError
