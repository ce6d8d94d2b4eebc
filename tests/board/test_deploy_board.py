"""Deploying a board of real MicroPython over its cable, and giving it back."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from uscomo_tools import cli
from uscomo_tools.board import deploy, deployer, doctor
from uscomo_tools.board.connection import Board
from uscomo_tools.board.deployment import Data, Main
from uscomo_tools.board.errors import BoardError, BoardResetError, CancelledError
from uscomo_tools.board.local.keys import developer_public_key
from uscomo_tools.board.provisioning import Wishes
from uscomo_tools.device.agent import compile_module
from uscomo_tools.errors import UnreachableError, UsageError
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import FLASH, ProvidedBoard
from uscomo_tools.testing.unix import make_image

FOREIGN_BOOT = b"# mine\r\nboot_ran = True\n"
FOREIGN_MAIN = b"import time\r\nwhile True:\n    print('tick')\n    time.sleep(0.2)\n"
TRIAL = """
import uscomo_boot as boot
data = boot.load()
data[24 + 2] = 3
data[24 + 3] = boot.TRIAL
boot.write(data)
boot.attempt()
boot.attempt()
"""
NOBODY = {"url": "http://127.0.0.1:9/dm", "auth": "none", "server_auth": "none"}


@pytest.fixture
def provided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProvidedBoard]:
    monkeypatch.setenv("USCOMO_LOCAL", str(tmp_path / "local"))
    with unix.start(tmp_path / "board") as board:
        yield board


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProvidedBoard]:
    """A board that has the agent's files, as an interrupted deployment leaves them: saves time."""
    monkeypatch.setenv("USCOMO_LOCAL", str(tmp_path / "local"))
    folder = tmp_path / "prepared"
    folder.mkdir()
    files = {f"uscomo.a/1/{path}": data for path, data in deploy.agent().items()}
    make_image(folder / FLASH, files)
    # As much as a Pico has, in this VM's larger words: an app in the foreground comes on top.
    with unix.start(folder, heap="320k") as board:
        yield board


@pytest.fixture
def board(prepared: ProvidedBoard) -> Iterator[Board]:
    with Board.open(prepared.url) as opened:
        yield opened


def tree(board: Board, folder: str = "/") -> dict[str, bytes | None]:
    """All files of a board by path; a folder has no contents."""
    found: dict[str, bytes | None] = {}
    for entry in board.listdir(folder):
        path = f"{folder.rstrip('/')}/{entry.name}"
        found[path] = None if entry.is_folder else board.read(path)
        if entry.is_folder:
            found.update(tree(board, path))
    return found


def wishes(**fields: Any) -> Wishes:
    anchors = [developer_public_key().modulus]
    return Wishes(account="main", fields={**NOBODY, **fields}, anchors=anchors)


def shown(board: Board, text: bytes, seconds: float = 20) -> bytes:
    """What the console says until it says this."""
    console = board.console()
    seen = b""
    end = time.monotonic() + seconds
    while text not in seen:
        assert time.monotonic() < end, seen
        seen += console.read(0.2)
    return seen


def components(board: Board) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        board.exec("import json, uscomo; print(json.dumps(uscomo.status()))").splitlines()[-1]
    )
    return found


def verdicts(board: Board) -> dict[str, str]:
    return {check.id: check.verdict for check in doctor.examine(doctor.gather(board))}


def test_a_board_is_deployed_runs_and_is_given_back(provided: ProvidedBoard) -> None:
    with Board.open(provided.url) as board:
        board.write_all({"/boot.py": FOREIGN_BOOT, "/lib/x.py": b"x = 1", "/data.bin": bytes(300)})
        before = tree(board)
        report = deployer.deploy_board(board, wishes())
        assert (report.switched, report.main, report.alive) == (True, "ours", True)
        assert report.written > 30_000
        assert board.exec("print(boot_ran)").strip() == "True"
        found = verdicts(board)
        assert set(found.values()) == {"good"}, found
        operations = provided.power.operations
        report = deployer.deploy_board(board, Wishes())
        assert (report.switched, report.written, report.alive) == (False, 0, True)
        # The record alone: the start that was interrupted is nobody's fault, and the new one.
        assert provided.power.operations - operations < 30
        changed = deployer.undeploy_board(board, Data.AS_BEFORE)
        assert changed == ["/boot.py", "/main.py", "/uscomo.a", "/uscomo.d"]
        assert tree(board) == before
        assert deployer.undeploy_board(board, Data.AS_BEFORE) == []


