"""The one way a request of the REST interface fails."""

from __future__ import annotations


class Problem(Exception):
    """A refused request: an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status_code = status
        self.detail = sentence
