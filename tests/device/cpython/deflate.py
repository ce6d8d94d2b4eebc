"""MicroPython's `deflate` for CPython: as much of it as board code uses.

As there, no byte is read behind the end of the compressed data, and a distance that reaches
beyond the window is an error. One byte of output at a time is what makes zlib just as strict.
"""

import errno
import io
import zlib

GZIP = 3


class DeflateIO(io.RawIOBase):
    def __init__(self, stream, format, wbits):
        assert format == GZIP
        self._input = stream
        self._inflate = zlib.decompressobj(16 + wbits)

    def readable(self):
        return True

    def readinto(self, buffer):
        count = 0
        while count < len(buffer) and not self._inflate.eof:
            tail = self._inflate.unconsumed_tail
            try:
                byte = self._inflate.decompress(tail, 1)
                if not byte and not self._inflate.eof:
                    more = self._input.read(1)
                    if not more:
                        raise EOFError
                    byte = self._inflate.decompress(more, 1)
            except zlib.error as error:
                raise OSError(errno.EINVAL, str(error)) from None
            if byte:
                buffer[count : count + 1] = byte
                count += 1
        return count
