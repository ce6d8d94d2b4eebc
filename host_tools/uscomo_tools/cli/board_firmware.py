"""`uscomo board firmware`: MicroPython's images in the user's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..board import firmware_cache
from ..board.description import BoardDescription, Image, all_boards, load
from ..board.firmware_cache import Stored
from ..board.firmware_download import download as fetch
from ..errors import UsageError, UscomoError
from .options import AsJson, show
from .progress import Bar

app = typer.Typer(
    help="Firmware images for boards: fetched, checked by hash, kept in your cache.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="IMAGE|BOARD", help="An image, or a board's first.")]

_SAID = {
    "good": "good: the listed SHA-256",
    "recorded": "unchanged since it came; no SHA-256 is listed",
    "damaged": "DAMAGED: not the file it was",
    "unknown": "unknown: no SHA-256 of it anywhere",
    "": "not here",
}


@app.command("list")
def list_images(
    board: Annotated[str | None, typer.Option(help="Of this board only.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the images that are known or in the cache, with their state."""
    boards = [load(board)] if board else list(all_boards())
    here = {stored.path.name: stored for stored in firmware_cache.stored()}
    rows = [
        _row(image, description, here.pop(image.name, None))
        for description in boards
        for image in description.images
    ]
    if not board:
        rows += [_row(None, None, stored) for stored in here.values()]
    lines = [f"{row['image']:<42}  {row['board']:<18}  {_SAID[row['state']]}" for row in rows]
    folder = firmware_cache.folder()
    show({"folder": str(folder), "images": rows}, as_json, "\n".join([*lines, f"in {folder}"]))


def _row(
    image: Image | None, board: BoardDescription | None, stored: Stored | None
) -> dict[str, Any]:
    assert image is not None or stored is not None
    name = image.name if image is not None else stored.path.name if stored else ""
    return {
        "image": name,
        "board": board.key if board is not None else "",
        "version": ".".join(map(str, image.version)) if image is not None else "",
        "state": stored.state if stored is not None else "",
        "path": str(stored.path) if stored is not None else "",
        "source": image.source if image is not None else "",
        "sha256": firmware_cache.expected(name),
    }


@app.command()
def download(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Also when it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch an image from its publisher, check its hash and keep it."""
    image = find_image(name)
    path = None if force else _there(image)
    fetched = path is None
    if path is None:
        with Bar(image.name, as_json) as bar:
            path = fetch(image, bar.update)
    digest = firmware_cache.expected(image.name)
    text = f"{path}: {'fetched' if fetched else 'is there already'}, SHA-256 {digest}"
    if not image.sha256:
        text += "\nno SHA-256 of this image is listed: it is held to the one it has now"
    fields = {"path": str(path), "sha256": digest, "fetched": fetched}
    show({**fields, "listed": bool(image.sha256)}, as_json, text)


def _there(image: Image) -> Path | None:
    if not (firmware_cache.folder() / image.name).is_file():
        return None
    try:
        return firmware_cache.find(image.name)
    except firmware_cache.FirmwareError:
        return None  # damaged, or nobody knows: fetched anew


@app.command()
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An image's file.")],
    force: Annotated[
        bool, typer.Option("--force", help="Trust a file whose SHA-256 nobody knows.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over another file of that name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a file that you have into the cache, after checking its hash."""
    stored = firmware_cache.add(file, force, replace)
    digest = firmware_cache.expected(stored.path.name)
    text = f"{stored.path}: {_SAID[stored.state]} ({digest})"
    show({"path": str(stored.path), "state": stored.state, "sha256": digest}, as_json, text)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="IMAGE...", help="Else all that are here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hash what is in the cache again; fails when an image is not what it was."""
    here = {stored.path.name: stored for stored in firmware_cache.stored()}
    wanted = names or list(here)
    missing = [name for name in wanted if name not in here]
    if missing:
        raise UscomoError(f"not in {firmware_cache.folder()}: {', '.join(missing)}")
    states = {name: here[name].state for name in wanted}
    bad = [name for name, state in states.items() if state in ("damaged", "unknown")]
    if bad:
        raise UscomoError("; ".join(f"{name}: {_SAID[states[name]]}" for name in bad))
    lines = [f"{name}: {_SAID[state]}" for name, state in states.items()]
    show({"images": states}, as_json, "\n".join(lines) or "no images here")


@app.command()
def path(
    name: Annotated[
        str | None, typer.Argument(metavar="IMAGE|BOARD", help="Else the folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print where the cache is, or a checked image in it."""
    found = firmware_cache.require(file_name(name)) if name else firmware_cache.folder()
    show({"path": str(found)}, as_json, str(found))


def find_image(name: str) -> Image:
    """Return a known image by its name, or the recommended one of a board."""
    if name in firmware_cache.IMAGES:
        return firmware_cache.IMAGES[name]
    description = load(name)
    if not description.images:
        advice = description.advice or "build one, and `uscomo board firmware add --force` it"
        raise UsageError(f"no official image for {description.name} is known: {advice}")
    return description.images[0]


def file_name(name: str) -> str:
    """Return the file name of an image in the cache, known or added, or of a board's first."""
    if (firmware_cache.folder() / name).is_file():
        return name
    return find_image(name).name
