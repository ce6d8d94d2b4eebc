"""The rp2w provider: as `rp2`, but a Pico W whose Wi-Fi ends on this machine.

Network name ``RP2040PY-GUEST``, any key. The guest is 10.0.0.2; 10.0.0.1 is this machine's
loopback, and what every name resolves to. Nothing else can be reached, see `rp2_network`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...board import firmware_cache
from . import rp2
from .provided import ServedBoard, board_folder

FEATURES = rp2.FEATURES | {"network", "tls", "wifi"}

#: The only network there is.
SSID = "RP2040PY-GUEST"


def start(
    folder: Path | None = None,
    *,
    image: str = firmware_cache.PICO_W,
    files: Mapping[str, bytes] | None = None,
) -> ServedBoard:
    """Make a board, or switch one on again; see `rp2.start`."""
    firmware_cache.require(image)
    folder, temporary = board_folder(folder)
    return ServedBoard("rp2w", __name__, [image], FEATURES, folder, temporary, files or {})


if __name__ == "__main__":
    from ..rp2_network import wall_in

    rp2.serve(firmware_cache.PICO_W, wall_in())
