"""A Pico's bootloader played for the tests: a folder as its drive, an emulated board behind it.

The UF2 file that lands on the drive is read here with code of its own, and written to the board's
flash as the ROM does it: sectors erased, pages programmed.
"""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path
from types import TracebackType

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.errors import BoardResetError
from uscomo_tools.board.identity import Identity
from uscomo_tools.testing.providers.provided import FLASH, ProvidedBoard
from uscomo_tools.testing.rp2 import PicoBoard

INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"

_SECTOR = 4096
_BASE = 0x10000000
_POLL = 0.02
_SECONDS = 60.0


def plug_in(folder: Path, info: str = INFO) -> Path:
    """Mount the drive: a new folder with what a bootloader shows."""
    folder.mkdir()
    (folder / "INDEX.HTM").write_text("<html></html>")
    (folder / "INFO_UF2.TXT").write_text(info)
    return folder


def program(flash: bytes, content: bytes) -> bytes:
    """Do to a flash what the ROM does with a file on its drive."""
    image, erased = bytearray(flash), set()
    for at in range(0, len(content), 512):
        magic, _, _, address, size = struct.unpack_from("<5I", content, at)
        assert magic == 0x0A324655
        start = address - _BASE
        sector = start // _SECTOR
        if sector not in erased:
            erased.add(sector)
            image[sector * _SECTOR : (sector + 1) * _SECTOR] = b"\xff" * _SECTOR
        image[start : start + size] = content[at + 32 : at + 32 + size]
    return bytes(image)


class Bootloader:
    """Watches an emulated board: where it enters its ROM's bootloader, the drive appears.

    Parameters
    ----------
    board
        Served by the provider ``rp2``. Its emulated ROM restarts where a real one shows a drive,
        so the first restart is taken for that.
    drive
        The folder that the drive becomes.
    size
        Of the file that has to land there.
    """

    def __init__(self, board: ProvidedBoard, drive: Path, size: int) -> None:
        self._board, self._drive, self._size = board, drive, size
        self._starts = board.state()["starts"]
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.programmed = False

    def __enter__(self) -> Bootloader:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._given_up.set()
        self._thread.join()

    def _watch(self) -> None:
        end = time.monotonic() + _SECONDS
        while self._board.state()["starts"] == self._starts:
            if self._given_up.wait(_POLL) or time.monotonic() > end:
                return
        self._board.power.off()
        plug_in(self._drive)
        while not (content := self._file()):
            if self._given_up.wait(_POLL) or time.monotonic() > end:
                return
        flash = self._board.folder / FLASH
        flash.write_bytes(program(flash.read_bytes(), content))
        self.programmed = True
        self._board.power.on()

    def _file(self) -> bytes:
        for path in self._drive.glob("*.uf2"):
            if path.stat().st_size == self._size:
                return path.read_bytes()
        return b""


class Desk:
    """An emulated Pico in this process, with a drive beside it; `open` is what a port would be."""

    def __init__(self, drive: Path, files: dict[str, bytes]) -> None:
        self.drive = drive
        self.entered = 0
        self._off = b""
        self._board: PicoBoard | None = PicoBoard(firmware_cache.PICO)
        self._board.preload(files)
        self._board.start()

    def open(self, seconds: float) -> Desk:
        if self._board is None:
            (file,) = self.drive.glob("*.uf2")
            flash = program(self._off, file.read_bytes())
            self._board = PicoBoard(firmware_cache.PICO, flash=flash)
            self._board.start()
        return self

    def close(self) -> None:
        """The port stays as it is."""

    def identify(self) -> Identity:
        assert self._board is not None
        question = "import os; u = os.uname(); print(u.sysname, u.release, u.machine, sep='|')"
        name, release, machine = self._board.exec(question).strip().split("|")
        return Identity(name, machine, tuple(map(int, release.split("."))), platform=name)

    def exec(self, code: str, timeout: float = 60) -> str:
        assert self._board is not None
        try:
            return self._board.exec(code, timeout=_SECONDS)
        except BoardResetError:
            # The emulated ROM restarts where a real one shows its drive.
            self.entered += 1
            self._off, self._board = self._board.flash, None
            plug_in(self.drive)
            raise

    def files(self) -> dict[str, bytes]:
        """What lies on the board's file system."""
        assert self._board is not None
        return self._board.files()
