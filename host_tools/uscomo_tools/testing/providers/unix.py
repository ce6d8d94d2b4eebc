"""The unix provider: real MicroPython as a process, on a terminal that looks like a board's port.

What a firmware's main program does around the interpreter happens here: ``boot.py`` at every
start, ``main.py`` after power-on, a hard reset and a soft reset from the friendly REPL, but not
after a soft reset from the raw one; a board that was in the raw REPL is in it again. A restart is
another process on the same flash image. Ctrl-C interrupts what runs, unless it has called
``micropython.kbd_intr(-1)``.

Run as a program (``python -m uscomo_tools.testing.providers.unix [FOLDER]``) it serves a board
until its standard input ends.
"""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..interruption import Interruption
from ..unix import HEAP, UnixBoard, change_image, make_image, read_image
from ..watchdog import Watchdog
from .provided import CONSOLE_LOG, FLASH, ServedBoard, board_folder, served_folder
from .serving import Control, Port, ready

FEATURES = frozenset(
    {"agent", "flash", "fast", "md5", "mpy", "network", "power", "sessions", "watchdog"}
)

_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_BANNER = re.compile(rb"MicroPython [^\r\n]*\r\n[^\r\n]*help\(\)[^\r\n]*\r\n>>> ")
_BANNER_START = b"MicroPython "
_LONGEST_BANNER = 200
_HARD = 43  # exit code of machine.reset(), see unix_board.py
# Modes of the VM's terminal, see unix_board.py; none in the REPL.
_INTERRUPTED = termios.NOFLSH  # code runs that Ctrl-C interrupts
_STARTING = termios.TOSTOP  # nobody would take what is typed
_CTRL_C = b"\x03"
_CTRL_D = b"\x04"
_DONE = b"\x04>"  # the raw REPL has run something
_CONTROL = re.compile(rb"[^\x03\x04]*[\x03\x04]?")
_TICK = 0.02  # seconds between two looks at the watchdog
_SHORT = 0.001
# Between the REPL and what runs the VM changes its terminal's mode, which throws away what is
# typed and not read: so what follows a Ctrl-C or Ctrl-D waits for the change, at most so long.
_CHANGE = 0.1


def start(
    folder: Path | None = None,
    *,
    heap: str = HEAP,
    files: Mapping[str, bytes] | None = None,
    flash: Path | None = None,
) -> ServedBoard:
    """Make a board, or switch one on again whose flash lies in the folder.

    Parameters
    ----------
    folder
        Where its flash and its console's log are kept; without it in a folder that goes with it.
    heap
        The VM's heap, see `UnixBoard`.
    files
        Put on its flash before it is switched on, by path; one that ends with / is a folder.
    flash
        An image that a new board's flash is a copy of.
    """
    folder, temporary = board_folder(folder)
    if not (folder / FLASH).exists():
        if flash is None:
            make_image(folder / FLASH, {})
        else:
            shutil.copy(flash, folder / FLASH)
    if files:
        change_image(folder / FLASH, files)
    return ServedBoard("unix", __name__, [heap], FEATURES, folder, temporary)


class _Numbers:
    """What the VM and its power supply tell each other, see unix_board.py."""

    def __init__(self, image: Path) -> None:
        self._file = open(image.with_name(image.name + ".power"), "w+b", buffering=0)  # noqa: SIM115
        self._file.write(bytes(16))

    def operations(self) -> int:
        self._file.seek(8)
        return sum(struct.unpack("<II", self._file.read(8)))

    def cut(self, at: int, landed: float) -> None:
        command = struct.pack("<II", at and self.operations() + at, int(landed * 256))
        self._file.seek(0)
        self._file.write(command)


