"""Sessions and installations over a line that spoils bytes: ``python -m tests.bench.soak``.

The board is the unix VM at a relay. Prints what there was after each tenth of the rounds; ends
with 1 where the board's heap or files, or the server's rows, have grown.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from .measure import Round, Soak, run
from .verdict import grown


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--installs", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.001, help="share of bytes spoiled")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    def tell(found: Round) -> None:
        if not arguments.json:
            text = f"{found.installs} installs, {found.sessions} sessions, heap {found.heap}"
            print(text, file=sys.stderr, flush=True)

    with TemporaryDirectory(prefix="uscomo-soak-") as name:
        soak = run(
            Path(name),
            arguments.sessions,
            arguments.installs,
            arguments.rate,
            arguments.seed,
            tell,
        )
    more = grown(soak.rounds)
    if arguments.json:
        print(json.dumps({"ok": not more, "grown": more, **asdict(soak)}))
    else:
        Console(width=130).print(_table(soak))
        share = soak.spoiled / max(1, soak.carried)
        print(
            f"{soak.carried} bytes carried, {soak.spoiled} spoiled ({share:.2%}); "
            f"{soak.requests} requests, {soak.broken} broken off"
        )
        print("grown: " + (", ".join(more) or "nothing"))
    return 1 if more else 0


def _table(soak: Soak) -> Table:
    table = Table(show_edge=False)
    # What there is nothing of says nothing.
    names = [name for name, count in soak.rounds[-1].rows.items() if count]
    for name in ("installs", "sessions", "heap", "files", "bytes", *names):
        table.add_column(name, justify="right")
    step = max(1, len(soak.rounds) // 10)
    for found in soak.rounds[step - 1 :: step]:
        figures = (found.installs, found.sessions, found.heap, found.files, found.octets)
        table.add_row(*map(str, (*figures, *(found.rows[name] for name in names))))
    return table


if __name__ == "__main__":
    sys.exit(main())
