"""Power cuts at the store's writes: a sample always, every one of them in the long checks."""

from __future__ import annotations

import pytest

from .sweep import MEDIA, VERBS, sweep

SAMPLE = 7


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("verb", VERBS)
def test_a_sample_of_cuts(verb: str, medium: str) -> None:
    result = sweep(verb, medium, SAMPLE)
    assert result["points"] >= 2
    assert not result["violations"]


@pytest.mark.full
@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("verb", VERBS)
def test_every_cut(verb: str, medium: str) -> None:
    result = sweep(verb, medium, 1)
    assert result["points"] == 3 * result["writes"]
    assert not result["violations"]
