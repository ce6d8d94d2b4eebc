"""An agent on a board and off again, whichever board it is."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from uscomo_tools.board import deployer
from uscomo_tools.board.deployment import Data
from uscomo_tools.board.provisioning import Wishes
from uscomo_tools.errors import RefusedError

TOOLS = Path(sysconfig.get_path("scripts"))


def tool(name, *arguments):
    done = subprocess.run(
        [TOOLS / name, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.board(features={"agent"})
def test_deploy_and_undeploy(board):
    with board.open() as opened:
        opened.write("/boot.py", b"mine = 1\n")
        report = deployer.deploy_board(opened, Wishes())
        assert report.switched
        assert report.alive
        assert report.components == []
        again = deployer.deploy_board(opened, Wishes())
        assert not again.switched
        assert again.written == 0
        opened.soft_reset()  # on a slow board it was interrupted before the owner's part of it
        assert opened.exec("import uscomo; print(mine, uscomo.status())") == "1 []\n"
        deployer.undeploy_board(opened, Data.AS_BEFORE)
        assert opened.read("/boot.py") == b"mine = 1\n"
        assert [entry.name for entry in opened.listdir("/")] == ["boot.py"]


@pytest.mark.board(state="deployed", features={"agent"})
def test_mpremote_beside_the_agent(board, tmp_path):
    (tmp_path / "note.txt").write_text("kept")
    for command in (
        ("cp", str(tmp_path / "note.txt"), ":note.txt"),
        ("exec", "import uscomo; print(uscomo.status())"),
        ("ls",),
        ("soft-reset",),
    ):
        tool("mpremote", "connect", board.url, *command)
    assert tool("mpremote", "connect", board.url, "cat", ":note.txt") == "kept"
    assert tool("ampy", "-p", board.url, "-d", "0.2", "ls").count("/note.txt") == 1
    assert board.exec("import uscomo; print(uscomo.status())") == "[]\n"


@pytest.mark.board(state="deployed", features={"agent"})
def test_a_deployed_board_runs_its_agent_and_stops_for_a_cable(board):
    with board.open() as opened:
        assert deployer.restart(opened, 20.0 if "slow" in board.features else 1.0)
        assert opened.exec("import sys; print('uscomo.supervisor' in sys.modules)") == "True\n"


def test_code_runs_and_errors_come_back(board):
    assert board.exec("print(6 * 7)") == "42\n"
    with pytest.raises(Exception, match="ZeroDivisionError"):
        board.exec("1 / 0")
    assert board.exec("print('still there')") == "still there\n"


def test_power(board, power):
    board.exec("x = 1")
    power.off()
    assert not power.is_on
    power.on()
    assert board.exec("print('x' in globals())") == "False\n"


def test_a_board_without_room_for_an_agent_is_refused(board):
    if "agent" in board.features:
        pytest.skip(f"board {board.name} has room for it")
    with board.open() as opened, pytest.raises(RefusedError) as refused:
        deployer.check_board(opened.identify())
    assert "micro:bit" in str(refused.value)
    done = subprocess.run(
        [TOOLS / "uscomo", "board", "deploy", "--port", board.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
