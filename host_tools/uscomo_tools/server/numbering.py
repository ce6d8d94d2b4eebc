"""Commands of a message and their numbers, which count up through containers."""

from __future__ import annotations

from uscomo_tools.syncml.message import Command, Message


def status_of(msg_ref: str, cmd_ref: str, name: str, code: int) -> Command:
    """A Status, not numbered yet.

    TargetRef and SourceRef are left out: one Status speaks for all Items (RepPro 6.5.1).
    """
    return Command(
        name="Status", cmd_id="", data=str(code), msg_ref=msg_ref, cmd_ref=cmd_ref, cmd=name
    )


def append(reply: Message, command: Command) -> None:
    """Number a command and its children after those that are there, and add it."""
    following = 1 + sum(_count(present) for present in reply.commands)
    _number(command, following)
    reply.commands.append(command)


def numbers(command: Command) -> list[tuple[str, str]]:
    """(CmdID, name) of a command and of those inside it."""
    below = [pair for child in command.children for pair in numbers(child)]
    return [(command.cmd_id, command.name), *below]


def _count(command: Command) -> int:
    return 1 + sum(_count(child) for child in command.children)


def _number(command: Command, number: int) -> int:
    command.cmd_id = str(number)
    number += 1
    for child in command.children:
        number = _number(child, number)
    return number
