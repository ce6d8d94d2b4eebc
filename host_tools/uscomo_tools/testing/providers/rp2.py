"""The rp2 provider: a Pico emulated to the instruction, with official firmware, on a terminal.

The terminal is the board's USB console. Emulated time never runs ahead of the clock on the wall,
so that time-outs mean what they say; busy, the board is some five times slower than a real one, or
14 times (`rp2_native`). The flash outlives restarts and power cuts, in the board's folder.

Run as a program (``python -m uscomo_tools.testing.providers.rp2 FOLDER``) it serves a board until
its standard input ends.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...board import firmware_cache
from ...errors import UscomoError
from .provided import CONSOLE_LOG, FLASH, ServedBoard, board_folder, served_folder
from .serving import Control, Port

_STARTED = 3.0  # emulated seconds after which a board has surely started

FEATURES = frozenset(
    {
        *("agent", "emulated", "flash", "fork", "mpy", "power", "sessions", "slow", "usb"),
        "watchdog",
    }
)


def start(
    folder: Path | None = None,
    *,
    image: str = firmware_cache.PICO,
    files: Mapping[str, bytes] | None = None,
) -> ServedBoard:
    """Make a board, or switch one on again whose flash lies in the folder.

    Parameters
    ----------
    folder
        Where its flash and its console's log are kept; without it in a folder that goes with it.
    image
        Name of an image in `firmware_cache.IMAGES`.
    files
        Put on its flash before it is switched on, by path.

    Raises
    ------
    FirmwareError
        The image is not in the cache.
    """
    firmware_cache.require(image)
    folder, temporary = board_folder(folder)
    return ServedBoard("rp2", __name__, [image], FEATURES, folder, temporary, files or {})


class _Stop(Exception):
    """The parent has gone."""


class Server:
    """An emulated board, served to one host.

    Parameters
    ----------
    folder
        Keeps its flash.
    image
        Name of the firmware image.
    walled
        What `wall_in` gave, for a board with radio; None for one without.
    """

    def __init__(self, folder: Path, image: str, walled: list[tuple[Any, ...]] | None) -> None:
        self._image = image
        self._walled = walled
        self._emulator: Any = None
        self._network: Any = None
        self._boots = self._operations = 0  # of starts that are over
        self._seconds = 0.0
        self._fork: dict[str, str] | None = None
        self._rests = False
        self._failure = ""
        self._open(folder)

    def _open(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._port = Port(folder / CONSOLE_LOG)
        self._control = Control(
            {
                "cut": self._cut,
                "off": self._power_off,
                "on": self._power_on,
                "state": self._state,
                "write": self._write,
                "files": self._files,
                "fork": self._request_fork,
                "rest": self._rest,
                "attempts": self._attempts,
            }
        )
        self._ended = False
        self._loop.add_reader(self._port.fileno(), self._type)
        self._loop.add_reader(self._control.fileno(), self._serve)

    def run(self) -> None:
        """Serve until the parent has gone."""
        self._power_on()
        self._control.announce(self._port.url)
        try:
            while not self._ended:
                if self._emulator is None or self._stands_still(self._emulator):
                    self._breathe(1)
                else:
                    self._emulate()
        except _Stop:
            pass
        finally:
            self._power_off()

    def _emulate(self) -> None:
        from ..rp2_errors import EmulatorError

        emulator = self._emulator
        try:
            emulator.run(lambda: self._hear(emulator), float("inf"))
        except EmulatorError as error:
            self._failure = str(error)
            self._power_off()
            return
        self._hear(emulator)
        if emulator.chip.is_cut:
            self._power_off()

    def _hear(self, emulator: Any) -> bool:
        """Hand on what the board wrote; True when it is to be stopped."""
        if emulator.received:
            self._port.write(bytes(emulator.received))
            emulator.received.clear()
        self._port.flush()
        changed = self._emulator is not emulator or self._ended
        return changed or self._stands_still(emulator)

    def _stands_still(self, emulator: Any) -> bool:
        return self._rests and bool(emulator.seconds > _STARTED)

    def _breathe(self, seconds: float) -> None:
        """Let requests, typed text and the network have their turn."""
        if seconds > 0:
            timer = self._loop.call_later(seconds, self._loop.stop)
            self._loop.run_forever()
            timer.cancel()
        else:
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()
        if self._fork is not None:
            self._become_two(self._fork)

    # -- what comes

    def _type(self) -> None:
        data = self._port.read()
        if self._emulator is not None:
            self._emulator.send(data)
            self._loop.stop()

    def _serve(self) -> None:
        if not self._control.serve():
            self._ended = True
            self._loop.remove_reader(self._control.fileno())
        self._loop.stop()

    # -- requests

    def _power_on(self) -> None:
        if self._emulator is not None:
            return
        from ..rp2_emulator import Emulator

        path = firmware_cache.require(self._image)
        known = firmware_cache.IMAGES[self._image]
        if self._walled is not None:
            from ..rp2_network import ConfinedNetwork

            self._network = ConfinedNetwork()
        emulator = Emulator(path, known.board, known.version, realtime=True, network=self._network)
        emulator.sleep = self._breathe
        emulator.bind_loop(self._loop)
        flash = self._folder / FLASH
        if flash.exists():
            emulator.flash = flash.read_bytes()
        emulator.power_on()
        self._emulator = emulator

    def _power_off(self) -> None:
        emulator = self._emulator
        if emulator is None:
            return
        self._save(emulator)
        self._boots += emulator.boots
        self._operations += len(emulator.chip.operations)
        self._seconds += emulator.seconds
        self._emulator = None

    def _save(self, emulator: Any) -> None:
        flash = self._folder / FLASH
        new = flash.with_suffix(".new")
        new.write_bytes(emulator.flash)
        new.replace(flash)

    def _on(self) -> Any:
        if self._emulator is None:
            raise UscomoError(f"the board is off {self._failure}".strip())
        return self._emulator

    def _cut(self, at: int, landed: float) -> None:
        self._on().chip.cut_power(at, landed)

    def _state(self) -> dict[str, Any]:
        emulator = self._emulator
        on = emulator is not None
        return {
            "on": on,
            "failure": self._failure,
            "starts": self._boots + (emulator.boots if on else 0),
            "operations": self._operations + (len(emulator.chip.operations) if on else 0),
            "seconds": self._seconds + (emulator.seconds if on else 0),
        }

    def _write(self, files: dict[str, str]) -> None:
        was_on = self._emulator is not None
        self._power_off()
        self._power_on()
        self._emulator.files.write({p: base64.b64decode(data) for p, data in files.items()})
        if not was_on:
            self._power_off()

    def _files(self) -> dict[str, Any]:
        was_on = self._emulator is not None
        self._power_on()
        found = self._emulator.files.read()
        if not was_on:
            self._power_off()
        return {"files": {path: base64.b64encode(data).decode() for path, data in found.items()}}

    def _attempts(self) -> dict[str, Any]:
        attempts = self._network.attempts if self._network is not None else []
        return {"guest": attempts, "process": self._walled or []}

    # -- copies

    def _rest(self) -> None:
        self._rests = True

    def _request_fork(self, folder: str, requests: str, answers: str) -> None:
        self._on()
        if self._network is not None and self._network.connections:
            raise UscomoError("a board with open connections cannot be copied")
        self._fork = {"folder": folder, "requests": requests, "answers": answers}
        self._loop.stop()

    def _become_two(self, names: dict[str, str]) -> None:
        # Between two instructions of the board and outside of the loop. The copy has the board,
        # and terminal, requests and loop of its own; the original's it leaves alone and open,
        # because closing them would reach into the original's loop.
        self._fork = None
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for copies
        if os.fork():
            return
        for number, name, mode in ((0, "requests", os.O_RDONLY), (1, "answers", os.O_WRONLY)):
            opened = os.open(names[name], mode)
            os.dup2(opened, number)
            os.close(opened)
        self._originals = (self._loop, self._port, self._control)
        self._rests = False
        self._open(Path(names["folder"]))
        self._emulator.bind_loop(self._loop)
        self._control.announce(self._port.url)


def serve(default: str, walled: list[tuple[Any, ...]] | None = None) -> None:
    """Serve the board that the command line names: a folder and an image."""
    image = sys.argv[2] if len(sys.argv) > 2 else default
    with served_folder() as folder:
        Server(folder, image, walled).run()


if __name__ == "__main__":
    serve(firmware_cache.PICO)
