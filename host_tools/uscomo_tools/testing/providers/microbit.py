"""The microbit provider: QEMU with the MicroPython of Debian's firmware-microbit-micropython.

Ten kilobytes of heap, no folders, no hashes, no .mpy: a board that has to be refused politely.

Run as a program (``python -m uscomo_tools.testing.providers.microbit FOLDER``) it serves a board
until its standard input ends.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from ...errors import UscomoError
from .provided import CONSOLE_LOG, ServedBoard, board_folder, served_folder
from .serving import Control, Port, ready

FEATURES = frozenset({"emulated", "fast", "power"})

QEMU = "qemu-system-arm"
FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")

_PR_SET_PDEATHSIG = 1


def missing() -> str:
    """What is not installed here, with the package that has it; empty when all is there."""
    if shutil.which(QEMU) is None:
        return f"no {QEMU} (Debian: qemu-system-arm)"
    if not FIRMWARE.exists():
        return f"no {FIRMWARE} (Debian: firmware-microbit-micropython)"
    return ""


def start(folder: Path | None = None) -> ServedBoard:
    """Make a board; its flash is forgotten when it is switched off.

    Raises
    ------
    UscomoError
        Something is not installed.
    """
    if gone := missing():
        raise UscomoError(gone)
    folder, temporary = board_folder(folder)
    return ServedBoard("microbit", __name__, [], FEATURES, folder, temporary)


class _Machine:
    """QEMU, with its serial line on pipes."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def on(self) -> None:
        if self.process is not None:
            return
        self.starts += 1
        self.process = subprocess.Popen(
            [
                *(QEMU, "-M", "microbit", "-device", f"loader,file={FIRMWARE}"),
                *("-display", "none", "-monitor", "none", "-serial", "stdio"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            bufsize=0,
        )

    def off(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None

    def output(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def type(self, data: bytes) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.write(data)

    def state(self) -> dict[str, Any]:
        return {"on": self.process is not None, "operations": 0, "starts": self.starts}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(folder: Path) -> None:
    """Serve a board until standard input ends."""
    machine = _Machine()
    port = Port(folder / CONSOLE_LOG)
    control = Control({"off": machine.off, "on": machine.on, "state": machine.state})
    try:
        machine.on()
        control.announce(port.url)
        while not control.is_orphan:
            sources: list[Port | Control | int] = [port, control]
            if machine.process is not None and not port.is_full:
                sources.append(machine.output())
            found = ready(0.1, *sources)
            port.flush()
            if machine.process is not None and machine.output() in found:
                data = os.read(machine.output(), 4096)
                if data:
                    port.write(data)
                else:
                    machine.off()
            if port in found:
                machine.type(port.read())
            if control in found and not control.serve():
                return
    finally:
        machine.off()


if __name__ == "__main__":
    with served_folder() as served:
        serve(served)
