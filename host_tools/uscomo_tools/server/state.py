"""What a DM session remembers between two messages: plain data, JSON by ``dataclasses.asdict``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from uscomo_tools.server.objects import Partial
from uscomo_tools.server.reports import number, text
from uscomo_tools.server.steps import Answered, Outcome, Step
from uscomo_tools.syncml.message import Command, Message


@dataclass(slots=True)
class Sent:
    """A step whose command is out: its command numbers, and the answers so far."""

    step: Step
    msg_id: str
    commands: list[tuple[str, str]]
    codes: dict[str, int] = field(default_factory=dict)
    items: list[Answered] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def take(self, command: Command) -> None:
        """Take a Status or a Results for one of these commands."""
        if command.name == "Results":
            self._take_results(command)
            return
        # One Status per Item may come: the worst of them speaks for the command.
        cmd = command.cmd_ref or ""
        self.told += [text(item.data) for item in command.items if item.data]
        self.codes[cmd] = max(number(command.data), self.codes.get(cmd, 0))

    def _take_results(self, command: Command) -> None:
        for item in command.items:
            meta = item.meta or command.meta
            found = Answered(
                (item.source or item.target or "").removesuffix("/"),
                (meta.format if meta else None) or "chr",
                text(item.data),
            )
            self.items.append(found)

    def outcome(self) -> Outcome:
        """The answers, in the order of the commands."""
        codes = [(name, self.codes.get(cmd, 0)) for cmd, name in self.commands]
        return Outcome(codes, self.items, self.told)


@dataclass(slots=True)
class SessionState:
    """All that a session remembers between two messages; JSON through ``as_json``.

    ``refused`` is the code that ended the session for good, 0 while it lives.
    ``proved`` says that the client's messages are proved by MAC, one by one; ``server_scheme`` how
    the client wants ours to be proved, empty while it did not say.
    ``unfinished`` says that our last message had no Final although the client's package was
    complete. ``announced`` says that our own limits were told. Nonces are hexadecimal.
    """

    client_msg_id: str = ""
    server_msg_id: int = 0
    client_ok: bool = False
    client_failures: int = 0
    client_nonce: str | None = None
    proved: bool = False
    server_ok: bool = False
    server_failures: int = 0
    server_nonce: str | None = None
    server_scheme: str = ""
    refused: int = 0
    ended: bool = False
    unfinished: bool = False
    max_msg_size: int = 0
    max_obj_size: int = 0
    announced: bool = False
    partial: Partial | None = None
    queue: list[Step] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> SessionState:
        """Undo ``dataclasses.asdict``."""
        partial = stored.get("partial")
        partial = Partial(**partial) if partial else None
        state = cls(**{**stored, "queue": [], "sent": [], "partial": partial})
        state.queue = [Step(**step) for step in stored.get("queue", [])]
        state.sent = [
            Sent(
                Step(**sent["step"]),
                sent["msg_id"],
                [(cmd, name) for cmd, name in sent["commands"]],
                sent["codes"],
                [Answered(**item) for item in sent["items"]],
                sent.get("told", []),
            )
            for sent in stored.get("sent", [])
        ]
        return state

    def collect(self, message: Message) -> None:
        """Sort Statuses and Results to the commands they answer, whatever their order.

        A Results without MsgRef is somebody's habit; a wrong MsgRef belongs to another message.
        """
        waiting = {cmd: sent for sent in self.sent for cmd, _ in sent.commands}
        for command in message.commands:
            sent = waiting.get(command.cmd_ref or "")
            if sent is not None and command.msg_ref in (None, "", sent.msg_id):
                sent.take(command)

    def fail(self, cmd_ref: str, code: int) -> None:
        """What answered a command in Results cannot be used, whatever its Status said."""
        for sent in self.sent:
            if any(cmd == cmd_ref for cmd, _ in sent.commands):
                sent.codes[cmd_ref] = code
