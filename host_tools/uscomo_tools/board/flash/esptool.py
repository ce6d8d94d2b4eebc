"""ESP chips, through the program esptool: it enters the bootloader over DTR and RTS itself."""

from __future__ import annotations

from pathlib import Path

from ..description import BoardDescription
from . import tool

_BAUDRATE = 460800


def command() -> list[str]:
    """Return how esptool is called; `MissingToolError` when it is not installed."""
    return tool.find(("esptool", "esptool.py"), "esptool", "pip install 'uscomo[flash]'")


def write(description: BoardDescription, path: Path, port: str, erase: bool) -> None:
    """Write an image; with `erase` the whole flash is erased before.

    Raises
    ------
    FlashError
        esptool failed.
    """
    flashing = description.flashing
    base = [*command(), "--chip", flashing.target, "--port", port, "--baud", str(_BAUDRATE)]
    if erase:
        tool.run([*base, "erase_flash"])
    tool.run([*base, "write_flash", hex(flashing.offset), str(path)])
