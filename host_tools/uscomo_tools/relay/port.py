"""A board's port for asyncio: read in a thread, written in another, so any pyserial URL works.

Opening it does nothing to the program that runs on the board.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ..board import find
from ..board.errors import CancelledError, UnreachableError
from ..board.lock import PortLock
from ..board.transport import connect

_SLICE = 0.5  # seconds


class Port:
    """An open port; `open_port` makes one.

    Attributes
    ----------
    url
        Its present name.
    stirred
        Set when something has come, or the port is gone; and by whoever wants its reader to look.
    """

    def __init__(self, url: str, baudrate: int) -> None:
        self.url = url
        self.stirred = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._came = bytearray()
        self._error: UnreachableError | None = None
        self._stop = threading.Event()
        self._baudrate = baudrate
        self._lock = PortLock(url)
        self._worker = ThreadPoolExecutor(1, "port")
        self._reader = threading.Thread(target=self._read, daemon=True)

    async def open(self) -> None:
        """Open it.

        Raises
        ------
        UnreachableError
            It cannot be, or another program has it.
        """
        opening = self._loop.run_in_executor(self._worker, self._open)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if opening.exception() is None:
                await self.close()
            raise
        self._reader.start()

    def _open(self) -> None:
        self._lock.acquire()
        try:
            self._line = connect(self.url, self._baudrate, "mpremote", self._stop).line
        except BaseException:
            self._lock.release()
            raise

    async def read(self, seconds: float) -> bytes:
        """What has come; waits so long for it, or until somebody stirs. Nothing came: empty.

        Raises
        ------
        UnreachableError
            The port is gone.
        """
        if not self._came and self._error is None and not self.stirred.is_set():
            # Not wait_for(): before Python 3.12 that loses a cancellation now and then.
            timer = self._loop.call_later(seconds, self.stirred.set)
            try:
                await self.stirred.wait()
            finally:
                timer.cancel()
        self.stirred.clear()
        data = bytes(self._came)
        self._came.clear()
        if not data and self._error is not None:
            raise self._error
        return data

    async def write(self, data: bytes) -> None:
        """Write all of it.

        Raises
        ------
        UnreachableError
            The port is gone.
        """
        await self._loop.run_in_executor(self._worker, self._line.write, data)

    async def close(self) -> None:
        """Give it back."""
        self._stop.set()
        await self._loop.run_in_executor(self._worker, self._close)
        self._worker.shutdown(wait=False)

    def _close(self) -> None:
        if self._reader.is_alive():
            self._reader.join()
        try:
            self._line.close()
        except OSError:
            pass  # it was unplugged
        finally:
            self._lock.release()

    # -- the reading thread

    def _read(self) -> None:
        while True:
            try:
                data = self._line.take(_SLICE)
            except CancelledError:
                return
            except UnreachableError as error:
                self._tell(b"", error)
                return
            if data:
                self._tell(data, None)

    def _tell(self, data: bytes, error: UnreachableError | None) -> None:
        # Where the loop has ended nobody waits for this any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, data, error)

    def _take(self, data: bytes, error: UnreachableError | None) -> None:
        self._came += data
        self._error = error
        self.stirred.set()


async def open_port(url: str, serial_number: str, baudrate: int) -> Port:
    """Open a board's port, which may have another name by now.

    Raises
    ------
    UnreachableError
        It is not there, cannot be opened, or another program has it.
    """
    if serial_number:
        for one in await asyncio.to_thread(find.candidates):
            if one.serial_number == serial_number:
                url = one.url
    port = Port(url, baudrate)
    await port.open()
    return port
