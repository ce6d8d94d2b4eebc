"""UF2: the drive, the copy, and MicroPython itself exchanged on an emulated Pico."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from image_files import uf2 as uf2_content
from pico_drive import INFO, Bootloader, Desk, plug_in, program

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.connection import Board
from uscomo_tools.board.description import load
from uscomo_tools.board.flash import flow, uf2
from uscomo_tools.board.flash.errors import FlashError, ImageError
from uscomo_tools.board.flash.flow import Target
from uscomo_tools.board.identity import Identity
from uscomo_tools.cli import run
from uscomo_tools.testing.providers import rp2
from uscomo_tools.testing.rp2 import PicoBoard
from uscomo_tools.testing.skipping import image_or_skip

PICO, PICO2 = load("pico"), load("pico2")


def test_another_version_is_put_on_an_emulated_pico(tmp_path):
    image_or_skip(firmware_cache.PICO)
    image = image_or_skip(firmware_cache.XIAO)
    desk = Desk(tmp_path / "RPI-RP2", {"/kept.txt": b"kept" * 500})
    said, progress = [], []
    with pytest.raises(ImageError, match="built for Seeed Studio XIAO RP2040"):
        flow.prepare(PICO, image)
    plan = flow.prepare(PICO, image, force=True)
    target = Target("a port", desk.open, desk.drive, desk.identify())

    outcome = flow.carry_out(plan, target, said.append, lambda *bytes: progress.append(bytes))

    assert (outcome.before, outcome.after) == ("1.24.1", "1.28.0")
    assert outcome.machine == "Seeed Studio XIAO RP2040"
    assert desk.entered == 1
    assert desk.files()["/kept.txt"] == b"kept" * 500
    assert progress[-1] == (image.stat().st_size, image.stat().st_size)
    assert len(said) == 3


@pytest.mark.full
def test_another_version_is_flashed_over_a_port(tmp_path, capsys):
    """The whole way by the command line: asked, bootloader, drive, copy, restart, asked again."""
    image_or_skip(firmware_cache.PICO)
    image = image_or_skip(firmware_cache.XIAO)
    drive = tmp_path / "RPI-RP2"
    arguments = ["board", "flash", image.name, "--drive", str(drive), "--yes", "--json"]
    with rp2.start(files={"/kept.txt": b"kept" * 500}) as board:
        arguments += ["--port", board.url]
        codes = [run(arguments) for _ in range(2)]  # the first call may come before it has booted
        assert codes[1] == 4
        assert (
            "built for Seeed Studio XIAO RP2040"
            in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
        )

        with Bootloader(board, drive, image.stat().st_size) as bootloader:
            code = run([*arguments, "--force"])

        told = json.loads(capsys.readouterr().out)
        assert code == 0, told
        assert bootloader.programmed
        assert (told["board"], told["before"], told["after"]) == ("pico", "1.24.1", "1.28.0")
        assert told["kept_files"]
        with Board.open(board.url) as opened:
            assert opened.read("/kept.txt") == b"kept" * 500
            assert opened.identify().build == "SEEED_XIAO_RP2040"


def test_a_board_in_its_bootloader_is_flashed_from_the_command_line(tmp_path, capsys):
    image_or_skip(firmware_cache.PICO)
    drive = plug_in(tmp_path / "drive")
    arguments = ["board", "flash", firmware_cache.PICO, "--drive", str(drive), "--yes", "--json"]

    assert run(arguments) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert (told["board"], told["method"], told["kept_files"]) == ("pico", "uf2", True)
    flash = program(b"\xff" * 2 * 1024 * 1024, (drive / firmware_cache.PICO).read_bytes())
    with PicoBoard(firmware_cache.PICO, flash=flash, realtime=False) as board:
        assert "1.24.1" in board.exec("import os; print(os.uname().release)")


class Stubborn:
    """A board that comes back as it was: the file never reached its flash."""

    def identify(self) -> Identity:
        return Identity("rp2", "Raspberry Pi Pico with RP2040", (1, 23, 0), platform="rp2")

    def exec(self, code: str, timeout: float = 60) -> str:
        assert "machine.bootloader()" in code
        return ""

    def close(self) -> None:
        """Nothing to close."""


def test_another_version_than_the_image_has_is_an_error(tmp_path):
    path = tmp_path / "mine.uf2"
    path.write_bytes(uf2_content())
    plan = flow.prepare(PICO, path, force=True)
    board, drive = Stubborn(), plug_in(tmp_path / "drive")
    target = Target("a port", lambda seconds: board, drive, board.identify())
    with pytest.raises(FlashError, match=r"runs MicroPython 1\.23\.0, not the 1\.24\.1"):
        flow.carry_out(plan, target, lambda text: None, lambda done, total: None)


def test_a_drive_says_whose_it_is(tmp_path):
    drive = uf2.drive_at(plug_in(tmp_path / "drive"))
    assert drive is not None
    assert (drive.board_id, drive.model) == ("RPI-RP2", "Raspberry Pi RP2")
    assert uf2.drive_at(tmp_path) is None


def test_the_drive_of_another_board_is_refused(tmp_path):
    folder = plug_in(tmp_path / "drive")
    with pytest.raises(ImageError, match=r"is of RPI-RP2 .*, not of Raspberry Pi Pico 2"):
        uf2.wait_for(PICO2, folder, 0, set())


def test_without_a_drive_the_way_into_the_bootloader_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(uf2, "_mounted", lambda: [tmp_path])
    with pytest.raises(FlashError, match="hold BOOTSEL while plugging it in"):
        uf2.wait_for(PICO, None, 0, set())


def test_among_mounted_drives_the_right_one_is_taken(tmp_path, monkeypatch):
    pico = plug_in(tmp_path / "pico")
    pico2 = plug_in(tmp_path / "pico 2", INFO.replace("RPI-RP2", "RP2350"))
    monkeypatch.setattr(uf2, "_mounted", lambda: [tmp_path, pico, pico2])
    assert uf2.wait_for(PICO, None, 0, set()).folder == pico
    assert uf2.wait_for(PICO2, None, 0, set()).folder == pico2
    plug_in(tmp_path / "second")
    monkeypatch.setattr(uf2, "_mounted", lambda: [pico, tmp_path / "second"])
    with pytest.raises(FlashError, match="several boards"):
        uf2.wait_for(PICO, None, 0, set())
    # One of them was there before ours was sent into its bootloader.
    assert uf2.wait_for(PICO, None, 0, {pico}).folder == tmp_path / "second"


def test_a_drive_that_is_gone_before_all_was_written_is_an_error(tmp_path, monkeypatch):
    drive = uf2.drive_at(plug_in(tmp_path / "drive"))
    assert drive is not None

    def unplugged(self, *arguments, **options):
        class Gone(io.BytesIO):
            def write(self, data):
                raise OSError(5, "Input/output error")

        return Gone()

    monkeypatch.setattr(Path, "open", unplugged)
    with pytest.raises(FlashError, match="0 of 4096 bytes; the board stays in its bootloader"):
        uf2.write(drive, uf2_content()[:4096], "x.uf2", lambda done, total: None)


def test_a_drive_that_is_gone_after_all_was_written_is_none(tmp_path, monkeypatch):
    drive = uf2.drive_at(plug_in(tmp_path / "drive"))
    assert drive is not None

    def gone(number):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", gone)
    uf2.write(drive, uf2_content(), "x.uf2", lambda done, total: None)
    assert (drive.folder / "x.uf2").read_bytes() == uf2_content()
