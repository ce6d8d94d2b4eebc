"""A firmware file for ESP chips: bootloader, partition table and application, as one file.

The parts lie where they lie in the flash, less the offset at which the file is written. The
bootloader and the application are images with a checksum and, since the ESP32, a SHA-256.
"""

from __future__ import annotations

import hashlib
import struct

from .errors import ImageError

_MAGIC = 0xE9
_HEADER = 24
_HEADER_8266 = 8
_CHECKSUM_SEED = 0xEF
_PARTITIONS = 0x8000
_PARTITION = b"\xaa\x50"
_APPLICATION = 0x10000
_MOST_SEGMENTS = 16


def check(content: bytes, chip_id: int | None, offset: int) -> None:
    """Check a file for a chip.

    Parameters
    ----------
    chip_id
        The id that its header must have; None for the ESP8266, whose header has none.
    offset
        Where in the flash it is written.

    Raises
    ------
    ImageError
        The file is no such image, for another chip, or not whole.
    """
    if not content or content[0] != _MAGIC:
        raise ImageError("this is no firmware file for an ESP chip")
    if chip_id is None:
        _image(content, 0, _HEADER_8266)
        return
    if len(content) < _HEADER:
        raise ImageError("the file was cut off inside its header")
    (found,) = struct.unpack_from("<H", content, 12)
    if found != chip_id:
        raise ImageError(f"it is for the ESP chip with id {found}, the board's has {chip_id}")
    _image(content, 0, _HEADER)
    table = content[_PARTITIONS - offset : _PARTITIONS - offset + 2]
    if table != _PARTITION:
        raise ImageError(
            f"no partition table at {_PARTITIONS:#x}: only the application, or for another "
            f"offset than {offset:#x}"
        )
    _image(content, _APPLICATION - offset, _HEADER)


def _image(content: bytes, start: int, header: int) -> None:
    """Check one image of segments, its checksum and its hash."""
    if len(content) < start + header or content[start] != _MAGIC:
        raise ImageError(f"no image at {start:#x} of the file: it was cut off")
    count = content[start + 1]
    if count > _MOST_SEGMENTS:
        raise ImageError(f"the image at {start:#x} of the file has {count} segments")
    at, checksum = start + header, _CHECKSUM_SEED
    for _ in range(count):
        if at + 8 > len(content):
            raise ImageError(f"the image at {start:#x} of the file was cut off")
        (size,) = struct.unpack_from("<I", content, at + 4)
        data = content[at + 8 : at + 8 + size]
        if len(data) != size:
            raise ImageError(f"the image at {start:#x} of the file was cut off")
        for byte in data:
            checksum ^= byte
        at += 8 + size
    at += 15 - (at - start) % 16
    if at >= len(content) or content[at] != checksum:
        raise ImageError(f"the image at {start:#x} of the file has a wrong checksum")
    if header == _HEADER and content[start + 23] == 1:
        end = at + 1
        if hashlib.sha256(content[start:end]).digest() != content[end : end + 32]:
            raise ImageError(f"the image at {start:#x} of the file has a wrong SHA-256")
