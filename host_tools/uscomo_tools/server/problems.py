"""The one way a request of the REST interface fails."""

from __future__ import annotations

from starlette.exceptions import HTTPException


class Problem(HTTPException):
    """A refused request: an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)