class _Board:
    """The VM's process, its terminal and what is between it and the port."""

    def __init__(self, folder: Path, heap: str) -> None:
        self.board = UnixBoard(folder / FLASH, heap)
        self.port = Port(folder / CONSOLE_LOG)
        self.numbers = _Numbers(self.board.image)
        self.watchdog = Watchdog(self.board.image)
        self.process: subprocess.Popen[bytes] | None = None
        self.wire = -1
        self.starts = 0
        self.bites = 0
        self.is_raw = False
        self._again = False  # a soft reset from the raw REPL is under way
        self._held = b""  # output that may be the banner of a REPL which nobody sees
        self._tail = b""
        self._typed = b""  # what the VM has not taken yet
        self._interrupt: Interruption | None = None  # Ctrl-C came
        self._change: Callable[[int], bool] | None = None  # of the mode, before more is typed
        self._change_end = 0.0

    # -- power

    def power_on(self) -> None:
        if self.process is None:
            self._spawn(again=False)

    def power_off(self) -> None:
        if self.process is not None:
            self.process.kill()
            self._drain()
            self._ended()

    def _spawn(self, again: bool) -> None:
        self.watchdog.disarm()
        self.starts += 1
        self._again, self.is_raw, self._interrupt = again, False, None
        self._held = self._tail = self._typed = b""
        self._change = None
        self.wire, end = pty.openpty()
        tty.setraw(end)
        modes = termios.tcgetattr(end)
        modes[3] = _STARTING
        termios.tcsetattr(end, termios.TCSANOW, modes)
        try:
            self.process = subprocess.Popen(
                self.board.command(
                    "cable", *(() if again else ("main",)), program="unix_cable.py"
                ),
                stdin=end,
                stdout=end,
                stderr=end,
                start_new_session=True,
                preexec_fn=_own_terminal,
            )
        finally:
            os.close(end)
        os.set_blocking(self.wire, False)

    def _ended(self) -> int:
        assert self.process is not None
        code = self.process.wait()
        self.process = None
        os.close(self.wire)
        return code

    def _drain(self) -> None:
        while True:
            try:
                data = os.read(self.wire, 4096)
            except OSError:
                return
            if not data:
                return
            self.port.write(data)

    # -- between two readings

    def listen(self) -> None:
        """Take what the VM says, or notice that it has ended."""
        try:
            data = os.read(self.wire, 4096)
        except OSError:  # what Linux answers when nobody has the other end any more
            data = b""
        if data:
            self._hear(data)
            return
        code = self._ended()
        if code == -signal.SIGKILL:
            return  # the power failed at a flash operation: it stays off
        if code != _HARD:
            self.port.write(b"MPY: soft reboot\r\n")
        self._spawn(again=self.is_raw and code != _HARD)

    def _hear(self, data: bytes) -> None:
        if data.endswith(_DONE):
            self._change = None
        if not self._again:
            self._tail = (self._tail + data)[-_LONGEST_BANNER:]
            # What was typed at once may have been answered behind it.
            friendly = max((found.end() for found in _BANNER.finditer(self._tail)), default=0)
            raw = self._tail.rfind(_RAW_PROMPT)
            if friendly or raw >= 0:
                self.is_raw = raw >= friendly
            self.port.write(data)
            return
        # After a soft reset from the raw REPL: boot.py's output, then the raw prompt. In between
        # the VM shows a friendly one, which is answered here.
        self._held += data
        if _BANNER.search(self._held):
            self.port.write(_BANNER.sub(b"", self._held))
            self._held = b""
            self._again = False
            os.write(self.wire, b"\x01")
            return
        at = self._held.rfind(_BANNER_START)
        if at < 0 or len(self._held) - at > _LONGEST_BANNER:
            at = max(0, len(self._held) - len(_BANNER_START))
        self.port.write(self._held[:at])
        self._held = self._held[at:]

    def type(self) -> None:
        """Hand on what the host has written, but for Ctrl-C while it interrupts."""
        if self.process is None:
            self.port.read()
            return
        if not self._typed:
            self._typed = self.port.read()
        while self._typed and self._is_ready():
            found = _CONTROL.match(self._typed)
            assert found is not None
            part = found[0].removesuffix(_CTRL_C) or _CTRL_C
            running = self._modes()
            if part == _CTRL_C and running & _INTERRUPTED:
                self._interrupt = Interruption(self.process.pid)
                self._typed = self._typed.lstrip(_CTRL_C)
                self._wait_for(lambda modes: not modes)
                return
            try:
                written = os.write(self.wire, part)
            except OSError:  # it does not listen, or has ended
                return
            self._typed = self._typed[written:]
            if part.endswith(_CTRL_D) and not running:
                self._wait_for(bool)

    def _wait_for(self, change: Callable[[int], bool]) -> None:
        self._change = change
        self._change_end = time.monotonic() + _CHANGE

    def _is_ready(self) -> bool:
        modes = self._modes()
        if self._change is not None and (
            self._change(modes) or time.monotonic() > self._change_end
        ):
            self._change = None
        return self._change is None and not modes & _STARTING

    def _modes(self) -> int:
        return int(termios.tcgetattr(self.wire)[3])

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return _SHORT if self._typed or self._interrupt else _TICK

    def look_after(self) -> None:
        """Be the watchdog, and the finger on Ctrl-C."""
        if self._typed:
            self.type()
        if self.process is not None and self._interrupt:
            if self._interrupt.may_strike():
                self.process.send_signal(signal.SIGINT)
                self._interrupt = None
            elif not self._modes() & _INTERRUPTED:
                self._interrupt = None  # it has ended by itself
        if self.process is not None and self.watchdog.starves():
            self.bites += 1
            self.power_off()
            self.power_on()

    # -- requests

    def state(self) -> dict[str, Any]:
        return {
            "on": self.process is not None,
            "operations": self.numbers.operations(),
            "starts": self.starts,
            "bites": self.bites,
        }

    def write(self, files: dict[str, str]) -> None:
        was_on = self.process is not None
        self.power_off()
        contents = {path: base64.b64decode(data) for path, data in files.items()}
        change_image(self.board.image, contents)
        if was_on:
            self.power_on()

    def files(self) -> dict[str, Any]:
        found = read_image(self.board.image)
        return {"files": {path: base64.b64encode(data).decode() for path, data in found.items()}}

    def close(self) -> None:
        self.power_off()
        self.watchdog.remove()


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the VM is ready for it


def serve(folder: Path, heap: str) -> None:
    """Serve a board until standard input ends."""
    board = _Board(folder, heap)
    control = Control(
        {
            "cut": board.numbers.cut,
            "off": board.power_off,
            "on": board.power_on,
            "state": board.state,
            "write": board.write,
            "files": board.files,
        }
    )
    try:
        board.power_on()
        control.announce(board.port.url)
        while not control.is_orphan:
            sources: list[Port | Control | int] = [board.port, control]
            if board.process is not None and not board.port.is_full:
                sources.append(board.wire)
            found = ready(board.pause, *sources)
            board.port.flush()
            if board.wire in found and board.process is not None:
                board.listen()
            if board.port in found:
                board.type()
            if control in found and not control.serve():
                return
            board.look_after()
    finally:
        board.close()


def _main() -> None:
    with served_folder() as folder:
        if not (folder / FLASH).exists():
            make_image(folder / FLASH, {})
        serve(folder, sys.argv[2] if len(sys.argv) > 2 else HEAP)


if __name__ == "__main__":
    _main()
