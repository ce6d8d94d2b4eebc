"""Who is told what goes on at a relay."""

from __future__ import annotations

from typing import Any, Protocol

from .exchange import Outcome


class Reporter(Protocol):
    """What becomes of it is the command line's affair."""

    def event(self, name: str, board: str = "", **fields: Any) -> None:
        """Something has happened."""

    def text(self, board: str, line: str) -> None:
        """A line of a board's console."""

    def exchange(self, board: str, outcome: Outcome, ended: bool) -> None:
        """How far an exchange has come."""
