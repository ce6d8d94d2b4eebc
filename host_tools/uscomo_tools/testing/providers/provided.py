"""A board that a provider serves, seen from the test: its port, its power supply, its console."""

from __future__ import annotations

import base64
import copy
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...errors import UnreachableError, UscomoError

if TYPE_CHECKING:
    from typing_extensions import Self

    from ...board.connection import Board

#: In a served board's folder: its flash, and all that it wrote to its console.
FLASH = "flash.img"
CONSOLE_LOG = "console.log"

_OPEN_SECONDS = 10.0
_SLOWNESS = 14.0  # of an emulated board against the real one, when it has a processor of its own


class Power:
    """The power supply of a served board.

    The flash survives everything that happens here.
    """

    def __init__(self, process: _Channel) -> None:
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
        Which provider it is from.
    url
        What `Board.open` takes: a path or a pyserial URL.
    features
        What tests may ask for, in `pytest.mark.board(features=...)`.
    """

    def __init__(self, name: str, url: str, features: frozenset[str]) -> None:
        self.name = name
        self.url = url
        self.features = features

    def open(self) -> Board:
        """Open the board for its verbs; a context manager, at whose end the port is free again."""
        from ...board.connection import Board

        opened = Board.open(self.url, wait=_OPEN_SECONDS)
        if "slow" in self.features:
            opened.be_patient(_SLOWNESS)
        return opened

    def exec(self, code: str, timeout: float = 60) -> str:
        """Open the board, run code on it, close it: what the code printed."""
        with self.open() as board:
            return board.exec(code, timeout)

    @property
    def power(self) -> Power:
        """Its power supply, of boards with the feature ``power``."""
        raise UscomoError(f"nobody can switch board {self.name} off and on")

    @property
    def console_log(self) -> str:
        """All that the board wrote to its console, over all its restarts; empty if not known."""
        return ""

    def stop(self) -> None:
        """Let go of the board."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class ServedBoard(ProvidedBoard):
    """A board that a process of its own emulates.

    Attributes
    ----------
    folder
        Keeps its flash and its console's log.
    """

    # Seconds that its process has for an answer, and for its end.
    _answer_seconds = 30.0
    _end_seconds = 5.0

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        features: frozenset[str],
        folder: Path,
        temporary: bool = False,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__(name, "", features)
        self.folder = folder
        self._temporary = temporary
        command = [sys.executable, "-m", module, str(folder), *arguments]
        self._channel, process = _started(command, self._answer_seconds)
        self._process: subprocess.Popen[bytes] | None = process
        try:
            self.url = str(self._channel.answer()["url"])
            if files:
                self.write(files)
        except BaseException:
            self.stop()
            raise

    @property
    def power(self) -> Power:
        """Its power supply."""
        return Power(self._channel)

    @property
    def console_log(self) -> str:
        """All that the board wrote to its console, over all its restarts."""
        path = self.folder / CONSOLE_LOG
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    def state(self) -> dict[str, Any]:
        """What the board's process counts: ``on``, ``operations``, ``starts``, and its own."""
        return self._channel.ask("state")

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put files on the flash, by path, behind the board's back; it starts anew if it is on.

        A path that ends with / is a folder.
        """
        self._channel.ask(
            "write", files={path: base64.b64encode(data).decode() for path, data in files.items()}
        )

    def files(self) -> dict[str, bytes]:
        """All files on the flash as it is now, by path, read behind the board's back."""
        found = self._channel.ask("files")["files"]
        return {path: base64.b64decode(data) for path, data in found.items()}

    def attempts(self) -> dict[str, list[list[Any]]]:
        """What a board with confined network wanted to reach, and its process did (`rp2w`)."""
        return self._channel.ask("attempts")

    def rest(self) -> None:
        """Stand still once it has started: only copies are wanted. Needs the feature ``fork``."""
        self._channel.ask("rest")

    def copy(self) -> ServedBoard:
        """A copy of the running board: memory, flash and clock are those of this moment.

        It has a port and a folder of its own and takes milliseconds. Needs the feature ``fork``.
        """
        twin = copy.copy(self)
        twin.folder, twin._temporary = board_folder(None)
        twin._process = None
        shutil.copy(self.folder / CONSOLE_LOG, twin.folder / CONSOLE_LOG)
        names = {name: str(twin.folder / name) for name in ("requests", "answers")}
        for path in names.values():
            os.mkfifo(path, 0o600)
        # Opened for both directions, so that it does not wait for the other end.
        requests = os.open(names["requests"], os.O_RDWR)
        answers = os.open(names["answers"], os.O_RDONLY | os.O_NONBLOCK)
        twin._channel = _Channel(requests, answers, self._answer_seconds)
        try:
            self._channel.ask("fork", folder=str(twin.folder), **names)
            twin.url = str(twin._channel.answer()["url"])
        except BaseException:
            twin.stop()
            raise
        return twin

    def stop(self) -> None:
        """End the board's process; a folder that was made for it goes too."""
        self._channel.end(self._end_seconds)
        if self._process is not None:
            try:
                self._process.wait(self._end_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def served_folder() -> Iterator[Path]:
    """The folder that a provider's command line names, or one for as long as it serves."""
    folder, temporary = board_folder(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    try:
        yield folder
    finally:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)


def board_folder(folder: Path | None) -> tuple[Path, bool]:
    """A served board's folder, and whether it was made for this occasion."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="uscomo-board-")), True
    folder.mkdir(parents=True, exist_ok=True)
    return folder, False


class _Channel:
    """Questions to the process that serves a board: a line of JSON each way."""

    def __init__(self, requests: int, answers: int, seconds: float) -> None:
        self._requests = requests
        self._answers = answers
        self._seconds = seconds
        self._turn = threading.Lock()
        self._received = b""
        self._is_open = True

    def ask(self, request: str, **values: Any) -> dict[str, Any]:
        with self._turn:
            if not self._is_open:
                raise UscomoError("the board was stopped")
            line = memoryview((json.dumps({"do": request, **values}) + "\n").encode())
            try:
                while line:
                    line = line[os.write(self._requests, line) :]
            except OSError as error:
                raise UnreachableError(f"the board's process is gone: {error}") from error
            return self.answer()

    def answer(self) -> dict[str, Any]:
        end = time.monotonic() + self._seconds
        pieces = [self._received]
        while b"\n" not in pieces[-1]:
            if not select.select([self._answers], [], [], max(0.0, end - time.monotonic()))[0]:
                raise UnreachableError("the board's process does not answer")
            data = os.read(self._answers, 65536)
            if not data:
                raise UnreachableError("the board's process has ended")
            pieces.append(data)
        line, _, self._received = b"".join(pieces).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise UscomoError(str(answer["error"]))
        return answer

    def end(self, seconds: float) -> None:
        """Close the pipes, which is what tells the process to end, and wait for it."""
        with self._turn:
            if not self._is_open:
                return
            self._is_open = False
            os.close(self._requests)
            end = time.monotonic() + seconds
            while select.select([self._answers], [], [], max(0.0, end - time.monotonic()))[0]:
                if not os.read(self._answers, 65536):
                    break
            os.close(self._answers)


def _started(command: Sequence[str], seconds: float) -> tuple[_Channel, subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None
    assert process.stdout is not None
    channel = _Channel(os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno()), seconds)
    process.stdin.close()
    process.stdout.close()
    return channel, process
