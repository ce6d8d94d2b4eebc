"""A board that a provider serves, seen from the test: its port, its power supply, its console."""

from __future__ import annotations

import json
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ...errors import UnreachableError, UscomoError

#: What a provider can bring a board to before a test begins.
STATES = ("bare", "deployed", "enrolled")

#: In a served board's folder: its flash, and all that it wrote to its console.
FLASH = "flash.img"
CONSOLE_LOG = "console.log"

_ANSWER_SECONDS = 30.0
_END_SECONDS = 5.0


class Power:
    """The power supply of a served board.

    The flash survives everything that happens here.
    """

    def __init__(self, process: _Served) -> None:
        self._process = process

    def cut(self, at: int, landed: float = 0.5) -> None:
        """Let the power fail at the `at`-th flash operation from now on (1 is the next).

        `landed`, 0 to 1, is the share of that operation that still takes effect. The board is
        off afterwards.
        """
        self._process.ask("cut", at=at, landed=landed)

    def off(self) -> None:
        """Take the power away at once, whatever the board is doing."""
        self._process.ask("off")

    def on(self) -> None:
        """Switch on: ``boot.py`` and ``main.py`` run. Nothing happens to a board that is on."""
        self._process.ask("on")

    def restart(self) -> None:
        """Off and on."""
        self.off()
        self.on()

    @property
    def is_on(self) -> bool:
        """Whether the board has power: not after `off` and not after a cut."""
        return bool(self._process.ask("state")["on"])

    @property
    def operations(self) -> int:
        """Flash programs and erases since the board was made."""
        return int(self._process.ask("state")["operations"])


class ProvidedBoard:
    """A board on a port.

    Attributes
    ----------
    name
        Which provider serves it.
    url
        What `Board.open` takes: a path or a pyserial URL.
    features
        What tests may ask for, in `pytest.mark.board(features=...)`.
    power
        Its power supply.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        features: frozenset[str],
        folder: Path,
        temporary: bool = False,
    ) -> None:
        self.name = name
        self.features = features
        self.folder = folder
        self._temporary = temporary
        self._process = _Served([sys.executable, "-m", module, str(folder), *arguments])
        self.url = self._process.url
        self.power = Power(self._process)

    def __enter__(self) -> ProvidedBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def console_log(self) -> str:
        """All that the board wrote to its console, over all its restarts."""
        path = self.folder / CONSOLE_LOG
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    def state(self) -> dict[str, Any]:
        """What the board's process counts: ``on``, ``operations``, ``starts``, and its own."""
        return self._process.ask("state")

    def stop(self) -> None:
        """End the board's process; a folder that was made for it goes too."""
        self._process.end()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def board_folder(folder: Path | None) -> tuple[Path, bool]:
    """A served board's folder, and whether it was made for this occasion."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="uscomo-board-")), True
    folder.mkdir(parents=True, exist_ok=True)
    return folder, False


class _Served:
    """The process that serves a board, and questions to it: a line of JSON each way."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._turn = threading.Lock()
        self._received = b""
        try:
            self.url = str(self._answer()["url"])
        except BaseException:
            self.end()
            raise

    def ask(self, request: str, **values: Any) -> dict[str, Any]:
        with self._turn:
            if self._process.stdin is None or self._process.stdin.closed:
                raise UscomoError("the board was stopped")
            line = json.dumps({"do": request, **values}) + "\n"
            try:
                self._process.stdin.write(line.encode())
            except OSError as error:
                raise UnreachableError(f"the board's process is gone: {error}") from error
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        end = time.monotonic() + _ANSWER_SECONDS
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise UnreachableError("the board's process does not answer")
                data = self._process.stdout.read(65536)
                if not data:
                    code = self._process.wait(_END_SECONDS)
                    raise UnreachableError(f"the board's process ended with {code}")
                self._received += data
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UscomoError(str(answer["error"]))
        return answer

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()  # which is what tells the process to end
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
