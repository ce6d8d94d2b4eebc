"""A UF2 file: blocks of 512 bytes, each with an address and up to 476 bytes of payload.

Checked here is what a bootloader would not say: a file that was cut off leaves it waiting for the
rest, and blocks of another chip are passed over in silence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import ImageError

BLOCK = 512
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_END = 0x0AB16F30
_MOST = 476
_NOT_FLASH = 0x1
_IS_FILE = 0x1000
_HAS_FAMILY = 0x2000


@dataclass(frozen=True)
class Uf2Block:
    """One block: where `payload` goes; block `number` of `count` of its family."""

    address: int
    payload: bytes
    number: int
    count: int
    family: int


def blocks(content: bytes) -> Iterator[Uf2Block]:
    """Read the blocks that go to flash.

    Raises
    ------
    ImageError
        The file is no UF2 file, or was cut off inside a block.
    """
    if not content or content[:4] != _MAGIC[0].to_bytes(4, "little"):
        raise ImageError("this is no UF2 file")
    if len(content) % BLOCK:
        raise ImageError(f"{len(content)} bytes are no whole UF2 blocks: the file was cut off")
    for start in range(0, len(content), BLOCK):
        first, second, flags, address, size, number, count, family = _HEAD.unpack_from(
            content, start
        )
        (end,) = struct.unpack_from("<I", content, start + BLOCK - 4)
        if (first, second) != _MAGIC or end != _END:
            raise ImageError(f"UF2 block {start // BLOCK} is damaged")
        if size > _MOST:
            raise ImageError(f"UF2 block {start // BLOCK} says it has {size} bytes of payload")
        if flags & (_NOT_FLASH | _IS_FILE):
            continue
        payload = content[start + _HEAD.size : start + _HEAD.size + size]
        yield Uf2Block(address, payload, number, count, family if flags & _HAS_FAMILY else 0)


def check(
    content: bytes, family: int, extra: tuple[int, ...], start: int, end: int
) -> list[Uf2Block]:
    """Return the blocks of a board's family, in the order of their addresses.

    Parameters
    ----------
    family
        The board's family id; `extra`, families of blocks that its files may have besides.
    start, end
        Where the image may write.

    Raises
    ------
    ImageError
        The file is for another chip, not whole, or writes where it must not.
    """
    ours = []
    for block in blocks(content):
        if block.family == family:
            ours.append(block)
        elif block.family not in extra:
            raise ImageError(
                f"its blocks are for the UF2 family {block.family:#010x}, the board's is "
                f"{family:#010x}: an image for another chip"
            )
    if not ours:
        raise ImageError(f"it has no block for the UF2 family {family:#010x}")
    count = ours[0].count
    numbers = [block.number for block in ours]
    if sorted(numbers) != list(range(count)) or any(block.count != count for block in ours):
        raise ImageError(f"it has {len(set(numbers))} of {count} UF2 blocks: it is not whole")
    ours.sort(key=lambda block: block.address)
    written = start
    for block in ours:
        if block.address < start or block.address + len(block.payload) > end:
            raise ImageError(f"it writes at {block.address:#x}, outside of {start:#x} to {end:#x}")
        if block.address < written:
            raise ImageError(f"two UF2 blocks write at {block.address:#x}")
        written = block.address + len(block.payload)
    return ours
