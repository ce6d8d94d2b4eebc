"""`uscomo board flash` and `uscomo board firmware`: MicroPython itself on a board."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..board import find, firmware_cache
from ..board.connection import Board
from ..board.description import BoardDescription, by_identity, load
from ..board.errors import BoardBusyError, BoardError
from ..board.flash import flow, mpflash
from ..board.flash.flow import Console, Outcome, Plan, Target
from ..board.identity import Identity
from ..errors import RefusedError, UnreachableError, UsageError
from . import board_firmware
from .options import AsJson, show
from .progress import Bar


def register(app: typer.Typer) -> None:
    """Add these commands to ``uscomo board``."""
    app.command("flash")(flash)
    app.add_typer(board_firmware.app, name="firmware")


def flash(
    image: Annotated[
        str | None,
        typer.Argument(
            metavar="IMAGE",
            help="A file, or an image of the cache; else the board's recommended one.",
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option("--board", "-b", help="Which board it is, when it cannot be asked."),
    ] = None,
    port: Annotated[
        str,
        typer.Option(
            "--port",
            "-p",
            metavar="URL",
            envvar="USCOMO_PORT",
            help="The board's port; without it, a board that is in its bootloader.",
        ),
    ] = "",
    drive: Annotated[
        Path | None,
        typer.Option(help="Where the bootloader's drive is mounted; else it is looked for."),
    ] = None,
    sha256: Annotated[
        str, typer.Option("--sha256", help="The hash that the file must have.")
    ] = "",
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase the whole flash first: all files are lost.")
    ] = False,
    with_mpflash: Annotated[
        bool, typer.Option("--with-mpflash", help="Let mpflash do it, with an image of its own.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also an unknown file, or one for another board like it."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put MicroPython on a board: image checked before, running version asked afterwards."""
    found = _ask(port, board, force) if port else _Found(_named(board, image), None)
    description = found.description
    flow.refuse(description, force)
    if with_mpflash:
        mpflash.command()
        known = firmware_cache.IMAGES.get(image) if image else None
        version = known.version if known is not None else ()
        plan = flow.by_mpflash(description, version, erase, force)
    else:
        path, expected = _file(image, description)
        plan = flow.prepare(
            description, path, expected=sha256.lower() or expected, erase=erase, force=force
        )
    _confirm(plan, found, port, yes)
    with Bar(plan.path.name if plan.path else "mpflash", as_json) as bar:
        target = _target(port, drive, found.identity)
        outcome = flow.carry_out(plan, target, lambda text: _say(text, as_json), bar.update)
    _tell(plan, outcome, as_json)


@dataclass(frozen=True)
class _Found:
    description: BoardDescription
    identity: Identity | None


def _ask(port: str, named: str | None, force: bool) -> _Found:
    """The board behind a port, asked; where it does not answer, the one that was named."""
    wanted = load(named) if named else None
    try:
        with Board.open(port) as opened:
            identity = opened.identify()
    except (BoardError, UnreachableError) as error:
        # A chip without MicroPython says nothing; one in use must not be flashed.
        silent = wanted is not None and wanted.flashing.method == "esptool"
        if wanted is None or not silent or isinstance(error, BoardBusyError):
            raise
        return _Found(wanted, None)
    known = by_identity(identity)
    if wanted is not None and known is not None and known != wanted and not force:
        raise RefusedError(
            f"{port}: the board says it is a {identity.machine}, not a {wanted.name}; "
            f"--force believes you instead"
        )
    if wanted is None and known is None:
        raise UsageError(
            f"{port}: the board says it is a {identity.machine}, which is not in our list; "
            f"name one like it with --board"
        )
    description = wanted or known
    assert description is not None
    return _Found(description, identity)


def _named(board: str | None, image: str | None) -> BoardDescription:
    if board:
        return load(board)
    known = firmware_cache.IMAGES.get(Path(image).name) if image else None
    if known is None:
        raise UsageError("which board? Name its --port, or the kind of --board")
    return load(known.key)


def _file(image: str | None, description: BoardDescription) -> tuple[Path, str]:
    """The image's file, and the hash it is held to."""
    if image is not None and Path(image).is_file():
        return Path(image), ""
    if image is not None and ("/" in image or "\\" in image):
        raise UsageError(f"{image}: no such file")
    name = board_firmware.find_image(description.key).name if image is None else image
    return firmware_cache.require(name), firmware_cache.expected(name)


def _confirm(plan: Plan, found: _Found, port: str, yes: bool) -> None:
    running = f", now MicroPython {found.identity.version}" if found.identity else ""
    version = ".".join(map(str, plan.version)) or "an unknown version"
    checked = "SHA-256 checked" if plan.hash_known else "SHA-256 NOT KNOWN"
    if plan.path is None:
        checked = "fetched and checked by mpflash alone"
    image = plan.path.name if plan.path else "of mpflash"
    lines = [
        f"board: {plan.description.name}{' on ' + port if port else ''}{running}",
        f"image: {image}, MicroPython {version}, {checked}",
        plan.consequences(),
    ]
    typer.echo("\n".join(lines), err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nothing is written without being asked: say --yes")
    if not typer.confirm("Write it?", err=True):
        raise RefusedError("nothing was written")


def _target(port: str, drive: Path | None, identity: Identity | None) -> Target:
    if not port:
        return Target(drive=drive)
    number = find.serial_number(port)

    def open_console(seconds: float) -> Console:
        url = find.again(port, number, seconds) if seconds else port
        return Board.open(url, wait=seconds)

    return Target(port, open_console, drive, identity)


def _say(text: str, as_json: bool) -> None:
    if not as_json:
        typer.echo(text, err=True)


def _tell(plan: Plan, outcome: Outcome, as_json: bool) -> None:
    text = f"{plan.description.name}: written"
    if outcome.after:
        text = f"{outcome.machine}: MicroPython {outcome.after} runs"
        if outcome.before:
            text += f", before it was {outcome.before}"
    fields = {
        "board": plan.description.key,
        "image": plan.path.name if plan.path else "",
        "sha256": plan.sha256,
        "method": plan.method,
        "before": outcome.before,
        "after": outcome.after,
        "kept_files": not plan.loses_files,
    }
    show(fields, as_json, text)
