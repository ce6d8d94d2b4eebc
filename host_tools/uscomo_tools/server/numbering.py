"""Command numbers of a message: unique in it, in order, those in containers behind their own."""

from __future__ import annotations

from uscomo_tools.syncml.message import Command, Message


def append(reply: Message, command: Command) -> None:
    """Number a command and its children after those that are there, and add it."""
    following = 1 + sum(_count(present) for present in reply.commands)
    _number(command, following)
    reply.commands.append(command)


def numbers(command: Command) -> list[tuple[str, str]]:
    """Number and name of a command and of all in it."""
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
