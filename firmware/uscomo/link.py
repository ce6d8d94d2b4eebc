# A byte stream for `http` over the console's own line: frames beside ordinary text, reliable on a
# line that loses, doubles and changes bytes. One stream at a time; the other end decides what may
# be opened. Never waits for ever and never switches Ctrl-C off: without a host, writing goes where
# the port drops it, and time runs out.
#
# Frame: see uscomo_tools.board.frames. Its payload begins with the stream's number (u16), so that
# what is late belongs to nothing. What we send goes one frame at a time, again until it is
# answered; what comes is taken in order and answered with the last one taken, so the other end
# may have as many bytes under way as our ring buffer holds. DATA of no octets is the end.
import sys
import time
from binascii import crc32
from struct import pack_into, unpack_from

from uscomo import platform
from uscomo.constant import const

# Kinds of frames; letters, none of which is ever escaped.
_ACK = const(0x41)
_CLOSE = const(0x43)
_DATA = const(0x44)
_OPEN = const(0x4F)

_FLAG = const(0x1E)
_ESCAPE = const(0x10)
_ESCAPED = b"\x10\x03\x04\x11\x13\x1e"
_TOGGLE = const(0x40)

_HEAD = const(6)  # kind, sequence, length, stream
_ROOM = const(138)  # a frame with 128 octets of data
_LARGE = const(128)
_SMALL = const(32)
_MAX_TEXT = const(80)

# Milliseconds: until the first repetition, what is added to twice the way there and back, the
# longest; and when nobody is there, at the beginning and later.
_FIRST = const(250)
_LEAST = const(15)
_ABSENT = const(2500)
_GONE = const(8000)

_ETIMEDOUT = const(110)
_ECONNRESET = const(104)

_link = None


