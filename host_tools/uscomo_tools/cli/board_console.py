"""`uscomo board console`: what a board prints, and what is typed to it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from serial.tools import miniterm

from ..board import find
from ..board.connection import Board, Console
from ..board.errors import UnreachableError
from .board_options import Baudrate, Port

_LEAVE = "\x1d"  # Ctrl-]
_WAIT = 0.1
_AGAIN_SECONDS = 30.0


def register(app: typer.Typer) -> None:
    """Add the command to `uscomo board`."""
    app.command("console")(console)


def console(
    port: Port = "",
    seconds: Annotated[float, typer.Option(help="Leave after so many; 0: stay.")] = 0,
    baudrate: Baudrate = 115200,
) -> None:
    """Show what a board prints and type to it; Ctrl-] leaves, and its programs go on.

    Without a terminal it only shows. A board that resets is waited for.
    """
    url = port or find.only()
    end = time.monotonic() + seconds if seconds else None
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if not interactive:
        _follow(url, baudrate, end, _to_output, lambda connected: None)
        return
    terminal = miniterm.Console()
    print(f"uscomo: {url}; Ctrl-] leaves", file=sys.stderr)
    current: list[Console] = []
    left = threading.Event()

    def connected(now: Console | None) -> None:
        current[:] = [now] if now else []

    def type_to_board() -> None:
        while not left.is_set():
            key = terminal.getkey()
            if key == _LEAVE or not key:
                left.set()
                return
            # Whoever reads says that the board is gone.
            with suppress(UnreachableError, OSError):
                for one in list(current):
                    one.write(key.encode())

    terminal.setup()
    typist = threading.Thread(target=type_to_board, daemon=True)
    typist.start()
    try:
        _follow(url, baudrate, end, terminal.write_bytes, connected, left)
    finally:
        left.set()
        terminal.cleanup()
        # It types a character to itself, which Linux forbids by now; the thread ends with us.
        with suppress(OSError):
            terminal.cancel()
        print(file=sys.stderr)


def _to_output(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _follow(
    url: str,
    baudrate: int,
    end: float | None,
    show: Callable[[bytes], object],
    connected: Callable[[Console | None], None],
    left: threading.Event | None = None,
) -> None:
    number = find.serial_number(url)
    wait = 0.0
    while True:
        with Board.open(url, baudrate=baudrate, wait=wait) as board:
            stream = board.console()
            connected(stream)
            try:
                while not (left and left.is_set()):
                    show(stream.read(_WAIT))
                    if end is not None and time.monotonic() >= end:
                        return
                return
            except (UnreachableError, OSError):
                connected(None)
                print("\r\nuscomo: the board is gone; waiting for it\r", file=sys.stderr)
        url = find.again(url, number, _AGAIN_SECONDS)
        wait = _AGAIN_SECONDS
