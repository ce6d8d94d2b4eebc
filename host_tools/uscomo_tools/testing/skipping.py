"""Skips that a run must not hide: checks that were left out because something is missing here.

Their reasons begin with `LEFT_OUT`; the pytest plugin counts them in one line at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from ..board import firmware_cache

LEFT_OUT = "left out: "


def leave_out(reason: str, *, module: bool = False) -> NoReturn:
    """Skip this test, or with `module` the test module that is being imported."""
    pytest.skip(LEFT_OUT + reason, allow_module_level=module)


def image_or_skip(name: str, *, module: bool = False) -> Path:
    """Path of a firmware image; without it the test, or the module, is left out.

    Parameters
    ----------
    name
        One of `firmware_cache.IMAGES`.
    module
        Called while a test module is imported: all of it is left out.

    Raises
    ------
    FirmwareError
        The file is there but is not the image: that is no reason to skip.
    """
    path = firmware_cache.find(name)
    if path is None:
        leave_out(
            f"no {name} in {firmware_cache.folder()} (or put it into the folder that "
            f"{firmware_cache.ENVIRONMENT} names)",
            module=module,
        )
    return path
