"""The relay: many boards in one process, one way to the servers, one operator."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from .allowed import AllowList
from .board import BoardSettings, RelayedBoard, names_of
from .exchange import Gate, Limits
from .report import Reporter

_BLOCK = 1024


@dataclass(frozen=True)
class RelaySettings:
    """What a relay does.

    Attributes
    ----------
    ports
        One board each.
    ca
        See `Gate`.
    notify
        Host and port where servers' notifications for the first board are taken; those for the
        next one at the port after it. None: nowhere.
    typed
        Whether lines of standard input are for the boards.
    """

    ports: Sequence[str]
    allowed: AllowList
    limits: Limits = field(default_factory=Limits)
    ca: Path | None = None
    notify: tuple[str, int] | None = None
    board: BoardSettings = field(default_factory=BoardSettings)
    typed: bool = True


class Operator:
    """Who reads the relay's log, and types.

    A line is for the board that asked first of those whose question waits, else for the only
    board; ``NAME: line`` is for that one.
    """

    def __init__(self, boards: Sequence[RelayedBoard], reporter: Reporter) -> None:
        self._boards = boards
        self._reporter = reporter
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Take what was typed, in any pieces."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.line(line.decode("utf-8", "replace").rstrip("\r"))

    def line(self, text: str) -> None:
        """Take a line."""
        name, colon, rest = text.partition(":")
        named = [board for board in self._boards if colon and board.name == name.strip()]
        asking = [board for board in self._boards if board.console.question]
        asking.sort(key=lambda board: board.console.asked_at)
        chosen = (named or asking or self._boards)[:1]
        if not (named or asking or len(self._boards) == 1):
            self._reporter.event("not sent", text=text, problem="whose is it? NAME: TEXT")
            return
        chosen[0].type(rest.strip() if named else text)

    def listen(self) -> None:
        """Read standard input from now on; where it ends, nobody types."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            # Not sys.stdin: what waits for that cannot be ended.
            with suppress(OSError, RuntimeError):
                while data := os.read(sys.stdin.fileno(), _BLOCK):
                    loop.call_soon_threadsafe(self.take, data)

        threading.Thread(target=read, daemon=True).start()


class _Notices(asyncio.DatagramProtocol):
    """A UDP port that is one board's."""

    def __init__(self, board: RelayedBoard) -> None:
        self._board = board

    def datagram_received(self, data: bytes, address: object) -> None:
        """A datagram: the board looks whether it is a server's."""
        self._board.notify(data)


async def relay(
    settings: RelaySettings,
    reporter: Reporter,
    ready: Callable[[Sequence[RelayedBoard], Operator], None] = lambda boards, operator: None,
) -> None:
    """Serve all boards until it is cancelled.

    Raises
    ------
    UsageError
        The CA file is none, or notifications cannot be listened for.
    """
    name_of = names_of(list(settings.ports))
    listening: list[asyncio.DatagramTransport] = []
    async with Gate(settings.allowed, settings.limits, settings.ca) as gate:
        boards = [
            RelayedBoard(url, name_of(url), gate, reporter, settings.board)
            for url in settings.ports
        ]
        try:
            for number, board in enumerate(boards):
                if settings.notify is not None:
                    host, port = settings.notify
                    listening.append(await _listen(board, host, port + number if port else 0))
                    where = listening[-1].get_extra_info("sockname")
                    reporter.event("listens", board.name, address=f"{where[0]}:{where[1]}")
            operator = Operator(boards, reporter)
            if settings.typed:
                operator.listen()
            ready(boards, operator)
            tasks = [asyncio.ensure_future(board.run()) for board in boards]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for transport in listening:
                transport.close()


async def _listen(board: RelayedBoard, host: str, port: int) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Notices(board), local_addr=(host, port)
        )
    except OSError as error:
        raise UsageError(f"--notify {host}:{port}: {error.strerror or error}") from None
    return transport


def run(settings: RelaySettings, reporter: Reporter) -> None:
    """Serve all boards until Ctrl-C or SIGTERM, and leave them in order."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(relay(settings, reporter))
        for number in (signal.SIGINT, signal.SIGTERM):
            # Not on Windows, where Ctrl-C cancels by itself.
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task
        reporter.event("stopped")

    asyncio.run(work())
