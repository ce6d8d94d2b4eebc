"""Prints what installing costs: ``python -m tests.bench.transfer [--json] [--heap]``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from uscomo_tools.testing.unix import HEAP

from .measure import Bench, Cost, files, serving, smallest_heap

_FILES, _SIZE = 20, 10240
#: Share of a full transfer that an update with one changed file may take (blueprint: 15 %).
_BUDGET = 0.15
_HEAPS = {"20 KB": 20480, "300 KB": 307200, "2 MB": 2097152}


def main() -> int:
    parser = argparse.ArgumentParser(prog="transfer", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--heap", action="store_true", help="also search the smallest heaps")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="uscomo-transfer-") as name, serving(Path(name)) as server:
        bench = Bench(Path(name), server, HEAP)
        content = files(_FILES, _SIZE)
        costs = {"first install, 20 files, 200 KB": bench.install(1, content)}
        content["part07.bin"] = files(1, _SIZE, seed=2)["part00.bin"]
        costs["update, 1 of 20 files changed"] = bench.install(2, content)
        costs["no-change check"] = bench.check()
        heaps = {
            title: smallest_heap(Path(name), server, size)
            for title, size in (_HEAPS if arguments.heap else {}).items()
        }
    first, update, _ = costs.values()
    share = update.package / first.package
    ok = share <= _BUDGET
    if arguments.json:
        rows = {title: asdict(cost) for title, cost in costs.items()}
        print(json.dumps({"ok": ok, "rows": rows, "share": round(share, 4), "heap_kb": heaps}))
    else:
        Console().print(_table(costs))
        print(f"the update's package: {share:.1%} of the whole one")
        for title, heap in heaps.items():
            print(f"smallest heap of the VM for a package of {title}: {heap} KB")
    return 0 if ok else 1


def _table(costs: dict[str, Cost]) -> Table:
    table = Table(
        "",
        *("package", "DM up", "DM down", "flash programs", "erases"),
        title="Unix VM, littlefs with programs of 256 and blocks of 4,096 bytes",
    )
    for title, cost in costs.items():
        table.add_row(title, *(f"{value:,}" for value in asdict(cost).values()))
    return table


if __name__ == "__main__":
    sys.exit(main())
