"""A DfuSe file: elements with addresses, and a suffix with USB id and CRC-32."""

from __future__ import annotations

import struct
import zlib

from .errors import ImageError

_PREFIX = struct.Struct("<5sBIB")
_TARGET = struct.Struct("<6sBI255s2I")
_ELEMENT = struct.Struct("<2I")
_SUFFIX = struct.Struct("<4H3sBI")


def check(content: bytes, usb: str) -> list[tuple[int, bytes]]:
    """Return the elements of a file: address and data.

    Parameters
    ----------
    usb
        The bootloader's USB id, ``vid:pid``, which the file must be for.

    Raises
    ------
    ImageError
        The file is no DfuSe file, damaged, cut off, or for another bootloader.
    """
    if content[:5] != b"DfuSe" or len(content) < _PREFIX.size + _SUFFIX.size:
        raise ImageError("this is no DfuSe file")
    _, product, vendor, _, mark, _, crc = _SUFFIX.unpack_from(content, len(content) - _SUFFIX.size)
    if mark != b"UFD":
        raise ImageError("it has no DFU suffix: it was cut off")
    if zlib.crc32(content[:-4]) ^ 0xFFFFFFFF != crc:
        raise ImageError("its CRC-32 is wrong")
    if f"{vendor:04x}:{product:04x}" != usb:
        raise ImageError(f"it is for {vendor:04x}:{product:04x}, the board's bootloader is {usb}")
    _, _, _, targets = _PREFIX.unpack_from(content)
    elements: list[tuple[int, bytes]] = []
    at, end = _PREFIX.size, len(content) - _SUFFIX.size
    try:
        for _ in range(targets):
            *_, count = _TARGET.unpack_from(content, at)
            at += _TARGET.size
            for _ in range(count):
                address, size = _ELEMENT.unpack_from(content, at)
                at += _ELEMENT.size
                if at + size > end:
                    raise ImageError(f"its element at {address:#x} goes beyond its end")
                elements.append((address, content[at : at + size]))
                at += size
    except struct.error as error:
        raise ImageError(f"its elements cannot be read: {error}") from error
    if not elements or at != end:
        raise ImageError("its elements do not fill it")
    return elements
