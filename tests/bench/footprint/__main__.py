"""Prints the footprint table: ``python -m tests.bench.footprint [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from uscomo_tools.board.firmware_cache import PICO, FirmwareError, require

from . import build, fixtures, measure
from .measure import Figure

_STYLE = {"ok": "green", "over": "bold red", "error": "bold red", "": "dim"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="footprint", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sizes", action="store_true", help="only sizes: no board, no image")
    arguments = parser.parse_args()

    left_out = ""
    agent = build.agent()
    figures = list(_told(measure.sizes(agent)))
    try:
        if not arguments.sizes:
            require(PICO)
            figures += _told(measure.on_board(agent, fixtures.files()))
    except FirmwareError as missing:
        left_out = f"left out what needs a board: {missing}"
    ok = not any(figure.verdict in ("over", "error") for figure in figures)

    if arguments.json:
        rows = [_row(figure) for figure in figures]
        print(json.dumps({"ok": ok, "figures": rows, "left_out": left_out}))
    else:
        Console().print(_table(figures))
    if left_out:
        print(left_out, file=sys.stderr)
    return 0 if ok else 1


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    # It takes minutes: on a terminal say what is known so far.
    for figure in figures:
        if sys.stderr.isatty():
            print(f"{figure.name}: {figure.measured} {figure.unit}", file=sys.stderr)
        yield figure


def _row(figure: Figure) -> dict[str, object]:
    row: dict[str, object] = {
        "name": figure.name,
        "unit": figure.unit,
        "measured": figure.measured,
        "budget": figure.budget,
        "verdict": figure.verdict,
        "problem": figure.problem,
    }
    return {key: value for key, value in row.items() if value not in (None, "")}


def _table(figures: list[Figure]) -> Table:
    table = Table(title="Footprint on the emulated Pico")
    table.add_column("figure")
    table.add_column("budget", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    table.add_column("verdict")
    for figure in figures:
        table.add_row(
            figure.name,
            "" if figure.budget is None else f"{figure.budget:,}",
            "" if figure.measured is None else f"{figure.measured:,}",
            figure.unit,
            figure.verdict + (f": {figure.problem}" if figure.problem else ""),
            style=_STYLE[figure.verdict],
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
