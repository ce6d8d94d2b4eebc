"""A test that holds its board until it is told to go; copied to where it runs."""

import os
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.board(state="bare")
def test_held(board):
    assert board.exec("print(6 * 7)") == "42\n"
    (HERE / f"{os.environ['LG_USERNAME']}.has").touch()
    end = time.monotonic() + 300
    while not (HERE / "go").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
