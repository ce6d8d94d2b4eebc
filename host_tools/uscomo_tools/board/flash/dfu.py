"""STM32 boards, through the program dfu-util and the bootloader in the chip's ROM."""

from __future__ import annotations

import time
from pathlib import Path

from ..description import BoardDescription
from . import tool
from .errors import FlashError

_ATTEMPTS = 10
_PAUSE = 0.5


def command() -> list[str]:
    """Return how dfu-util is called; `MissingToolError` when it is not installed."""
    return tool.find(
        ("dfu-util",),
        "",
        "the package dfu-util of your system (apt-get install dfu-util, brew install dfu-util)",
    )


def write(description: BoardDescription, path: Path, entering: bool) -> None:
    """Write an image and leave the bootloader.

    Parameters
    ----------
    entering
        The board was just sent into its bootloader, whose USB device takes a moment to appear.

    Raises
    ------
    FlashError
        dfu-util failed.
    """
    base = [*command(), "-a", "0", "-d", description.flashing.usb]
    for attempt in range(_ATTEMPTS if entering else 1):
        if attempt:
            time.sleep(_PAUSE)
        try:
            tool.run([*base, "-D", str(path), "-s", ":leave"])
            return
        except FlashError as error:
            if "No DFU capable" not in str(error) and "Cannot open DFU" not in str(error):
                raise
            failure = error
    raise FlashError(
        f"no board in its DFU bootloader: {description.flashing.by_hand}; {failure}"
    ) from failure
