"""An emulated Pico with official firmware at a relay: it is called, and told what time it is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from relaying import desk

from uscomo_tools.board.firmware_cache import PICO
from uscomo_tools.testing.providers import rp2
from uscomo_tools.testing.skipping import image_or_skip

pytestmark = pytest.mark.full(minutes=2)

#: Emulated, it is busy for minutes where a board is for seconds.
SECONDS = 600.0


def test_a_pico_is_called_and_told_the_time(tmp_path: Path) -> None:
    image_or_skip(PICO)
    with desk(tmp_path, rp2.start, "rp2") as here:
        with here.relay() as relay:
            relay.wait_for("listens at the relay", seconds=SECONDS)
            here.call(relay)
            relay.wait_for("notified by main", seconds=SECONDS)
            relay.wait_for("session main done", seconds=SECONDS)
        assert {(one.method, one.status) for one in relay.heard.requests} == {("POST", 200)}
        with here.board.open() as board:
            # Without a relay it is 2021 there, at each start.
            said = board.eval("__import__('time').time()")
    assert abs(time.time() - said) < SECONDS
