"""A pseudo terminal between a host and a board: it spoils bytes, and can be cut."""

from __future__ import annotations

import os
import pty
import random
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

#: The receiver's last frame, by which the host says that all is well.
CLOSE = b"\x1eC\x00\x00\x00"
#: The end of reading a file.
NO_MORE = b"-1\n"
FLAG = b"\x1e"


class Wire:
    """What goes between: bytes are spoiled from the first frame of a transfer to its last.

    Attributes
    ----------
    rate
        The share of bytes that are lost, changed or doubled.
    cut_after
        So many bytes of frames to the board pass, then the line is dead; None: it stays.
    begin
        What the host sends in front of frames.
    lose_close
        The host's last frame is lost.
    """

    def __init__(self, board: str) -> None:
        self.rate = 0.0
        self.cut_after: int | None = None
        self.lose_close = False
        self.begin = b"uscomo_receive"
        self.spoiled = 0
        self.is_dead = False
        self._chance = random.Random(1)
        self._in_frames = self._called = False
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.url = os.ttyname(self._slave)
        self._board = os.open(board, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._board)
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def close(self) -> None:
        os.write(self._stop, b"x")
        self._thread.join(10)
        for descriptor in (self._master, self._slave, self._board, self._wake, self._stop):
            os.close(descriptor)

    def _carry(self) -> None:
        while True:
            ready = select.select([self._master, self._board, self._wake], [], [])[0]
            if self._wake in ready:
                return
            if self._master in ready:
                self._to_board(os.read(self._master, 4096))
            if self._board in ready:
                self._to_host(os.read(self._board, 4096))

    def _to_board(self, data: bytes) -> None:
        if self.is_dead:
            return
        if self.begin in data:
            self._called = True
        elif CLOSE in data or NO_MORE in data:
            self._in_frames = self._called = False
            if self.lose_close:
                self.lose_close = False
                return
        elif self._in_frames:
            data = self._spoil(data)
            if self.cut_after is not None:
                data = data[: self.cut_after]
                self.cut_after -= len(data)
                self.is_dead = self.cut_after == 0
        _write(self._board, data)

    def _to_host(self, data: bytes) -> None:
        if self._called and FLAG in data:
            self._in_frames = True
            self._called = False
        elif self._in_frames:
            data = self._spoil(data)
        if not self.is_dead:
            _write(self._master, data)

    def _spoil(self, data: bytes) -> bytes:
        if not self.rate:
            return data
        out = bytearray()
        for byte in data:
            fault = self._chance.random() / self.rate
            self.spoiled += fault < 1
            if fault < 0.4:
                continue
            out.append(self._chance.randrange(256) if fault < 0.8 else byte)
            if 0.8 <= fault < 1:
                out.append(byte)
        return bytes(out)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def wire(board: str) -> Iterator[Wire]:
    """A wire to a board's port."""
    made = Wire(board)
    try:
        yield made
    finally:
        made.close()
