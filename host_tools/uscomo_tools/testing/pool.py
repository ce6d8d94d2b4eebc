"""The boards of one test run: made on demand, brought to a state the shortest way, cached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import UsageError
from . import firmware_cache
from .dm_server import DmServer
from .providers import microbit, rp2, rp2w, serial, unix
from .providers.provided import ProvidedBoard, ServedBoard
from .skipping import image_or_skip, leave_out
from .states import BARE, ENROLLED, deployed_files, store_files

#: What a guest of the emulated access point calls this machine.
GATEWAY = "10.0.0.1"

_WIFI = Path(__file__).parent / "board" / "wifi.py"

#: Features by the provider's name; a serial board's are known when it was asked.
FEATURES = {
    "unix": unix.FEATURES,
    "rp2": rp2.FEATURES,
    "rp2w": rp2w.FEATURES,
    "microbit": microbit.FEATURES,
}


@dataclass
class Prepared:
    """A board in the state that a test asked for; `device_id` once it is enrolled."""

    board: ProvidedBoard
    device_id: str = ""


class Pool:
    """Makes boards for tests, one after the other.

    Parameters
    ----------
    folder
        For what is kept over the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._originals: dict[tuple[str, str], ServedBoard] = {}

    @cached_property
    def server(self) -> DmServer:
        """The server of this run."""
        return DmServer(self._folder / "server").__enter__()

    def close(self) -> None:
        """End the server and the boards that copies are made of."""
        for board in self._originals.values():
            board.stop()
        if "server" in self.__dict__:
            self.server.__exit__(None, None, None)

    def features(self, name: str) -> frozenset[str]:
        """What a provider's boards have; leaves the test out where it cannot serve any."""
        if name.startswith("serial:"):
            return serial.features(name.removeprefix("serial:"))
        if name not in FEATURES:
            raise UsageError(f"--board {name}: one of {', '.join(FEATURES)}, serial:URL")
        if name == "rp2":
            image_or_skip(firmware_cache.PICO)
        elif name == "rp2w":
            image_or_skip(firmware_cache.PICO_W)
        elif name == "microbit" and (missing := microbit.missing()):
            leave_out(missing)
        return FEATURES[name]

    def prepare(self, name: str, state: str, settings: dict[str, str]) -> Prepared:
        """Make a board in a state.

        Parameters
        ----------
        settings
            Of the agent, for the state ``enrolled``.
        """
        if name.startswith("serial:"):
            return Prepared(serial.start(name.removeprefix("serial:"), state))
        if state != ENROLLED:
            return Prepared(self._made(name, state))
        host = GATEWAY if name == "rp2w" else ""
        board: ProvidedBoard
        spec = self.server.enrol(name, host, settings)
        files = {**self._files(name, state), **store_files(spec)}
        if name == "unix":
            board = unix.start(files=store_files(spec), flash=self._deployed_image())
        elif name == "rp2w":
            board = rp2w.start(files=files)
        else:
            board = rp2.start(files=files)
        return Prepared(board, spec.device_id)

    def _made(self, name: str, state: str) -> ProvidedBoard:
        if name == "microbit":
            return microbit.start()
        if name == "unix":
            if state == BARE:
                return unix.start()
            return unix.start(flash=self._deployed_image())
        original = self._originals.get((name, state))
        if original is None:
            start = rp2w.start if name == "rp2w" else rp2.start
            original = self._originals[name, state] = start(files=self._files(name, state))
        return original.copy()

    def _files(self, name: str, state: str) -> dict[str, bytes]:
        if state == BARE:
            return {}
        return deployed_files(_WIFI.read_bytes() if name == "rp2w" else None)

    def _deployed_image(self) -> Path:
        image = self._folder / "deployed.img"
        if not image.exists():
            from .unix import make_image

            make_image(image, deployed_files())
        return image
