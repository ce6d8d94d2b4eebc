"""Official MicroPython images for emulated boards: which ones we know, and where they lie.

Nothing is downloaded and no image is part of the project. Images lie in one folder, the one that
``USCOMO_FIRMWARE`` names or else ``uscomo/firmware`` under the user's cache folder, under the file
names that micropython.org gives them; a file counts only when its SHA-256 is the one listed here.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import UscomoError

ENVIRONMENT = "USCOMO_FIRMWARE"


class FirmwareError(UscomoError):
    """A firmware image is missing, or is not the file that its name promises."""


@dataclass(frozen=True)
class Image:
    """One official firmware image.

    Attributes
    ----------
    name
        File name, as published.
    port
        micropython.org's name of the board it is built for.
    board
        The emulator's board that runs it: ``pico`` or ``pico_w``.
    version
        MicroPython version.
    sha256
        Hash of the file, 64 hexadecimal digits.
    """

    name: str
    port: str
    board: str
    version: tuple[int, int, int]
    sha256: str


IMAGES = {
    image.name: image
    for image in (
        Image(
            "RPI_PICO-20241129-v1.24.1.uf2",
            "RPI_PICO",
            "pico",
            (1, 24, 1),
            "a41b7dbadfe4f399a10bd344002b365427ad033de993cf372c29c884b33a4cdf",
        ),
        Image(
            "SEEED_XIAO_RP2040-20260406-v1.28.0.uf2",
            "SEEED_XIAO_RP2040",
            "pico",
            (1, 28, 0),
            "27b41295467267c923ff5014ed622962d693f415e8a1089dc87f5c6731c9e3ec",
        ),
        Image(
            "RPI_PICO_W-v1.22.2.uf2",
            "RPI_PICO_W",
            "pico_w",
            (1, 22, 2),
            "1ea124cc33ecb2dfab323e3d4d7dd7421fb208dd77ab21a8dcf17fba6c840660",
        ),
        Image(
            "RPI_PICO_W-20240602-v1.23.0.uf2",
            "RPI_PICO_W",
            "pico_w",
            (1, 23, 0),
            "33b87e058d7a7c02cebc34bcd9eff2c8fdfadf8cec1a60c2d896c5044da4fcb1",
        ),
        Image(
            "RPI_PICO_W-20250415-v1.25.0.uf2",
            "RPI_PICO_W",
            "pico_w",
            (1, 25, 0),
            "d03ed810bacefd6aa2463d4826597d7f8db94710865d8bf67b3de66087507b10",
        ),
    )
}

PICO = "RPI_PICO-20241129-v1.24.1.uf2"  # the reference for every footprint figure
XIAO = "SEEED_XIAO_RP2040-20260406-v1.28.0.uf2"
PICO_W = "RPI_PICO_W-20240602-v1.23.0.uf2"


def folder() -> Path:
    """Return the folder in which images are looked for; it need not exist."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    return Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "firmware"


def find(name: str) -> Path | None:
    """Return the path of a known image, or None when the file is not there.

    Raises
    ------
    FirmwareError
        The name is not in the table, or the file has another SHA-256 than the table says.
    """
    image = IMAGES.get(name)
    if image is None:
        raise FirmwareError(f"firmware image {name!r} is unknown; known: {', '.join(IMAGES)}")
    path = folder() / name
    if not path.is_file():
        return None
    if hashlib.sha256(path.read_bytes()).hexdigest() != image.sha256:
        raise FirmwareError(
            f"{path} is not the image it is named after: its SHA-256 is not {image.sha256}; "
            f"delete it and fetch it again from https://micropython.org/download/{image.port}/"
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
            f"{ENVIRONMENT}); it comes from "
            f"https://micropython.org/download/{IMAGES[name].port}/"
        )
    return path
