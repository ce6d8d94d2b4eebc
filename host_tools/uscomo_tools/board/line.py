"""Bytes to and from a port: waits with a limit, puts bytes back, says when the port is gone.

What mpremote takes for its serial port: the methods and names are pyserial's.
"""

from __future__ import annotations

import select
import threading
import time
from typing import Any

from .errors import CancelledError, UnreachableError

_SLICE = 0.1  # seconds after which a wait looks whether it was cancelled
_POLL = 0.002  # seconds between two looks at a port that cannot be waited for
_WRITE_SECONDS = 10.0


class Line:
    """An open pyserial port with a memory.

    Parameters
    ----------
    serial
        The port.
    url
        Its name, for messages.

    Attributes
    ----------
    timeout
        Seconds that `read` waits for all it was asked for.
    patience
        What `read` and `until` multiply their times with: a board may be emulated.
    sent, received
        Octets that went over the port.
    cancelled
        When set, whatever waits ends with `CancelledError`.
    """

    def __init__(self, serial: Any, url: str) -> None:
        self._serial = serial
        self._url = url
        self._held = bytearray()
        self._descriptor = _descriptor(serial)
        self.timeout: float | None = 10.0
        self.patience = 1.0
        self.sent = self.received = 0
        self.cancelled = threading.Event()
        serial.timeout = 1.0
        serial.write_timeout = _WRITE_SECONDS

    # -- reading

    def take(self, seconds: float) -> bytes:
        """What has come; waits for the first byte so long. Nothing came: empty."""
        if not self._held:
            self._fill(seconds)
        data = bytes(self._held)
        self._held.clear()
        return data

    def unread(self, data: bytes) -> None:
        """Put back what was taken too much."""
        self._held[:0] = data

    def read(self, size: int = 1) -> bytes:
        """`size` bytes, or fewer when the time is up."""
        end = time.monotonic() + (self.timeout or 0.0) * self.patience
        while len(self._held) < size:
            left = end - time.monotonic()
            if not self._fill(max(0.0, left)) and left <= 0:
                break
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def until(self, ending: bytes, seconds: float) -> bytes:
        """All up to and including `ending`, or what has come when the time is up."""
        end = time.monotonic() + seconds * self.patience
        searched = 0
        while True:
            at = self._held.find(ending, max(0, searched - len(ending) + 1))
            if at >= 0:
                return self.read(at + len(ending))
            searched = len(self._held)
            left = end - time.monotonic()
            if not self._fill(max(0.0, left)) and left <= 0:
                return self.take(0)

    def until_any(self, endings: bytes, seconds: float) -> bytes:
        """The next octet that is one of `endings`; what is before it is dropped. Empty: none."""
        end = time.monotonic() + seconds
        while True:
            for at, byte in enumerate(self._held):
                if byte in endings:
                    del self._held[: at + 1]
                    return bytes((byte,))
            self._held.clear()
            left = end - time.monotonic()
            if not self._fill(max(0.0, left)) and left <= 0:
                return b""

    def forget(self) -> None:
        """Drop what has come."""
        while self._fill(0):
            self._held.clear()
        self._held.clear()

    def inWaiting(self) -> int:
        """How many bytes can be read at once."""
        self._fill(0)
        return len(self._held)

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""
        return self.inWaiting()

    def _fill(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while True:
            if self.cancelled.is_set():
                raise CancelledError(f"{self._url}: stopped")
            left = max(0.0, end - time.monotonic())
            try:
                if self._is_ready(min(left, _SLICE)):
                    data = self._serial.read(max(1, self._serial.in_waiting))
                    self._held += data
                    self.received += len(data)
                    if data:
                        return True
            except (OSError, ValueError, TypeError) as error:  # pyserial's are OSErrors
                raise UnreachableError(f"{self._url}: the connection is gone: {error}") from error
            if left <= 0:
                return False

    def _is_ready(self, seconds: float) -> bool:
        if self._descriptor is not None:
            return bool(select.select([self._descriptor], [], [], seconds)[0])
        if self._serial.in_waiting:
            return True
        time.sleep(min(seconds, _POLL))
        return bool(self._serial.in_waiting)

    # -- writing, closing

    def write(self, data: bytes) -> int:
        """Write all of it."""
        if self.cancelled.is_set():
            raise CancelledError(f"{self._url}: stopped")
        try:
            self._serial.write(data)
        except OSError as error:
            raise UnreachableError(f"{self._url}: cannot write: {error}") from error
        self.sent += len(data)
        return len(data)

    def close(self) -> None:
        """Close the port."""
        self._serial.close()

    @property
    def rts(self) -> bool:
        """The port's RTS line."""
        return bool(self._serial.rts)

    @rts.setter
    def rts(self, value: bool) -> None:
        self._serial.rts = value

    @property
    def dtr(self) -> bool:
        """The port's DTR line."""
        return bool(self._serial.dtr)

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._serial.dtr = value


def _descriptor(serial: Any) -> int | None:
    """What can be waited for with select; None where ports are no files (Windows, RFC 2217)."""
    import os

    if os.name == "nt":
        return None
    try:
        return int(serial.fileno())
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None
