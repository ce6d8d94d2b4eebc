"""Prints the codec's ratio to libwbxml and the sizes of messages: ``python -m tests.bench.codec``.

Exit 1: over the ratio. Exit 2: libwbxml (package libwbxml2) is not installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from .measure import MOST, sizes, speed


def main() -> int:
    parser = argparse.ArgumentParser(prog="codec", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    try:
        measured = speed()
    except OSError as error:
        print(f"libwbxml, package libwbxml2: {error}", file=sys.stderr)
        return 2
    rows = sizes()
    ok = measured.ratio <= MOST
    if arguments.json:
        told = {**asdict(measured), "ratio": measured.ratio, "most": MOST}
        print(json.dumps({"ok": ok, "decode": told, "sizes": [asdict(row) for row in rows]}))
        return 0 if ok else 1
    print(
        f"{measured.count} messages, {measured.octets} bytes: to commands "
        f"{measured.ours * 1000:.2f} ms, libwbxml to XML {measured.theirs * 1000:.2f} ms: "
        f"ratio {measured.ratio:.1f}, at most {MOST:.0f}"
    )
    table = Table("bytes of", "ours", "C1", "digest")
    for row in rows:
        example = "" if row.example is None else str(row.example)
        table.add_row(row.what, str(row.ours), str(row.recorded), example)
    Console().print(table)
    return 0 if ok else 1


sys.exit(main())
