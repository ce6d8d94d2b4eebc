"""Why an image is not put on a board, or could not be."""

from __future__ import annotations

from ...errors import RefusedError, UscomoError


class ImageError(RefusedError):
    """The file is not an image for the board; the message begins with what is wrong with it."""


class FlashError(UscomoError):
    """Writing the image failed; the message says what state the board is in."""


class MissingToolError(UscomoError):
    """A program that writes such boards is not installed; the message names its package."""
