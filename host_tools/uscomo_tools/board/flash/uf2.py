"""UF2 mass storage: the bootloader is a drive, and a file copied onto it is written to flash."""

from __future__ import annotations

import os
import string
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..description import BoardDescription
from .errors import FlashError, ImageError

_INFO = "INFO_UF2.TXT"
_CHUNK = 16384
_POLL = 0.2


@dataclass(frozen=True)
class Drive:
    """A bootloader's drive: where it is mounted, and what its ``INFO_UF2.TXT`` says."""

    folder: Path
    board_id: str
    model: str


def drive_at(folder: Path) -> Drive | None:
    """Return the drive that is mounted at a folder, or None when that is no UF2 drive."""
    try:
        text = (folder / _INFO).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    board_id = fields.get("Board-ID", "").strip()
    return Drive(folder, board_id, fields.get("Model", "").strip()) if board_id else None


def drives() -> list[Drive]:
    """Return every UF2 drive that is mounted."""
    found = (drive_at(folder) for folder in _mounted())
    return [drive for drive in found if drive is not None]


def wait_for(
    description: BoardDescription, folder: Path | None, seconds: float, not_these: set[Path]
) -> Drive:
    """Return the drive of a board in its bootloader.

    Parameters
    ----------
    folder
        Where it is mounted; None: look for it.
    seconds
        How long to wait for it.
    not_these
        Drives that were there before the board was sent into its bootloader.

    Raises
    ------
    ImageError
        The drive is of another board.
    FlashError
        There is none, or there are several.
    """
    end = time.monotonic() + seconds
    while True:
        here = [drive_at(folder)] if folder is not None else drives()
        found = [drive for drive in here if drive is not None]
        fitting = [
            drive for drive in found if _fits(description, drive) and drive.folder not in not_these
        ]
        if len(fitting) == 1:
            return fitting[0]
        if len(fitting) > 1:
            places = ", ".join(str(drive.folder) for drive in fitting)
            raise FlashError(f"several boards are in their bootloader: {places}; say --drive")
        if folder is not None and found:
            raise ImageError(
                f"the drive at {folder} is of {found[0].board_id} ({found[0].model}), "
                f"not of {description.name}"
            )
        if time.monotonic() >= end:
            break
        time.sleep(_POLL)
    others = "".join(f"; {drive.folder} is of {drive.board_id}" for drive in found)
    where = f"no {_INFO} in {folder}" if folder is not None else "no UF2 drive is mounted"
    raise FlashError(
        f"{where} for {description.name}{others}. To enter its bootloader: "
        f"{description.flashing.by_hand}; mount the drive that appears if your system does not, "
        f"and say where with --drive"
    )


def write(drive: Drive, content: bytes, name: str, progress: Callable[[int, int], None]) -> None:
    """Copy an image onto a drive.

    The board restarts as soon as it has the last block, so the drive may be gone before the
    copy is closed: that is no failure, the board's own answer afterwards decides.

    Raises
    ------
    FlashError
        The drive was gone before all was written: the board is still in its bootloader, or
        comes back to it, and takes the image anew.
    """
    target, written = drive.folder / name, 0
    try:
        with target.open("wb", buffering=0) as file:
            while written < len(content):
                written += file.write(content[written : written + _CHUNK]) or 0
                progress(written, len(content))
            os.fsync(file.fileno())
    except OSError as error:
        if written < len(content):
            raise FlashError(
                f"{target}: {error.strerror} after {written} of {len(content)} bytes; the board "
                f"stays in its bootloader: flash it again"
            ) from error


def _fits(description: BoardDescription, drive: Drive) -> bool:
    return drive.board_id in description.flashing.info_ids


def _mounted() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase[2:]]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return []
    lines = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    # Blanks in a mount point are written in octal.
    return [Path(line[1].replace("\\040", " ")) for line in lines if line[2] in ("vfat", "msdos")]
