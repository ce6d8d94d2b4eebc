"""Programs of others that write flash: found, run, ended, and their last words kept."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence

from .errors import FlashError, MissingToolError

_SECONDS = 900
_LAST_LINES = 6


def find(names: Sequence[str], module: str, package: str) -> list[str]:
    """Return how a program is called: from PATH, or as a module of this Python.

    Raises
    ------
    MissingToolError
        It is not installed; `package` says how to install it.
    """
    for name in names:
        path = shutil.which(name)
        if path:
            return [path]
    if module and importlib.util.find_spec(module) is not None:
        return [sys.executable, "-m", module]
    raise MissingToolError(f"{names[0]} is not installed: {package}")


def run(command: Sequence[str]) -> None:
    """Run a program to its end; on a terminal it shows its own progress on standard error.

    Raises
    ------
    FlashError
        It failed or took too long.
    """
    shown = sys.stderr.isatty()
    name = command[0].replace("\\", "/").rpartition("/")[2]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FlashError(f"{name} did not end within {_SECONDS} s and was stopped") from None
    if done.returncode:
        output = (done.stdout or b"").decode(errors="replace").strip().splitlines()
        words = "\n".join(["", *output[-_LAST_LINES:]]) if output else ""
        raise FlashError(f"{name} failed with exit code {done.returncode}{words}")
