"""The boards of one test run: made on demand, brought to a state the shortest way, cached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..board import firmware_cache
from ..device.provision import DeviceSpec
from ..errors import UsageError
from ..package import SigningKey
from .dm_server import CABLE, DmServer
from .providers import labgrid, microbit, rp2, rp2w, serial, unix
from .providers.provided import ProvidedBoard, ServedBoard
from .skipping import image_or_skip, leave_out
from .states import BARE, DEPLOYED, ENROLLED, deployed_files, store_files
from .unix import make_image

#: What a guest of the emulated access point calls this machine.
GATEWAY = "10.0.0.1"

_LAB = "labgrid:"
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
    """A board in the state that a test asked for; where it is enrolled, as what."""

    board: ProvidedBoard
    device_id: str = ""
    server: DmServer | None = None

    def logs(self) -> list[tuple[str, str]]:
        """Title and text of what is worth keeping of a test on this board."""
        found = [(f"console of {self.board.name}", self.board.console_log)]
        if self.server is not None:
            found.append(("DM trace", self.server.trace(self.device_id)))
        return [(title, _printable(text)) for title, text in found if text]


def _printable(text: str) -> str:
    # Control characters have no place in XML, not even escaped ones.
    text = text.replace("\r\n", "\n")
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


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
    def key(self) -> SigningKey:
        """What signs packages in this run."""
        return SigningKey.generate()

    def close(self) -> None:
        """End the boards that copies are made of."""
        for board in self._originals.values():
            board.stop()

    def features(self, name: str) -> frozenset[str]:
        """What a provider's boards have; leaves the test out where it cannot serve any."""
        if name.startswith("serial:"):
            return serial.features(name.removeprefix("serial:"))
        if name.startswith(_LAB):
            return labgrid.features(name.removeprefix(_LAB))
        if name not in FEATURES:
            known = ", ".join(FEATURES)
            raise UsageError(f"--board {name}: one of {known}, serial:URL, labgrid:ENV")
        if name == "rp2":
            image_or_skip(firmware_cache.PICO)
        elif name == "rp2w":
            image_or_skip(firmware_cache.PICO_W)
        elif name == "microbit" and (missing := microbit.missing()):
            leave_out(missing)
        return FEATURES[name]

    def prepare(self, name: str, state: str) -> Prepared:
        """Make a board, bare or deployed."""
        if name.startswith("serial:"):
            url = name.removeprefix("serial:")
            return Prepared(serial.start(url, None if state == BARE else DeviceSpec("", "")))
        if name.startswith(_LAB):
            return Prepared(labgrid.start(name.removeprefix(_LAB), state))
        return Prepared(self._made(name, state))

    def enrolled(self, name: str, server: DmServer, settings: dict[str, str]) -> Prepared:
        """Make a board that is enrolled at a server.

        Parameters
        ----------
        settings
            Of its agent.
        """
        if name.startswith("serial:"):
            url = name.removeprefix("serial:")
            spec = server.enrol(serial.TYPE, CABLE, settings)
            return Prepared(serial.start(url, spec), spec.device_id, server)
        if name.startswith(_LAB):
            path = name.removeprefix(_LAB)
            host = "" if "network" in labgrid.features(path) else CABLE
            spec = server.enrol(serial.TYPE, host, settings)
            return Prepared(labgrid.start(path, ENROLLED, spec), spec.device_id, server)
        host = {"rp2w": GATEWAY, "rp2": CABLE}.get(name, "")
        board: ProvidedBoard
        spec = server.enrol(name, host, settings)
        files = {**self._files(name), **store_files(spec)}
        if name == "unix":
            board = unix.start(files=store_files(spec), flash=self._deployed_image())
        elif name == "rp2w":
            board = rp2w.start(files=files)
        else:
            board = rp2.start(files=files)
        return Prepared(board, spec.device_id, server)

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
            original = self._originals[name, state] = start(
                files=self._files(name) if state == DEPLOYED else {}
            )
            original.rest()
        return original.copy()

    def _files(self, name: str) -> dict[str, bytes]:
        return deployed_files(_WIFI.read_bytes() if name == "rp2w" else None)

    def _deployed_image(self) -> Path:
        image = self._folder / "deployed.img"
        if not image.exists():
            make_image(image, deployed_files())
        return image
