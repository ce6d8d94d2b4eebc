"""Prints the sweep's table: ``python -m tests.power [--json] [VERB ...]``."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from .sweep import MEDIA, VERBS, sweep


def main() -> int:
    parser = argparse.ArgumentParser(prog="power", description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", help=", ".join(VERBS))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    unknown = [verb for verb in arguments.verbs if verb not in VERBS]
    if unknown:
        parser.error(f"no such verb: {', '.join(unknown)}")
    rows = [sweep(verb, medium, 1) for verb in arguments.verbs or VERBS for medium in MEDIA]
    violations = sum(len(row["violations"]) for row in rows)
    if arguments.json:
        print(json.dumps({"ok": not violations, "rows": rows}))
    else:
        table = Table("verb", "medium", "writes", "cut points", "distinct images", "violations")
        for row in rows:
            cells = [row[name] for name in ("verb", "medium", "writes", "points", "images")]
            table.add_row(*map(str, cells), str(len(row["violations"])))
        table.add_row(
            *("all", "", str(sum(row["writes"] for row in rows))),
            *(str(sum(row["points"] for row in rows)), str(sum(row["images"] for row in rows))),
            str(violations),
        )
        Console().print(table)
    return 1 if violations else 0


sys.exit(main())
