"""A line between a board's port and a relay that loses, doubles, changes and delays bytes."""

from __future__ import annotations

import os
import pty
import random
import select
import threading
import time
import tty

import serial

_TICK = 0.005
_DELAY = 0.05  # seconds that a late byte, and what is behind it, comes later


class Pipe:
    """A pseudo terminal, `url`, behind which another port is; a context manager.

    Parameters
    ----------
    rate
        The share of bytes that something happens to.
    bytes_per_second
        How fast it is, each way; 0: as fast as it goes.

    Attributes
    ----------
    spoiled
        Bytes that something has happened to.
    to_board, from_board
        Bytes that went.
    """

    def __init__(
        self, port: str, rate: float = 0.0, seed: int = 1, bytes_per_second: int = 0
    ) -> None:
        self.rate = rate
        self.spoiled = self.to_board = self.from_board = 0
        self._speed = bytes_per_second
        self._chance = random.Random(seed)
        self._port = serial.serial_for_url(port, timeout=0)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.url = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._carry, args=(self._master, self._port.fileno(), True)),
            threading.Thread(target=self._carry, args=(self._port.fileno(), self._master, False)),
        ]
        for thread in self._threads:
            thread.start()

    def _carry(self, source: int, target: int, to_board: bool) -> None:
        while not self._stop.is_set():
            if not select.select([source], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(source, self._speed // 200 or 4096)
            except OSError:
                continue
            began = time.monotonic()
            size = len(data)
            data = self._spoil(data) if self.rate else data
            while data and not self._stop.is_set():
                try:
                    data = data[os.write(target, data) :]
                except BlockingIOError:
                    time.sleep(_TICK)
                except OSError:  # the board is no more
                    return
            if to_board:
                self.to_board += size
            else:
                self.from_board += size
            if self._speed:
                time.sleep(max(0.0, began + size / self._speed - time.monotonic()))

    def _spoil(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            fault = self._chance.random() / self.rate
            if fault >= 1:
                out.append(byte)
                continue
            self.spoiled += 1
            if fault < 0.3:
                continue
            out.append(self._chance.randrange(256) if fault < 0.6 else byte)
            if 0.6 <= fault < 0.8:
                out.append(byte)
            elif fault >= 0.8:
                time.sleep(_DELAY)
        return bytes(out)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._port.close()
        os.close(self._master)
        os.close(self._slave)

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
