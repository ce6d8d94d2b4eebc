"""A small soak: nothing grows over a bad line. The whole one is a command, see its package."""

from __future__ import annotations

from pathlib import Path

import pytest

from .measure import Round, run
from .verdict import grown


@pytest.mark.full(minutes=1)
def test_nothing_grows_over_a_bad_line(tmp_path: Path) -> None:
    soak = run(tmp_path, sessions=12, installs=6, rate=0.001)
    assert grown(soak.rounds) == []
    assert (soak.rounds[-1].installs, soak.rounds[-1].sessions >= 12) == (6, True)
    assert soak.spoiled > 30


def rounds(**growing: int) -> list[Round]:
    """Twelve rounds, in which what is named has so much more each time."""
    found = []
    for number in range(1, 13):
        more = {name: step * number for name, step in growing.items()}
        rows = {"device": 1, "session": 20, "message": 40, "operation": number, "package": number}
        rows["device"] += more.get("device", 0)
        rows["session"] += more.get("session", 0)
        figures = (10_000 + more.get("heap", 0), 50 + more.get("files", 0))
        found.append(Round(number, number, *figures, 9_000 + more.get("octets", 0), rows, 1.0))
    return found


@pytest.mark.parametrize(
    ("growing", "named"),
    [
        ({}, []),
        ({"heap": 100}, []),
        ({"heap": 300}, ["heap"]),
        ({"files": 1}, ["files"]),
        ({"octets": 2000}, ["bytes on flash"]),
        ({"device": 1}, ["rows of device"]),
        ({"session": 1}, ["rows of session"]),
    ],
)
def test_the_verdict(growing: dict[str, int], named: list[str]) -> None:
    assert grown(rounds(**growing)) == named
