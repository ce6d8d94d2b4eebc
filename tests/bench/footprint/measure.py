"""Runs the agent on the emulated Pico and yields figure after figure.

One board is prepared, agent and workloads on its flash. Each
figure is taken in a copy of it, so none sees what another one did. After a first session and a
first install that same board is the *idle* one: names interned, phases let go. Peaks are counted
from there, as the smallest free heap with which a workload passes: MicroPython's own `mem_peak`
ignores collection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from uscomo_tools.errors import UscomoError
from uscomo_tools.testing.rp2 import BoardError, PicoBoard

from . import phases
from .build import CODE, Agent, board_side

GRAIN = 1024  # bytes to which a peak is found
BLOCK = 16  # of MicroPython's heap on this board
PATIENCE = 300  # seconds of the wall clock for one run


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    name, unit
        What is measured, in what.
    measured
        None when it could not be measured; `problem` says why.
    budget
        The largest value allowed; None where it only informs.
    """

    name: str
    unit: str
    measured: int | None
    budget: int | None = None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, ``error``, or nothing where there is no budget."""
        if self.problem:
            return "error"
        if self.budget is None:
            return ""
        return "ok" if self.measured is not None and self.measured <= self.budget else "over"


@dataclass(frozen=True)
class Workload:
    """Something the agent does: its module on the board, and the holes it must fit in."""

    name: str
    module: str
    hole: int | None


CHECK = Workload("no-change check", "board_check", None)
SESSION = Workload("session", "board_session", phases.SESSION_HOLE)
INSTALL = Workload("install of 20 KB", "board_install", phases.INSTALL_HOLE)
INSTALL_LARGE = Workload("install of 300 KB", "board_install_large", None)


@dataclass(frozen=True)
class Heap:
    """Bytes used and free after a collection, and names interned since the firmware started."""

    used: int
    free: int
    names: int


@dataclass(frozen=True)
class Run:
    """One run of a workload.

    Attributes
    ----------
    milliseconds
        Of the board's own clock.
    held
        Bytes of heap that it had added at its end: modules, names, what lives as long as they.
    result
        What the workload returned.
    modules
        Modules of the agent that were in memory at its end.
    hole
        Bytes of the largest free hole it ran on; None on a heap as it is.
    """

    milliseconds: int
    held: int
    result: Any
    modules: tuple[str, ...]
    hole: int | None


def sizes(agent: Agent) -> Iterator[Figure]:
    """Bytes of bytecode, by module and by phase; needs no board."""
    for name, code in sorted(agent.modules.items()):
        yield Figure(f"{name}.mpy", "B", len(code))
    problem = f"missing: {', '.join(agent.missing)}" if agent.missing else ""
    talk, install = agent.size(phases.TALK), agent.size(phases.INSTALL)
    yield Figure("what both stand on", "B", agent.size(phases.SHARED))
    yield Figure("talk phase", "B", talk, phases.TALK_SIZE, problem)
    yield Figure("install phase", "B", install, phases.INSTALL_SIZE, problem)
    yield Figure("uscomo_boot", "B", len(agent.boot), phases.BOOT_SIZE)
    yield Figure("all modules", "B", agent.total, phases.ALL_SIZE)


def on_board(agent: Agent, fixtures: dict[str, bytes]) -> Iterator[Figure]:
    """Everything that needs the emulated Pico."""
    board = PicoBoard(realtime=False)
    board.preload({**agent.files(), **board_side(), **fixtures})
    board.start()
    begin(board)
    boot = heap(board)
    yield Figure("heap free after boot", "B", boot.free)
    for name, modules in (("talk", phases.TALK), ("install", phases.INSTALL)):
        present = tuple(name for name in phases.SHARED + modules if name in agent.modules)
        yield from _imports(board, name, present, boot)

    failures = {}
    for workload in (SESSION, INSTALL):
        try:
            prepared(board, workload.module)
        except UscomoError as error:
            failures[workload] = _reason(error)
            board.soft_reset()
            begin(board)
    board.exec("import board_idle; board_idle.rest()", PATIENCE)
    idle = heap(board)
    reason = "; ".join(f"{workload.name}: {why}" for workload, why in failures.items())
    names = idle.names - boot.names
    yield Figure("idle heap", "B", idle.used - boot.used, phases.IDLE_HEAP, reason)
    yield Figure("names interned", "", names, phases.NEW_NAMES, reason)

    # Side by side: a process is one core's work, and this is nearly all of the time.
    begun = [
        board.fork(partial(_listed, measure))
        for workload, measure in ((SESSION, _session), (INSTALL, _install))
        if workload not in failures
    ]
    for copy in begun:
        yield from copy.result()


def _listed(measure: Callable[[PicoBoard], Iterator[Figure]], board: PicoBoard) -> list[Figure]:
    return list(measure(board))


def _imports(
    board: PicoBoard, phase: str, modules: tuple[str, ...], boot: Heap
) -> Iterator[Figure]:
    def loaded(copy: PicoBoard) -> tuple[Heap, Heap]:
        copy.exec(f"board_bench.load({modules!r})", PATIENCE)
        full = heap(copy)
        copy.exec("board_bench.let_go()")
        return full, heap(copy)

    try:
        full, left = board.forked(loaded)
    except UscomoError as error:
        yield Figure(f"{phase} phase imported", "B", None, None, _reason(error))
        return
    yield Figure(f"{phase} phase imported", "B", full.used - boot.used)
    yield Figure(f"{phase} phase let go", "B", left.used - boot.used)
    yield Figure(f"{phase} phase names", "", left.names - boot.names)


def _session(board: PicoBoard) -> Iterator[Figure]:
    run = board.forked(lambda copy: prepared(copy, CHECK.module))
    up, down = run.result
    yield Figure("no-change check, up", "B", up, phases.NO_CHANGE_BYTES)
    yield Figure("no-change check, down", "B", down, phases.NO_CHANGE_BYTES)
    yield Figure("no-change check", "ms", run.milliseconds)
    prepare(board, SESSION.module)
    run = board.forked(lambda copy: attempt(copy, SESSION.module))
    up, down = run.result
    yield Figure("session, up", "B", up)
    yield Figure("session, down", "B", down)
    yield from _needs(board, SESSION, run, phases.TALK)


def _install(board: PicoBoard) -> Iterator[Figure]:
    prepare(board, INSTALL.module)
    run = board.forked(lambda copy: attempt(copy, INSTALL.module))
    small = list(_needs(board, INSTALL, run, phases.INSTALL))
    yield from small
    (peak,) = (figure.measured or 0 for figure in small if figure.name.endswith("peak"))
    try:
        run = board.forked(lambda copy: attempt(copy, INSTALL_LARGE.module))
    except UscomoError as error:
        yield Figure(INSTALL_LARGE.name, "ms", None, None, _reason(error))
        return
    yield Figure(INSTALL_LARGE.name, "ms", run.milliseconds)
    # "The same" within a grain; only when it is not does it need a search of its own.
    if not passes(board, INSTALL_LARGE.module, peak + GRAIN):
        peak = smallest_heap(board, INSTALL_LARGE.module, peak)
    yield Figure(f"{INSTALL_LARGE.name}, peak", "B", peak, phases.PEAK)


def _needs(
    board: PicoBoard, workload: Workload, run: Run, phase: tuple[str, ...]
) -> Iterator[Figure]:
    name = workload.name
    yield Figure(name, "ms", run.milliseconds)
    unlisted = sorted(set(run.modules) - set(phases.SHARED + phases.RARE + phase))
    if unlisted:
        problem = f"imports what its phase does not list: {', '.join(unlisted)}"
        yield Figure(f"{name}, modules", "", len(run.modules), None, problem)
    yield Figure(f"{name}, held at its end", "B", run.held)
    peak = smallest_heap(board, workload.module, run.held)
    yield Figure(f"{name}, peak", "B", peak, phases.PEAK)
    if workload.hole:
        yield _in_holes(board, workload, workload.hole)


def _in_holes(board: PicoBoard, workload: Workload, hole: int) -> Figure:
    name = f"{workload.name}, on holes of"
    try:
        board.forked(lambda copy: attempt(copy, workload.module, hole=hole))
    except UscomoError as error:
        return Figure(name, "B", None, hole, _reason(error))
    return Figure(name, "B", hole, hole)


# -- what is asked of a board


def begin(board: PicoBoard) -> None:
    """Import the bench's side."""
    board.exec(f"import sys; sys.path.append({CODE!r})")
    board.exec("import board_bench, board_check, board_session, board_install_large, board_idle")


