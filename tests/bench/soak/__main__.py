"""Sessions and installations over a line that spoils bytes: ``python -m tests.bench.soak``.

The boards are unix VMs at relays; with ``--board rp2`` emulated Picos, which are asked for less:
``--board rp2 --boards 1 --sessions 50 --installs 5``. Prints what there was after each tenth of
the rounds; ends with 1 where a board's heap or files, or a server's rows, have grown.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from .measure import BOARDS, Round, Soak, run
from .verdict import grown

_LEAST = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sessions", type=int, default=1000, help="of all boards together")
    parser.add_argument("--installs", type=int, default=100, help="of all boards together")
    parser.add_argument("--boards", type=int, default=4, help="at once, each at its own relay")
    parser.add_argument("--rate", type=float, default=0.001, help="share of bytes spoiled")
    parser.add_argument("--seed", type=int, default=1, help="of the first board's line")
    parser.add_argument("--board", choices=BOARDS, default="unix", help="what they are")
    arguments = parser.parse_args()
    if arguments.installs < _LEAST * arguments.boards:
        parser.error(f"at least {_LEAST} installations a board, to compare them")
    with TemporaryDirectory(prefix="uscomo-soak-") as name:
        one = partial(
            _one,
            Path(name),
            arguments.sessions // arguments.boards,
            arguments.installs // arguments.boards,
            arguments.rate,
            arguments.board,
        )
        with ProcessPoolExecutor(arguments.boards) as pool:
            seeds = range(arguments.seed, arguments.seed + arguments.boards)
            soaks = list(pool.map(one, seeds))
    more = sorted({name for soak in soaks for name in grown(soak.rounds)})
    if arguments.json:
        boards = [asdict(soak) for soak in soaks]
        print(json.dumps({"ok": not more, "grown": more, "boards": boards}))
        return 1 if more else 0
    terminal = Console(width=140)
    for soak in soaks:
        terminal.print(_table(soak))
        share = soak.spoiled / max(1, soak.carried)
        print(
            f"{soak.carried} bytes carried, {soak.spoiled} spoiled ({share:.2%}); "
            f"{soak.requests} requests, {soak.broken} broken off"
        )
    sessions = sum(soak.rounds[-1].sessions for soak in soaks)
    installs = sum(soak.rounds[-1].installs for soak in soaks)
    print(f"{sessions} sessions, {installs} installations; grown: {', '.join(more) or 'nothing'}")
    return 1 if more else 0


def _one(folder: Path, sessions: int, installs: int, rate: float, board: str, seed: int) -> Soak:
    def tell(found: Round) -> None:
        text = f"board {seed}: {found.installs} installations, {found.sessions} sessions"
        print(f"{text}, heap {found.heap}", file=sys.stderr, flush=True)

    place = folder / str(seed)
    place.mkdir()
    return run(place, sessions, installs, rate, seed, tell, board)


def _table(soak: Soak) -> Table:
    table = Table(show_edge=False)
    # What there is nothing of says nothing.
    names = [name for name, count in soak.rounds[-1].rows.items() if count]
    for name in ("installs", "sessions", "seconds", "heap", "files", "bytes", *names):
        table.add_column(name, justify="right")
    step = max(1, len(soak.rounds) // 10)
    for found in soak.rounds[step - 1 :: step]:
        figures = (found.installs, found.sessions, round(found.seconds))
        figures += (found.heap, found.files, found.octets)
        table.add_row(*map(str, (*figures, *(found.rows[name] for name in names))))
    return table


if __name__ == "__main__":
    sys.exit(main())