class Link:
    """The board's end: one stream after the other over read(buffer), write(view), poll(ms)."""

    # Told what comes beside streams, (kind, octets): whether it is to be answered.
    heard = None

    def __init__(self, read, write, poll):
        self._read = read
        self._write = write
        self._poll = poll
        self._byte = bytearray(1)
        self._taken = memoryview(bytearray(_ROOM))
        self._plain = memoryview(bytearray(_ROOM))
        self._wire = memoryview(bytearray(2 * _ROOM + 1))
        self._text = b""  # of no frame: for uscomo.console
        self._stream = 0
        self._at = -1  # octets taken of a frame, -1 outside of one
        self._toggle = 0
        self._size = _LARGE  # smaller where much is lost
        # Any, so that the frames of a stream before a reset are not taken for those of the next.
        self._number = platform.ticks() & 0xFFFF

    def open(self, url):
        """Begin a stream, OSError where nobody answers or it is refused."""
        self._number = self._number % 0xFFFF + 1
        self._stream = self._number
        self._sequence = self._expected = self._count = self._start = self._end = 0
        self._kind = _OPEN
        self._limit = _ABSENT
        self._ended = False
        self._wait = _FIRST
        while self.write(url) is None:
            platform.feed()
            time.sleep(0.002)
        self._kind = _DATA
        self._limit = _GONE
        return self

    def write(self, view):
        """Send some of the octets: how many were answered, None while none were."""
        waited = platform.elapsed(self._since) if self._count else 0
        if not self._count:
            self._count = min(len(view), _LARGE if self._kind == _OPEN else self._size)
            self._begun = platform.ticks()
        elif waited < self._wait:
            waited = -1
        else:
            if platform.elapsed(self._begun) > self._limit:
                raise OSError(_ETIMEDOUT)
            self._wait = min(2 * self._wait, _FIRST)
            self._size = max(self._size // 2, _SMALL)
        if waited >= 0:
            self._since = platform.ticks()
            self._put(self._kind, self._sequence, view[: self._count])
        if self._receive() != _ACK:
            return None
        if self._since == self._begun:
            self._wait = min(2 * platform.elapsed(self._since) + _LEAST, _FIRST)
            self._size = min(self._size + 8, _LARGE)
        count = self._count
        self._count = 0
        self._sequence = self._sequence + 1 & 0xFF
        return count

    def readinto(self, view):
        """Take some octets: how many, None while there are none, 0 at the end."""
        if self._start == self._end and not self._ended:
            if self._receive() != _DATA:
                return None
            self._ended = self._start == self._end
        count = min(len(view), self._end - self._start)
        view[:count] = self._taken[self._start : self._start + count]
        self._start += count
        return count

    def close(self):
        """Say that the stream is over; where that is lost, the next one says it."""
        self._put(_CLOSE, 0, b"")
        self._stream = 0

    def character(self):
        """What is of no frame: one character, None while there is none, "" at the input's end."""
        try:
            if not self._text:
                self._receive()
        except OSError:
            return ""
        if not self._text:
            return None
        text = chr(self._text[0])
        self._text = self._text[1:]
        return text

    def _put(self, kind, sequence, data):
        # One frame in one write; what it cannot be written to is not there.
        plain = self._plain
        end = _HEAD + len(data)
        pack_into("<BBHH", plain, 0, kind, sequence, len(data) + 2, self._stream)
        plain[_HEAD:end] = data
        pack_into("<I", plain, end, crc32(plain[:end]))
        wire = self._wire
        wire[0] = _FLAG
        size = 1
        for byte in plain[: end + 4]:
            if byte in _ESCAPED:
                wire[size] = _ESCAPE
                size += 1
                byte ^= _TOGGLE
            wire[size] = byte
            size += 1
        self._write(wire[:size])

    def _receive(self):
        # Takes what is there, up to a frame that means something: its kind, 0 for none.
        byte = self._byte
        taken = self._taken
        at = self._at
        toggle = self._toggle
        kind = 0
        while not kind:
            for _ in self._poll(0):
                break
            else:
                break
            if not self._read(byte):
                raise OSError(_ECONNRESET)
            value = byte[0]
            if value == _FLAG:
                at = toggle = 0
            elif at < 0:
                if len(self._text) < _MAX_TEXT:
                    self._text += byte
            elif value == _ESCAPE:
                toggle = _TOGGLE
            else:
                taken[at] = value ^ toggle
                toggle = 0
                at += 1
                if at == _ROOM or (at > 4 and at == taken[2] + 8 and not taken[3]):
                    kind = self._whole(at - 4)
                    at = -1
        self._at = at
        self._toggle = toggle
        if kind == _CLOSE:
            raise OSError(_ECONNRESET)
        return kind

    def _whole(self, end):
        # A frame with its CRC: its kind where it is news, else 0.
        taken = self._taken
        if end < _HEAD or unpack_from("<I", taken, end)[0] != crc32(taken[:end]):
            return 0
        kind, sequence, _, stream = unpack_from("<BBHH", taken, 0)
        if not stream:
            return self._beside(kind, sequence, taken[_HEAD:end])
        if stream != self._stream:
            return 0
        if kind == _ACK:
            return kind if self._count and sequence == self._sequence else 0
        if kind == _DATA:
            # While we are writing it has to come again: an answer is not mixed with a question.
            if self._count:
                return 0
            news = sequence == self._expected
            if news:
                self._expected = sequence + 1 & 0xFF
                self._start = _HEAD
                self._end = end
            self._put(_ACK, self._expected - 1 & 0xFF, b"")
            return kind if news else 0
        return kind if kind == _CLOSE else 0

    def _beside(self, kind, sequence, data):
        # Of no stream: the host is another one now and knows of none, or it tells something.
        stream = self._stream
        if kind == _CLOSE:
            return kind if stream and self._kind == _DATA else 0
        if self.heard and self.heard(kind, data):
            self._stream = 0
            self._put(_ACK, sequence, b"")
            self._stream = stream
        return 0

    def listen(self):
        """Take what has come, while no stream is open."""
        try:
            self._receive()
        except OSError:
            pass


def attach():
    """The link over the console, which reads all that comes from now on."""
    global _link
    if not _link:
        import select

        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        poll = getattr(poll, "ipoll", poll.poll)  # which allocates nothing
        _link = Link(sys.stdin.buffer.readinto, sys.stdout.buffer.write, poll)
        platform.character = _link.character
    return _link


def connect(secure, host, port):
    """Open a stream to wherever the other end of the cable allows."""
    return attach().open(b"http%s://%s:%d" % (b"s" if secure else b"", host.encode(), port))
