"""Large objects that a device sends: pieces in consecutive messages become one Item (Protocol 7).

Each piece but the last has MoreData and is answered with 213; the first tells the Size of the
whole. Nothing else may come between the pieces: an object that is interrupted is dropped, which
Alert 1225 says. Pieces are joined as they were carried, base64 included.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from uscomo_tools.syncml.message import Command, Item, Meta

CHUNK_TAKEN, TOO_LARGE, SIZE_MISMATCH = 213, 413, 424
CARRIERS = frozenset({"Results", "Alert"})


@dataclass(slots=True)
class Partial:
    """An object of which the end is still to come; ``data`` is latin-1 text, for JSON."""

    command: str
    cmd_ref: str
    uri: str
    meta: dict[str, Any]
    size: int | None
    data: str


@dataclass(slots=True)
class Interrupted:
    """An object that will never be whole: its Item's URI, and the Get that it answers."""

    uri: str
    cmd_ref: str


class Assembly:
    """Joins the pieces of one message with what came before.

    Parameters
    ----------
    partial
        What the messages before left.
    limit
        Bytes that an object may have.
    """

    def __init__(self, partial: Partial | None, limit: int) -> None:
        self.partial = partial
        self.limit = limit
        self.interrupted: list[Interrupted] = []
        self._waiting = partial is not None

    def take(self, command: Command) -> int:
        """Leave a command those Items that are whole.

        Returns
        -------
        int
            213 for a piece, 413 and 424 for an object that is refused, 0 for neither.
        """
        if command.name not in CARRIERS:
            return 0
        codes, whole = [0], []
        for item in command.items:
            code = self._item(command, item)
            codes.append(code)
            if not code:
                whole.append(item)
        command.items = whole
        return max(codes)

    def close(self) -> None:
        """The message is over: an object that did not go on in it is dropped."""
        if self._waiting:
            self._drop()

    def _item(self, command: Command, item: Item) -> int:
        uri = item.source or item.target or ""
        partial = self.partial
        goes_on = partial is not None and (partial.command, partial.uri) == (command.name, uri)
        if partial is None or not goes_on:
            if partial is not None:
                self._drop()
            if not item.more:
                return 0
            meta = item.meta or command.meta or Meta()
            partial = Partial(
                command.name, command.cmd_ref or "", uri, asdict(meta), meta.size, ""
            )
            self.partial = partial
        self._waiting = False
        partial.data += (item.data or b"").decode("latin-1")
        if max(len(partial.data), partial.size or 0) > self.limit:
            self.partial = None
            return TOO_LARGE
        if item.more:
            return CHUNK_TAKEN
        self.partial = None
        if partial.size is not None and partial.size != len(partial.data):
            return SIZE_MISMATCH
        item.data = partial.data.encode("latin-1")
        item.meta = item.meta or Meta(**partial.meta)
        return 0

    def _drop(self) -> None:
        if self.partial is not None:
            self.interrupted.append(Interrupted(self.partial.uri, self.partial.cmd_ref))
        self.partial, self._waiting = None, False
