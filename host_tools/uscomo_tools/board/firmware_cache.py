"""Firmware images: which ones we know, where they lie, and whether they are what they should be.

No image is part of the project. Images lie in one folder, the one that ``USCOMO_FIRMWARE`` names
or else ``uscomo/firmware`` under the user's cache folder, under the file names that
micropython.org gives them. A file counts only when its SHA-256 is the one that `boards/*.toml`
lists or, where none is listed, the one that was noted beside it (``NAME.sha256``) when a user
fetched or added it: from then on it is held to that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import RefusedError, UscomoError
from .description import Image, all_boards

ENVIRONMENT = "USCOMO_FIRMWARE"

PICO = "RPI_PICO-20241129-v1.24.1.uf2"  # the reference for every footprint figure
XIAO = "SEEED_XIAO_RP2040-20260406-v1.28.0.uf2"
PICO_W = "RPI_PICO_W-20240602-v1.23.0.uf2"

_RECORD = ".sha256"


class FirmwareError(UscomoError):
    """A firmware image is missing, or is not the file that its name promises."""


@dataclass(frozen=True)
class Stored:
    """An image in the cache.

    Attributes
    ----------
    path
        The file.
    image
        What is known of it, or None.
    state
        ``good`` (the listed hash), ``recorded`` (the hash noted when it came here), ``damaged``,
        or ``unknown`` (nobody knows a hash).
    """

    path: Path
    image: Image | None
    state: str


class _Images(Mapping[str, Image]):
    # Read when first asked for: a user's own boards may be wrong, and that is no import error.
    def _all(self) -> dict[str, Image]:
        return {image.name: image for board in all_boards() for image in board.images}

    def __getitem__(self, name: str) -> Image:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


#: Every image of every board, by file name.
IMAGES: Mapping[str, Image] = _Images()


def folder() -> Path:
    """Return the folder in which images are looked for; it need not exist."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    return Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "firmware"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def expected(name: str) -> str:
    """Return the hash that a file of that name in the cache is held to; empty: none is known."""
    image = IMAGES.get(name)
    if image is not None and image.sha256:
        return image.sha256
    record = _record(folder() / name)
    return record.read_text(encoding="ascii").split()[0] if record.is_file() else ""


def find(name: str) -> Path | None:
    """Return the path of a known or added image, or None when the file is not there.

    Raises
    ------
    FirmwareError
        Nobody knows the name, or the file has another SHA-256 than it should.
    """
    path = folder() / name
    wanted = expected(name)
    if name not in IMAGES and not wanted:
        raise FirmwareError(f"firmware image {name!r} is unknown; known: {', '.join(IMAGES)}")
    if not path.is_file():
        return None
    if not wanted:
        raise FirmwareError(
            f"{path}: no hash of this image is known, so nothing says that it is whole; "
            f"`uscomo board firmware add --force` notes the hash that it has now"
        )
    if sha256(path) != wanted:
        raise FirmwareError(
            f"{path} is not the image it is named after: its SHA-256 is not {wanted}; "
            f"delete it and fetch it again from {_page(name)}"
        )
    return path


def require(name: str) -> Path:
    """Return the path of a known image.

    Raises
    ------
    FirmwareError
        As `find`, and when the file is not there: the message says where to get and to put it.
    """
    path = find(name)
    if path is None:
        raise FirmwareError(
            f"firmware image {name} is missing: put it into {folder()} (or the folder named by "
            f"{ENVIRONMENT}), or `uscomo board firmware download {name}`; it comes from "
            f"{_page(name)}"
        )
    return path


def stored() -> list[Stored]:
    """Return what lies in the cache, hashed."""
    if not folder().is_dir():
        return []
    paths = sorted(path for path in folder().iterdir() if path.is_file())
    return [_stored(path) for path in paths if path.suffix not in (_RECORD, ".part")]


def add(path: Path, force: bool = False, replace: bool = False) -> Stored:
    """Copy a file into the cache under its own name.

    Parameters
    ----------
    path
        The file; its name says which image it is.
    force
        Take a file whose hash nobody knows; its hash is noted and is what counts from now on.
    replace
        Write over a file of that name that is there.

    Raises
    ------
    RefusedError
        Its hash is not the one that is listed, or none is and `force` was not said.
    """
    digest = sha256(path)
    image = IMAGES.get(path.name)
    if image is not None and image.sha256 and digest != image.sha256:
        raise RefusedError(
            f"{path} is not {path.name}: its SHA-256 is {digest}, not {image.sha256}"
        )
    if not (image is not None and image.sha256) and not force:
        raise RefusedError(
            f"no SHA-256 of {path.name} is known, so nothing says what this file is (it is "
            f"{digest}); add it with --force to trust it as it is now"
        )
    target = folder() / path.name
    if target.exists() and sha256(target) != digest and not replace:
        raise RefusedError(f"{target} is there already, and is another file: --replace")
    keep(target, path.read_bytes(), digest)
    return _stored(target)


def keep(target: Path, content: bytes, digest: str) -> None:
    """Write an image into the cache, whole or not at all, and note its hash if none is listed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    image = IMAGES.get(target.name)
    if image is None or not image.sha256:
        _record(target).write_text(f"{digest}  {target.name}\n", encoding="ascii")


def _stored(path: Path) -> Stored:
    image, wanted = IMAGES.get(path.name), expected(path.name)
    if not wanted:
        state = "unknown"
    elif sha256(path) != wanted:
        state = "damaged"
    else:
        state = "good" if image is not None and image.sha256 else "recorded"
    return Stored(path, image, state)


def _record(path: Path) -> Path:
    return path.with_name(path.name + _RECORD)


def _page(name: str) -> str:
    image = IMAGES.get(name)
    port = image.port if image is not None else ""
    return f"https://micropython.org/download/{port}/" if port else "where you had it from"
