"""A deflated stream that knows at each octet how much of it can be inflated so far."""

from __future__ import annotations

import zlib

_MAX_READY = 0xFFFF


class Stream:
    """Octets, deflated or as they are.

    Parameters
    ----------
    plain
        What is to arrive.
    wbits
        Of the window; 0: not deflated.

    Attributes
    ----------
    data
        What goes over the wire; `size` of it.
    """

    def __init__(self, plain: bytes, wbits: int) -> None:
        self._plain = len(plain)
        self._counts: list[int] | None = None
        self.data = plain
        if wbits:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -wbits, 9)
            self.data = deflate.compress(plain) + deflate.flush()
            self._counts = _inflatable(self.data, wbits)
        self.size = len(self.data)
        # Behind this octet nothing more comes out, so nobody would read on.
        self._last = self.size
        while self._counts and self._counts[self._last - 1] == self._plain:
            self._last -= 1

    def inflated(self, end: int) -> int:
        """How many octets can be inflated from those before `end`."""
        return end if self._counts is None else self._counts[end]

    def cut(self, start: int, limit: int) -> int:
        """The end of the next piece, of at most `limit` octets; 8 are the least.

        If possible its last octet is needed for what can be inflated, so that none is left over.
        """
        end = min(self.size, start + limit)
        counts = self._counts
        if counts is None:
            return end
        if end == self.size and counts[end] - counts[start] <= _MAX_READY:
            return end
        end = min(end, self._last - 1)
        while counts[end] - counts[start] > _MAX_READY:
            end -= 1
        best = end
        while best > start + 1 and counts[best] == counts[best - 1]:
            best -= 1
        return best if best > start + 1 else end


def _inflatable(data: bytes, wbits: int) -> list[int]:
    inflate = zlib.decompressobj(-wbits)
    counts = [0]
    for at in range(len(data)):
        counts.append(counts[-1] + len(inflate.decompress(data[at : at + 1])))
    return counts
