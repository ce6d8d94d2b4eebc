"""The unix board's watchdog: the VM tells its time-out and each feeding in a file."""

from __future__ import annotations

import time
from pathlib import Path


class Watchdog:
    """Not armed until the board writes to the file that it looks at.

    Parameters
    ----------
    image
        The board's flash image; the file lies beside it and exists as long as somebody watches.
    """

    def __init__(self, image: Path) -> None:
        self._file = image.with_name(image.name + ".watchdog")
        self.disarm()

    def disarm(self) -> None:
        """Forget what was: the board starts anew."""
        self._file.write_bytes(b"")
        self._seen = b""
        self._fed = time.monotonic()

    def starves(self) -> bool:
        """Whether the board is armed and was not fed in time."""
        line = self._file.read_bytes()
        if line != self._seen:
            self._seen = line
            self._fed = time.monotonic()
            return False
        late = (time.monotonic() - self._fed) * 1000
        return line.endswith(b"\n") and late > int(line.split()[0])

    def remove(self) -> None:
        """Watch no more."""
        self._file.unlink(missing_ok=True)
