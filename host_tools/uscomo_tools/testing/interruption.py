"""When Ctrl-C may strike the unix VM.

Its handler leaves at once whatever was under way, littlefs and the garbage collector too, which
are broken afterwards; a firmware's waits for the program's next jump. So the VM is struck where it
waits, or where it has computed for a while without touching a file. A program that does neither
is struck all the same after a quarter of a second.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

_LONGEST = 0.25  # seconds
_COMPUTED = 2_000_000  # ns on a core


class Interruption:
    """One Ctrl-C for the VM with this process id."""

    def __init__(self, process: int) -> None:
        self._folder = Path("/proc") / str(process)
        self._end = 0.0
        self._calls = b""
        self._computed = 0

    def may_strike(self) -> bool:
        """Whether now is a good moment; asked every millisecond."""
        try:
            # Compiling, the VM catches none: it would end.
            caught = re.search(rb"SigCgt:\s*([0-9a-f]+)", self._read("status"))
            if not caught or not int(caught[1], 16) >> (signal.SIGINT - 1) & 1:
                return False
            now = time.monotonic()
            self._end = self._end or now + _LONGEST
            if now > self._end:
                return True
            if self._read("stat").rpartition(b")")[2].split()[0] == b"S":
                return True
            calls, computed = self._read("io"), int(self._read("schedstat").split()[0])
        except OSError:  # no Linux, or it has ended
            return True
        if calls != self._calls:
            self._calls, self._computed = calls, computed
        return computed - self._computed > _COMPUTED

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()
