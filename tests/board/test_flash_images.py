"""Image files before they are written: whole, for this chip, for this board."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from image_files import NAME, RP2040, dfu, esp, uf2, uf2_block

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.description import load
from uscomo_tools.board.flash import flow
from uscomo_tools.board.flash.errors import ImageError
from uscomo_tools.board.flash.image import examine, overwrites_files
from uscomo_tools.errors import RefusedError
from uscomo_tools.testing.skipping import image_or_skip

PICO, ESP32, C3, PYBOARD = load("pico"), load("esp32"), load("esp32_c3"), load("pyboard_v11")
ESP32_NAME = b"v1.24.1 on 2024-11-29; Generic ESP32 module with ESP32\0"
C3_NAME = b"v1.25.0 on 2025-04-15; ESP32C3 module with ESP32C3\0"
PYBOARD_NAME = b"v1.24.1 on 2024-11-29; PYBv1.1 with STM32F405RG\0"


@pytest.mark.parametrize(
    ("board", "content", "version"),
    [
        (PICO, uf2(), (1, 24, 1)),
        (ESP32, esp(0, 0x1000, ESP32_NAME), (1, 24, 1)),
        (C3, esp(5, 0, C3_NAME), (1, 25, 0)),
        (PYBOARD, dfu(PYBOARD_NAME), (1, 24, 1)),
    ],
    ids=["pico", "esp32", "esp32_c3", "pyboard"],
)
def test_a_good_image_says_its_version_and_its_board(board, content, version):
    facts = examine(content, board)
    assert facts.version == version
    assert board in facts.built_for
    assert not overwrites_files(facts, board)


@pytest.mark.parametrize("name", [firmware_cache.PICO, firmware_cache.PICO_W, firmware_cache.XIAO])
def test_official_images_are_good(name):
    content = image_or_skip(name).read_bytes()
    image = firmware_cache.IMAGES[name]
    facts = examine(content, load(image.key))
    assert facts.version == image.version
    assert [board.key for board in facts.built_for] == [image.key]


GOOD = uf2()
WRONG_UF2 = {
    "empty": (b"", "no UF2"),
    "other kind": (b"\xe9" * 1024, "no UF2"),
    "cut off in a block": (GOOD[:-100], "cut off"),
    "cut off between blocks": (GOOD[:-512], "7 of 8"),
    "first block missing": (GOOD[512:], "7 of 8"),
    "a block twice": (GOOD[:512] + GOOD[:-512], "7 of 8"),
    "end mark damaged": (GOOD[:-1] + b"\xff", "block 7 is damaged"),
    "other chip": (uf2(family=0xE48BFF59), "another chip"),
    "payload too long": (
        GOOD[:16] + struct.pack("<I", 477) + GOOD[20:],
        "477 bytes of payload",
    ),
    "below the flash": (uf2(start=0x0FFFFF00), "outside"),
    "behind the flash": (uf2(start=0x101FFF00), "outside"),
    "blocks over each other": (
        uf2_block(0x10000000, bytes(256), 0, 2) + uf2_block(0x10000080, bytes(256), 1, 2),
        "two UF2 blocks",
    ),
    "nothing for flash": (uf2_block(0x10000000, bytes(256), 0, 1, flags=0x2001), "no block"),
}


@pytest.mark.parametrize(("content", "said"), WRONG_UF2.values(), ids=WRONG_UF2)
def test_a_wrong_uf2_file_is_refused(content, said):
    with pytest.raises(ImageError, match=said):
        examine(content, PICO)


def test_a_uf2_file_may_be_in_any_order():
    blocks = [GOOD[at : at + 512] for at in range(0, len(GOOD), 512)]
    assert examine(b"".join(reversed(blocks)), PICO) == examine(GOOD, PICO)


def test_blocks_of_a_further_family_that_the_board_knows_are_passed_over():
    pico2 = load("pico2")
    absolute = uf2_block(0x10FFFF00, b"\xef" * 256, 0, 2, pico2.flashing.extra_families[0])
    facts = examine(absolute + uf2(family=pico2.flashing.family), pico2)
    assert min(facts.writes) == (0, 256)
    with pytest.raises(ImageError, match="another chip"):
        examine(absolute + uf2(), PICO)


def test_an_image_that_reaches_into_the_file_system_is_known():
    facts = examine(uf2(start=0x10000000 + 0xA0000 - 1024), PICO)
    assert overwrites_files(facts, PICO)


WRONG_ESP = {
    "other kind": (GOOD, "no firmware file"),
    "cut off in the header": (esp(5, 0, C3_NAME)[:20], "cut off"),
    "cut off in the application": (esp(5, 0, C3_NAME)[:-2000], "cut off"),
    "last byte missing": (esp(5, 0, C3_NAME)[:-1], "SHA-256"),
    "bootloader alone": (esp(5, 0, C3_NAME)[:0x9000], "cut off"),
    "no partitions": (esp(5, 0, C3_NAME).replace(b"\xaa\x50", b"\0\0"), "no partition table"),
    "other chip": (esp(9, 0, C3_NAME), "id 9"),
    "other offset": (esp(5, 0x1000, C3_NAME), "no partition table"),
    "a byte changed": (esp(5, 0, C3_NAME).replace(b"ESP32C3", b"ESP32c3", 1), "checksum"),
    "two bytes changed": (esp(5, 0, C3_NAME).replace(b"2025-04-15", b"2025-05-14"), "SHA-256"),
}


@pytest.mark.parametrize(("content", "said"), WRONG_ESP.values(), ids=WRONG_ESP)
def test_a_wrong_esp_file_is_refused(content, said):
    with pytest.raises(ImageError, match=said):
        examine(content, C3)


WRONG_DFU = {
    "other kind": (GOOD, "no DfuSe"),
    "cut off": (dfu(PYBOARD_NAME)[:-30], "suffix"),
    "a byte changed": (dfu(PYBOARD_NAME).replace(b"PYBv1.1", b"PYBv1.0"), "CRC-32"),
    "other bootloader": (dfu(PYBOARD_NAME, usb=(0x2341, 0x035B)), "2341:035b"),
}


@pytest.mark.parametrize(("content", "said"), WRONG_DFU.values(), ids=WRONG_DFU)
def test_a_wrong_dfu_file_is_refused(content, said):
    with pytest.raises(ImageError, match=said):
        examine(content, PYBOARD)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "mine.uf2"
    path.write_bytes(uf2())
    return path


def test_a_file_that_nobody_knows_needs_force(image):
    with pytest.raises(RefusedError, match="no SHA-256"):
        flow.prepare(PICO, image)
    plan = flow.prepare(PICO, image, force=True)
    assert (plan.version, plan.hash_known, plan.loses_files) == ((1, 24, 1), False, False)
    assert "kept: the file system" in plan.consequences()


def test_a_named_hash_is_as_good_as_a_listed_one(image):
    plan = flow.prepare(PICO, image, force=True)
    assert flow.prepare(PICO, image, expected=plan.sha256).hash_known
    with pytest.raises(ImageError, match="not the file it says"):
        flow.prepare(PICO, image, expected="0" * 64, force=True)


def test_a_file_with_the_name_of_another_is_refused_even_with_force(image):
    renamed = image.rename(image.with_name(firmware_cache.PICO))
    with pytest.raises(ImageError, match=r"its SHA-256 is \w+, not a41b7dba"):
        flow.prepare(PICO, renamed, force=True)


def test_an_image_for_another_board_needs_force(tmp_path):
    path = tmp_path / "other.uf2"
    path.write_bytes(uf2(NAME.replace(b"Pico with", b"Pico W with")))
    digest = flow.prepare(PICO, path, force=True).sha256
    with pytest.raises(ImageError, match="built for Raspberry Pi Pico W"):
        flow.prepare(PICO, path, expected=digest)


def test_force_does_not_make_a_damaged_file_good(tmp_path):
    path = tmp_path / "short.uf2"
    path.write_bytes(uf2()[:-512])
    with pytest.raises(ImageError, match="not whole"):
        flow.prepare(PICO, path, force=True)


def test_what_an_image_overwrites_is_said(tmp_path):
    path = tmp_path / "large.uf2"
    path.write_bytes(uf2(start=0x10000000 + 0xA0000 - 1024))
    assert "LOST: all files" in flow.prepare(PICO, path, force=True).consequences()


@pytest.mark.parametrize("force", [False, True])
def test_boards_that_cannot_be_flashed_are_refused(image, force):
    for key, said in (("microbit", "9 KB of heap"), ("unix", "pip install")):
        with pytest.raises(RefusedError, match=said):
            flow.prepare(load(key), image, force=force)


def test_an_esp8266_takes_an_own_image_only(tmp_path):
    board, path = load("esp8266"), tmp_path / "frozen.bin"
    data, checksum = b"frozen agent", 0xEF
    for byte in data:
        checksum ^= byte
    content = struct.pack("<BBBBI", 0xE9, 1, 0, 0x40, 0x40100000)
    content += struct.pack("<II", 0x40100000, len(data)) + data
    content += bytes(15 - len(content) % 16) + bytes([checksum])
    path.write_bytes(content)
    with pytest.raises(RefusedError, match="only frozen into its image"):
        flow.prepare(board, path)
    assert flow.prepare(board, path, force=True).method == "esptool"


def test_a_family_is_that_of_the_chip():
    assert PICO.flashing.family == RP2040
