"""Prints the sweep's table: ``python -m tests.power [--json] [VERB ...]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .sweep import ALL_VERBS, VERBS, sweep_all

COLUMNS = {
    "verb": "verb",
    "medium": "medium",
    "writes": "writes",
    "points": "cut points",
    "images": "distinct",
    "second_points": "second cuts",
    "second_images": "distinct",
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="power", description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", help=", ".join(VERBS))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parsed = parser.parse_args(arguments)
    unknown = [verb for verb in parsed.verbs if verb not in ALL_VERBS]
    if unknown:
        parser.error(f"no such verb: {', '.join(unknown)}")
    rows = sweep_all(parsed.verbs or VERBS)
    violations = sum(len(row["violations"]) for row in rows)
    if parsed.json:
        print(json.dumps({"ok": not violations, "rows": rows}))
        return 1 if violations else 0
    table = Table()
    for name, title in {**COLUMNS, "violations": "violations"}.items():
        table.add_column(title, no_wrap=name in ("verb", "medium"))
    for row in rows:
        table.add_row(*(str(row[name]) for name in COLUMNS), str(len(row["violations"])))
    sums = [str(sum(row[name] for row in rows)) for name in list(COLUMNS)[2:]]
    table.add_row("all", "", *sums, str(violations))
    console = Console()
    console.print(table)
    for row in rows:
        for number, torn, again, also, wrong in row["violations"][:3]:
            second = f", then in write {again} of the recovery, {also}" if also else ""
            place = f"{row['verb']} on {row['medium']}, cut in write {number}, {torn}{second}"
            console.print(escape(f"{place}: {wrong}"), soft_wrap=True)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
