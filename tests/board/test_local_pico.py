"""Applications over the cable on the emulated Pico, with official firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from cabled import Talk, demo_app, managed, pico_files

from uscomo_tools.board.firmware_cache import PICO
from uscomo_tools.testing.providers import rp2
from uscomo_tools.testing.skipping import image_or_skip

pytestmark = pytest.mark.full(minutes=3)


def test_install_look_and_remove(tmp_path: Path) -> None:
    image_or_skip(PICO)
    keys = tmp_path / "keys"
    keys.mkdir()
    talk = Talk()
    with (
        rp2.start(tmp_path / "board", files=pico_files(tmp_path / "root", keys)) as board,
        managed(board.url, keys, talk) as management,
    ):
        outcome = management.install(demo_app(tmp_path / "blink"), wait=True)
        assert (outcome.code, outcome.confirmed) == (1200, ["com.example.blink"])
        (found,) = management.about().components
        assert (found.id, found.trial) == ("com.example.blink", False)
        assert management.operate("remove", found.id).code == 1200
    assert talk.questions[0].startswith("? Install ")
