"""The agent on a board under test, with the verbs of somebody who has the board on a cable."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..board.connection import Board, Console
from ..device.simulated import Console as Lines
from ..errors import UscomoError
from .providers.provided import ProvidedBoard

_SCRIPTS = Path(__file__).parent / "board"
_RESULT = "result:"
_MAX_RESTARTS = 20
#: What the outcome of the last session is called, see uscomo.agent.
_OUTCOMES = (
    "none",
    "done",
    "credentials refused",
    "server not authentic",
    "aborted",
    "protocol error",
    "unreachable",
)


class AgentFailedError(UscomoError):
    """The agent did not do what it was asked to; the message has the console's last words."""


class Agent:
    """The agent on a board.

    Attributes
    ----------
    device_id
        Under which the server knows the board.
    events
        The agent's own lines on the console (``uscomo: ...``), without those of progress.
    output
        All the other lines: what apps print.
    """

    def __init__(self, board: ProvidedBoard, device_id: str, patience: float) -> None:
        self.board = board
        self.device_id = device_id
        self.events: list[str] = []
        self.output: list[str] = []
        self._patience = patience
        self._heard: list[str] = []  # all of it, in order
        self._waited = 0  # how many of those were waited for
        self._lines = Lines(self._on_event, self._on_output)
        self._console: Console | None = None

    def _on_event(self, words: list[str]) -> None:
        if words[0] != "progress":
            self.events.append(" ".join(words))
            self._heard.append(" ".join(words))

    def _on_output(self, line: str) -> None:
        self.output.append(line)
        self._heard.append(line)

    # -- asked over the cable

    def call(self, name: str, *arguments: str) -> Any:
        """Call a function of ``uscomo`` on the board; what it returned, as JSON has it."""
        with self.board.open() as board:
            board.soft_reset()
            values = {"NAME": name, "ARGUMENTS": arguments}
            text = board.run_script(_SCRIPTS / "agent_call.py", values, self._patience)
        return json.loads(_result(text))

    def request_install(self, package: str) -> None:
        """Let the board's user ask for an application."""
        self.call("request_install", package)

    def request_update(self, component: str = "") -> None:
        """Let the board's user ask for an update of one component, or of all."""
        self.call("request_update", component)

    def status(self) -> dict[str, dict[str, Any]]:
        """What the board says is installed: component id -> version, state, trial."""
        return {row["id"]: row for row in self.call("status")}

    def confirm(self, component: str) -> None:
        """Say that a component on trial works."""
        self.call("confirm", component)

    # -- running

    def run(self, timeout: float | None = None) -> str:
        """Let the agent work until nothing is left to do, over all restarts.

        Returns
        -------
        str
            How the last session ended: ``done`` when all is well.

        Raises
        ------
        AgentFailedError
            It never came to rest.
        """
        end = time.monotonic() + (timeout or self._patience)
        with self.board.open() as board:
            for _ in range(_MAX_RESTARTS):
                board.soft_reset()
                text = self._run_once(board, max(1.0, end - time.monotonic()))
                if _RESULT in text:
                    return _OUTCOMES[int(_result(text))]
        raise AgentFailedError(f"{_MAX_RESTARTS} restarts in a row; {self.last_words()}")

    def _run_once(self, board: Board, seconds: float) -> str:
        def heard(piece: bytes) -> None:
            self._lines.text(piece.decode(errors="replace"))

        text = board.run_script(_SCRIPTS / "agent_run.py", {}, seconds, heard)
        self._lines.text("\n")
        return text

    def session(self) -> str:
        """Open a session, and do what comes of it; as `run`."""
        self.call("check")
        return self.run()

    def install(self, package: str) -> str:
        """Ask for an application, and do what comes of it; as `run`."""
        self.request_install(package)
        return self.run()

    def update(self, component: str = "") -> str:
        """Ask for an update, and do what comes of it; as `run`."""
        self.request_update(component)
        return self.run()

    # -- left to itself

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Leave the board alone; inside, `wait_for` and `listen` hear what it says."""
        with self.board.open() as board, self._listening(board):
            yield

    @contextmanager
    def started(self) -> Iterator[None]:
        """Have the board started anew, as on a desk, `main.py` and all; inside as `listening`."""
        with self.board.open() as board:
            board.soft_reset(run_main=True)
            with self._listening(board):
                yield

    @contextmanager
    def _listening(self, board: Board) -> Iterator[None]:
        self.forget()
        self._console = board.console()
        try:
            yield
        finally:
            self._console = None

    def wait_for(self, pattern: str, timeout: float | None = None) -> str:
        """Listen to the console until a line matches: an agent's event or an app's output.

        Parameters
        ----------
        pattern
            A regular expression, searched for in lines that have not been waited for yet.
        timeout
            Seconds.

        Raises
        ------
        AgentFailedError
            No such line came.
        """
        assert self._console is not None, "only while the agent is started"
        end = time.monotonic() + (timeout or self._patience)
        while True:
            while self._waited < len(self._heard):
                line = self._heard[self._waited]
                self._waited += 1
                if re.search(pattern, line):
                    return line
            if time.monotonic() > end:
                raise AgentFailedError(f"no line matches {pattern!r}; {self.last_words()}")
            self.listen(0.1)

    def listen(self, seconds: float) -> None:
        """Take what the board says now, waiting so long for it."""
        assert self._console is not None, "only while the agent is started"
        self._lines.text(self._console.read(seconds).decode(errors="replace"))

    def forget(self) -> None:
        """Drop what was heard so far."""
        for lines in (self.events, self.output, self._heard):
            lines.clear()
        self._waited = 0

    def last_words(self) -> str:
        """The end of what was heard, for messages."""
        return f"events {self.events[-8:]}, output {self.output[-8:]}"


def _result(text: str) -> str:
    for line in reversed(text.splitlines()):
        if line.startswith(_RESULT):
            return line.removeprefix(_RESULT).strip()
    raise AgentFailedError(f"the board gave no answer: {text[-300:]!r}")
