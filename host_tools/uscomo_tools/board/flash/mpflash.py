"""Any board that mpflash knows, through mpflash, where that is installed.

mpflash fetches the image itself: what we check of an image does not hold for it.
"""

from __future__ import annotations

from ..description import BoardDescription
from . import tool
from .errors import ImageError


def command() -> list[str]:
    """Return how mpflash is called; `MissingToolError` when it is not installed."""
    return tool.find(("mpflash",), "mpflash", "pip install mpflash")


def write(description: BoardDescription, version: str, port: str, erase: bool) -> None:
    """Let mpflash put a version of MicroPython on a board.

    Raises
    ------
    FlashError
        mpflash failed.
    """
    if not description.port:
        raise ImageError(f"mpflash knows no {description.name}: micropython.org has no image")
    arguments = ["flash", "--serial", port, "--board", description.port, "--version", version]
    tool.run([*command(), *arguments, *(["--erase"] if erase else [])])
