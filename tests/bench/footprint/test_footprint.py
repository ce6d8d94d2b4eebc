"""The footprint bench: it finds what is known, and the agent keeps its budgets."""

from __future__ import annotations

import pytest

from uscomo_tools.board import firmware_cache
from uscomo_tools.testing.rp2 import BoardError, PicoBoard

from . import build, fixtures, measure

#: Bytes of free heap with which a session and an install pass, measured with this bench.
REACHED = 64 * 1024

needs_image = pytest.mark.skipif(
    firmware_cache.find(firmware_cache.PICO) is None,
    reason=f"no {firmware_cache.PICO} in {firmware_cache.folder()}: "
    f"put it there, or name its folder in {firmware_cache.ENVIRONMENT}",
)


@pytest.fixture(scope="module")
def board():
    board = PicoBoard(realtime=False)
    board.preload(build.board_side())
    board.start()
    board.exec(f"import sys; sys.path.append({build.CODE!r})")
    board.exec("import board_bench")
    return board


def test_sizes_are_within_their_budgets():
    over = [
        figure.name
        for figure in measure.sizes(build.agent())
        if figure.verdict in ("over", "error")
    ]
    # What all modules together have reached is held in tests/unit.
    assert over in ([], ["all modules"])


@needs_image
@pytest.mark.full
class TestHarness:
    @pytest.mark.parametrize("pieces", [12, 40])
    def test_a_known_need_is_found(self, board, pieces):
        def find(copy):
            copy.exec(f"import board_calibrate; board_calibrate.PIECES = {pieces}")
            return measure.smallest_heap(copy, "board_calibrate", 0)

        need = pieces * 1024  # each piece with its head
        assert need <= board.forked(find) <= need + 2 * measure.GRAIN

    @pytest.mark.parametrize(
        ("largest", "hole", "fits"), [(2048, 2048, True), (2300, 2048, False)]
    )
    def test_holes_are_as_large_as_asked(self, board, largest, hole, fits):
        def run(copy):
            copy.exec(f"import board_calibrate; board_calibrate.WHOLE = {largest}")
            return measure.attempt(copy, "board_calibrate", hole=hole)

        if fits:
            assert hole <= board.forked(run).hole <= hole + measure.BLOCK
        else:
            with pytest.raises(BoardError, match="MemoryError"):
                board.forked(run)

    def test_time_is_the_boards_own(self, board):
        def run(copy):
            copy.exec("import board_calibrate, time\nboard_calibrate.PIECES = 0")
            copy.exec("board_calibrate.run = lambda: time.sleep_ms(50)")
            return measure.attempt(copy, "board_calibrate").milliseconds

        assert board.forked(run) == pytest.approx(50, abs=2)


@needs_image
@pytest.mark.full(minutes=3)
@pytest.mark.parametrize("workload", [measure.SESSION, measure.INSTALL])
def test_nothing_needs_more_than_it_did(workload):
    """Not the budget (the bench's table tells about that) but what is reached must stay."""
    board = PicoBoard(realtime=False)
    board.preload({**build.agent().files(), **build.board_side(), **fixtures.files()})
    board.start()
    measure.begin(board)
    measure.prepare(board, workload.module)
    measure.attempt(board, workload.module)
    measure.prepare(board, workload.module)
    assert measure.passes(board, workload.module, REACHED)
    board.forked(lambda copy: measure.attempt(copy, workload.module, hole=workload.hole))
