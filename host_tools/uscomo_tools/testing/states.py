"""What lies on a board's flash in each state, without a board: the shortest way to it.

The files are those that `uscomo board deploy` and provisioning write; they are put on the flash of
an emulated board before it is switched on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ..board import deploy
from ..board.deployment import Move, Write
from ..board.layout import Found
from ..device.provision import DeviceSpec, provision

#: What a test can ask for, each one on top of the one before.
BARE, DEPLOYED, ENROLLED = STATES = ("bare", "deployed", "enrolled")


@cache
def deployed_files(boot: bytes | None = None) -> dict[str, bytes]:
    """A board with the agent and no account.

    Parameters
    ----------
    boot
        The owner's own boot.py, which stays as it is.
    """
    files = {} if boot is None else {"/boot.py": boot}
    for step in deploy.planned(Found(boot=boot), None).steps:
        if isinstance(step, Write):
            files[step.path] = step.data
        elif isinstance(step, Move):
            files[step.target] = files.pop(step.source)
        else:
            raise AssertionError(f"deploying an empty board takes no {step}")
    return files


def store_files(spec: DeviceSpec) -> dict[str, bytes]:
    """A device's account, settings and trust anchors; a path that ends with / is a folder."""
    with TemporaryDirectory(prefix="uscomo-store-") as name:
        root = Path(name)
        provision(spec, root)
        files = {}
        for path in root.rglob("*"):
            there = "/" + path.relative_to(root).as_posix()
            if path.is_dir():
                files[there + "/"] = b""
            else:
                files[there] = path.read_bytes()
        return files
