"""A test that switches its board off and on; copied to where it runs."""

import pytest


@pytest.mark.board(state="bare", features={"switch"})
def test_switched(board):
    assert board.power.is_on
    board.exec("kept = 1")
    board.power.off()
    assert not board.power.is_on
    board.power.on()
    assert board.exec("print('kept' in globals())") == "False\n"
