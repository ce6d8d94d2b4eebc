"""Small firmware images of each kind, made here, and changed to be wrong in one way each."""

from __future__ import annotations

import hashlib
import struct
import zlib

RP2040 = 0xE48BFF56
NAME = b"v1.24.1 on 2024-11-29; Raspberry Pi Pico with RP2040\0"


def uf2_block(
    address: int,
    payload: bytes,
    number: int,
    count: int,
    family: int = RP2040,
    flags: int = 0x2000,
) -> bytes:
    head = struct.pack(
        "<8I", 0x0A324655, 0x9E5D5157, flags, address, len(payload), number, count, family
    )
    return head + payload.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2(
    text: bytes = NAME, start: int = 0x10000000, family: int = RP2040, size: int = 2048
) -> bytes:
    data = text.ljust(size, b"\xa5")
    pages = [data[at : at + 256] for at in range(0, size, 256)]
    return b"".join(
        uf2_block(start + 256 * n, page, n, len(pages), family) for n, page in enumerate(pages)
    )


def esp_image(chip_id: int, data: bytes) -> bytes:
    """One image of one segment, with checksum and hash."""
    head = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40080000)
    head += struct.pack("<4BHB2H4BB", 0xEE, 0, 0, 0, chip_id, 0, 0, 0, 0, 0, 0, 0, 1)
    image = head + struct.pack("<II", 0x3F400000, len(data)) + data
    image += bytes(15 - len(image) % 16)
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    image += bytes([checksum])
    return image + hashlib.sha256(image).digest()


def esp(chip_id: int, offset: int, text: bytes) -> bytes:
    """Bootloader, partition table and application, as MicroPython publishes them."""
    whole = bytearray(b"\xff" * (0x10000 - offset))
    bootloader = esp_image(chip_id, b"bootloader" * 8)
    whole[: len(bootloader)] = bootloader
    whole[0x8000 - offset : 0x8002 - offset] = b"\xaa\x50"
    return bytes(whole) + esp_image(chip_id, text.ljust(4096, b"\x5a"))


def dfu(text: bytes, address: int = 0x08020000, usb: tuple[int, int] = (0x0483, 0xDF11)) -> bytes:
    data = text.ljust(1024, b"\x5a")
    element = struct.pack("<2I", address, len(data)) + data
    target = struct.pack("<6sBI255s2I", b"Target", 0, 1, b"ST...", len(element), 1) + element
    content = struct.pack("<5sBIB", b"DfuSe", 1, len(target) + 11, 1) + target
    content += struct.pack("<4H3sB", 0, usb[1], usb[0], 0x011A, b"UFD", 16)
    return content + struct.pack("<I", zlib.crc32(content) ^ 0xFFFFFFFF)
