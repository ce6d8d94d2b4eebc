"""A Pico's bootloader played for the tests: a folder as its drive, an emulated chip behind it.

The UF2 file that lands on the drive is read here with code of its own, and written to the chip's
flash as the ROM does it: sectors erased, pages programmed.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.errors import BoardResetError, UnreachableError
from uscomo_tools.board.identity import Identity
from uscomo_tools.testing.rp2 import PicoBoard

INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"
SECTOR = 4096
BASE = 0x10000000

_QUESTION = "import os; u = os.uname(); print(u.sysname, u.release, u.machine, sep='|')"


def plug_in(folder: Path, info: str = INFO) -> Path:
    """Mount the drive: a new folder with what a bootloader shows."""
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text(info)
    (folder / "INDEX.HTM").write_text("<html></html>")
    return folder


def program(flash: bytes, file: Path) -> bytes:
    """Do to a flash what the ROM does with a file on its drive."""
    image, content, erased = bytearray(flash), file.read_bytes(), set()
    for at in range(0, len(content), 512):
        magic, _, _, address, size = struct.unpack_from("<5I", content, at)
        assert magic == 0x0A324655
        start = address - BASE
        sector = start // SECTOR
        if sector not in erased:
            erased.add(sector)
            image[sector * SECTOR : (sector + 1) * SECTOR] = b"\xff" * SECTOR
        image[start : start + size] = content[at + 32 : at + 32 + size]
    return bytes(image)


class Desk:
    """An emulated Pico with a drive beside it; `open` is what a port would be.

    Attributes
    ----------
    flash
        The chip's, firmware and files; changes when a file is copied onto the drive.
    """

    def __init__(self, drive: Path, files: dict[str, bytes]) -> None:
        self.drive = drive
        self.entered = 0
        self._board: PicoBoard | None = PicoBoard(firmware_cache.PICO)
        self._board.preload(files)
        self._board.start()

    @property
    def flash(self) -> bytes:
        assert self._board is not None
        return self._board.flash

    def open(self, seconds: float) -> Desk:
        if self._board is None:
            self._take_the_file()
        return self

    def close(self) -> None:
        """The port stays as it is."""

    def identify(self) -> Identity:
        if self._board is None:
            raise UnreachableError("in its bootloader")
        name, release, machine = self._board.exec(_QUESTION).strip().split("|")
        numbers = tuple(map(int, re.findall(r"\d+", release)))
        return Identity(name, machine, numbers, platform=name)

    def exec(self, code: str, timeout: float = 60) -> str:
        assert self._board is not None
        try:
            return self._board.exec(code, timeout)
        except BoardResetError:
            if "machine.bootloader" not in code:
                raise
            # The emulated ROM restarts where a real one shows its drive.
            self.entered += 1
            self._off = self._board.flash
            self._board = None
            plug_in(self.drive)
            raise

    def _take_the_file(self) -> None:
        files = list(self.drive.glob("*.uf2"))
        if len(files) != 1:
            raise UnreachableError("in its bootloader, waiting for a file")
        flash = program(self._off, files[0])
        self._board = PicoBoard(firmware_cache.PICO, flash=flash)
        self._board.start()

    def files(self) -> dict[str, bytes]:
        """What lies on the board's file system."""
        assert self._board is not None
        return self._board.files()
