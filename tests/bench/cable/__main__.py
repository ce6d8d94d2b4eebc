"""Files onto an emulated Pico, against the budgets: ``python -m tests.bench.cable``.

``ampy put`` is so slow that it gets a tenth of the files, and its time is multiplied, unless
``--whole`` is given. Over budget ends with 1.
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

from uscomo_tools.board.firmware_cache import PICO, FirmwareError, require
from uscomo_tools.testing.providers import rp2

from . import corpus
from .measure import Bench, Cost

_BAUDRATE = 115_200
_BITS = 10  # of an octet on a serial line
#: Wire octets per octet of payload, at most.
_WIRE = {"mpy": 0.80, "source": 0.40}
#: How many times as fast as another tool, at least, over both sets.
_FASTER = {"mpremote": 3.0, "ampy": 10.0}
_TOOLS = ("uscomo", "mpremote", "mip", "ampy")
_SAMPLE = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="cable", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--whole", action="store_true", help="all files with ampy too")
    parser.add_argument("--kb", type=int, default=60, help="size of each of the two sets")
    parser.add_argument("--only", nargs="*", choices=_TOOLS, default=_TOOLS, help="these tools")
    arguments = parser.parse_args()
    try:
        require(PICO)
    except FirmwareError as missing:
        print(f"left out, it needs a board: {missing}", file=sys.stderr)
        return 1
    costs = _measure(arguments.kb * 1024, arguments.only, arguments.whole)
    figures = _figures(costs)
    ok = all(measured >= least for _, measured, least in figures["faster"]) and all(
        measured <= most for _, measured, most in figures["wire"]
    )
    if arguments.json:
        rows = {
            tool: {name: asdict(cost) for name, cost in of.items()} for tool, of in costs.items()
        }
        print(json.dumps({"ok": ok, "costs": rows, **figures}))
        return 0 if ok else 1
    Console(width=100).print(_table(costs, arguments.whole))
    for tool, measured, least in figures["faster"]:
        print(f"{measured:.1f} times as fast as {tool} (at least {least:g})")
    for name, measured, most in figures["wire"]:
        rate = _BAUDRATE / _BITS / measured / 1000
        print(
            f"{name}: {measured:.3f} octets on the wire for one of payload (at most {most:g}); "
            f"at {_BAUDRATE:,} baud that is {rate:.1f} KB/s (computed)"
        )
    return 0 if ok else 1


def _measure(size: int, tools: list[str], whole: bool) -> dict[str, dict[str, Cost]]:
    costs: dict[str, dict[str, Cost]] = {}
    sets = {"mpy": corpus.compiled(size), "source": corpus.sources(size)}
    samples = {"mpy": corpus.compiled(size // _SAMPLE), "source": corpus.sources(size // _SAMPLE)}
    with TemporaryDirectory(prefix="uscomo-cable-") as name, rp2.start() as board:
        bench = Bench(board, Path(name))
        folders = {kind: bench.set_of_files(kind, files) for kind, files in sets.items()}
        small = {kind: bench.set_of_files(kind + "10", files) for kind, files in samples.items()}
        for tool in tools:
            costs[tool] = {}
            for kind, folder in folders.items():
                sampled = tool == "ampy" and not whole
                cost = getattr(bench, tool)(small[kind] if sampled else folder)
                if sampled:
                    total = sum(map(len, sets[kind].values()))
                    factor = total / cost.size
                    cost = Cost(total, cost.wall * factor, cost.emulated * factor)
                costs[tool][kind] = cost
                if sys.stderr.isatty():
                    print(f"{tool} {kind}: {cost.wall:.1f} s", file=sys.stderr)
    return costs


def _figures(costs: dict[str, dict[str, Cost]]) -> dict[str, list[tuple[str, float, float]]]:
    ours = costs.get("uscomo", {})
    own = sum(cost.wall for cost in ours.values())
    return {
        "faster": [
            (tool, sum(cost.wall for cost in costs[tool].values()) / own, least)
            for tool, least in _FASTER.items()
            if tool in costs and own
        ],
        "wire": [(kind, cost.sent / cost.size, _WIRE[kind]) for kind, cost in ours.items()],
    }


def _table(costs: dict[str, dict[str, Cost]], whole: bool) -> Table:
    table = Table(title="Files onto an emulated Pico, one process a set", title_justify="left")
    for heading in ("", "set", "bytes", "wall s", "emulated s", "wire octets"):
        table.add_column(heading, justify="left" if heading in ("", "set") else "right")
    for tool, of in costs.items():
        for kind, cost in of.items():
            sampled = " (from a tenth)" if tool == "ampy" and not whole else ""
            table.add_row(
                tool + sampled,
                kind,
                f"{cost.size:,}",
                f"{cost.wall:.1f}",
                f"{cost.emulated:.2f}",
                f"{cost.sent:,}" if cost.sent else "",
            )
    return table


if __name__ == "__main__":
    sys.exit(main())
