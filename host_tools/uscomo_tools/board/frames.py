"""Frames beside ordinary console text on one serial line. Sans-IO: bytes in, frames and text out.

One frame is ``FLAG``, then escaped: kind u8, sequence u8, length u16, payload, CRC-32 u32 (of all
from kind to payload), little endian. ``ESCAPE, byte ^ 0x40`` stands for the two marks themselves
and for what consoles and serial lines act on (Ctrl-C, Ctrl-D, XON, XOFF). There is no end mark:
the length says it, and a new ``FLAG`` starts anew. Whatever is outside of frames is console text.

Never knows what a frame is for, nor retransmits one. The board's half is ``uscomo.link``.
Rule: design blueprint, section 3, "Relay and fast lane".
"""

from __future__ import annotations

import re
import struct
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass

FLAG = 0x1E
ESCAPE = 0x10
#: What never stands unescaped behind a flag: Ctrl-C, Ctrl-D, the escape, XON, XOFF, the flag.
ESCAPED = bytes((0x03, 0x04, ESCAPE, 0x11, 0x13, FLAG))
#: Bytes of payload in a frame of the relay; the fast lane may agree on more.
MAX_PAYLOAD = 512

_TOGGLE = 0x40
_HEADER = struct.Struct("<BBH")
_CRC = struct.Struct("<I")
_TO_ESCAPE = re.compile(b"[" + re.escape(ESCAPED) + b"]")
_PLAIN = {byte ^ _TOGGLE: byte for byte in ESCAPED}


@dataclass(frozen=True)
class Frame:
    """One frame whose CRC was right.

    Parameters
    ----------
    kind, sequence
        0 to 255; what they mean is the protocol's.
    """

    kind: int
    sequence: int
    payload: bytes = b""


def encode(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a frame as it goes over the wire, to be written at once."""
    body = _HEADER.pack(kind, sequence, len(payload)) + payload
    body += _CRC.pack(crc32(body))
    return bytes((FLAG,)) + _TO_ESCAPE.sub(
        lambda found: bytes((ESCAPE, found[0][0] ^ _TOGGLE)), body
    )


class Decoder:
    """Takes bytes as they come, in any pieces.

    Parameters
    ----------
    max_payload
        Bytes; what says to be longer is no frame.

    Attributes
    ----------
    damaged
        How many frames had a wrong CRC, a forbidden byte, or no end.
    """

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self.damaged = 0
        self._max_payload = max_payload
        self._raw: bytearray | None = None  # of the frame that has begun, with its flag
        self._body = bytearray()
        self._escape = False

    def feed(self, data: bytes) -> list[Frame | bytes]:
        """Return the frames and the console text between them, in the order of their arrival."""
        found: list[Frame | bytes] = []
        for item in self._items(data):
            if isinstance(item, bytes) and found and isinstance(found[-1], bytes):
                found[-1] += item
            elif item != b"":
                found.append(item)
        return found

    def abandon(self) -> bytes:
        """Return what is held of a frame that will not end (its sender was reset), as text."""
        held = bytes(self._raw or b"")
        self._raw = None
        self.damaged += bool(held)
        return held

    def _items(self, data: bytes) -> Iterator[Frame | bytes]:
        position = 0
        while position < len(data):
            if self._raw is None:
                start = data.find(FLAG, position)
                if start < 0:
                    yield data[position:]
                    return
                yield data[position:start]
                self._begin()
                position = start + 1
            else:
                byte = data[position]
                position += 1
                yield self._take(self._raw, byte)

    def _begin(self) -> None:
        self._raw = bytearray((FLAG,))
        self._body.clear()
        self._escape = False

    def _take(self, raw: bytearray, byte: int) -> Frame | bytes:
        # One byte behind a flag. It ends the frame, or is its next, or shows that there is none:
        # 1 a new flag; 2 what no frame has there; 3 a length that is over the limit.
        if byte == FLAG:
            self.damaged += 1
            self._begin()
            return b""
        raw.append(byte)
        if byte == ESCAPE and not self._escape:
            self._escape = True
            return b""
        if self._escape:
            plain = _PLAIN.get(byte)
            self._escape = False
        else:
            plain = None if byte in ESCAPED else byte
        if plain is None:
            return self._no_frame()
        body = self._body
        body.append(plain)
        if len(body) < _HEADER.size:
            return b""
        kind, sequence, length = _HEADER.unpack_from(body)
        if length > self._max_payload:
            return self._no_frame()
        end = _HEADER.size + length
        if len(body) < end + _CRC.size:
            return b""
        self._raw = None
        if _CRC.unpack_from(body, end)[0] != crc32(body[:end]):
            self.damaged += 1
            return b""
        return Frame(kind, sequence, bytes(body[_HEADER.size : end]))

    def _no_frame(self) -> bytes:
        # A program may print the flag: what follows is its text. Behind a header, it was a frame.
        held = self.abandon()
        return held if len(self._body) <= _HEADER.size else b""
