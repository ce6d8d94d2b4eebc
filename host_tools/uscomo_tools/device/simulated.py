"""A simulated device: a folder with a flash image and a description of what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import RefusedError, UsageError, UscomoError
from ..testing.unix import BLOCK_COUNT, HEAP, UnixBoard, change_image, make_image
from .agent import agent_files
from .provision import DeviceSpec, described, provision

_SCRIPTS = Path(__file__).parent / "board"
_IMAGE = "flash.img"
_DESCRIPTION = "device.json"
#: Where a bootstrap message lies on the board for a moment.
_LETTER = "/bootstrap.msg"


class SimulatedDevice:
    """A device in a folder; `create` makes one, the constructor opens it.

    Raises
    ------
    UsageError
        The folder holds no device.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.about: dict[str, Any] = json.loads((folder / _DESCRIPTION).read_text())
            heap = str(self.about["heap"])
            if not (folder / _IMAGE).stat().st_size:
                raise ValueError("an empty flash image")
        except (OSError, ValueError, KeyError, TypeError):
            raise UsageError(
                f"{folder} holds no device: make one with `uscomo device new {folder}`"
            ) from None
        self.board = UnixBoard(folder / _IMAGE, heap)

    @classmethod
    def create(
        cls, folder: Path, spec: DeviceSpec, heap: str = HEAP, blocks: int = BLOCK_COUNT
    ) -> SimulatedDevice:
        """Make a factory-fresh device: agent as bytecode, account, trust anchors.

        ``blocks`` is the size of its flash, see `make_image`.

        Raises
        ------
        UsageError
            There is a device already, or the spec is not usable.
        """
        if (folder / _DESCRIPTION).exists():
            raise UsageError(f"{folder} holds a device already: choose another folder")
        spec.check()
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="uscomo-device-") as name:
            root = Path(name)
            provision(spec, root)
            make_image(folder / _IMAGE, agent_files(), root, blocks)
        about = {"heap": heap, **described(spec)}
        (folder / _DESCRIPTION).write_text(json.dumps(about, indent=2) + "\n")
        return cls(folder)

    def request(self, kind: str, id: str = "") -> None:
        """Queue a request on the board: kind ``install``, ``update`` or ``check``."""
        self.board.execute(str(_SCRIPTS / "request.py"), kind, id)

    def bootstrap(self, message: bytes, pin: str = "") -> list[str]:
        """Give the board a bootstrap message; the accounts that came of it.

        Raises
        ------
        UscomoError
            The board did not take it; nothing has changed on it.
        """
        change_image(self.board.image, {_LETTER: message})
        output = self.board.execute(str(_SCRIPTS / "bootstrap.py"), _LETTER, pin)
        told = [line for line in output.splitlines() if line.startswith("bootstrap ")]
        accounts, _, reason = told[-1].removeprefix("bootstrap ").partition(":")
        if reason:
            raise RefusedError(f"the board does not take the message:{reason}")
        return accounts.split(",")

    def status(self) -> list[dict[str, Any]]:
        """What the board says is installed: id, version, state, trial."""
        output = self.board.execute(str(_SCRIPTS / "status.py"))
        lines = [line for line in output.splitlines() if line.startswith("[")]
        if not lines:
            raise UscomoError(f"the board does not tell its status: {output}")
        found: list[dict[str, Any]] = json.loads(lines[-1])
        return found

    def run(
        self,
        console: Console,
        mode: str = "once",
        timeout: float | None = None,
    ) -> int:
        """Power on, with a console to follow; the exit code says how the last session ended."""
        return self.board.run(mode, on_text=console.text, answer=console.answer, timeout=timeout)


class Console:
    """Splits a board's console into the agent's own lines, questions and what apps print.

    Parameters
    ----------
    on_event
        Gets the words of each agent line (``uscomo: ...``).
    on_output
        Gets each other line.
    on_question
        Gets a question, answers with a line of text.
    """

    def __init__(
        self,
        on_event: Callable[[list[str]], None] = lambda words: None,
        on_output: Callable[[str], None] = lambda line: None,
        on_question: Callable[[str], str] = lambda question: "",
    ) -> None:
        self.on_event = on_event
        self.on_output = on_output
        self.on_question = on_question
        self._line = ""

    def answer(self, question: str) -> str:
        """Let the question be answered; it is no output."""
        self._line = ""
        return self.on_question(question)

    def text(self, piece: str) -> None:
        """Take a piece of the console's output, as it comes."""
        *lines, self._line = (self._line + piece.replace("\r", "")).split("\n")
        for line in lines:
            if line.startswith("uscomo: "):
                self.on_event(line.split()[1:])
            elif line.strip():
                self.on_output(line)
