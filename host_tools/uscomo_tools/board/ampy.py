"""The wire of adafruit-ampy, for boards on which only its way works (micro:bit, old firmware).

ampy soft-resets the board whenever it enters the raw REPL, and writes 32 bytes at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from .errors import BoardError, UnreachableError
from .line import Line
from .transport import Output

_PIECE = 32


class AmpyTransport:
    """ampy's `Pyboard` behind the verbs; it takes paths of ports, no URLs.

    Raises
    ------
    UsageError
        ampy is not installed, or the port is a URL.
    UnreachableError
        The port cannot be opened.
    """

    def __init__(self, url: str, baudrate: int, cancelled: threading.Event | None = None) -> None:
        if "://" in url:
            raise UsageError(f"{url}: ampy takes the path of a port only")
        try:
            from ampy.pyboard import Pyboard, PyboardError
        except ImportError:
            raise UsageError("--via ampy needs it: pip install adafruit-ampy") from None
        self._error: type[BaseException] = PyboardError  # not an Exception
        self._url = url
        try:
            self._pyboard: Any = Pyboard(url, baudrate)
        except (PyboardError, OSError, ValueError) as error:
            raise UnreachableError(f"{url}: {error}") from error
        self.line = Line(self._pyboard.serial, url)
        if cancelled is not None:
            self.line.cancelled = cancelled
        self._pyboard.serial = self.line

    def enter_raw_repl(self, seconds: float) -> None:
        """Interrupt what runs and soft-reset."""
        self._translated(self._pyboard.enter_raw_repl)

    def begin(self, code: bytes) -> None:
        """Start code whose output is the caller's affair, see `end`."""
        self._translated(lambda: self._pyboard.exec_raw_no_follow(code))

    def end(self, seconds: float, on_output: Output | None = None) -> tuple[bytes, str]:
        """Wait for the end of what `begin` started."""
        found = self._translated(lambda: self._pyboard.follow(seconds))
        output, traceback = bytes(found[0]), bytes(found[1])
        if on_output and output:
            on_output(output)
        return output, traceback.decode(errors="replace")

    def execute(self, code: bytes, seconds: float, on_output: Output | None) -> tuple[bytes, str]:
        """Run code: its output and its traceback, empty without one."""
        self.begin(code)
        return self.end(seconds, on_output)

    def write_file(self, path: str, data: bytes, progress: Callable[[int, int], None]) -> None:
        """Write a file with nothing but the REPL, in ampy's steps."""
        for step, done in _steps(path, data):
            _, traceback = self.execute(step.encode(), 10.0, None)
            if traceback:
                raise BoardError(traceback, "")
            progress(done, len(data))

    def leave_raw_repl(self) -> None:
        """Go to the friendly REPL."""
        self._pyboard.exit_raw_repl()

    def close(self) -> None:
        """Give the port back."""
        self._pyboard.close()

    def _translated(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except self._error as error:
            raise UnreachableError(f"{self._url}: {error}") from error


def _steps(path: str, data: bytes) -> list[tuple[str, int]]:
    """What `ampy put` executes, with the bytes that are written afterwards."""
    steps = [(f"f = open({path!r}, 'wb')", 0)]
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE]
        steps.append((f"f.write({piece!r})", at + len(piece)))
    return [*steps, ("f.close()", len(data))]
