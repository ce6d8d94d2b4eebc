"""What can go wrong with a board on a cable, as exceptions of the host."""

from __future__ import annotations

import errno
import re

from ..errors import UnreachableError, UscomoError

__all__ = [
    "BoardBusyError",
    "BoardError",
    "BoardResetError",
    "CancelledError",
    "UnreachableError",
    "os_error",
]


class BoardError(UscomoError):
    """Code on the board ended with an exception.

    Attributes
    ----------
    traceback
        The board's own words.
    output
        What the code printed before.
    """

    def __init__(self, traceback: str, output: str) -> None:
        super().__init__(traceback, output)
        self.traceback = traceback
        self.output = output

    def __str__(self) -> str:
        return f"the board says:\n{self.traceback}"


class BoardResetError(UscomoError):
    """The board restarted while code was running on it."""


class BoardBusyError(UnreachableError):
    """Another program uses the board's port; the message names it."""


class CancelledError(UscomoError):
    """Somebody asked to stop what was going on with the board."""


_LAST_LINE = re.compile(r"^OSError: (?:\[Errno (\d+)\] ?(\w*)|\(?(\d+).*|(E[A-Z]+))\s*$")


def os_error(error: BoardError, path: str) -> OSError | None:
    """Return the board's ``OSError`` as the host's, with the host's number; None: another one."""
    lines = error.traceback.strip().splitlines()
    found = _LAST_LINE.match(lines[-1]) if lines else None
    if found is None:
        return None
    from mpremote.mp_errno import MP_ERRNO_TABLE

    name = found[2] or found[4] or ""
    number = int(found[1] or found[3] or 0)
    code = getattr(errno, name, None) or MP_ERRNO_TABLE.get(number, number or errno.EIO)
    return OSError(code, f"{errno.errorcode.get(code, code)} on the board", path)
