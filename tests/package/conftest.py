from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uscomo_tools.package import SigningKey

ROOT = Path(__file__).parents[2]
# The board's reader needs MicroPython's `deflate`.
sys.path.append(str(ROOT / "tests" / "device" / "cpython"))


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def demo_apps() -> Path:
    return ROOT / "firmware" / "demo_apps"
