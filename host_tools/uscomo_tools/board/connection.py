"""A board on a cable: `Board` has the verbs. The wire is `transport`, the fast lane `transfer`.

Opening a board does nothing to the program that runs on it; the first verb that needs the REPL
interrupts it. A board that was interrupted is left in the friendly REPL, with the program stopped.
"""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from . import find, scripts, transfer
from .errors import BoardError, BoardResetError, CancelledError, UnreachableError
from .file_verbs import Entry, FileVerbs, Progress
from .identify import FACTS, identified
from .identity import Identity
from .line import Line
from .lock import PortLock
from .transfer import Lane
from .transport import Output, Transport, connect

_RAW_SECONDS = 15.0
_LEAVE_SECONDS = 5.0
_RETRY_SECONDS = 0.2
_IDENTIFY_SECONDS = 30.0
_SLOW_IDENTIFY_SECONDS = 300.0
_SMALL_HEAP = 32 * 1024
_RESET_SECONDS = 0.6  # after which a board that resets itself cannot answer any more
_BACK_SECONDS = 20.0
_STILL_RESETTING = "'uscomo_resetting' in globals()"


class Console:
    """The raw stream of a board while its programs run."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def read(self, timeout: float = 0.1) -> bytes:
        """What the board wrote; waits for the first byte at most `timeout` seconds."""
        return self._line.take(timeout)

    def write(self, data: bytes) -> None:
        """Write to the board, as typed."""
        self._line.write(data)


class Board(FileVerbs):
    """An open board; `Board.open` makes one. A context manager.

    Attributes
    ----------
    url
        Where it is; a reset may change it.
    """

    def __init__(self, url: str, baudrate: int, via: str) -> None:
        self.url = url
        self._baudrate = baudrate
        self._via = via
        self._cancelled = threading.Event()
        self._in_raw_repl = False
        self._interrupted = False
        self._identity: Identity | None = None
        self._lane: Lane | None = None
        self._lane_asked = self._has_receiver = False
        self._transport: Transport | None = None
        self._patience = 1.0
        self._connect(url)

    def _connect(self, url: str) -> None:
        self._lock = PortLock(url)
        self._lock.acquire()
        try:
            self._transport = connect(url, self._baudrate, self._via, self._cancelled)
        except BaseException:
            self._lock.release()
            raise
        self._transport.line.patience = self._patience
        self.url = url

    def be_patient(self, factor: float) -> None:
        """Wait so many times longer for each answer: for a board that is emulated."""
        self._patience = self._open().line.patience = factor

    @property
    def patience(self) -> float:
        """How many times longer answers are waited for, see `be_patient`."""
        return self._patience

    @classmethod
    def open(
        cls, url: str, *, baudrate: int = 115200, wait: float = 0, via: str = "mpremote"
    ) -> Board:
        """Open a port; nothing is sent to the board yet.

        Parameters
        ----------
        wait
            Seconds to wait for a port that is not there or is in use.
        via
            ``mpremote``, or ``ampy`` for boards on which only that works.

        Raises
        ------
        BoardBusyError
            Another program has the port.
        UnreachableError
            It cannot be opened.
        """
        end = time.monotonic() + wait
        while True:
            try:
                return cls(url, baudrate, via)
            except UnreachableError:
                if time.monotonic() >= end:
                    raise
                time.sleep(_RETRY_SECONDS)

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the board usable, in the friendly REPL if it was interrupted; free the port."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        self.resume()
        try:
            if self._interrupted:
                if not self._in_raw_repl:
                    transport.enter_raw_repl(_LEAVE_SECONDS)
                transport.leave_raw_repl()
        except UnreachableError:
            pass  # it is gone: there is nothing to leave in order
        finally:
            self._disconnect(transport)

    def _disconnect(self, transport: Transport) -> None:
        self._in_raw_repl = self._interrupted = self._has_receiver = False
        self._transport = None
        try:
            transport.close()
        except OSError:
            pass  # it was unplugged
        finally:
            self._lock.release()

    def cancel(self) -> None:
        """End what another thread is doing with this board; it raises `CancelledError` there."""
        self._cancelled.set()

    def resume(self) -> None:
        """Work again after `cancel`: for what has to be put in order."""
        self._cancelled.clear()

    @contextmanager
    def programs_again(self, always: bool = False) -> Iterator[None]:
        """The board's programs start again when the block ends by an error, or `always`."""
        try:
            yield
        except BaseException:
            self.resume()
            # Of a board that is gone too, what is told is how it began.
            with suppress(UnreachableError):
                self.soft_reset(run_main=True)
            raise
        if always:
            self.soft_reset(run_main=True)

    @property
    def traffic(self) -> tuple[int, int]:
        """Octets that went over this connection: to the board, and from it."""
        line = self._open().line
        return line.sent, line.received

    # -- code

    def exec(self, code: str, timeout: float = 60, on_output: Output | None = None) -> str:
        """Run code on the board and return what it printed.

        What was defined before is still there; a program that runs is interrupted.

        Raises
        ------
        BoardError
            The code raised; carries the board's traceback and what it had printed.
        BoardResetError
            The board restarted meanwhile.
        UnreachableError
            No answer within `timeout` seconds. The code was interrupted.
        """
        with self.running() as transport:
            output, traceback = transport.execute(code.encode(), timeout, on_output)
        text = _text(output)
        if traceback:
            raise BoardError(_text(traceback.encode()), text)
        return text

    def running(self) -> Running:
        """The wire with its REPL ready, for what brings a protocol of its own; a context."""
        return Running(self)

    def run_script(
        self,
        path: Path,
        values: Mapping[str, object] = MappingProxyType({}),
        timeout: float = 60,
        on_output: Output | None = None,
    ) -> str:
        """Run a file of a `board` folder, with ``NAME = literal`` lines in front of it."""
        return self.exec(scripts.with_values(path, values), timeout, on_output)

    def eval(self, expression: str) -> Any:
        """The value of an expression on the board; it must be a literal when printed."""
        return ast.literal_eval(self.exec(f"print(repr({expression}))"))

    def interrupt(self) -> None:
        """Stop what runs."""
        self._in_raw_repl = False
        self._raw()

    def identify(self) -> Identity:
        """What the board says of itself; asked once a connection."""
        if self._identity is None:
            self._identity = identified(self._told())
        return self._identity

    def _told(self) -> Any:
        question = {"NAMES": FACTS}
        try:
            return self.script("identify", question, timeout=_IDENTIFY_SECONDS)
        except (BoardError, UnreachableError) as error:
            # A few KB of heap do not hold it, and a small buffer loses parts of it, its end too.
            lines = scripts.compact(scripts.path("identify_small")).splitlines()
            told = ast.literal_eval([self.exec(line) for line in lines][-1])
            if told["heap_total"] < _SMALL_HEAP or isinstance(error, BoardError):
                return told
        # Not small but slow: an emulated board, on a busy machine.
        return self.script("identify", question, timeout=_SLOW_IDENTIFY_SECONDS)

    # -- restarts

    def soft_reset(self, run_main: bool = False) -> None:
        """Restart the interpreter: a fresh heap and ``boot.py``; ``main.py`` only if asked for."""
        transport = self._raw()
        self.forget()
        if run_main:
            transport.leave_raw_repl()
            self._in_raw_repl = self._interrupted = False
            transport.line.until(b">>> ", 2.0)
            transport.line.write(b"\x04")
            transport.line.until(b"soft reboot", 5.0)
            return
        transport.line.until(b">", 5.0)
        transport.line.write(b"\x04")
        self._in_raw_repl = False
        if not transport.line.until(b"soft reboot", 5.0).endswith(b"soft reboot"):
            raise UnreachableError(f"{self.url}: no soft reset")
        if transport.line.until(b"raw REPL; CTRL-B to exit\r\n", 10.0).endswith(b"\r\n"):
            self._in_raw_repl = True

    def reset(self, attach: bool = True) -> None:
        """Reset the hardware and connect again, also under another name of the port.

        Parameters
        ----------
        attach
            False leaves the board alone afterwards: its programs run.

        Raises
        ------
        UnreachableError
            It did not come back.
        """
        transport = self._raw()
        number = find.serial_number(self.url)
        transport.begin(scripts.compact(scripts.path("reset")).encode())
        try:
            _, traceback = transport.end(_RESET_SECONDS)
        except UnreachableError:
            pass  # no answer any more: this is what was wanted
        else:
            if traceback:  # no machine.reset: the next best
                self.soft_reset(run_main=not attach)
                return
        self._disconnect(transport)
        end = time.monotonic() + _BACK_SECONDS
        while True:
            try:
                if self._transport is None:
                    self._connect(find.again(self.url, number, _BACK_SECONDS))
                if not attach or not self.eval(_STILL_RESETTING):
                    return
            except UnreachableError:
                if self._transport is not None:
                    self._disconnect(self._transport)
                if time.monotonic() >= end:
                    raise
            if time.monotonic() >= end:
                raise UnreachableError(f"{self.url}: the board was not reset")
            time.sleep(_RETRY_SECONDS)

    # -- files

    def lane(self) -> Lane | None:
        """The fast lane, when the board can; its receiver is there then."""
        if self._via != "mpremote":
            return None
        if not self._lane_asked:
            self._lane_asked = True
            try:
                self._lane = Lane.of(self.script("lane", {}))
            except BoardError as error:
                # It may lack a module that the receiver needs.
                if "ImportError" not in error.traceback:
                    raise
        if self._lane is not None and not self._has_receiver:
            self.exec(transfer.receiver(self._lane.wbits))
            self._has_receiver = True
        return self._lane

    def forget(self) -> None:
        """What was defined on the board is gone."""
        self._has_receiver = False

    # -- console

    def console(self) -> Console:
        """The raw stream, with whatever program runs; in the friendly REPL when none does."""
        transport = self._open()
        if self._in_raw_repl:
            transport.leave_raw_repl()
            self._in_raw_repl = self._interrupted = False
        return Console(transport.line)

    # -- the REPL

    def _open(self) -> Transport:
        if self._transport is None:
            raise UnreachableError(f"{self.url}: the board was closed")
        return self._transport

    def _raw(self) -> Transport:
        transport = self._open()
        if not self._in_raw_repl:
            self._interrupted = True
            transport.enter_raw_repl(_RAW_SECONDS)
            self._in_raw_repl = True
        return transport


class Running:
    """Something runs in the raw REPL; whatever ends it otherwise than well is put in order."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __enter__(self) -> Transport:
        return self._board._raw()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, BoardError | OSError):
            # The REPL is in an unknown state: the next verb, or `close`, begins with Ctrl-C.
            self._board._in_raw_repl = False


def _text(data: bytes) -> str:
    return data.decode(errors="replace").replace("\r\n", "\n")


__all__ = [
    "Board",
    "BoardError",
    "BoardResetError",
    "CancelledError",
    "Console",
    "Entry",
    "Progress",
    "UnreachableError",
]
