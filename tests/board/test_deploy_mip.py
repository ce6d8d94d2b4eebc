"""An agent that `mpremote mip install` has brought: the sources, from package.json."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from uscomo_tools import resources
from uscomo_tools.board import deploy, deployer, doctor
from uscomo_tools.board.connection import Board
from uscomo_tools.board.deployment import Data
from uscomo_tools.board.provisioning import Agent, Wishes, provision
from uscomo_tools.testing.providers import unix

FIRMWARE = Path(__file__).parents[2] / "firmware"
NOBODY = {"url": "http://127.0.0.1:9/dm", "auth": "none", "server_auth": "none"}


@pytest.fixture
def served() -> Iterator[str]:
    """The address of package.json."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(FIRMWARE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/package.json"
        server.shutdown()
        thread.join()


@pytest.mark.full
def test_mip_brings_an_agent_that_is_understood(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USCOMO_LOCAL", str(tmp_path / "local"))
    with unix.start(tmp_path / "board", heap="320k") as provided:
        subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", provided.url, "mip", "install", served],
            check=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        with Board.open(provided.url) as board:
            assert board.exists("/lib/uscomo/supervisor.py")
            for name in ("boot.py", "main.py"):
                board.write(f"/{name}", (resources.board_root() / name).read_bytes())
            board.soft_reset()
            found = deploy.look(board)
            agent = Agent.of(found, board)
            assert (agent.home, agent.shrunk) == ("", False)
            there = provision(board, agent, Wishes("main", dict(NOBODY)), board.identify())
            assert list(there["accounts"]) == ["main"]
            assert deployer.restart(board), provided.console_log[-800:]
            checks = {check.id: check for check in doctor.examine(doctor.gather(board))}
            assert not [check for check in checks.values() if check.verdict == "bad"]
            assert "mip" in checks["agent"].found
            assert checks["accounts"].verdict == "good"
            before = [entry.name for entry in board.listdir("/")]
            # A deployment comes before it, and goes away again without it.
            assert deployer.deploy_board(board, Wishes()).alive
            assert doctor.gather(board).told is not None
            deployer.undeploy_board(board, Data.AS_BEFORE)
            assert [entry.name for entry in board.listdir("/")] == before
            deployer.undeploy_board(board, Data.AS_BEFORE)
            assert [entry.name for entry in board.listdir("/")] == ["lib"]
            assert board.listdir("/lib") == []
