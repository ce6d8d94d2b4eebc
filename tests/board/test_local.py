"""Applications of a board at a cable, without a server set up: real MicroPython on a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cabled import DEVICE_ID, Talk, app_folder, managed, unix_board

from uscomo_tools import cli
from uscomo_tools.board.connection import Board
from uscomo_tools.errors import RefusedError, UsageError, UscomoError
from uscomo_tools.package import Project, SigningKey, build
from uscomo_tools.server.runner import RunningServer, ServerSettings
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import ServedBoard

ID = "com.example.hello"
RUNS = """
import uscomo, time
def main():
    print("hello", {version})
    while True:
        uscomo.poll()
        time.sleep(0.05)
"""
ASYNC = """
import asyncio
async def main():
    while True:
        await asyncio.sleep(1)
"""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


@pytest.fixture
def board(tmp_path: Path, keys: Path) -> Iterator[ServedBoard]:
    with unix_board(tmp_path / "board", keys) as board:
        yield board


@pytest.fixture
def url(board: ServedBoard) -> str:
    return board.url


def runs(tmp_path: Path, version: int = 1) -> Path:
    return app_folder(
        tmp_path / f"app{version}", RUNS.format(version=version), f"{version}.0.0", version
    )


def test_a_folder_becomes_an_application_that_runs(url: str, keys: Path, tmp_path: Path) -> None:
    talk = Talk()
    with managed(url, keys, talk) as management:
        outcome = management.install(runs(tmp_path), wait=True)
        (found,) = management.about().components
    assert (outcome.code, outcome.confirmed) == (1200, [ID])
    assert talk.questions == [f"? Install {ID}? [y/N/later]"]
    assert "hello 1" in talk.output
    assert (found.id, found.version, found.active, found.trial) == (ID, "1.0.0", True, False)
    assert found.size > 100


@pytest.mark.full
def test_the_life_of_an_application(url: str, keys: Path, tmp_path: Path) -> None:
    def state() -> list[tuple[str, bool, bool]]:
        return [(one.version, one.active, one.trial) for one in management.about().components]

    with managed(url, keys, Talk()) as management:
        assert management.install(runs(tmp_path), wait=True).code == 1200
        assert state() == [("1.0.0", True, False)]
        assert management.install(runs(tmp_path, 2), wait=True).code == 1200
        assert state() == [("2.0.0", True, False)]
        assert management.operate("rollback", ID).code == 1251
        assert state() == [("1.0.0", True, False)]
        assert management.request("update", ID, wait=True).code == 1200
        assert state() == [("2.0.0", True, False)]
        assert management.operate("deactivate", ID).code == 1200
        assert state() == [("2.0.0", False, False)]
        assert management.operate("activate", ID).code == 1200
        assert state() == [("2.0.0", True, False)]
        assert management.operate("remove", ID).code == 1200
        assert state() == []
        assert management.request("install", ID, wait=True).code == 1200
        assert state() == [("2.0.0", True, False)]


def test_while_it_is_written_the_version_need_not_change(
    url: str, keys: Path, tmp_path: Path
) -> None:
    talk = Talk()
    with managed(url, keys, talk) as management:
        management.install(app_folder(tmp_path / "app", RUNS.format(version=1)), wait=True)
        management.install(app_folder(tmp_path / "app", RUNS.format(version="'new'")), wait=True)
    assert "hello new" in talk.output


def test_the_user_of_the_board_may_say_no(url: str, keys: Path, tmp_path: Path) -> None:
    talk = Talk("n")
    with managed(url, keys, talk) as management:
        with pytest.raises(RefusedError, match="refused by the user"):
            management.install(runs(tmp_path))
        assert management.about().components == ()
        talk.answer = "y"
        assert management.install(runs(tmp_path), wait=True).code == 1200


def test_a_key_that_the_board_does_not_know_is_refused(
    url: str, keys: Path, tmp_path: Path
) -> None:
    package = tmp_path / "foreign.pkg"
    package.write_bytes(build(Project.load(runs(tmp_path)), SigningKey.generate()))
    with (
        managed(url, keys, Talk()) as management,
        pytest.raises(RefusedError, match=r"signature(.|\n)*uscomo board deploy"),
    ):
        management.install(package)


def test_an_application_that_crashes_is_rolled_back(url: str, keys: Path, tmp_path: Path) -> None:
    talk = Talk()
    broken = app_folder(tmp_path / "broken", "def main():\n    raise ValueError(7)\n", "2.0.0", 2)
    with managed(url, keys, talk) as management:
        management.install(runs(tmp_path), wait=True)
        with pytest.raises(UscomoError, match="rolled back"):
            management.install(broken, wait=True)
        (found,) = management.about().components
    assert (found.version, found.active, found.trial) == ("1.0.0", True, False)
    assert "ValueError: 7" in talk.output


@pytest.mark.full
def test_commands_during_a_trial_use_up_no_attempt(keys: Path, tmp_path: Path) -> None:
    settings = {"confirm_after": "600"}
    with (
        unix_board(tmp_path / "board", keys, settings=settings) as board,
        managed(board.url, keys, Talk()) as management,
    ):
        outcome = management.install(runs(tmp_path))
        assert (outcome.code, outcome.trial) == (1250, [ID])
        for _ in range(6):  # twice the attempts that there are
            (found,) = management.about().components
            assert (found.version, found.trial) == ("1.0.0", True)
        other = app_folder(tmp_path / "other", ASYNC, id="com.example.other")
        assert management.install(other).trial == ["com.example.other"]
        assert management.confirm(ID).confirmed == [ID]
        with pytest.raises(UsageError, match="not on trial"):
            management.confirm(ID)
        states = {one.id: one.trial for one in management.about().components}
    assert states == {ID: False, "com.example.other": True}


def test_what_is_not_there_is_named(url: str, keys: Path) -> None:
    with managed(url, keys, Talk()) as management:
        with pytest.raises(UsageError, match="not on the board; there is: nothing"):
            management.operate("remove", ID)
        with pytest.raises(RefusedError, match="nothing was published here"):
            management.request("install", ID)


def test_a_host_that_vanishes_leaves_a_board_that_runs(
    board: ServedBoard, keys: Path, tmp_path: Path
) -> None:
    with managed(board.url, keys, Talk()) as management:
        management.install(runs(tmp_path), wait=True)
    before = len(board.console_log)
    with Board.open(board.url) as gone:
        gone.soft_reset()
        gone.exec("from uscomo import cable")
        console = gone.console()
        text = b""
        while not text.endswith(b">>> "):
            text += console.read(0.1)
        console.write(b"cable.serve('check', '')\r")
    end = time.monotonic() + 30
    while "hello 1" not in board.console_log[before:] and time.monotonic() < end:
        time.sleep(0.1)
    said = board.console_log[before:]
    assert "session local unreachable" in said
    assert "hello 1" in said, "main.py runs again"


def test_the_command_line(
    url: str,
    keys: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("USCOMO_LOCAL", str(keys))
    monkeypatch.setenv("USCOMO_PORT", url)

    def run(*arguments: str) -> tuple[int, str]:
        code = cli.run(["board", *arguments])
        return code, capsys.readouterr().out

    def told(*arguments: str) -> tuple[int, dict]:
        code, out = run(*arguments, "--json")
        return code, json.loads(out)

    folder = str(runs(tmp_path))
    code, answer = told("install", folder)
    assert (code, answer["ok"]) == (2, False), "no terminal to ask on, and no --yes"
    assert "--yes" in answer["error"]
    code, answer = told("install", folder, "--yes", "--wait")
    assert (code, answer["code"], answer["confirmed"]) == (0, 1200, [ID])
    assert answer["device_id"] == DEVICE_ID
    code, answer = told("apps")
    assert [row["id"] for row in answer["apps"]] == [ID]
    code, out = run("apps")
    assert code == 0
    assert "this computer" in out
    assert run("remove", "com.example.nothing", "--yes")[0] == 2
    code, answer = told("rollback", ID, "--yes")
    assert code == 1
    assert "no older version" in answer["error"]
    assert run("request", "com.example.nothing", "--yes")[0] == 4
    assert run("install", str(tmp_path / "nowhere"))[0] == 2
    assert run("apps", "--port", str(tmp_path / "no-port"))[0] == 3
    assert run("remove", ID, "--yes")[0] == 0
    assert told("apps")[1]["apps"] == []


def test_an_enrolled_server_and_the_cable_leave_each_other_alone(
    keys: Path, tmp_path: Path
) -> None:
    """Account `main` of a server on the network, account `local` of the cable, one board."""
    settings = ServerSettings(tmp_path / "server", operator_token="token")
    foreign = tmp_path / "fleet.pkg"
    fleet_key = SigningKey.generate()
    foreign.write_bytes(
        build(
            Project.load(app_folder(tmp_path / "fleet", ASYNC, id="com.example.fleet")), fleet_key
        )
    )
    with RunningServer(settings) as server:

        def call(method: str, path: str, **more: Any) -> Any:
            headers = {"authorization": "Bearer token"}
            answer = httpx.request(method, f"{server.url}/api{path}", headers=headers, **more)
            assert not answer.is_error, answer.text
            return answer.json()

        def order(**fields: str) -> dict[str, Any]:
            path = f"/devices/{DEVICE_ID}/operations"
            queued = call("POST", path, json=fields)["operations"][-1]["correlator"]
            end = time.monotonic() + 30
            while time.monotonic() < end:
                found = next(row for row in call("GET", path) if row["correlator"] == queued)
                if found["state"] in ("done", "failed", "refused"):
                    break
                time.sleep(0.1)
            return found

        call(
            "POST",
            "/devices",
            json={
                **{"device_id": DEVICE_ID, "user": "u", "password": "p", "type": "unix"},
                **{"server_password": "s", "auth": "md5", "server_auth": "md5"},
            },
        )
        call("POST", "/packages?ask=device", content=foreign.read_bytes())
        with (
            unix_board(
                tmp_path / "board",
                keys,
                url=server.dm_url,
                user="u",
                password="p",
                server_password="s",
                anchors=[fleet_key.public.modulus],
                settings={"consent": "yes", "poll": "1"},
            ) as board,
            managed(board.url, keys, Talk()) as management,
        ):
            assert management.install(runs(tmp_path), wait=True).code == 1200
            assert order(primitive="install", package="com.example.fleet")["code"] in (1200, 1250)
            seen: list[dict[str, Any]] = []
            end = time.monotonic() + 30
            while not seen and time.monotonic() < end:
                time.sleep(0.2)
                seen = call("GET", f"/devices/{DEVICE_ID}")["inventory"]
            assert [row["id"] for row in seen] == ["com.example.fleet"]
            with pytest.raises(RefusedError, match="another server"):
                management.operate("remove", "com.example.fleet")
            names = sorted(one.id for one in management.about().components)
            assert names == ["com.example.fleet", ID]
            assert management.operate("remove", ID).code == 1200
            assert order(primitive="remove", component="com.example.fleet")["code"] == 1200
            assert management.about().components == ()


def test_deploying_a_board_makes_it_manageable_over_its_cable(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USCOMO_LOCAL", str(keys))
    with unix.start(tmp_path / "bare") as board:
        with (
            managed(board.url, keys, Talk()) as management,
            pytest.raises(UscomoError, match="uscomo board deploy"),
        ):
            management.about()
        assert cli.run(["board", "deploy", "--port", board.url, "--main", "replace"]) == 0
        with managed(board.url, keys, Talk()) as management:
            assert management.install(runs(tmp_path)).code in (1200, 1250)
            assert [one.id for one in management.about().components] == [ID]
