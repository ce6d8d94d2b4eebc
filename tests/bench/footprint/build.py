"""The agent and this bench's board side, compiled as they are deployed."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path

from uscomo_tools.device.agent import agent_modules, compile_module, shrunk

from . import phases

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[2] / "firmware"
# Where the inventory does not take the bench for something that is installed.
CODE = "/bench/code"


@dataclass(frozen=True)
class Agent:
    """The compiled agent.

    Attributes
    ----------
    modules
        Bytecode by module name; ``uscomo`` itself is ``__init__``.
    boot
        Bytecode of ``uscomo_boot``.
    missing
        Modules that a phase names and that do not exist.
    """

    modules: dict[str, bytes]
    boot: bytes
    missing: tuple[str, ...]

    def size(self, names: tuple[str, ...]) -> int:
        """Bytes of bytecode of these modules, those that exist."""
        return sum(len(self.modules.get(name, b"")) for name in names)

    @property
    def total(self) -> int:
        """Bytes of everything."""
        return len(self.boot) + sum(len(code) for code in self.modules.values())

    def files(self) -> dict[str, bytes]:
        """Where they lie on the board: without what no workload imports, 300 KB twice fit."""
        present = self.modules.keys() - phases.UNUSED
        placed = {f"/lib/uscomo/{name}.mpy": self.modules[name] for name in sorted(present)}
        return {"/lib/uscomo_boot.mpy": self.boot, **placed}


def agent() -> Agent:
    """The agent from ``firmware``, shrunk and compiled as it is deployed."""
    modules = dict(agent_modules())
    boot = modules.pop("uscomo_boot")
    named = dict.fromkeys(phases.SHARED + phases.TALK + phases.INSTALL)
    return Agent(modules, boot, tuple(name for name in named if name not in modules))


def store_root() -> str:
    """Where the store lies on a board, as the agent says."""
    root: str = runpy.run_path(str(FIRMWARE / "root" / "uscomo_boot.py"))["ROOT"]
    return root


def board_side() -> dict[str, bytes]:
    """Compile the ``board_*.py`` beside this file; by path on the board."""
    sources = {path.stem: path.read_text() for path in sorted(HERE.glob("board_*.py"))}
    # By the names that the agent has on the board; one looks into the supervisor, too.
    for name, short in shrunk().names["supervisor"].items():
        if name.startswith("_"):
            sources["board_idle"] = sources["board_idle"].replace("." + name, "." + short)
    sources = {name: shrunk().script(text) for name, text in sources.items()}
    return {f"{CODE}/{name}.mpy": compile_module(name, text) for name, text in sources.items()}
