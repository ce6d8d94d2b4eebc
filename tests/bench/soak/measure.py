"""A board at a relay behind a line that spoils bytes: sessions and installations, round by round.

After each round: the board's heap while nothing is due, its files, the server's rows. The board is
the unix VM or an emulated Pico; its application answers what is typed. Some sessions are asked for
by package 0, the others by the application; installations by the server, each a new version of it.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.append(str(Path(__file__).parents[2] / "relay"))

from littlefs import LittleFS, LittleFSError
from pipe import Pipe
from relaying import Desk, Relay, desk

from uscomo_tools.errors import UscomoError
from uscomo_tools.relay.exchange import Limits
from uscomo_tools.server.runner import ServerSettings
from uscomo_tools.testing import dm_server
from uscomo_tools.testing.providers import rp2, unix
from uscomo_tools.testing.providers.provided import FLASH, ServedBoard
from uscomo_tools.testing.unix import BLOCK_COUNT, BLOCK_SIZE

#: Sessions whose messages the server keeps, so that a short run shows it too.
KEPT = 20
APP = """import asyncio
import gc

import uscomo
from uscomo import console


async def main():
    print("hello", {version})
    while True:
        line = console.line()
        if line == "heap":
            gc.collect()
            used = gc.mem_alloc()
            print("heap", used, used)  # twice: digits may get lost
        elif line == "check":
            uscomo.check()
        await asyncio.sleep(0.05)
