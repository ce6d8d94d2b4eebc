"""A main.py that was there before, as a component: listed, removable, started by the agent.

It is built and signed like any application, with the developer's key, and installed by the
agent's own operation, which checks the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import UscomoError
from ..package.build import Project, Source, build
from ..package.keys import SigningKey
from ..package.rules import Component
from . import scripts
from .provisioning import Agent

#: Package and component, and the module that is its entry.
ID = "adopted-main"
MODULE = "adopted_main"
# Installed; installed and on trial.
_GOOD = (1200, 1250)
_SCRIPTS = Path(__file__).parent / "board"


class Device(Protocol):
    """What is needed of a board; `connection.Board` has it."""

    def exec(self, code: str, timeout: float = 60) -> str:
        """Run code on the board, and return what it printed."""

    def write_all(self, files: Mapping[str, bytes]) -> list[str]:
        """Write files."""

    def soft_reset(self) -> None:
        """Start with an empty heap."""


def package(main: bytes, key: SigningKey) -> bytes:
    """The delivery package of a main.py."""
    component = Component(
        id=ID,
        name="main.py",
        version="1",
        release=0,
        dir=MODULE,
        env="",
        entry=MODULE,
        provides=(MODULE,),
        requires=(),
    )
    files = {
        f"{MODULE}/__init__.py": (_SCRIPTS / MODULE / "__init__.py").read_bytes(),
        f"{MODULE}/main.txt": main,
    }
    return build(Project(ID, (Source(component, files),)), key)


def adopt(board: Device, agent: Agent, main: bytes, key: SigningKey, account: str) -> None:
    """Install a main.py as a component; its key must be one of the board's anchors.

    Parameters
    ----------
    account
        Whose component it is, and who may change it; empty: every server with rights there.

    Raises
    ------
    UscomoError
        The agent did not install it; the message has the result code.
    """
    values: dict[str, Any] = {"HOME": agent.home, "ID": ID, "ACCOUNT": account}
    script = scripts.path("adopt")
    where = agent.run(board, script, {**values, "NUMBER": 0})
    board.write_all({where["path"]: package(main, key)})
    board.soft_reset()
    result = agent.run(board, script, {**values, "NUMBER": where["number"]})
    if result["code"] not in _GOOD:
        raise UscomoError(f"main.py could not be made a component: result {result['code']}")
