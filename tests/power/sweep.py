"""Runs the sweeps in the VM, one process a verb and medium."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from uscomo_tools.package import SigningKey, pack
from uscomo_tools.package.rules import Component, Header
from uscomo_tools.testing.unix import find_micropython

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
ID = "com.example.power"
MEDIA = ("littlefs", "fat")
VERBS = (
    "install",
    "install-inactive",
    "update",
    "accept",
    "deactivate",
    "activate",
    "remove",
    "report",
    "confirm",
    "start",
    "tree-commit",
    "tree-compaction",
)


@cache
def packages() -> str:
    """Two versions of one application, signed, as the board's script reads them."""
    key = SigningKey.generate()
    made = {}
    for release in (1, 2):
        component = Component(
            id=ID,
            name="Power",
            version=str(release),
            release=release,
            dir="power",
            env="micropython",
            entry="power",
            provides=("power",),
        )
        files = {
            "power/power.py": b"def main():\n    pass\n" + b"# %d\n" % release * 300,
            "power/data.txt": b"%d" % release * 900,
            "power/empty.txt": b"",
        }
        made[str(release)] = pack(Header(ID, (component,)), files, key).hex()
    return json.dumps(
        {
            "key_id": key.public.key_id,
            "modulus": key.public.modulus.hex(),
            "packages": made,
        }
    )


def sweep(verb: str, medium: str, step: int) -> dict[str, Any]:
    """Cut at every ``step``-th write of a verb; the board script's result."""
    with TemporaryDirectory(prefix="uscomo-power-") as folder:
        given = Path(folder) / "packages.json"
        given.write_text(packages())
        result = subprocess.run(
            [
                *(find_micropython(), "-X", "heapsize=2m", str(HERE / "board" / "sweep.py")),
                *(str(HERE / "board"), str(FIRMWARE), str(FIRMWARE / "root")),
                *(verb, medium, str(step), str(given)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
    if result.returncode:
        raise RuntimeError(f"{verb} on {medium}: {result.stdout}")
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found
