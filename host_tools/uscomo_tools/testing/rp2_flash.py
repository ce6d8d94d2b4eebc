"""The emulated board's flash: every erase and program seen, power cuts, and files from outside.

The emulator applies one erase or page program when chip select rises. `FlashChip` stands in that
place: it sees what the unmodified firmware, littlefs included, does to its flash, and can let the
power fail in the middle of the n-th operation. SPI NOR has no write cache, so everything before
that operation has landed and nothing after it has.

How a torn operation looks is a model: a prefix of its range was erased or programmed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from littlefs import LittleFS, UserContext

FLASH_SIZE = 2 * 1024 * 1024  # of a Pico; the emulator's own array is larger
BLOCK = 4096  # littlefs block = smallest erase
PAGE = 256

_PROGRAM = 0x02
_ERASE = {0x20: 4096, 0xD8: 65536}


class FlashOperation(NamedTuple):
    """One erase or page program: `kind` is ``erase`` or ``program``, the rest in bytes."""

    kind: str
    address: int
    size: int


class FlashChip:
    """Sees each flash operation of an emulated board, and can cut the power at one.

    Parameters
    ----------
    ssi
        The emulator's flash interface; its method ``_apply_command`` is replaced.
    memory
        The emulator's flash contents.
    on_cut
        Called at the power cut: stops the emulation.
    """

    def __init__(self, ssi: Any, memory: memoryview, on_cut: Callable[[], None]) -> None:
        self.operations: list[FlashOperation] = []
        self.on_operation: Callable[[FlashOperation, bytes], None] = _nothing
        self.is_cut = False
        self._ssi = ssi
        self._memory = memory
        self._on_cut = on_cut
        self._cut_at = 0
        self._landed = 0.0
        self._apply = ssi._apply_command
        ssi._apply_command = self._apply_seen

    def cut_power(self, at: int, landed: float = 0.0) -> None:
        """Let the power fail at the `at`-th operation from now (1 is the next one).

        `landed`, 0 to 1, is the share of that operation's range that still takes effect.
        """
        self._cut_at = len(self.operations) + at
        self._landed = landed

    def _apply_seen(self) -> None:
        if self.is_cut:
            return
        operation = self._pending()
        if operation is not None:
            self.operations.append(operation)
            data = bytes(self._ssi._tx_buffer[4 : 4 + operation.size])
            self.on_operation(operation, data if operation.kind == "program" else b"")
            if len(self.operations) == self._cut_at:
                self._tear(operation)
                self.is_cut = True
                self._on_cut()
                return
        self._apply()

    def _pending(self) -> FlashOperation | None:
        command = self._ssi._tx_buffer
        if len(command) < 4 or not self._ssi._write_enabled:
            return None
        address = int.from_bytes(command[1:4], "big")
        if command[0] in _ERASE:
            size = _ERASE[command[0]]
            return FlashOperation("erase", address & ~(size - 1), size)
        if command[0] == _PROGRAM and len(command) > 4:
            return FlashOperation("program", address, min(len(command) - 4, PAGE))
        return None

    def _tear(self, operation: FlashOperation) -> None:
        start, size = operation.address, int(operation.size * self._landed)
        if operation.kind == "erase":
            self._memory[start : start + size] = b"\xff" * size
        else:
            data = self._ssi._tx_buffer[4:]
            for i in range(size):
                self._memory[start + i] &= data[i]  # NOR: programming only clears bits


def _nothing(operation: FlashOperation, data: bytes) -> None:
    pass


class FileSystem:
    """The board's littlefs seen from the host, while the board is off.

    Parameters
    ----------
    memory
        The whole flash; changed in place.
    start
        Address of the file system in the flash.
    blocks
        Its size in blocks of 4096 bytes.
    firmware
        MicroPython version on the board. Its littlefs must know the disk version: up to 1.21 it
        hangs on a file system newer than 2.0. Later ones format as 2.1.
    """

    def __init__(
        self, memory: memoryview, start: int, blocks: int, firmware: tuple[int, int, int]
    ) -> None:
        self._memory = memory
        self._start = start
        self._end = start + blocks * BLOCK
        self._blocks = blocks
        self._disk_version = 0x00020000 if firmware < (1, 22, 0) else 0x00020001

    @property
    def place(self) -> tuple[int, int]:
        """First address, and the one after the last."""
        return self._start, self._end

    def _mount(self, context: UserContext) -> LittleFS:
        # As the firmware does at boot: what does not mount is formatted.
        return LittleFS(
            context=context,
            block_size=BLOCK,
            block_count=self._blocks,
            prog_size=PAGE,
            disk_version=self._disk_version,
        )

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by absolute path, making their folders; a path that ends with / is one."""
        context = UserContext(buffer=bytearray(self._memory[self._start : self._end]))
        mounted = self._mount(context)
        for path, data in files.items():
            parent = path.rpartition("/")[0]
            if parent:
                mounted.makedirs(parent, exist_ok=True)
            if path.endswith("/"):
                continue
            with mounted.open(path, "wb") as file:
                file.write(data)
        # Not left to the garbage collector: where that is not reference counting it comes too
        # late, and littlefs aborts the process.
        mounted.unmount()
        self._memory[self._start : self._end] = context.buffer

    def read(self) -> dict[str, bytes]:
        """Return every file by absolute path."""
        mounted = self._mount(UserContext(buffer=bytearray(self._memory[self._start : self._end])))
        files = {}
        for parent, _folders, names in mounted.walk("/"):
            for name in names:
                path = f"{parent.rstrip('/')}/{name}"
                with mounted.open(path, "rb") as file:
                    files[path] = file.read()
        mounted.unmount()
        return files
