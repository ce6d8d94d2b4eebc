from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uscomo_tools.package import SigningKey

ROOT = Path(__file__).parents[2]
# The board's reader needs MicroPython's `deflate`, its keys' keeper stage 0.
sys.path.append(str(ROOT / "tests" / "device" / "cpython"))
sys.path.append(str(ROOT / "firmware" / "root"))


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def demo_apps() -> Path:
    return ROOT / "firmware" / "demo_apps"
