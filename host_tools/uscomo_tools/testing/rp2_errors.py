"""What can be wrong with the emulator itself."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from ..errors import UscomoError


class EmulatorError(UscomoError):
    """The emulator is not the one we know, or the firmware in it crashed."""


def check_names(thing: Any, names: Sequence[str]) -> None:
    """Make sure that names are there which rp2040py does not promise.

    Raises
    ------
    EmulatorError
        One is gone.
    """
    for name in names:
        try:
            attrgetter(name)(thing)
        except AttributeError as missing:
            raise EmulatorError(
                f"this rp2040py is not the 0.3.6 that we know how to repair ({name}: {missing}); "
                "pip install 'rp2040py[fs]==0.3.6'"
            ) from missing
