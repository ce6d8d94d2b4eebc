"""Power cuts at an emulated Pico's flash, and that the sweep would find a mistake."""

from __future__ import annotations

import pytest

from uscomo_tools.board import firmware_cache
from uscomo_tools.testing.rp2_flash import FlashOperation
from uscomo_tools.testing.skipping import image_or_skip

from . import nor_sessions
from .nor import OPERATIONS, judged, run
from .nor_cuts import LANDINGS, Cut, Trace, chosen

CUTS = 40
ERASE = FlashOperation("erase", 0, 8)
PROGRAM = FlashOperation("program", 2, 4)


def trace() -> Trace:
    return Trace(bytes(8), [(ERASE, b""), (PROGRAM, b"\x0f\xf0\xaa\x55")], b"")


@pytest.mark.full(minutes=2)
def test_forty_cuts_leave_the_old_or_the_new() -> None:
    image_or_skip(firmware_cache.PICO)
    rows = list(run(CUTS, thorough=1, real=1))
    assert [row.violations for row in rows] == [[]] * len(OPERATIONS)
    assert [row.operation for row in rows] == list(OPERATIONS)
    assert sum(row.cuts for row in rows) == CUTS
    assert sum(row.recovered for row in rows) == 1
    assert all(row.cuts == 8 and row.torn_erases and row.torn_programs for row in rows)


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        (Cut("", 1, "none"), bytes(8)),
        (Cut("", 1, "half"), b"\xff" * 4 + bytes(4)),
        (Cut("", 2, "none"), b"\xff" * 8),
        (Cut("", 2, "half"), b"\xff\xff\x0f\xf0" + b"\xff" * 4),
    ],
)
def test_what_a_cut_leaves(cut: Cut, left: bytes) -> None:
    assert trace().image(cut) == left


def test_bits_here_and_there_are_between_before_and_after() -> None:
    erased = trace().image(Cut("", 1, "bits"))
    assert erased not in (bytes(8), b"\xff" * 8)
    assert erased == trace().image(Cut("", 1, "bits"))
    programmed = trace().image(Cut("", 2, "bits"))
    whole = b"\xff\xff\x0f\xf0\xaa\x55\xff\xff"
    assert programmed not in (b"\xff" * 8, whole)
    assert all(after & now == after for after, now in zip(whole, programmed, strict=True))


def test_cuts_are_spread_over_all_operations() -> None:
    traces = {name: Trace(b"", [(ERASE, b"")] + [(PROGRAM, b"")] * 19, b"") for name in OPERATIONS}
    cuts = chosen(traces, CUTS)
    assert len(set(cuts)) == CUTS
    assert cuts == chosen(traces, CUTS)
    for name in OPERATIONS:
        mine = [cut for cut in cuts if cut.operation == name]
        assert len(mine) == 8
        assert {1, 20} <= {cut.number for cut in mine}
    assert {cut.landing for cut in cuts} == set(LANDINGS)


OLD, NEW = ["old", "values", "old, all"], ["new", "values", "new, all"]
FINE = {"path": [], "alone": False, "agent": "/lib", "found": OLD, "after": NEW}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, ""),
        ({"found": NEW}, ""),
        ({"found": ["half", "values", ""]}, "neither the old nor the new set"),
        ({"found": ["old", "mixed", ""]}, "neither the old nor the new values"),
        ({"after": OLD}, "not finished"),
        ({"alone": True}, "safe mode"),
        ({"error": "AssertionError('half a package is delivered')"}, "half a package"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, object], words: str) -> None:
    said = judged(Cut("install", 1, "none"), {**FINE, **wrong}, [OLD, NEW])
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.full(minutes=2)
def test_a_session_around_a_cut_in_the_vm() -> None:
    played = list(nor_sessions.play(6, nor_sessions.on_vm))
    assert [one.wrong for one in played] == [""] * 6
    assert len({one.number for one in played}) == 6
