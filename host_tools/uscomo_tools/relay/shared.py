"""A board's console for other programs, beside the relay: a terminal that looks like a port.

mpremote, ampy, `uscomo board` and terminals open it by its path. What they write goes to the
board; what the board writes outside of frames comes to them. From a program's first Ctrl-A, which
is the raw REPL, until it closes the terminal, all bytes are its own and the relay stands aside:
the board's program is stopped then anyway.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LOOK = 0.1  # seconds between two looks whether somebody has opened it
_BLOCK = 4096
_RAW_REPL = b"\x01"
#: Whether this system has pseudo terminals.
POSSIBLE = sys.platform != "win32"


class SharedConsole:
    """The terminal's relay end.

    Parameters
    ----------
    typed
        Called with what a program has written, None where it has gone.
    link
        Where a link to it is made, of a name that stays.

    Attributes
    ----------
    path
        What other programs open.
    is_raw
        All bytes are another program's.
    """

    def __init__(self, typed: Callable[[bytes | None], None], link: Path | None = None) -> None:
        import pty

        self.is_raw = False
        self._typed = typed
        self._is_open = False
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._master, end = pty.openpty()
        self.path = os.ttyname(end)
        os.set_blocking(self._master, False)
        os.close(end)  # from now on a hang-up says that nobody has it open
        if link is not None:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self.path)
            self.path = str(link)
        self._look = self._loop.call_soon(self._presence)

    def show(self, data: bytes) -> None:
        """Hand the board's output on, if somebody is there; what nobody fetches is dropped."""
        if self._is_open and not self._echoes():
            with suppress(OSError):
                os.write(self._master, data)

    def close(self) -> None:
        """Take the terminal away."""
        self._look.cancel()
        self._loop.remove_reader(self._master)
        os.close(self._master)
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()

    def _echoes(self) -> bool:
        # Not set up by the program that has it yet: what we wrote would come back as typed.
        import termios

        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def _presence(self) -> None:
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        found = sum(events for _, events in poll.poll(0))
        if not found & select.POLLHUP:
            if not self._is_open:
                self._is_open = True
                self._loop.add_reader(self._master, self._read)
        elif self._is_open or found & select.POLLIN:
            self._is_open = True
            self._read()  # the last words
        self._look = self._loop.call_later(_LOOK, self._presence)

    def _read(self) -> None:
        try:
            data = os.read(self._master, _BLOCK)
        except BlockingIOError:
            return
        except OSError:  # hung up
            data = b""
        if data:
            self.is_raw = self.is_raw or _RAW_REPL in data
            self._typed(data)
        elif self._is_open:
            self._loop.remove_reader(self._master)
            self._is_open = self.is_raw = False
            self._typed(None)
