"""An image file before it is written: whole, for this chip, for this board, leaving files alone.

MicroPython's images carry their version and the board's name as text, so a renamed file is still
known for what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..description import BoardDescription, all_boards
from . import dfu_file, esp_file, uf2_file
from .errors import ImageError

_VERSION = re.compile(rb"v(\d+)\.(\d+)\.(\d+)(-preview[.\w-]*)? on \d{4}-\d\d-\d\d")
_STM32_FLASH = 0x08000000


@dataclass(frozen=True)
class ImageFacts:
    """What an image file says of itself.

    Attributes
    ----------
    version
        MicroPython version in it; empty: none was found.
    built_for
        The boards whose name is in it; more than one when names begin alike.
    writes
        Address and size of what it writes, as the flash counts (from 0).
    """

    version: tuple[int, ...]
    built_for: tuple[BoardDescription, ...]
    writes: tuple[tuple[int, int], ...]


def examine(content: bytes, description: BoardDescription) -> ImageFacts:
    """Check a file for a board's chip and read what it says of itself.

    Raises
    ------
    ImageError
        It is damaged, cut off, or for another chip.
    """
    flashing = description.flashing
    parts: list[tuple[int, bytes]]
    if flashing.method == "uf2":
        blocks = uf2_file.check(
            content, flashing.family, flashing.extra_families, flashing.start, flashing.end
        )
        parts = [(block.address - flashing.start, block.payload) for block in blocks]
    elif flashing.method == "esptool":
        esp_file.check(content, flashing.chip_id, flashing.offset)
        parts = [(flashing.offset, content)]
    elif flashing.method == "dfu":
        elements = dfu_file.check(content, flashing.usb)
        parts = [(address - _STM32_FLASH, data) for address, data in elements]
    else:
        raise ImageError(f"{description.name} takes no firmware image: {flashing.by_hand}")
    text = b"".join(data for _, data in parts)
    found = _VERSION.search(text)
    return ImageFacts(
        version=tuple(map(int, found.group(1, 2, 3))) if found else (),
        built_for=_built_for(text),
        writes=tuple((address, len(data)) for address, data in parts),
    )


def overwrites_files(facts: ImageFacts, description: BoardDescription) -> bool:
    """Whether the image writes into the board's file system."""
    medium = description.medium
    if medium.start is None:
        return not description.flashing.keeps_files
    end = medium.start + (medium.size or 0)
    return any(address < end and address + size > medium.start for address, size in facts.writes)


def _built_for(text: bytes) -> tuple[BoardDescription, ...]:
    return tuple(
        board
        for board in all_boards()
        if any(machine.encode() in text for machine in board.machines if " " in machine)
    )
