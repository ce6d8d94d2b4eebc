"""The rp2 provider: a Raspberry Pi Pico, emulated to the instruction, with official firmware.

`PicoBoard` has the verbs of a board on a desk: run code, reset, look at the flash. On top of that
it can do what a desk cannot: files are put on its flash before it is switched on, its flash is
taken out and given to another board, power fails at the n-th flash operation, and a running board
is copied (`PicoBoard.forked`).

It is a Pico without radio. The emulator's Pico W opens connections to wherever its guest asks;
that board does not belong here without a cage around its network.

Figures from here are those of an emulator: exact in memory and instructions, not in analogue time.
"""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from ..board import firmware_cache
from ..board.errors import BoardError, BoardResetError
from ..errors import UnreachableError, UscomoError

if TYPE_CHECKING:
    from .rp2_emulator import Emulator
    from .rp2_flash import FlashOperation

_INTERRUPT = b"\x03\x03"
_ENTER_RAW = b"\x01"
_END = b"\x04"
_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"

T = TypeVar("T")


__all__ = ["BoardError", "BoardResetError", "Copy", "PicoBoard", "PowerCutError"]


class PowerCutError(UscomoError):
    """The power failed at the flash operation that `PicoBoard.cut_power` chose."""


class PicoBoard:
    """An emulated Raspberry Pi Pico.

    Parameters
    ----------
    image
        Name of an image in `firmware_cache.IMAGES` for a board without radio.
    flash
        Contents of another board's flash (`flash`), firmware included, instead of the image's.
    realtime
        Never run faster than the clock on the wall, so that time-outs on the board mean what
        they say to programs outside. Off for anything that happens on the board alone.

    Raises
    ------
    FirmwareError
        The image is missing; the message says how to provide it.
    UscomoError
        The image is for another board, or the emulator is not installed.
    """

    def __init__(
        self,
        image: str = firmware_cache.PICO,
        *,
        flash: bytes | None = None,
        realtime: bool = True,
    ) -> None:
        path = firmware_cache.require(image)
        known = firmware_cache.IMAGES[image]
        if known.board != "pico":
            raise UscomoError(f"{image} is for a board with radio, which this emulated one is not")
        try:
            from .rp2_emulator import Emulator
        except ImportError as missing:
            raise UscomoError(
                f"the emulated Pico needs {missing.name}: pip install 'uscomo[test]'"
            ) from missing
        gc.collect()  # boards given up earlier: 30 MB each, held by reference cycles
        self._emulator: Emulator = Emulator(path, known.board, known.version, realtime=realtime)
        if flash is not None:
            self._emulator.flash = flash

    # -- power

    def __enter__(self) -> PicoBoard:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing to stop: the board only runs while a call waits for it."""

    def start(self, timeout: float = 30) -> None:
        """Switch on and wait until the firmware's console is there."""
        self._emulator.power_on()
        self._await_console(timeout)

    def reset(self, timeout: float = 30) -> None:
        """Pull the reset line and wait for the console; flash stays, RAM does not."""
        self._emulator.reset()
        self._await_console(timeout)

    def _await_console(self, timeout: float) -> None:
        board, boots = self._emulator, self._emulator.boots
        self._run(lambda: board.boots > boots, timeout, "the console", restarts=True)

    def cut_power(self, at: int, landed: float = 0.0) -> None:
        """Let the power fail at the `at`-th flash operation from now on (1 is the next).

        `landed`, 0 to 1, is the share of that operation that still takes effect. Whatever waits
        for the board then ends with `PowerCutError`; take `flash` and start another board on it.
        """
        self._emulator.chip.cut_power(at, landed)

    # -- code

    def exec(self, code: str, timeout: float = 60) -> str:
        """Run code on the board and return what it printed.

        Whatever ran before is interrupted; what was defined before is still there.

        Raises
        ------
        BoardError
            The code raised; carries the board's traceback.
        BoardResetError
            The board restarted meanwhile.
        PowerCutError
            The power failed as planned.
        UnreachableError
            No answer within `timeout` seconds of the clock on the wall.
        """
        self.begin(code, timeout)
        return self.finish(timeout)

    def begin(self, code: str, timeout: float = 60) -> None:
        """Begin what `exec` does; the board goes on with it in `reach` and `finish`."""
        self._enter_raw_repl(timeout)
        self._emulator.received.clear()
        self._emulator.send(code.encode() + _END)

    def reach(self, words: str, timeout: float = 60) -> None:
        """Let what was begun run until it has printed something."""
        board, wanted = self._emulator, words.encode()
        self._run(lambda: wanted in board.received, timeout, repr(words))

    def finish(self, timeout: float = 60) -> str:
        """Let what was begun run to its end; as `exec`."""
        board = self._emulator
        self._run(lambda: board.received.count(_END) >= 2, timeout, "the end of the code")
        output, traceback, _ = bytes(board.received).split(_END, 2)
        printed = _text(output.removeprefix(b"OK"))
        if traceback:
            raise BoardError(_text(traceback), printed)
        return printed

    def soft_reset(self, timeout: float = 30) -> None:
        """Restart the interpreter: a fresh heap, ``boot.py`` but not ``main.py``."""
        board = self._emulator
        self._enter_raw_repl(timeout)
        board.received.clear()
        board.send(_END)
        self._run(lambda: _RAW_PROMPT in board.received, timeout, "a prompt after a soft reset")

    def run(self, seconds: float, timeout: float = 60) -> str:
        """Let the board alone for so many emulated seconds; return what it wrote meanwhile."""
        board = self._emulator
        board.received.clear()
        until = board.seconds + seconds
        self._run(lambda: board.seconds >= until, timeout, "time to pass", restarts=True)
        return _text(bytes(board.received))

    def _enter_raw_repl(self, timeout: float) -> None:
        board = self._emulator
        board.received.clear()
        board.send(_INTERRUPT + _ENTER_RAW)
        self._run(lambda: _RAW_PROMPT in board.received, timeout, "a prompt")

    def _run(
        self, done: Callable[[], bool], timeout: float, what: str, restarts: bool = False
    ) -> None:
        board = self._emulator
        boots = board.boots

        def restarted() -> bool:
            return board.boots > boots and not restarts

        if not board.run(lambda: done() or restarted(), timeout):
            if board.chip.is_cut:
                raise PowerCutError(
                    f"power cut at flash operation {len(board.chip.operations)}: "
                    f"{board.chip.operations[-1]}"
                )
            raise UnreachableError(
                f"the emulated board gave no answer in {timeout:g} s while waiting for {what}; "
                f"its console says {bytes(board.received[-200:])!r}"
            )
        if restarted():
            raise BoardResetError(f"the board restarted while waiting for {what}")

    # -- time

    @property
    def emulated_seconds(self) -> float:
        """Seconds of the board's own clock since it was switched on."""
        return self._emulator.seconds

    # -- flash

    @property
    def flash(self) -> bytes:
        """The whole flash as it is now: firmware and file system, 2 MB."""
        return self._emulator.flash

    @flash.setter
    def flash(self, content: bytes) -> None:
        # Behind the firmware's back: a board that runs has to mount it anew, or to be reset.
        self._emulator.flash = content

    @property
    def flash_operations(self) -> list[FlashOperation]:
        """Every flash erase and program since the board was switched on."""
        return self._emulator.chip.operations

    @property
    def file_system(self) -> tuple[int, int]:
        """Where in `flash` the files are: first address, and the one after the last."""
        return self._emulator.files.place

    def watch_flash(self, watch: Callable[[FlashOperation, bytes], None]) -> None:
        """Have each flash operation told, and what is programmed, before it takes effect."""
        self._emulator.chip.on_operation = watch

    def preload(self, files: Mapping[str, bytes]) -> None:
        """Put files, by absolute path, on the flash of a board that is switched off.

        This takes milliseconds, where the console takes a second for 2 KB.
        """
        if self._emulator.boots:
            raise UscomoError("files are preloaded before the board is started")
        self._emulator.files.write(files)

    def files(self) -> dict[str, bytes]:
        """Read every file off the flash, by absolute path, behind the firmware's back."""
        return self._emulator.files.read()

    # -- copies

    def fork(self, work: Callable[[PicoBoard], T]) -> Copy[T]:
        """Begin `work` on a copy of this running board, beside whatever else runs.

        The copy is a forked process: memory, flash and clock are those of this moment, and
        nothing that happens there comes back but the (picklable) result. Where processes cannot
        be forked (Windows) there is no such copy. Every copy's result must be fetched.
        """
        if not hasattr(os, "fork"):
            raise UscomoError("copying a running board needs a system that can fork processes")
        return Copy(lambda: work(self))

    def forked(self, work: Callable[[PicoBoard], T]) -> T:
        """Do `work` on a copy of this running board (`fork`) and return its result."""
        return self.fork(work).result()


class Copy(Generic[T]):
    """Work on a copy of a board, going on in a process of its own."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._reader, writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                os.close(self._reader)
                with os.fdopen(writer, "wb") as pipe:
                    pipe.write(_attempt(work))
            finally:
                os._exit(0)  # no cleanup of what is the parent's: pytest, buffers, sockets
        os.close(writer)

    def result(self) -> T:
        """Wait for the work's end; what it raised is raised here."""
        with os.fdopen(self._reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(self._child, 0)
        if not answer:
            raise UscomoError("the copied board ended without an answer")
        succeeded, value = pickle.loads(answer)
        if not succeeded:
            raise value
        result: T = value
        return result


def _attempt(work: Callable[[], T]) -> bytes:
    try:
        return pickle.dumps((True, work()))
    except Exception as error:
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, UscomoError(f"{type(error).__name__}: {error}")))


def _text(data: bytes) -> str:
    return data.replace(b"\r\n", b"\n").decode(errors="replace")
