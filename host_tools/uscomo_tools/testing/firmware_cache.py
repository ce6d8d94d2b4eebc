"""Where `uscomo_tools.board.firmware_cache` was before; for modules that have not moved yet."""

from ..board.firmware_cache import (
    ENVIRONMENT,
    IMAGES,
    PICO,
    PICO_W,
    XIAO,
    FirmwareError,
    find,
    folder,
    require,
)

__all__ = [
    "ENVIRONMENT",
    "IMAGES",
    "PICO",
    "PICO_W",
    "XIAO",
    "FirmwareError",
    "find",
    "folder",
    "require",
]