def test_a_main_that_is_adopted_runs_as_a_component(board: Board) -> None:
    board.write_all({"/main.py": FOREIGN_MAIN})
    before = {path: data for path, data in tree(board).items() if "uscomo" not in path}
    report = deployer.deploy_board(board, wishes(), Main.ADOPT)
    assert (report.main, report.alive) == ("adopted", True)
    shown(board, b"tick")
    for _ in range(4):  # more starts than end in safe mode
        board.soft_reset(run_main=True)
        shown(board, b"tick")
    (component,) = components(board)
    assert (component["id"], component["state"], component["trial"]) == ("adopted-main", 20, False)
    assert board.read("/uscomo.a/was/main.py") == FOREIGN_MAIN
    deployer.undeploy_board(board, Data.AS_BEFORE)
    assert tree(board) == before


def test_a_main_with_a_loop_of_its_own_has_the_agent_beside_it(board: Board) -> None:
    source = b"""
import asyncio
async def main():
    import uscomo
    await asyncio.sleep(1)
    uscomo.check()
    while True:
        await asyncio.sleep(0.2)
if __name__ == "__main__":
    asyncio.run(main())
"""
    board.write_all({"/main.py": source})
    deployer.deploy_board(board, wishes(), Main.ADOPT)
    shown(board, b"uscomo: session main unreachable")


def test_a_main_that_is_kept_is_not_stopped_from_running(board: Board) -> None:
    board.write_all({"/main.py": FOREIGN_MAIN})
    report = deployer.deploy_board(board, wishes(), Main.KEEP)
    assert (report.main, report.alive) == ("kept", None)
    shown(board, b"tick")
    assert board.read("/main.py") == FOREIGN_MAIN
    assert verdicts(board)["main.py"] == "warning"


def test_an_interrupted_trial_loses_no_attempt(prepared: ProvidedBoard) -> None:
    with Board.open(prepared.url) as board:
        board.write_all({"/main.py": b"import time\nwhile True:\n    time.sleep(1)\n"})
        deployer.deploy_board(board, wishes(), Main.ADOPT)
        board.soft_reset()
        # On trial again, and it has been started twice; so has the board.
        board.exec(TRIAL)
        assert doctor.gather(board).told["components"][0]["attempts"] == 1  # type: ignore[index]
        board.write_all({"/main.py": b""})  # else the start that follows would count
        deployer.deploy_board(board, Wishes(), Main.KEEP)
        told = doctor.gather(board).told
        assert told is not None
        assert told["components"][0]["attempts"] == 2
        assert told["abnormal"] == 0


def test_the_password_is_asked_for_before_anything_is_written(board: Board) -> None:
    def ask(wishes: Wishes, there: dict[str, Any]) -> None:
        raise UsageError("the password?")

    before = tree(board)
    with pytest.raises(UsageError):
        deployer.deploy_board(board, wishes(auth="md5"), ask=ask)
    assert tree(board) == before


def _with(name: str) -> dict[str, bytes]:
    return {**deploy.agent(), f"uscomo/{name}.mpy": compile_module(name, f"{name} = 1\n" * 300)}


