"""Prints the conformance table: ``python -m tests.conformance [--json] [ID ...]``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .registry import load
from .runner import FAIL, PASS, run_all

STYLES = {PASS: "green", FAIL: "red"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="all by default; SCT runs SCT-01..")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    known = load()
    wanted = arguments.ids or [""]
    chosen = [id for id in known if any(id.startswith(start) for start in wanted)]
    unknown = [start for start in wanted if not any(id.startswith(start) for id in known)]
    if unknown:
        parser.error(f"no such id: {', '.join(unknown)}")
    rows = run_all(chosen)
    ok = all(row["result"] != FAIL for row in rows)
    if arguments.json:
        print(json.dumps({"ok": ok, "rows": rows}))
    else:
        show(rows)
    return 0 if ok else 1


def show(rows: list[dict[str, Any]]) -> None:
    console = Console()
    table = Table("id", "what", "result", "cpython", "micropython", "source")
    for row in rows:
        marks = [_mark(row[name]) for name in ("result", "cpython", "micropython")]
        table.add_row(row["id"], escape(row["title"]), *marks, escape(row["source"]))
    console.print(table)
    for row in rows:
        for name, reason in row.get("failures", {}).items():
            console.print(f"{row['id']} {name}: {escape(reason)}", soft_wrap=True)
    counts = {result: sum(row["result"] == result for row in rows) for result in STYLES}
    console.print(f"{counts[PASS]} of {len(rows)} pass, {counts[FAIL]} fail")


def _mark(result: str) -> str:
    style = STYLES.get(result, "dim")
    return f"[{style}]{result}[/]"


sys.exit(main())
