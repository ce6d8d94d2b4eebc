"""Flashing in order: check the file, say what will be lost, write, come back, ask the version.

`prepare` touches nothing but the file. `carry_out` is what happens to the board.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...errors import RefusedError, UnreachableError, UscomoError
from ..description import BoardDescription, by_identity, refusal
from ..errors import BoardError
from ..facts import Image
from ..firmware_cache import IMAGES
from ..identity import Identity
from ..lock import PortLock
from . import dfu, esptool, image, mpflash, uf2
from .errors import FlashError, ImageError

METHODS = ("uf2", "esptool", "dfu", "mpflash")

_SCRIPT = Path(__file__).parent / "board" / "bootloader.py"
_DRIVE_SECONDS = 30.0
_BACK_SECONDS = 45.0
_BOOTLOADER_SECONDS = 2.0
_PAUSE = 0.5

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


class Console(Protocol):
    """What flashing needs of a board that answers: `uscomo_tools.board.connection.Board`."""

    def identify(self) -> Identity:
        """What the board says of itself."""

    def exec(self, code: str, timeout: float = 60) -> str:
        """Run code; returns what it printed."""

    def close(self) -> None:
        """Free the port."""


@dataclass(frozen=True)
class Target:
    """Where the board is.

    Attributes
    ----------
    port
        Its serial port; empty: none is known, it is in its bootloader already.
    open
        Opens its console, waiting for so many seconds; None without a port.
    drive
        Where its UF2 drive is mounted; None: look for it.
    identity
        What the board said before; None: MicroPython does not answer, so it cannot be sent into
        its bootloader.
    """

    port: str = ""
    open: Callable[[float], Console] | None = None
    drive: Path | None = None
    identity: Identity | None = None


@dataclass(frozen=True)
class Plan:
    """What is going to be done.

    Attributes
    ----------
    path
        The image; None with mpflash, which fetches its own.
    version
        MicroPython version that has to run afterwards; empty: not known before.
    sha256
        Of the file; `hash_known` says whether it is one that is listed or was noted.
    method
        ``uf2``, ``esptool``, ``dfu`` or ``mpflash``.
    erase
        The whole flash is erased before.
    loses_files
        The board's files are lost.
    """

    description: BoardDescription
    path: Path | None
    version: tuple[int, ...]
    sha256: str
    hash_known: bool
    method: str
    erase: bool
    loses_files: bool

    def consequences(self) -> str:
        """What is kept and what not, for whoever is asked."""
        files = "LOST: all files on it, with the agent and its applications"
        if not self.loses_files:
            files = "kept: the file system, with the agent and its applications"
        return f"replaced: MicroPython itself; {files}"


@dataclass(frozen=True)
class Outcome:
    """What was done: the versions before and after, empty where nobody could be asked."""

    before: str
    after: str
    machine: str


def refuse(description: BoardDescription, force: bool) -> None:
    """Say no to a board that cannot be flashed, or should not be.

    Raises
    ------
    RefusedError
        It is not supported; or only with the agent frozen in, and `force` was not said.
    """
    why = refusal(description)
    if why is not None and not (why.frozen and force):
        raise RefusedError(str(why))
    if description.flashing.method == "none":
        raise RefusedError(
            f"{description.name} has no flash that could be written: "
            f"{description.flashing.by_hand}"
        )


def prepare(
    description: BoardDescription,
    path: Path,
    *,
    expected: str = "",
    erase: bool = False,
    force: bool = False,
) -> Plan:
    """Check an image for a board.

    Parameters
    ----------
    expected
        The SHA-256 that the file must have; else the one that is listed under its name.
    force
        Take an image whose hash nobody knows, or that is built for another board with the same
        chip. A damaged file, or one for another chip, is refused all the same.

    Raises
    ------
    RefusedError
        The board or the image; the message says why, and nothing was touched.
    """
    refuse(description, force)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    listed: Image | None = IMAGES.get(path.name)
    wanted = expected or (listed.sha256 if listed is not None else "")
    if wanted and digest != wanted:
        raise ImageError(f"{path}: its SHA-256 is {digest}, not {wanted}: not the file it says")
    try:
        facts = image.examine(content, description)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    if not wanted and not force:
        raise ImageError(
            f"{path}: no SHA-256 of this file is known, so nothing says who made it "
            f"({digest}); --force takes it"
        )
    others = [board for board in facts.built_for if board.key != description.key]
    if others and description not in facts.built_for and not force:
        raise ImageError(
            f"{path}: this image is built for {others[0].name}, not for {description.name}; "
            f"--force writes it all the same"
        )
    if erase and description.flashing.method != "esptool":
        raise RefusedError(f"--erase is for ESP boards; {description.name} keeps its files")
    loses = erase or image.overwrites_files(facts, description)
    method = description.flashing.method
    return Plan(description, path, facts.version, digest, bool(wanted), method, erase, loses)


def by_mpflash(
    description: BoardDescription, version: tuple[int, ...], erase: bool, force: bool
) -> Plan:
    """Plan to let mpflash do it, with an image that it fetches itself."""
    refuse(description, force)
    loses = erase or not description.flashing.keeps_files
    return Plan(description, None, version, "", False, "mpflash", erase, loses)


def carry_out(plan: Plan, target: Target, say: Say, progress: Progress) -> Outcome:
    """Write the image and ask the board for its version.

    Raises
    ------
    MissingToolError
        The program for it is not installed; nothing was touched.
    FlashError
        It failed, or another version runs afterwards.
    """
    _need_tool(plan)
    before = target.identity.version if target.identity is not None else ""
    entering = False
    drives = {drive.folder for drive in uf2.drives()} if plan.method == "uf2" else set()
    by_console = plan.method in ("uf2", "dfu") and plan.description.flashing.bootloader
    if target.open is not None and target.identity is not None and by_console:
        say(f"{target.port}: entering the bootloader")
        console = target.open(0)
        try:
            _enter_bootloader(console, plan.description)
            entering = True
        finally:
            console.close()
    if not entering or target.drive is not None:
        drives = set()
    try:
        _write(plan, target, entering, drives, say, progress)
    except KeyboardInterrupt:
        say("interrupted: if writing had begun, only the bootloader works: flash it again")
        raise
    return _ask(plan, target, before, say)


def _need_tool(plan: Plan) -> None:
    if plan.method == "esptool":
        esptool.command()
    elif plan.method == "dfu":
        dfu.command()
    elif plan.method == "mpflash":
        mpflash.command()


def _enter_bootloader(console: Console, description: BoardDescription) -> None:
    try:
        console.exec(_SCRIPT.read_text(encoding="utf-8"), timeout=_BOOTLOADER_SECONDS)
    except BoardError as error:
        raise FlashError(
            f"it does not enter its bootloader ({description.flashing.by_hand} instead, and "
            f"leave --port away): {error}"
        ) from error
    except (UscomoError, OSError):
        return  # the console goes away in the middle of the answer, each system in its own way


def _write(
    plan: Plan, target: Target, entering: bool, drives: set[Path], say: Say, progress: Progress
) -> None:
    description = plan.description
    if plan.method == "mpflash":
        if not target.port:
            raise RefusedError("mpflash needs the board's port: --port")
        version = ".".join(map(str, plan.version)) or "stable"
        with PortLock(target.port):
            mpflash.write(description, version, target.port, plan.erase)
        return
    assert plan.path is not None
    content = plan.path.read_bytes()
    if hashlib.sha256(content).hexdigest() != plan.sha256:
        raise ImageError(f"{plan.path} has changed since it was examined")
    say(f"writing {plan.path.name}")
    if plan.method == "esptool":
        if not target.port:
            raise RefusedError("esptool needs the board's port: --port")
        with PortLock(target.port):
            esptool.write(description, plan.path, target.port, plan.erase)
    elif plan.method == "dfu":
        dfu.write(description, plan.path, entering)
    else:
        seconds = _DRIVE_SECONDS if entering else 0
        drive = uf2.wait_for(description, target.drive, seconds, drives)
        uf2.write(drive, content, plan.path.name, progress)


def _ask(plan: Plan, target: Target, before: str, say: Say) -> Outcome:
    if target.open is None:
        say("no port is known, so the new version was not asked for: uscomo board info")
        return Outcome(before, "", "")
    say("waiting for the board to come back")
    identity = _identity(target.open)
    if plan.version and identity.release[:3] != plan.version:
        wanted = ".".join(map(str, plan.version))
        raise FlashError(
            f"the board runs MicroPython {identity.version}, not the {wanted} of the image"
        )
    found = by_identity(identity)
    return Outcome(before, identity.version, found.name if found else identity.machine)


def _identity(open_console: Callable[[float], Console]) -> Identity:
    # A port may be there before MicroPython is: ask again until it answers.
    end = time.monotonic() + _BACK_SECONDS
    while True:
        try:
            console = open_console(max(0.0, end - time.monotonic()))
            try:
                return console.identify()
            finally:
                console.close()
        except UnreachableError as error:
            if time.monotonic() >= end:
                raise FlashError(
                    f"the image was written, but the board does not answer: {error}"
                ) from error
            time.sleep(_PAUSE)