@contextmanager
def given_up(provided: ProvidedBoard, board: Board) -> Iterator[None]:
    """Nobody waits for a board without power: its port stays and says nothing."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            if not provided.power.is_on:
                board.cancel()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.full(minutes=2)
def test_a_power_cut_on_the_board_leaves_the_old_agent_or_the_new_one(
    prepared: ProvidedBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every write is cut in test_deployment.py; these few show that the board does the same.
    provided = prepared
    cuts = 4
    old, new = _with("old"), _with("new")
    monkeypatch.setattr(deploy, "agent", lambda: old)
    with Board.open(provided.url) as board:
        deployer.deploy_board(board, wishes())
        board.interrupt()
    image = (provided.folder / FLASH).read_bytes()
    monkeypatch.setattr(deploy, "agent", lambda: new)
    start = provided.power.operations
    with Board.open(provided.url) as opened:
        deployer.deploy_board(opened, Wishes())
    total = provided.power.operations - start
    assert total > 20
    seen = set()
    for number in range(cuts):
        provided.power.off()
        (provided.folder / FLASH).write_bytes(image)
        provided.power.on()
        time.sleep(1)  # it starts
        # Not in the last ones, which are the agent's own: when they come depends on the clock.
        provided.power.cut(1 + (total - 8) * number // (cuts - 1))
        with (
            pytest.raises((CancelledError, UnreachableError, BoardError, BoardResetError)),
            Board.open(provided.url) as opened,
            given_up(provided, opened),
        ):
            deployer.deploy_board(opened, Wishes())
        assert not provided.power.is_on
        provided.power.on()
        time.sleep(1)  # it starts
        with Board.open(provided.url, wait=10) as opened:
            found = deploy.look(opened)
            assert found.is_whole(found.generation)
            files = set(found.in_generation(found.generation))
            assert files in (set(old), set(new))
            seen.add(files == set(new))
            assert components(opened) == []
            report = deployer.deploy_board(opened, Wishes())
            assert report.alive
    assert True in seen
    assert False in seen


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def uscomo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line with nobody at the terminal; keywords are the environment."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            capsys.readouterr()
            code = cli.run(["board", *arguments])
        return code, *capsys.readouterr()

    return run


def test_the_command_line(prepared: ProvidedBoard, uscomo: Command) -> None:
    port = ("--port", prepared.url)
    with Board.open(prepared.url) as board:
        board.write_all({"/main.py": FOREIGN_MAIN})
        before = tree(board)
    url = ("--url", "http://127.0.0.1:9/dm")
    code, output, errors = uscomo("deploy", *port, *url)
    assert code == 2
    assert "--main" in errors
    code, output, errors = uscomo("deploy", *port, *url, "--main", "replace", "--json")
    assert code == 2
    assert "USCOMO_PASSWORD" in json.loads(output)["error"]
    with Board.open(prepared.url) as board:
        assert tree(board) == before
    secrets = {"USCOMO_PASSWORD": "s3cret-one", "USCOMO_SERVER_PASSWORD": "s3cret-two"}
    code, output, errors = uscomo("deploy", *port, *url, "--main", "replace", "--json", **secrets)
    assert code == 0, errors
    answer = json.loads(output)
    assert answer["ok"]
    assert answer["main_py"] == "replaced"
    assert answer["alive"]
    assert sorted(answer["board"]["accounts"]) == ["local", "main"]
    assert "s3cret" not in output + errors
    code, output, errors = uscomo(
        *("provision", *port, "--json", "--account", "two", "--server-id", "other"),
        *("--url", "http://127.0.0.1:9/two", "--auth", "none", "--server-auth", "none"),
        *("--setting", "poll=600", "--device-id", "board-7", "--encoding", "xml"),
    )
    assert code == 0, errors
    told = json.loads(output)["board"]
    assert sorted(told["accounts"]) == ["local", "main", "two"]
    assert told["accounts"]["main"]["levels"]["CLCRED"]["secret"]
    assert told["settings"] == {"poll": "600"}
    assert told["accounts"]["two"]["encoding"] == "xml"
    # What is not given stays as it is.
    code, output, errors = uscomo(
        *("provision", *port, "--json", "--account", "two", "--request-types", "none")
    )
    assert code == 0, errors
    told = json.loads(output)["board"]
    assert told["accounts"]["two"]["encoding"] == "xml"
    assert told["accounts"]["main"]["encoding"] == "wbxml"
    assert uscomo("provision", *port, "--account", "two", "--encoding", "json")[0] == 2
    assert told["device_id"] == "board-7"
    # A new address alone needs no password again.
    code, output, errors = uscomo("provision", *port, "--url", "http://127.0.0.1:9/moved")
    assert code == 0, errors
    assert "http://127.0.0.1:9/moved" in output
    assert uscomo("provision", *port, "--setting", "poll=soon")[0] == 2
    assert uscomo("provision", *port, "--wifi", "home", USCOMO_WIFI_PASSWORD="x")[0] == 2
    code, output, errors = uscomo("doctor", *port, "--json")
    answer = json.loads(output)
    assert code == 0
    assert answer["ok"]
    assert {check["verdict"] for check in answer["checks"]} == {"good"}
    assert uscomo("undeploy", *port)[0] == 2
    code, output, errors = uscomo("undeploy", *port, "--yes")
    assert code == 0
    with Board.open(prepared.url) as board:
        after = tree(board)
        # What the interrupted deployment had left is gone too.
        assert after == {path: before[path] for path in before if "uscomo" not in path}


def test_the_doctor_finds_damage_and_ends_with_1(prepared: ProvidedBoard, uscomo: Command) -> None:
    with Board.open(prepared.url) as board:
        deployer.deploy_board(board, wishes())
        board.write_all({"/uscomo.a/1/uscomo/http.mpy": b"x", "/x.py": b"", "/x.mpy": b""})
        board.write_all({"/lib/uscomo/__init__.py": b"old"})
        board.soft_reset()
    code, output, _ = uscomo("doctor", "--port", prepared.url, "--json")
    assert code == 1
    answer = json.loads(output)
    assert not answer["ok"]
    found = {check["id"]: check for check in answer["checks"]}
    assert found["agent"]["verdict"] == "bad"
    assert "uscomo/http.mpy" in found["agent"]["found"]
    assert "/x.py" in found["shadows"]["found"]
    assert "/lib/uscomo" in found["copies"]["found"]
    with Board.open(prepared.url) as board:
        deployer.deploy_board(board, Wishes())
        assert verdicts(board)["agent"] == "good"
