"""Runs the sweeps in the VM, one process a verb and medium."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from uscomo_tools.package import SigningKey, pack
from uscomo_tools.package.build import compress, tar
from uscomo_tools.package.rules import Component, Header
from uscomo_tools.testing.unix import find_micropython

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
ID = "com.example.power"
MEDIA = ("littlefs", "fat")

#: Verbs whose code is not in this tree; empty once it is.
WAITING: frozenset[str] = frozenset()
ALL_VERBS = (
    *("download", "download-install", "download-install-inactive"),
    *("install", "install-inactive", "deliver"),
    *("update", "update-of-parts", "agent-update"),
    *("activate", "deactivate", "remove-package", "remove-component"),
    *("rollback", "confirm", "attempt", "trial-failed"),
    *("accept", "interrupted", "report", "request"),
    *("tree-commit", "tree-compaction", "account", "atomic", "trust-add", "trust-revoke"),
)
VERBS = tuple(verb for verb in ALL_VERBS if verb not in WAITING)

#: Mistakes that the sweep has to find, by the verb and medium that they show in. The last one
#: shows only where the power goes a second time, in the recovery.
MUTATIONS = {
    "both-copies": ("confirm", "fat"),
    "early-removal": ("remove-component", "littlefs"),
    "early-result": ("download-install", "littlefs"),
    "no-collection": ("download-install", "fat"),
    "key-by-key": ("tree-commit", "fat"),
    "careless-start": ("download-install", "fat"),
}

_TIMEOUT = 900


@cache
def given() -> str:
    """Packages, keys and statements, as the board's script reads them."""
    key, other = SigningKey.generate(), SigningKey.generate()
    made = {str(release): _application(release, key) for release in (1, 2, 3)}
    made["2.from.1"] = _part(made["1"], made["2"])
    if "agent-update" not in WAITING:
        made["agent"] = _agent(key)
    keys = {"anchor": key.public.modulus, "other": other.public.modulus}
    other_id = bytes.fromhex(other.public.key_id)
    statements = {
        "add": _statement(1, key, other.public.modulus),
        "revoke": _statement(2, key, other_id),
    }
    return json.dumps(
        {
            name: {key: data.hex() for key, data in values.items()}
            for name, values in (("packages", made), ("keys", keys), ("statements", statements))
        }
    )


def _application(release: int, key: SigningKey) -> bytes:
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
        "power/data.txt": b"the same in each release " * 40,
        "power/empty.txt": b"",
    }
    return pack(Header(ID, (component,)), files, key)


def _agent(key: SigningKey) -> bytes:
    # "agent" is a field of the header from issue 3 on.
    component = Component(  # type: ignore[call-arg]
        id="com.example.agent",
        name="Agent",
        version="1",
        release=1,
        dir="agent",
        env="micropython",
        provides=("uscomo",),
        agent=True,
    )
    files = {"agent/uscomo/__init__.py": b"def run(once=False):\n    pass\n" * 20}
    return pack(Header("com.example.agent", (component,)), files, key)


def _part(old: bytes, new: bytes) -> bytes:
    """An update package: manifest and signature of the new one, and the files that differ."""
    before = dict(_entries(old))
    names = ("manifest", "manifest.sig")
    entries = _entries(new)
    return compress(tar([e for e in entries if e[0] in names or before.get(e[0]) != e[1]]))


def _entries(package: bytes) -> list[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(zlib.decompress(package, 31))) as archive:
        found = []
        for member in archive.getmembers():
            content = archive.extractfile(member)
            assert content
            found.append((member.name, content.read()))
        return found


def _statement(action: int, key: SigningKey, payload: bytes) -> bytes:
    head = bytes([action])
    signature = key.sign(b"uscomo trust\n" + head + payload)
    return head + bytes.fromhex(key.public.key_id) + payload + signature


def sweep(
    verb: str, medium: str, step: int = 1, second: int = 0, mutation: str = ""
) -> dict[str, Any]:
    """Cut at the writes of a verb; the board script's result.

    Parameters
    ----------
    step
        Every so many-th write of the verb is a cut point.
    second
        Every so many-th write of each recovery too; 0 for none.
    mutation
        A mistake that the device makes, see `MUTATIONS`.
    """
    with TemporaryDirectory(prefix="uscomo-power-") as folder:
        packages = Path(folder) / "packages.json"
        packages.write_text(given())
        wanted = {
            **{"verb": verb, "medium": medium, "step": step, "second": second},
            **{"mutation": mutation, "packages": str(packages)},
        }
        result = subprocess.run(
            [
                *(find_micropython(), "-X", "heapsize=48m", str(HERE / "board" / "sweep.py")),
                *(str(HERE / "board"), str(FIRMWARE), str(FIRMWARE / "root")),
                json.dumps(wanted),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
        )
    if result.returncode:
        raise RuntimeError(f"{verb} on {medium}: {result.stdout}")
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def sweep_all(verbs: Iterable[str], step: int = 1, second: int = 1) -> list[dict[str, Any]]:
    """All verbs on all media, a process a core."""
    given()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = [
            pool.submit(sweep, verb, medium, step, second) for verb in verbs for medium in MEDIA
        ]
        return [future.result() for future in waiting]
