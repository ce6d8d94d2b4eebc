"""What a board says of itself when it is asked: the facts that decide what may be put on it.

A USB id names a family at best (every rp2 board has the same one), so a board is known by its own
words; `description.by_identity` finds the data file that fits them. Nothing here talks to a board.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Identity:
    """A board's answers.

    Attributes
    ----------
    sysname
        Port as ``os.uname()`` has it: ``rp2``, ``esp32``, ``pyboard``.
    machine
        Board and chip in the build's words: ``Raspberry Pi Pico with RP2040``.
    release
        MicroPython version: three numbers, at least.
    mpy
        .mpy version the board loads, with its sub-version: ``(6, 3)``; (0, 0): it loads none.
    arch
        .mpy architecture of native code, such as ``armv6m``; empty: no native code.
    build
        Name of the build, micropython.org's name of the board with its variant, such as
        ``RPI_PICO2-RISCV`` (``sys.implementation._build``, absent in older releases); or empty.
    unique_id
        ``machine.unique_id()`` in hexadecimal digits; empty where there is none.
    heap_free, heap_total
        Bytes, after a collection.
    platform
        ``sys.platform``.
    modules
        Whether a module or a name in one (``hashlib.md5``, ``ssl``) exists.
    file_system
        Kind of the root: ``littlefs``, ``fat``, ``posix``, or empty when it cannot be told.
    file_system_block, file_system_blocks
        Size of a block in bytes, and how many there are.
    """

    sysname: str
    machine: str
    release: tuple[int, ...]
    mpy: tuple[int, int] = (0, 0)
    arch: str = ""
    unique_id: str = ""
    heap_free: int = 0
    heap_total: int = 0
    platform: str = ""
    modules: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    file_system: str = ""
    file_system_block: int = 0
    file_system_blocks: int = 0
    build: str = ""

    @property
    def version(self) -> str:
        """The release as people write it: ``1.24.1``."""
        return ".".join(map(str, self.release))

    @property
    def abi(self) -> str:
        """What `uscomo package build` calls this: ``6.3`` and, for native code, the arch."""
        version = ".".join(map(str, self.mpy))
        return f"{version} {self.arch}".strip()