def heap(board: PicoBoard) -> Heap:
    """Collect and look."""
    printed = board.exec("board_bench.heap()")
    found = json.loads(printed.splitlines()[0])
    names = re.search(r"n_qstr=(\d+)", printed)
    assert names
    return Heap(found["used"], found["free"], int(names[1]))


def prepare(board: PicoBoard, module: str) -> None:
    """Do what happened before a workload."""
    board.exec(f"import board_bench; board_bench.prepare({module!r})", PATIENCE)


def attempt(board: PicoBoard, module: str, free: int = 0, hole: int = 0) -> Run:
    """Run a prepared workload, on a heap of `free` bytes or on holes of `hole` where given.

    Raises
    ------
    BoardError
        The workload failed.
    """
    code = f"import board_bench; board_bench.attempt({module!r}, {free}, {hole})"
    printed = board.exec(code, PATIENCE)
    answer = json.loads(printed.splitlines()[-1])
    largest = re.search(r"max free sz: (\d+)", printed)
    return Run(
        milliseconds=round(answer["us"] / 1000),
        held=answer["held"],
        result=answer["result"],
        modules=tuple(answer["modules"]),
        hole=int(largest[1]) * BLOCK if largest else None,
    )


def prepared(board: PicoBoard, module: str) -> Run:
    """Prepare a workload and run it."""
    prepare(board, module)
    return attempt(board, module)


def passes(board: PicoBoard, module: str, free: int) -> bool:
    """Tell whether a prepared workload passes with so many free bytes, in a copy of the board."""

    def tried(copy: PicoBoard) -> bool:
        try:
            attempt(copy, module, free)
        except BoardError:
            return False
        return True

    return board.forked(tried)


def smallest_heap(board: PicoBoard, module: str, low: int) -> int:
    """Bisect for the smallest free heap with which a prepared workload passes, to `GRAIN` bytes.

    With `low` bytes it must fail: what it holds at its end is a good start. On the heap as it is
    it must pass.
    """
    high = heap(board).free
    if low < phases.PEAK:
        if passes(board, module, phases.PEAK):
            high = phases.PEAK
        else:
            low = phases.PEAK
    while high - low > GRAIN:
        middle = (low + high) // 2
        if passes(board, module, middle):
            high = middle
        else:
            low = middle
    return high


def _reason(error: UscomoError) -> str:
    # The end of a traceback says where and what.
    return " ".join(line.strip() for line in str(error).strip().splitlines()[-2:])
