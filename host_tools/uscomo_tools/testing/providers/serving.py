"""The process that serves an emulated board: a pseudo terminal, and requests of its parent.

A pseudo terminal looks like a board's USB port to mpremote, ampy and whatever opens a port by its
path. Output that nobody fetches is dropped after half a second, as on a board.

Requests come as lines of JSON on standard input, an answer to each goes to standard output. The
end of standard input ends the process: so it never outlives the one that started it.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import UscomoError

_PATIENCE = 0.5  # seconds that output waits for somebody to fetch it
_KEPT = 512  # bytes of it that wait on while nobody does
_BLOCK = 4096


class Port:
    """The pseudo terminal that a host opens.

    Parameters
    ----------
    log
        Gets everything that the board writes, also what nobody fetches.
    """

    def __init__(self, log: Path) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)  # kept open: a terminal forgets its mode when all have closed it
        os.set_blocking(self._master, False)
        self.url = os.ttyname(self._slave)
        self._log = log.open("ab", buffering=0)
        self._waiting = b""
        self._since = 0.0
        self._is_alone = False  # nobody fetches

    def fileno(self) -> int:
        """What to select for."""
        return self._master

    def read(self) -> bytes:
        """What the host has written; nothing when it has not."""
        try:
            return os.read(self._master, _BLOCK)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Hand output to the host."""
        self._log.write(data)
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += data
        self.flush()

    @property
    def is_full(self) -> bool:
        """Whether output waits: the board has to wait too."""
        return bool(self._waiting)

    def flush(self) -> None:
        """Try again what did not fit; give it up when nobody has fetched anything for long."""
        if self._is_alone:
            unread = self._unread()
            self._is_alone = unread > 0
            if unread > _KEPT:
                self._waiting = b""
        while self._waiting:
            try:
                written = os.write(self._master, self._waiting)
            except BlockingIOError:
                if time.monotonic() - self._since > _PATIENCE:
                    termios.tcflush(self._slave, termios.TCIFLUSH)
                    os.write(self._master, self._waiting[-_KEPT:])
                    self._waiting = b""
                    self._is_alone = True
                return
            self._waiting = self._waiting[written:]
            self._since = time.monotonic()

    def _unread(self) -> int:
        answer = fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4))
        return int.from_bytes(answer, sys.byteorder)


class Control:
    """Requests of the process that started this one.

    Parameters
    ----------
    handlers
        What to call for a request's ``do``, with its other values by keyword; returns the answer.
    """

    def __init__(self, handlers: Mapping[str, Callable[..., Mapping[str, Any] | None]]) -> None:
        self._handlers = handlers
        self._received = b""
        self._parent = os.getppid()

    def announce(self, url: str) -> None:
        """Say where the board is."""
        self._say({"url": url})

    def fileno(self) -> int:
        """What to select for."""
        return 0

    @property
    def is_orphan(self) -> bool:
        """Whether the parent is gone, though something else still holds the pipe."""
        return os.getppid() != self._parent

    def serve(self) -> bool:
        """Read and answer what has come; False when nothing will come any more."""
        data = os.read(0, _BLOCK)
        if not data:
            return False
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            try:
                answer = self._handlers[request.pop("do")](**request)
            except (UscomoError, OSError, ValueError) as error:
                answer = {"error": str(error)}
            self._say(answer or {})
        return True

    def _say(self, answer: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def ready(seconds: float, *sources: Port | Control | int) -> list[Port | Control | int]:
    """Wait for one of several sources: those that have something to read."""
    return list(select.select(sources, [], [], seconds)[0])
