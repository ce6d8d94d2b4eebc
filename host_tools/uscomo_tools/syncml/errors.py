"""The one error of the codecs."""

from __future__ import annotations

from uscomo_tools.errors import UscomoError


class WireError(UscomoError):
    """A document that cannot be read, or a tree that cannot be written.

    Parameters
    ----------
    reason
        What is wrong, in words.
    offset
        Byte offset into the document, where one is known.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason if offset is None else f"offset {offset}: {reason}")
        self.reason = reason
        self.offset = offset
