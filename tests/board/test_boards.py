"""boards/*.toml: of the schema, true to what we know, and found by id and by what boards say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from uscomo_tools import resources
from uscomo_tools.board import description
from uscomo_tools.board.description import DescriptionError, all_boards, by_identity, by_usb, load
from uscomo_tools.board.description_file import check
from uscomo_tools.board.identity import Identity
from uscomo_tools.errors import UsageError

FILES = sorted(resources.boards().glob("*.toml"))
PICO = (0x2E8A, 0x0005)


def test_the_schema_is_one():
    schema = json.loads((resources.boards() / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_is_of_the_schema(path):
    check(path)


def test_the_boards_of_the_plan_are_there():
    assert {board.key for board in all_boards()} >= {
        *("pico", "pico_w", "pico2", "esp32", "esp32_s3", "esp32_c3", "esp8266", "pyboard_v11"),
        *("feather_nrf52840", "metro_m4", "unix", "microbit"),
    }


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.key)
def test_facts_agree_with_each_other(board):
    medium = board.medium
    if medium.start is not None and medium.size is not None:
        assert board.flash is not None
        assert medium.start + medium.size <= board.flash
    if medium.block and medium.erase and medium.file_system == "littlefs":
        assert medium.survives_power_cut == (medium.erase <= medium.block)
    # The rule of the store: FAT in flash that erases more than a sector is never safe.
    if medium.file_system == "fat" and medium.kind == "mcu-flash":
        assert not medium.survives_power_cut
    for image in board.images:
        assert image.port == board.port
        assert image.name.startswith(board.port + "-")
        assert ".".join(map(str, image.version)) in image.name
        assert not image.source or image.source.endswith("/" + image.name)
    assert board.tested
    assert (board.support == "full") == (description.refusal(board) is None)


def test_image_names_are_unique():
    names = [image.name for board in all_boards() for image in board.images]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["pico_w", "pico-w", "RPI_PICO_W", "Raspberry Pi Pico W"])
def test_a_board_is_loaded_by_any_of_its_names(name):
    assert load(name).key == "pico_w"


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="pyboard_v11"):
        load("pico3")


def test_a_usb_id_that_boards_share_gives_them_all():
    assert {board.key for board in by_usb(*PICO)} >= {"pico", "pico_w", "pico2"}
    for board in by_usb(*PICO):
        assert all(usb.shared for usb in board.usb if (usb.vid, usb.pid) == PICO), board.key


def test_a_usb_id_of_one_board_gives_that_board():
    assert [board.key for board in by_usb(0x239A, 0x0029)] == ["feather_nrf52840"]


def test_an_unknown_usb_id_gives_none():
    assert by_usb(0x1234, 0x5678) == []


def test_ids_said_to_be_of_one_board_are_of_one_board():
    for board in all_boards():
        for usb in board.usb:
            if not usb.shared:
                assert [other.key for other in by_usb(usb.vid, usb.pid)] == [board.key]


SAID = [
    ("pico", "rp2", "Raspberry Pi Pico with RP2040", ""),
    ("pico_w", "rp2", "Raspberry Pi Pico W with RP2040", ""),
    ("pico2", "rp2", "Raspberry Pi Pico2 with RP2350", ""),
    ("pico2", "rp2", "Raspberry Pi Pico2 with RP2350-RISCV", "RPI_PICO2-RISCV"),
    ("seeed_xiao_rp2040", "rp2", "Seeed Studio XIAO RP2040 with RP2040", "SEEED_XIAO_RP2040"),
    ("esp32", "esp32", "Generic ESP32 module with ESP32", ""),
    ("esp32", "esp32", "Generic ESP32 module with SPIRAM with ESP32", ""),
    ("esp32_s3", "esp32", "Generic ESP32S3 module with ESP32S3", ""),
    ("esp32_s3", "esp32", "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", ""),
    ("esp32_c3", "esp32", "ESP32C3 module with ESP32C3", ""),
    ("esp8266", "esp8266", "ESP module with ESP8266", ""),
    ("esp8266", "esp8266", "ESP module (1M) with ESP8266", ""),
    ("pyboard_v11", "pyboard", "PYBv1.1 with STM32F405RG", ""),
    ("metro_m4", "samd", "Metro M4 Express Airlift with SAMD51J19A", ""),
    ("unix", "linux", "linux [GCC 12.2.0] version", ""),
    ("unix", "darwin", "", ""),
    ("microbit", "microbit", "micro:bit with nRF51822", ""),
    (None, "rp2", "Somebody's Board with RP2040", ""),
    (None, "rp2", "Somebody's Board with RP2040", "SOMEBODYS_BOARD"),
    (None, "esp32", "Raspberry Pi Pico with RP2040", ""),
    (None, "nrf", "PCA10056 with NRF52840", ""),
]


@pytest.mark.parametrize(("key", "platform", "machine", "build"), SAID)
def test_a_board_is_known_by_what_it_says(key, platform, machine, build):
    said = Identity(platform, machine, (1, 24, 1), platform=platform, build=build)
    found = by_identity(said)
    assert (found and found.key) == key


@pytest.mark.parametrize(("key", "how"), [("microbit", "not supported"), ("esp8266", "frozen")])
def test_what_is_refused_says_why_and_what_to_do(key, how):
    refusal = description.refusal(load(key))
    assert refusal is not None
    assert how in str(refusal)
    assert refusal.why in str(refusal)
    assert refusal.advice in str(refusal)


def test_md5_depends_on_the_release():
    assert load("pico").has_md5((1, 24, 1)) is False
    assert load("pico").has_md5((1, 28, 0)) is True
    assert load("esp32").has_md5((1, 20, 0)) is True
    assert load("metro_m4").has_md5((1, 28, 0)) is None


def own_board(folder: Path, **changes: str) -> Path:
    text = (resources.boards() / "pico.toml").read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_user_adds_a_board(tmp_path, monkeypatch):
    own_board(tmp_path, name=('name = "Raspberry Pi Pico"', 'name = "Mine"'))
    monkeypatch.setenv(description.ENVIRONMENT, str(tmp_path))
    assert load("mine").name == "Mine"
    assert load("pico").name == "Raspberry Pi Pico"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('support = "full"', 'support = "perhaps"', "support"),
        ('support = "full"', 'support = "refused"', "why"),
        ("family = 0xE48BFF56\n", "", "family"),
        ("vid = 0x2E8A", "vid = 0x12E8A", "vid"),
        ('chip = "rp2040"', 'chip = "rp2040"\ncolour = "green"', "colour"),
        ('chip = "rp2040"', "chip = rp2040", "mine.toml"),
    ],
)
def test_a_wrong_file_of_a_user_is_refused_with_its_place(tmp_path, monkeypatch, old, new, said):
    own_board(tmp_path, wrong=(old, new))
    monkeypatch.setenv(description.ENVIRONMENT, str(tmp_path))
    with pytest.raises(DescriptionError, match=said):
        all_boards()
