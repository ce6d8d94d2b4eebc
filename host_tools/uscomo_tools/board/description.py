"""What is known of each board: `boards/*.toml` as values, and which board one has in hand.

A USB id names a board only now and then: every rp2 board without an id of its own has the same
one, and a bridge chip's id says nothing of the chip behind it. So `by_usb` gives candidates, and
`by_identity` decides by what the board says of itself.

Users add boards of their own in the folder that ``USCOMO_BOARDS`` names; such a file is checked
against ``boards/schema.json``. Nothing here talks to a board.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .. import resources
from ..errors import UsageError
from .description_file import DescriptionError, check, read
from .facts import BoardDescription, Flashing, Image, Medium, UsbId, Watchdog
from .identity import Identity

__all__ = [
    "BoardDescription",
    "DescriptionError",
    "Flashing",
    "Image",
    "Medium",
    "Refusal",
    "UsbId",
    "Watchdog",
    "all_boards",
    "by_identity",
    "by_usb",
    "load",
    "refusal",
]

ENVIRONMENT = "USCOMO_BOARDS"


@dataclass(frozen=True)
class Refusal:
    """Why a board does not get the agent over the cable, and what to do instead."""

    board: str
    why: str
    advice: str
    frozen: bool

    def __str__(self) -> str:
        only = (
            " takes the agent only frozen into its image" if self.frozen else " is not supported"
        )
        return f"{self.board}{only}: {self.why}; {self.advice}"


def refusal(description: BoardDescription) -> Refusal | None:
    """Return why the agent is not put on such a board, or None when it is."""
    if description.support == "full":
        return None
    frozen = description.support == "frozen"
    return Refusal(description.name, description.why, description.advice, frozen)


def load(name: str) -> BoardDescription:
    """Return a board by its file's name, micropython.org's name, or its own.

    Raises
    ------
    UsageError
        There is none of that name; the message lists those there are.
    """
    wanted = name.lower().replace("-", "_")
    for description in all_boards():
        if wanted in (description.key, description.port.lower(), description.name.lower()):
            return description
    known = ", ".join(description.key for description in all_boards())
    raise UsageError(f"no board is called {name!r}; known: {known}")


def all_boards() -> tuple[BoardDescription, ...]:
    """Return every board, the user's own included, by name of their files."""
    return _all(os.environ.get(ENVIRONMENT, ""))


def by_usb(vid: int, pid: int) -> list[BoardDescription]:
    """Return the boards that appear under a USB id: none, one, or several that have to be asked.

    One alone is no proof either when its `UsbId` is `shared`: unknown boards have it too.
    """
    return [
        description
        for description in all_boards()
        if any((usb.vid, usb.pid) == (vid, pid) for usb in description.usb)
    ]


def by_identity(identity: Identity) -> BoardDescription | None:
    """Return the board that says such things of itself; None: one that we do not know."""
    fitting = [board for board in all_boards() if identity.platform in board.platforms]
    for board in fitting:
        if identity.build and identity.build.split("-")[0] == board.port:
            return board
    best, length = None, -1
    for board in fitting:
        # A platform that is one board, such as the computer itself, has no names of machines.
        for start in board.machines or (("",) if not board.usb else ()):
            if identity.machine.startswith(start) and len(start) > length:
                best, length = board, len(start)
    return best


@cache
def _all(own: str) -> tuple[BoardDescription, ...]:
    files = {path.stem: path for path in resources.boards().glob("*.toml")}
    boards = {key: read(path) for key, path in files.items()}
    if own:
        if not Path(own).is_dir():
            raise DescriptionError(f"{ENVIRONMENT} names {own}, which is not a folder")
        for path in Path(own).glob("*.toml"):
            check(path)
            boards[path.stem] = read(path)
    return tuple(boards[key] for key in sorted(boards))
