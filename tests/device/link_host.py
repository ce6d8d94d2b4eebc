# The host's end of a link, scripted.
import struct
from binascii import crc32

ACK, CLOSE, DATA, OPEN = b"ACDO"
ESCAPED = b"\x10\x03\x04\x11\x13\x1e"


def frame(kind, sequence, stream, data=b""):
    body = struct.pack("<BBHH", kind, sequence, len(data) + 2, stream) + data
    out = bytearray(b"\x1e")
    for byte in body + struct.pack("<I", crc32(body)):
        out += bytes([16, byte ^ 64] if byte in ESCAPED else [byte])
    return bytes(out)


class Host:
    """Takes frames as they are written, and has bytes to be read; `answer` is asked each time."""

    def __init__(self, answer):
        self.answer = answer
        self.waiting = b""
        self.seen = []

    def read(self, buffer):
        buffer[0] = self.waiting[0]
        self.waiting = self.waiting[1:]
        return 1

    def poll(self, ms):
        return (1,) if self.waiting else ()

    def write(self, view):
        wire = bytes(view)
        assert wire[0] == 0x1E and b"\x1e" not in wire[1:] and b"\x03" not in wire
        body = bytearray()
        toggle = 0
        for byte in wire[1:]:
            if byte == 16:
                toggle = 64
            else:
                body.append(byte ^ toggle)
                toggle = 0
        assert struct.unpack("<I", bytes(body[-4:]))[0] == crc32(bytes(body[:-4]))
        kind, sequence, size, stream = struct.unpack("<BBHH", bytes(body[:6]))
        data = bytes(body[6:-4])
        assert size == len(data) + 2
        self.seen.append((kind, sequence, data))
        self.waiting += self.answer(kind, sequence, stream, data) or b""
        return len(wire)


def patient(kind, sequence, stream, data):
    # Takes everything.
    return frame(ACK, sequence, stream) if kind in (OPEN, DATA) else b""
