"""Carries out what `deployment` plans, on a board whose verbs are `Board`'s."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from .. import resources
from ..device.agent import agent_modules, shrunk
from ..errors import RefusedError, UscomoError
from ..package.agent import agent_version
from . import deployment, scripts
from .deployment import Copy, Data, Main, Move, Plan, Remove, Starters, Step, Write
from .layout import BOOT, GENERATIONS, MAIN, MANIFEST, NEW, ROOT, STORE, Found

#: The folder in front of a module's name in a generation; stage 0 stands beside the package.
_PACKAGE = "uscomo/"
_STAGE_0 = "uscomo_boot"

#: Called with what is being done, the bytes that are done and those in all.
Tell = Callable[[str, int, int], None]


class Verbs(Protocol):
    """What is needed of a board; `connection.Board` has it."""

    def run_script(self, path: Path, values: Mapping[str, object] = MappingProxyType({})) -> str:
        """Run a file of a `board` folder, with ``NAME = literal`` lines in front of it."""

    def read(self, path: str) -> bytes:
        """The contents of a file."""

    def write_all(
        self, files: Mapping[str, bytes], progress: Callable[[int, int], None] | None = None
    ) -> list[str]:
        """Write files, making their folders; skips what is there."""

    def sha256(self, paths: list[str]) -> dict[str, bytes]:
        """The hashes of those that are files on the board."""

    def remove(self, path: str, recursive: bool = False) -> None:
        """Remove a file or folder."""

    def mkdirs(self, paths: list[str]) -> object:
        """Make folders with those above them."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, over what has that name."""

    def free(self, path: str = "/") -> int:
        """Free bytes of the file system."""


def agent() -> dict[str, bytes]:
    """What a generation holds of this release's agent: path in its folder -> bytecode."""
    return {
        f"{'' if name == _STAGE_0 else _PACKAGE}{name}.mpy": code
        for name, code in agent_modules().items()
    }


def our_main() -> bytes:
    """Our main.py."""
    return (resources.board_root() / "main.py").read_bytes()


def starters() -> Starters:
    """What is ours where no manifest says so."""
    boot = (resources.board_root() / "boot.py").read_bytes()
    # Sources, as `mip` brings them, and files that hold several of them, as a copy does.
    modules = {*resources.board_sources(), *shrunk().sources} - {_STAGE_0}
    return Starters(boot, our_main(), frozenset(modules))


def look(board: Verbs) -> Found:
    """Ask a board what of ours is there.

    Raises
    ------
    RefusedError
        Its files do not lie where the agent looks for its own.
    """
    values = {"ROOT": ROOT, "STORE": STORE, "NEW": NEW}
    said = ast.literal_eval(board.run_script(scripts.path("deployed"), values))
    if said["home"] != "/":
        raise RefusedError(
            f"this board keeps its files in {said['home']}, and the agent has its in /: it "
            "cannot be deployed here yet"
        )
    files = board.sha256(said["files"])
    manifests = {
        number: board.read(path)
        for number in GENERATIONS
        if (path := f"{ROOT}/{number}/{MANIFEST}") in files
    }
    return Found(
        boot=board.read(BOOT) if said["boot"] else None,
        main=board.read(MAIN) if said["main"] else None,
        files=files,
        folders=frozenset(said["folders"]),
        manifests=manifests,
        store=said["store"],
        library=tuple(said["library"]),
        block=said["block"],
        new=board.read(NEW) if NEW in files and not said["boot"] else None,
    )


def planned(found: Found, choice: Main | None) -> Plan:
    """Return the plan for this release's agent.

    Raises
    ------
    ForeignMainError
        Nobody said what is to become of a main.py that is there.
    """
    return deployment.plan(found, agent(), agent_version(), our_main(), choice)


def check_room(board: Verbs, plan: Plan, found: Found) -> None:
    """Refuse a board whose flash would not hold the new agent beside the old one."""
    coming = {path: size for path, size in plan.sizes.items() if path not in found.files}
    wanted = deployment.needed(coming, found.block)
    free = board.free()
    if wanted > free:
        raise RefusedError(
            f"the flash has {free} bytes free, and {wanted} are needed beside what is there: "
            "remove what you can do without"
        )


def switch(board: Verbs, plan: Plan, tell: Tell = lambda what, done, total: None) -> None:
    """Fill a generation, look whether all of it is right, and let boot.py name it.

    Whatever interrupts it, the board has the agent that it had, or the new one.

    Raises
    ------
    UscomoError
        The board has not kept what was written; nothing was switched.
    """
    apply(board, plan.fill, tell)
    if plan.switch:
        there = board.sha256(list(plan.check))
        wrong = [path for path, digest in plan.check.items() if there.get(path) != digest]
        if wrong:
            raise UscomoError(
                f"{wrong[0]} is not on the board as it was sent: deploy again; the board still "
                "has what it had"
            )
        apply(board, plan.switch, tell)


def finish(board: Verbs, plan: Plan, tell: Tell = lambda what, done, total: None) -> None:
    """Write main.py, and remove what nobody needs any more."""
    apply(board, plan.starter, tell)
    apply(board, plan.clean, tell)


def undeploy(
    board: Verbs, found: Found, data: Data, tell: Tell = lambda what, done, total: None
) -> tuple[Step, ...]:
    """Give the board back as it was; the steps that this took."""
    steps = deployment.undo(found, starters(), data)
    apply(board, steps, tell)
    return steps


def apply(board: Verbs, steps: Iterable[Step], tell: Tell) -> None:
    """Do one step after the other; writes and copies that follow each other go in one turn."""
    waiting = list(steps)
    while waiting:
        kind = type(waiting[0])
        end = next((at for at, step in enumerate(waiting) if type(step) is not kind), len(waiting))
        group, waiting = waiting[:end], waiting[end:]
        writes = {step.path: step.data for step in group if isinstance(step, Write)}
        copies = [(step.source, step.target) for step in group if isinstance(step, Copy)]
        if writes:
            _write(board, writes, tell)
        if copies:
            board.mkdirs(sorted({target.rpartition("/")[0] for _, target in copies} - {""}))
            board.run_script(scripts.path("copy"), {"PAIRS": copies})
        for step in group:
            if isinstance(step, Move):
                board.rename(step.source, step.target)
            elif isinstance(step, Remove):
                _remove(board, step.path)


def _write(board: Verbs, files: dict[str, bytes], tell: Tell) -> None:
    name = next(iter(files))
    what = "agent" if name.startswith(ROOT) and len(files) > 1 else name

    def progress(done: int, total: int) -> None:
        tell(what, done, total)

    board.write_all(files, progress)


def _remove(board: Verbs, path: str) -> None:
    # A cut may have come after it had gone.
    with suppress(FileNotFoundError):
        board.remove(path, recursive=True)
