"""The wire below the verbs: from code to its output and traceback, over the raw REPL.

`MpremoteTransport` is mpremote's own, with its printing and its endless waits taken away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from .errors import BoardError, UnreachableError
from .line import Line
from .plain_frames import CLOSE, DAMAGED, MAX_ROOM, OVERHEAD, frame

Output = Callable[[bytes], None]

_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_BUSY_SECONDS = 60.0
_INTERRUPT = b"\r\x03"
#: A receiver of files that lost its host takes this for the rest of a frame, and finds it damaged.
_INTERRUPT_LONG = b"\x03" * (MAX_ROOM + OVERHEAD)
_END = b"\x04"


class Transport(Protocol):
    """What `Board` needs of a wire."""

    line: Line

    def enter_raw_repl(self, seconds: float) -> None:
        """Interrupt what runs; afterwards `execute` works. Nothing is reset."""

    def execute(self, code: bytes, seconds: float, on_output: Output | None) -> tuple[bytes, str]:
        """Run code: its output and its traceback, empty without one."""

    def begin(self, code: bytes) -> None:
        """Start code whose output is the caller's affair, see `end`."""

    def end(self, seconds: float, on_output: Output | None = None) -> tuple[bytes, str]:
        """Wait for the end of what `begin` started."""

    def write_file(self, path: str, data: bytes, progress: Callable[[int, int], None]) -> None:
        """Write a file with nothing but the REPL."""

    def leave_raw_repl(self) -> None:
        """Go to the friendly REPL."""

    def close(self) -> None:
        """Give the port back."""


def connect(
    url: str, baudrate: int, via: str, cancelled: threading.Event | None = None
) -> Transport:
    """Open a port.

    Parameters
    ----------
    url
        A device's path, COM3, or any URL of pyserial.
    via
        ``mpremote`` or ``ampy``.

    Raises
    ------
    UnreachableError
        It cannot be opened; the message says why.
    """
    if via == "ampy":
        from .ampy import AmpyTransport

        return AmpyTransport(url, baudrate, cancelled)
    return MpremoteTransport(url, baudrate, cancelled)


class MpremoteTransport(SerialTransport):  # type: ignore[misc] # mpremote has no types
    """mpremote's transport over a `Line`."""

    def __init__(self, url: str, baudrate: int, cancelled: threading.Event | None = None) -> None:
        try:
            super().__init__(url, baudrate=baudrate)
        except (TransportError, OSError, ValueError) as error:
            raise UnreachableError(f"{url}: {_reason(url, error)}") from error
        self.line = Line(self.serial, url)
        if cancelled is not None:
            self.line.cancelled = cancelled
        self.serial: Any = self.line
        # The unix VM, which lives behind a pseudo terminal, takes no Ctrl-C in pasted code.
        self.use_raw_paste = not self.is_pty

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Output | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's, but not byte by byte; a caller's consumer gets larger pieces."""
        data = self.line.until(ending, timeout_overall or timeout or 3600.0)
        if data_consumer:
            data_consumer(data)
        return data

    def enter_raw_repl(
        self, seconds: float = 10, soft_reset: bool = False, timeout_overall: float = 10
    ) -> None:
        """Interrupt what runs; afterwards `execute` works. Nothing is reset."""
        end = time.monotonic() + seconds * self.line.patience
        attempt = 0
        while True:
            attempt += 1
            # A receiver that lost its host gives up after two seconds without anything.
            self.line.write(_INTERRUPT_LONG if attempt == 2 else _INTERRUPT)
            self.line.forget()
            self.line.write(b"\r\x01")
            patience = min(1.0 + attempt, max(0.1, end - time.monotonic()))
            data = self.line.until(_RAW_BANNER, patience)
            if data.endswith(_RAW_BANNER):
                break
            if DAMAGED in data:
                self.line.write(frame(CLOSE))
            if time.monotonic() >= end:
                raise UnreachableError(
                    f"{self.device_name}: no MicroPython prompt; it says {data[-80:]!r}"
                )
        if attempt > 1:
            # A slow board answers the earlier attempts too: what is read next would be a banner.
            while self.line.take(0.3):
                pass
            self.line.unread(b">")
        self.in_raw_repl = True

    def leave_raw_repl(self) -> None:
        """Go to the friendly REPL."""
        self.exit_raw_repl()

    def begin(self, code: bytes, seconds: float = _BUSY_SECONDS) -> None:
        """Start code whose output is the caller's affair, see `end`."""
        # A slow board that is busy at once says only later that it has got the code.
        before, self.line.timeout = self.line.timeout, seconds
        try:
            self.exec_raw_no_follow(code)
        except TransportError as error:
            raise UnreachableError(f"{self.device_name}: {error}") from error
        finally:
            self.line.timeout = before

    def end(self, seconds: float, on_output: Output | None = None) -> tuple[bytes, str]:
        """Wait for the end of what `begin` started."""
        until = time.monotonic() + seconds
        parts = []
        for consumer in (on_output, None):
            part = bytearray()
            while True:
                left = until - time.monotonic()
                data = self.line.take(max(0.0, left))
                piece, mark, rest = data.partition(_END)
                part += piece
                if consumer and piece:
                    consumer(piece)
                if mark:
                    self.line.unread(rest)
                    break
                if left <= 0 and not data:
                    raise UnreachableError(
                        f"{self.device_name}: no answer in {seconds:g} s; "
                        f"it says {bytes(part[-80:])!r}"
                    )
            parts.append(bytes(part))
        return parts[0], parts[1].decode(errors="replace")

    def execute(self, code: bytes, seconds: float, on_output: Output | None) -> tuple[bytes, str]:
        """Run code: its output and its traceback, empty without one."""
        self.begin(code, seconds)
        return self.end(seconds, on_output)

    def write_file(self, path: str, data: bytes, progress: Callable[[int, int], None]) -> None:
        """Write a file with nothing but the REPL."""
        try:
            self.fs_writefile(path, data, progress_callback=progress)
        except TransportExecError as error:
            raise BoardError(error.error_output, "") from error
        except TransportError as error:
            raise UnreachableError(f"{self.device_name}: {error}") from error


def _reason(url: str, error: Exception) -> str:
    """mpremote says only that it failed; the port itself knows why."""
    import serial

    try:
        serial.serial_for_url(url).close()
    except (OSError, ValueError) as found:
        return str(found)
    return str(error)
