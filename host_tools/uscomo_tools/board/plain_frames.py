"""Frames of the fast lane: header and CRC of `frames`, but nothing in them is escaped."""

from __future__ import annotations

import struct
from binascii import crc32

from .frames import FLAG

ACK, NAK, CLOSE, DATA = b"ANCD"
#: Octets of a frame of data besides the data: flag, header, position, what is ready, CRC.
OVERHEAD = 13
#: Octets of data in the largest frame that we make.
MAX_ROOM = 2048
#: How an answer begins that says that something was damaged.
DAMAGED = bytes((FLAG, NAK, 0, 2, 0))

_HEADER = struct.Struct("<BBH")


def frame(kind: int, payload: bytes = b"") -> bytes:
    """A frame as it goes over the wire."""
    body = _HEADER.pack(kind, 0, len(payload)) + payload
    return b"".join((bytes((FLAG,)), body, crc32(body).to_bytes(4, "little")))
