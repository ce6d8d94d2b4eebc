"""What the server asks of a device, one step at a time, and the commands that ask it.

A step is small data that survives between two messages; its command is built when it is sent, so
a step can be sent again after a challenge. Command numbers are the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from uscomo_tools.syncml.message import Command, Item, Meta

PACKAGE_TYPE = "application/vnd.uscomo.package+gzip"
DISPLAY, CONFIRM = "1100", "1101"
DISPLAY_OPTIONS = b"MINDT=10"
CONFIRM_OPTIONS = b"MINDT=10&DR=1"


@dataclass(slots=True)
class Step:
    """One thing to ask.

    ``kind`` is a row of the planner's table; ``uri`` the node concerned; ``operation`` a
    correlator; ``text`` what a user is shown; ``offset`` and ``size`` the piece of an object.
    """

    kind: str
    uri: str = ""
    operation: str = ""
    text: str = ""
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One node of a Results."""

    uri: str
    format: str
    data: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the device answered to one step.

    ``codes`` has one entry per command, the container first; 0 stands for no answer. ``told`` is
    what a Status brought along, such as the words that a user typed.
    """

    codes: list[tuple[str, int]]
    items: list[Answered]
    told: list[str] = field(default_factory=list)

    def code(self, name: str = "") -> int:
        """The Status of the first command of that name, or of the first of all."""
        return next((code for key, code in self.codes if name in ("", key)), 0)


def _command(name: str, uri: str) -> Command:
    return Command(name=name, cmd_id="", items=[Item(target=uri)])


def get(uri: str) -> Command:
    """Read a node."""
    return _command("Get", uri)


def delete(uri: str) -> Command:
    """Delete a node and what is below it."""
    return _command("Delete", uri)


def user_alert(code: str, options: bytes, text: str) -> Command:
    """Show something to the user: the options' item comes first, then the text's."""
    items = [Item(data=options), Item(data=text.encode())]
    return Command(name="Alert", cmd_id="", data=code, items=items)


def execute(uri: str, correlator: str) -> Command:
    """Run a primitive whose end is reported with the same correlator."""
    command = _command("Exec", uri)
    command.correlator = correlator
    return command


def readable_size(size: int) -> str:
    """Bytes as a person reads them."""
    return f"{size} B" if size < 1024 else f"{size / 1024:.1f} KB"


def replace(uri: str, form: str, data: bytes) -> Command:
    """Write a leaf."""
    item = Item(target=uri, meta=Meta(format=form), data=data)
    return Command(name="Replace", cmd_id="", items=[item])


def add(node: str, leaves: Mapping[str, str]) -> Command:
    """Add a node and its leaves; empty ones are left out.

    Formats are spelled out: not every client knows the default of an absent one.
    """
    items = [Item(target=node, meta=Meta(format="node"))]
    items += [
        Item(target=f"{node}/{name}", meta=Meta(format="chr"), data=value.encode())
        for name, value in leaves.items()
        if value
    ]
    return Command(name="Add", cmd_id="", items=items)


def sequence(question: str, *commands: Command) -> Command:
    """Sequence{[Alert 1101,] commands} (SCOMO digest 10.2): a No ends it."""
    children = list(commands)
    if question:
        children.insert(0, user_alert(CONFIRM, CONFIRM_OPTIONS, question))
    return Command(name="Sequence", cmd_id="", children=children)


def chunk(uri: str, data: bytes, total: int | None, more: bool) -> Command:
    """A piece of a package for Delivered/<n>/Data.

    Parameters
    ----------
    total
        Bytes of the whole, told with the first of several pieces only.
    more
        Whether another piece follows.
    """
    meta = Meta(format="bin", type=PACKAGE_TYPE, size=total)
    return Command(
        name="Add", cmd_id="", items=[Item(target=uri, meta=meta, data=data, more=more)]
    )


BUILDERS: dict[str, Callable[[Step], Command]] = {
    "root names": lambda step: get(step.uri),
    "root type": lambda step: get(f"{step.uri}?prop=Type"),
    "inventory": lambda step: get(f"{step.uri}?list=StructData"),
    "inventory names": lambda step: get(step.uri),
    "inventory leaf": lambda step: get(step.uri),
    "delivered": lambda step: get(f"{step.uri}?list=StructData"),
    "delivered names": lambda step: get(step.uri),
    "delivered leaf": lambda step: get(step.uri),
    "ext": lambda step: get(step.uri),
    "anchors": lambda step: get(step.uri),
    "large objects": lambda step: get(step.uri),
    "uri limit": lambda step: get(step.uri),
    "delete": lambda step: delete(step.uri),
    "display": lambda step: user_alert(DISPLAY, DISPLAY_OPTIONS, step.text),
}