"""
# So often the heap is asked for: while something is under way it is larger.
_SAMPLES = 3


@dataclass(frozen=True)
class Board:
    """A kind of board, and how long it takes, in seconds.

    Attributes
    ----------
    step
        What one step takes at most, on a bad line.
    again
        Until a typed line is typed again.
    quiet
        Without a word after which it has nothing to do.
    """

    type: str
    start: Callable[..., ServedBoard]
    step: float
    again: float
    quiet: float


BOARDS = {
    "unix": Board("unix", unix.start, 240.0, 4.0, 0.15),
    "rp2": Board("rp2", rp2.start, 1800.0, 60.0, 3.0),
}


@dataclass
class Round:
    """What was there after a round.

    Attributes
    ----------
    heap
        Bytes in use on the board, while nothing was due.
    files, octets
        On the board's flash.
    rows
        Of the server, by table.
    """

    sessions: int
    installs: int
    heap: int
    files: int
    octets: int
    rows: dict[str, int]
    seconds: float


@dataclass
class Soak:
    """All rounds, and what the line and the relay have seen."""

    rounds: list[Round] = field(default_factory=list)
    spoiled: int = 0
    carried: int = 0
    requests: int = 0
    broken: int = 0


@contextmanager
def _at_relay(
    folder: Path, kind: Board, rate: float, seed: int
) -> Iterator[tuple[Desk, Relay, Pipe]]:
    settings = partial(ServerSettings, kept_sessions=KEPT)
    with (
        mock.patch.object(dm_server, "ServerSettings", settings),
        desk(folder, kind.start, kind.type) as here,
        Pipe(here.board.url, rate, seed) as pipe,
        here.relay(pipe.url, limits=Limits(per_minute=1_000_000)) as relay,
    ):
        relay.wait_event("attached")
        here.address(relay)
        yield here, relay, pipe


class _Server:
    """The server's rows, read beside it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server" / "server.sqlite"

    def rows(self) -> dict[str, int]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type='table'")
            names = [name for (name,) in tables if not name.startswith("sqlite_")]
            return {
                name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in sorted(names)
            }

    def begun(self) -> int:
        """How many sessions there have been."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT coalesce(max(id), 0) FROM session").fetchone()[0])


def run(
    folder: Path,
    sessions: int,
    installs: int,
    rate: float,
    seed: int = 1,
    tell: Callable[[Round], None] = lambda round: None,
    board: str = "unix",
) -> Soak:
    """Hold so many sessions and install so often; rounds of as many sessions and one install."""
    soak = Soak()
    each = max(1, sessions // installs)
    kind = BOARDS[board]
    with _at_relay(folder, kind, rate, seed) as (here, relay, pipe):
        server = _Server(folder)
        user = _User(here, relay, server, kind)
        held = 0
        for number in range(1, installs + 1):
            began = time.monotonic()
            user.install(number)
            before = server.begun()
            for one in range(each):
                user.session(called=one % 5 == 0)
            held += server.begun() - before
            heap = user.heap()
            files = user.files()
            found = Round(
                held,
                number,
                heap,
                len(files),
                sum(files),
                server.rows(),
                time.monotonic() - began,
            )
            soak.rounds.append(found)
            tell(found)
            _forget(relay, soak)
        soak.spoiled, soak.carried = pipe.spoiled, pipe.to_board + pipe.from_board
    return soak


class _User:
    """Somebody at the relay, who types and looks."""

    def __init__(self, here: Desk, relay: Relay, server: _Server, kind: Board) -> None:
        self._here = here
        self._relay = relay
        self._server = server
        self._kind = kind

    def install(self, version: int) -> None:
        here = self._here
        package = here.app(version, padding=2_000, text=APP.format(version=version))
        here.install(package.id)
        self._relay.wait(lambda: here.state()[-1] == "done", self._kind.step)
        self._rest()
        # It said hello before; a bad line may have spoiled that.
        assert here.server.operations(here.device_id)[-1]["code"] in (None, 1200)

    def session(self, called: bool) -> None:
        begun = self._server.begun()

        def call() -> None:
            self._here.server.post(f"/devices/{self._here.device_id}/notify", {})

        def check() -> None:
            self._relay.type("check")

        self._again(call if called else check, lambda: self._server.begun() > begun)
        self._rest()

    def files(self) -> list[int]:
        """Sizes of what is on the flash, read behind the board's back: not while it writes."""
        for _ in range(20):
            try:
                return [len(data) for data in self._on_flash().values()]
            except (LittleFSError, UscomoError):
                time.sleep(self._kind.quiet)
        raise AssertionError("the board writes all the time")

    def _on_flash(self) -> dict[str, bytes]:
        board = self._here.board
        if self._kind.type != "unix":
            return board.files()
        flash = LittleFS(block_size=BLOCK_SIZE, block_count=BLOCK_COUNT, mount=False)
        flash.context.buffer = bytearray((board.folder / FLASH).read_bytes())
        flash.mount()
        return {
            path: bytes(flash.stat(path).size)
            for parent, _, names in flash.walk("/")
            for path in (f"{parent.rstrip('/')}/{name}" for name in names)
        }

    def _rest(self) -> None:
        """Wait until the board asks for nothing any more."""
        heard = self._relay.heard
        seen = -1
        while seen != (seen := len(heard.requests) + len(heard.lines)):
            time.sleep(self._kind.quiet)

    def heap(self) -> int:
        """Bytes in use while nothing is due."""
        lines = self._relay.heard.lines
        found: list[int] = []
        time.sleep(max(1.0, self._kind.quiet))
        for _ in range(_SAMPLES):
            before = len(lines)

            def told(before: int = before) -> Any:
                found = (re.fullmatch(r"heap (\d{4,7}) \1", line) for line in lines[before:])
                return next((hit for hit in found if hit), None)

            found.append(int(self._again(lambda: self._relay.type("heap"), told)[1]))
        return min(found)

    def _again(self, ask: Callable[[], None], done: Callable[[], Any]) -> Any:
        """Ask, again where the line has spoiled it, or a session was under way that took it."""
        end = time.monotonic() + self._kind.step
        while time.monotonic() < end:
            ask()
            again = time.monotonic() + self._kind.again
            while time.monotonic() < again:
                if found := done():
                    return found
                time.sleep(0.02)
        raise AssertionError(self._relay.heard.lines[-20:])


def _forget(relay: Relay, soak: Soak) -> None:
    requests = list(relay.heard.requests)
    soak.requests += len(requests)
    soak.broken += sum(bool(one.problem) for one in requests)
    del relay.heard.requests[: len(requests)]
    del relay.heard.lines[:-50]
    del relay.heard.events[10:-50]


def growth(rounds: list[Round], of: Callable[[Round], float]) -> float:
    """How much more the last third has than the second one, by their medians."""
    third = max(1, len(rounds) // 3)
    middle, last = rounds[-2 * third : -third], rounds[-third:]

    def median(some: list[Round]) -> float:
        values = sorted(of(one) for one in some)
        return values[len(values) // 2]

    return median(last) - median(middle)
