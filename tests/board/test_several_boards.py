"""Several boards at once: deployed, examined, given an application; whatever ends a command early,
the boards' programs run on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cabled import app_folder, flash_image

from uscomo_tools import cli
from uscomo_tools.board import deploy, deployer, doctor
from uscomo_tools.board.connection import Board
from uscomo_tools.board.deployment import Main
from uscomo_tools.board.errors import CancelledError
from uscomo_tools.board.provisioning import Wishes
from uscomo_tools.errors import UsageError
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import FLASH, ServedBoard
from uscomo_tools.testing.unix import make_image

ID = "com.example.hello"
APP = "import asyncio\nasync def main():\n    print('hello')\n    await asyncio.sleep(1000)\n"
TICK = b"import time\nwhile True:\n    print('tick')\n    time.sleep(0.2)\n"

Told = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    monkeypatch.setenv("USCOMO_LOCAL", str(folder))
    return folder


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = cli.run(["board", *arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def bare(tmp_path: Path, keys: Path) -> Iterator[ServedBoard]:
    """A board that has the agent's files, and a program of its own."""
    folder = tmp_path / "bare"
    folder.mkdir()
    files = {f"uscomo.a/1/{path}": data for path, data in deploy.agent().items()}
    make_image(folder / FLASH, {**files, "main.py": TICK})
    with unix.start(folder, heap="320k") as board:
        yield board


def runs_on(board: ServedBoard, text: str, before: int) -> bool:
    end = time.monotonic() + 30
    while board.console_log.count(text) == before and time.monotonic() < end:
        time.sleep(0.05)
    return board.console_log.count(text) > before


def test_deployed_and_examined(bare: ServedBoard, keys: Path, told: Told, tmp_path: Path) -> None:
    with unix.start(flash_image(tmp_path / "other", keys), heap="320k") as other:
        ports = ("-p", bare.url, "-p", other.url)
        code, answer = told("deploy", *ports, "--device-id", "one")
        assert (code, answer["ok"]) == (2, False)
        code, answer = told("deploy", *ports)
        assert code == 2, "the foreign main.py of one of them"
        assert [one["ok"] for one in answer["boards"]] == [False, True]
        assert "--main" in answer["boards"][0]["error"]
        code, answer = told("deploy", *ports, "--main", "replace", "--setting", "poll=600")
        assert code == 0, answer
        assert [one["main_py"] for one in answer["boards"]] == ["replaced", "ours"]
        assert {one["board"]["settings"]["poll"] for one in answer["boards"]} == {"600"}
        code, answer = told("doctor", *ports)
        assert code == 0
        assert all(one["checks"] for one in answer["boards"])
        code, answer = told("undeploy", *ports)
        assert code == 2, "several boards are not asked one by one"
        assert all("--yes" in one["error"] for one in answer["boards"])


def test_an_application_for_all(keys: Path, told: Told, tmp_path: Path) -> None:
    folder = str(app_folder(tmp_path / "app", APP))
    first, second = (flash_image(tmp_path / id, keys, device_id=id) for id in ("one", "two"))
    with unix.start(first) as one, unix.start(second) as two:
        ports = ("-p", one.url, "-p", two.url)
        code, answer = told("install", folder, *ports)
        assert code == 2
        assert all("--yes" in board["error"] for board in answer["boards"]), answer
        for board in (one, two):
            assert runs_on(board, "uscomo:", 0)
        code, answer = told("install", folder, *ports, "--yes", "--wait")
        assert code == 0, answer
        assert [board["confirmed"] for board in answer["boards"]] == [[ID], [ID]]
        code, answer = told("apps", *ports)
        assert [board["device_id"] for board in answer["boards"]] == ["one", "two"]
        assert [board["apps"][0]["id"] for board in answer["boards"]] == [ID, ID]


def test_programs_run_on_after_an_error(bare: ServedBoard) -> None:
    with Board.open(bare.url) as board:
        before = bare.console_log.count("tick")
        with pytest.raises(UsageError):
            deployer.deploy_board(board, Wishes(account="main"), Main.KEEP)
        assert runs_on(bare, "tick", before)

        def cancel(what: str, done: int, total: int) -> None:
            board.cancel()

        before = bare.console_log.count("tick")
        with pytest.raises(CancelledError):
            deployer.deploy_board(board, Wishes(), Main.REPLACE, cancel)
        assert runs_on(bare, "tick", before)


def test_interrupted_starts_do_not_end_in_safe_mode(bare: ServedBoard) -> None:
    with Board.open(bare.url) as board:
        assert deployer.deploy_board(board, Wishes(), Main.REPLACE).alive
        for _ in range(4):
            board.soft_reset(run_main=True)
            board.interrupt()
        found = doctor.gather(board).told
        assert found is not None
        assert found["abnormal"] <= 1
