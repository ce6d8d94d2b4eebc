"""Single DM commands that an operator gives by hand: JSON in, a command out, its answers back.

For what no operation covers: any node, property or list, a dialog with the user, several changes
of which all or none happen. A command is sent once; what a session lost is not sent again, because
nobody knows whether it was carried out.

    {"command": "Get", "items": [{"target": "./DevDetail?list=StructData"}]}
    {"command": "Alert", "code": "1101", "items": [{"data": "MINDT=10"}, {"data": "Sure?"}]}
    {"command": "Atomic", "commands": [{"command": "Replace", "items": [...]}, ...]}
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from uscomo_tools.errors import UscomoError
from uscomo_tools.server.models import Device, DmCommand
from uscomo_tools.server.steps import Outcome
from uscomo_tools.server.uri_limits import broken
from uscomo_tools.syncml.message import Command, Item, Meta

LEAVES = ("Add", "Alert", "Copy", "Delete", "Exec", "Get", "Replace")
CONTAINERS = ("Atomic", "Sequence")
USER_ALERTS = ("1100", "1101", "1102", "1103", "1104")
MAX_ITEMS, MAX_COMMANDS = 32, 32
QUEUED, SENT, DONE, LOST, FAILED = "queued", "sent", "done", "lost", "failed"


class NoCommand(UscomoError):
    """JSON that describes no command."""


class BeyondLimits(UscomoError):
    """A command that the device could not take."""


_ITEM_TEXTS = ("target", "source", "format", "type", "data", "base64")
_FIELDS = {"command", "items", "commands", "code", "correlator"}


def ordered(device: Device, given: Any) -> DmCommand:
    """The row of a command.

    Raises
    ------
    NoCommand
        It is none, or not one that a server may send.
    BeyondLimits
        An address breaks the device's limits.
    """
    command = build(given)
    for target in _targets(command):
        problem = broken(target, device.uri_limits)
        if problem:
            raise BeyondLimits(problem)
    return DmCommand(device_pk=device.id, command=given)


def build(given: Any, inside: str = "") -> Command:
    """The command that JSON describes, not numbered yet.

    Parameters
    ----------
    inside
        The container that it stands in.
    """
    if not isinstance(given, dict):
        raise NoCommand("a command is a JSON object")
    unknown = sorted(given.keys() - _FIELDS)
    if unknown:
        raise NoCommand(f"unknown field {unknown[0]}")
    name = given.get("command")
    if name in CONTAINERS:
        return _container(name, given, inside)
    if name not in LEAVES:
        raise NoCommand(f"command is one of {', '.join((*LEAVES, *CONTAINERS))}")
    if inside == "Atomic" and name in ("Get", "Exec"):
        raise NoCommand(f"{name} has no place in Atomic")
    items = [_item(entry, name) for entry in _list(given, "items", MAX_ITEMS)]
    if name == "Exec" and len(items) != 1:
        raise NoCommand("Exec has one item")
    return Command(
        name=name, items=items, data=_alert_code(name, given), correlator=_correlator(name, given)
    )


def _container(name: str, given: dict[str, Any], inside: str) -> Command:
    if inside:
        # Nobody has to take Atomic in Atomic; the rest is not worth the difference.
        raise NoCommand("containers do not stand in containers")
    children = [build(entry, name) for entry in _list(given, "commands", MAX_COMMANDS)]
    return Command(name=name, children=children)


def _list(given: dict[str, Any], name: str, most: int) -> list[Any]:
    found = given.get(name)
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        raise NoCommand(f"{name} is a list of 1 to {most} entries")
    return found


def _alert_code(name: str, given: dict[str, Any]) -> str | None:
    code = given.get("code")
    if name == "Alert" and code not in USER_ALERTS:
        raise NoCommand(f"the code of an Alert is one of {', '.join(USER_ALERTS)}")
    if name != "Alert" and code is not None:
        raise NoCommand("only an Alert has a code")
    return code


def _correlator(name: str, given: dict[str, Any]) -> str | None:
    correlator = given.get("correlator")
    if correlator is not None and (name != "Exec" or not isinstance(correlator, str)):
        raise NoCommand("correlator is a text, of Exec")
    return correlator


def _item(given: Any, name: str) -> Item:
    texts = isinstance(given, dict) and all(isinstance(value, str) for value in given.values())
    if not texts or given.keys() - set(_ITEM_TEXTS):
        raise NoCommand(f"an item is an object of texts: {', '.join(_ITEM_TEXTS)}")
    if name != "Alert" and not given.get("target"):
        raise NoCommand("an item has a target")
    if (name == "Copy") != bool(given.get("source")):
        raise NoCommand("Copy has a source, nothing else has one")
    data = given["data"].encode() if "data" in given else None
    if "base64" in given:
        try:
            data = base64.b64decode(given["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise NoCommand("base64 is not base64") from None
    meta = None
    if "format" in given or "type" in given:
        meta = Meta(format=given.get("format"), type=given.get("type"))
    return Item(target=given.get("target"), source=given.get("source"), meta=meta, data=data)


def _targets(command: Command) -> list[str]:
    own = [item.target for item in command.items if item.target]
    return own + [target for child in command.children for target in _targets(child)]


def settle(row: DmCommand, outcome: Outcome) -> None:
    """Keep what the device answered."""
    row.state = DONE
    row.answer = {
        "statuses": [{"command": name, "code": code} for name, code in outcome.codes],
        "results": [
            {"uri": item.uri, "format": item.format, "data": item.data} for item in outcome.items
        ],
        "told": outcome.told,
    }


def describe(row: DmCommand) -> dict[str, Any]:
    """A row as the REST interface shows it."""
    return {"id": row.id, "state": row.state, "given": row.command, **row.answer}
