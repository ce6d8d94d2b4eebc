"""Official firmware images: found by name, believed by hash."""

from __future__ import annotations

import pytest

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.firmware_cache import FirmwareError
from uscomo_tools.testing.rp2 import PicoBoard


def test_a_missing_image_is_named_with_the_place_to_put_it(monkeypatch, tmp_path):
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(tmp_path))
    assert firmware_cache.find(firmware_cache.PICO) is None
    with pytest.raises(FirmwareError) as caught:
        PicoBoard()
    assert firmware_cache.PICO in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_damaged_image_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(tmp_path))
    (tmp_path / firmware_cache.PICO).write_bytes(b"not a firmware")
    with pytest.raises(FirmwareError, match="SHA-256"):
        firmware_cache.find(firmware_cache.PICO)


def test_an_unknown_image_is_refused():
    with pytest.raises(FirmwareError, match="unknown"):
        firmware_cache.find("RPI_PICO-latest.uf2")
