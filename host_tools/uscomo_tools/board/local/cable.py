"""A board at a cable, made to hold sessions with the server in this program.

What runs on the board is stopped, the interpreter started anew with ``boot.py`` alone, and
``uscomo.cable`` called from the friendly REPL: it opens the account's sessions through frames on
the same line, runs what they asked for, and ends in a planned restart into ``main.py``. So apps
stand still while a command works and start again after it, and no trial loses an attempt. The
board finds its way back to ``main.py`` even if this program goes away.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...device.simulated import Console
from ...errors import UnreachableError, UscomoError
from ..connection import Board, BoardError
from .account import SCOMO_ROOT
from .bridge import Bridge
from .server import LocalServer

# Seconds: to get out of what a board does when we give up; between two attempts.
_OUT, _AGAIN = 30.0, 6.0
_PROMPT = 5.0  # for the friendly REPL to come up
_SLICE = 0.05
_QUIET = 0.5  # after which what looked like a frame was none

_ENDED = "cable ended"
_LIMIT_OF_LISTING = 180.0  # an emulated board takes long to import what it needs
# What belongs to the REPL and not to an application.
_REPL = (">>> ", "MPY: soft reboot", "MicroPython ", 'Type "help()"')


@dataclass(frozen=True)
class Installed:
    """A component on the board.

    Parameters
    ----------
    size
        Bytes of its files.
    signer
        Key id of who signed it.
    """

    id: str
    version: str
    active: bool
    trial: bool
    size: int
    signer: str
    agent: bool

    def as_json(self) -> dict[str, Any]:
        """As a row of ``uscomo board apps --json``."""
        state = "active" if self.active else "inactive"
        fields = {"id": self.id, "version": self.version, "state": state}
        return {**fields, "trial": self.trial, "size": self.size, "signer": self.signer}


@dataclass(frozen=True)
class About:
    """What a board says of itself.

    Parameters
    ----------
    root
        Of the account `local`'s SCOMO object; empty without that account.
    anchors
        Key ids that it trusts.
    mpy
        The number of its .mpy format, 0 for none.
    confirm_after
        Seconds that a trial takes.
    """

    device_id: str
    device_type: str
    root: str
    safe_mode: bool
    anchors: tuple[str, ...]
    mpy: int
    confirm_after: int
    components: tuple[Installed, ...]

    def component(self, id: str) -> Installed | None:
        """The component of an id."""
        return next((found for found in self.components if found.id == id), None)


@dataclass
class Told:
    """What the board has said on its console about what it does.

    Attributes
    ----------
    sessions
        Outcome of each session.
    operations, since_session
        Result code by the operation's number, the last word counts; all, and those that came
        after the first session had begun.
    answers
        To requests.
    components
        The last that happened to a component: "on", "confirmed", "crashed", "rolled".
    """

    sessions: list[str] = field(default_factory=list)
    operations: dict[int, int] = field(default_factory=dict)
    since_session: dict[int, int] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    components: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    def hear(self, words: list[str]) -> None:
        """Take one line of the agent, without its ``uscomo:``."""
        match words:
            case ["session", _, "begins"]:
                if not self.sessions:
                    self.since_session.clear()
            case ["session", _, *outcome]:
                self.sessions.append(" ".join(outcome))
            case ["operation", number, code] if number.isdigit() and code.isdigit():
                self.operations[int(number)] = self.since_session[int(number)] = int(code)
            case ["request", *rest]:
                self.answers.append(" ".join(rest))
            case ["component", id, what, *_]:
                self.components[id] = what
            case _:
                self.ended = self.ended or " ".join(words) == _ENDED


@dataclass
class Listener:
    """Who is told what goes on; each part may be left out.

    Attributes
    ----------
    on_event
        Words of a line of the agent.
    on_output
        A line of an application.
    on_question
        The board's question to its user; answers with a line.
    """

    on_event: Callable[[list[str]], None] = lambda words: None
    on_output: Callable[[str], None] = lambda line: None
    on_question: Callable[[str], str] = lambda question: ""


class Cable:
    """One board.

    Attributes
    ----------
    told
        What it said since the last `serve`.
    is_stopped
        Whether its programs stand still until `serve` or `leave`.
    """

    silence = 120.0  # seconds until it is given up

    def __init__(self, board: Board, listener: Listener) -> None:
        self.board = board
        self.told = Told()
        self.is_stopped = False
        self._listener = listener
        self._console = Console(self._event, self._output, listener.on_question)
        self._line = ""
        self._echoed = False
        self._unanswered: BaseException | None = None

    def about(self) -> About:
        """Ask what the board is and has; what runs is stopped until `serve` or `leave`.

        Raises
        ------
        UscomoError
            There is no agent on the board, or one of before there were cables.
        """
        self.is_stopped = True
        self.board.soft_reset()
        try:
            text = self.board.exec(
                "from uscomo import cable\ncable.listed()", timeout=_LIMIT_OF_LISTING
            )
        except BoardError as error:
            if "ImportError" in error.traceback:
                raise UscomoError(
                    f"{self.board.url}: no uscomo agent on this board, or an old one: "
                    "run `uscomo board deploy` first"
                ) from None
            raise
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        if not lines:
            raise UscomoError(f"{self.board.url}: the agent does not say what it has: {text!r}")
        first, *rest = lines
        return About(
            device_id=first["id"],
            device_type=first["DevTyp"],
            root=first["root"],
            safe_mode=bool(first["state"]),
            anchors=tuple(first["signer"]),
            mpy=first["mpy"],
            confirm_after=int(first.get("confirm_after") or 10),
            components=tuple(_installed(found) for found in rest),
        )

    def confirm(self, id: str) -> None:
        """Say, in the user's place, that a component on trial works."""
        self.board.exec(f"import uscomo\nuscomo.confirm({id!r})")

    def serve(self, server: LocalServer, kind: str = "check", id: str = "") -> Told:
        """Let the board hold its sessions, and run what comes of them; it restarts at the end.

        Parameters
        ----------
        kind
            ``check``, or the user's request: ``install`` or ``update``, of ``id``.

        Raises
        ------
        UnreachableError
            It says nothing any more.
        """
        self.told = Told()
        self._call(f"cable.serve({kind!r}, {id!r})", server)
        return self.told

    def leave(self) -> None:
        """Start `main.py` again, as after a planned restart."""
        self.told = Told()
        self._call("cable.leave()", None)

    def follow(self, done: Callable[[Told], bool], seconds: float) -> bool:
        """Listen to what runs; whether ``done`` came true in that time."""
        console = self.board.console()
        end = time.monotonic() + seconds
        while not done(self.told):
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._text(console.read(min(left, _SLICE)))
        return True

    # -- the line

    def _call(self, command: str, server: LocalServer | None) -> None:
        self.board.exec("from uscomo import cable")
        console = self.board.console()
        try:
            self._echoed = False
            self._unanswered = None
            _await_prompt(console)
            self.is_stopped = False
            console.write(command.encode() + b"\r")
            self._run(console, server)
        except BaseException:
            self._get_out(console)
            raise

    def _run(self, console: Any, server: LocalServer | None) -> None:
        stream = Bridge(server, self.board.patience)
        heard = time.monotonic()
        while not self.told.ended:
            now = time.monotonic()
            data = console.read(stream.pause(now))
            now = time.monotonic()
            if data:
                heard = now
            self._text(stream.receive(data, now))
            if now - heard > _QUIET:
                self._text(stream.end.flush())
            out = stream.end.outgoing(now)
            if out:
                console.write(out)
            if self._is_question():
                console.write(self._answer())
                heard = time.monotonic()
            if now - heard > self.silence:
                raise UnreachableError(
                    f"{self.board.url}: the board has said nothing for {self.silence:.0f} s"
                )
            if self._echoed and self._line == ">>> ":
                self._unanswered = None
                raise UscomoError(f"{self.board.url}: the agent has failed, see its traceback")

        if self._unanswered is not None:
            raise self._unanswered

    def _get_out(self, console: Any) -> None:
        # Interrupted, the agent restarts the board into main.py.
        self.board.resume()
        end = time.monotonic() + _OUT
        try:
            while not self.told.ended and time.monotonic() < end:
                console.write(b"\x03")
                # Not sooner: a second one would hit what the first one has set going.
                wait = time.monotonic() + _AGAIN
                while not self.told.ended and time.monotonic() < wait:
                    self._text(console.read(_SLICE))
        except UnreachableError:
            pass  # it is gone: what had to be said is being raised

    def _text(self, data: bytes) -> None:
        if data:
            text = data.decode(errors="replace")
            self._line = (self._line + text).replace("\r", "").rpartition("\n")[2]
            self._console.text(text)

    def _is_question(self) -> bool:
        return self._line.startswith("? ") and self._line.endswith("] ")

    def _answer(self) -> bytes:
        line, self._line = self._line, ""
        try:
            return self._console.answer(line.strip()).encode() + b"\n"
        except (UscomoError, KeyboardInterrupt) as error:
            # Nobody can answer, or the user gives up: that is a no, and the board ends in order.
            self._unanswered = error
            return b"n\n"

    def _event(self, words: list[str]) -> None:
        self.told.hear(words)
        self._listener.on_event(words)

    def _output(self, line: str) -> None:
        if line.startswith("cable."):
            self._echoed = True
        elif not line.startswith(_REPL):
            self._listener.on_output(line)


def _await_prompt(console: Any) -> None:
    # What stands before it is the REPL's: nothing else runs.
    seen = b""
    end = time.monotonic() + _PROMPT
    while not seen.endswith(b">>> ") and time.monotonic() < end:
        seen += console.read(_SLICE)


def require_account(about: About, url: str) -> None:
    """Refuse a board that no deployment has given the account.

    Raises
    ------
    UscomoError
        What to do.
    """
    if about.root != SCOMO_ROOT or not about.device_id:
        raise UscomoError(
            f"{url}: the board has no account for the cable: run `uscomo board deploy`"
        )


def _installed(found: dict[str, Any]) -> Installed:
    return Installed(
        id=found["id"],
        version=found["version"],
        active=found["state"] == 20,
        trial=bool(found["trial"]) and found["state"] == 20,
        size=found["size"],
        signer=found["signer"] or "",
        agent=bool(found["agent"]),
    )
