"""`uscomo device`: what a user types, and what comes of it."""

from __future__ import annotations

import io
import json
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pairs import APP, App, Pair

from uscomo_tools.cli import run
from uscomo_tools.device.simulated import Console, SimulatedDevice
from uscomo_tools.package import SigningKey
from uscomo_tools.server.runner import RunningServer

Uscomo = Callable[..., tuple[int, str]]


@pytest.fixture
def uscomo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Uscomo:
    """Run a command line without a terminal: exit code and what it says on standard output."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def call(*arguments: object) -> tuple[int, str]:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out

    return call


@pytest.fixture
def anchor(tmp_path: Path, key: SigningKey) -> Path:
    path = tmp_path / "key.pem"
    key.public.save(path)
    return path


@pytest.fixture
def made(pair: Pair, uscomo: Uscomo, tmp_path: Path, anchor: Path) -> Callable[..., Path]:
    """Make a device that has the pair's account on the server."""

    def make(*flags: str, **options: str) -> Path:
        name = "unix-" + secrets.token_hex(4)
        account = {
            "device_id": "urn:uscomo:" + name,
            "user": name,
            "password": "secret",
            "server_password": "srvpwd",
            "type": "unix",
        }
        assert pair.api.post("/devices", json=account).status_code == 201
        pair.device_id = account["device_id"]
        given = {
            "url": pair.server.dm_url,
            "user": name,
            "password": "secret",
            "server-password": "srvpwd",
            "anchor": str(anchor),
            **options,
        }
        settings = ("--setting", "retry=20", "--setting", "confirm_after=0")
        pairs = [text for name, value in given.items() for text in (f"--{name}", value)]
        code, output = uscomo(
            "device", "new", tmp_path / name, *pairs, *flags, *settings, "--json"
        )
        assert code == 0, output
        assert json.loads(output)["device_id"] == account["device_id"]
        return tmp_path / name

    return make


def in_json(answer: tuple[int, str]) -> tuple[int, dict[str, Any]]:
    code, output = answer
    (line,) = output.splitlines()
    result: dict[str, Any] = json.loads(line)
    assert result["ok"] is (code == 0)
    assert ("error" in result) is (code != 0)
    return code, result


def test_whole_life(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    folder = made()
    assert uscomo("device", "status", folder) == (0, "nothing is installed\n")
    package = pair.publish()
    code, result = in_json(uscomo("device", "request", folder, package, "--yes", "--json"))
    assert (code, result["answer"], result["operations"]) == (0, "installing", [1200])

    code, result = in_json(uscomo("device", "status", folder, "--json"))
    assert code == 0
    (row,) = result["components"]
    assert (row["id"], row["version"], row["state"]) == (package, "1.0.0", 20)
    assert uscomo("device", "status", folder) == (0, f"{package} 1.0.0 active\n")

    pair.operate("remove", package)
    code, result = in_json(uscomo("device", "session", folder, "--yes", "--json"))
    assert (code, result["outcome"], result["operations"]) == (0, "done", [1200])
    assert uscomo("device", "status", folder) == (0, "nothing is installed\n")


def test_update_of_everything(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    """A request that names nothing is answered without a name."""
    folder = made(consent="yes", heap="220k")
    app = App(pair)
    assert uscomo("device", "request", folder, app.publish(APP.decode()))[0] == 0
    code, result = in_json(uscomo("device", "request", folder, "--update", "--json"))
    assert (code, result["answer"]) == (4, "nothing available")
    app.publish(APP.decode())
    code, result = in_json(uscomo("device", "request", folder, "--update", "--json"))
    assert (code, result["answer"], result["operations"]) == (0, "installing", [1200])


@pytest.mark.parametrize(
    ("told", "code", "outcome"),
    [
        ("operation 1 1200", 0, "done"),
        ("operation 1 1455\noperation 2 1250\noperation 2 1200", 0, "done"),
        ("operation 1 1455", 1, "failed"),
        ("operation 1 1472\noperation 2 1200", 1, "failed"),
        ("operation 1 1401", 4, "refused"),
        ("request installing", 0, "done"),
        ("request com.example.blink not supported", 4, "not supported"),
        ("request refused", 4, "refused"),
    ],
)
def test_what_the_device_said(
    uscomo: Uscomo, monkeypatch: pytest.MonkeyPatch, told: str, code: int, outcome: str
) -> None:
    """What an update left out is sent again whole: only the last word on that counts."""

    class Spoken(SimulatedDevice):
        def __init__(self, folder: Path) -> None: ...

        def request(self, kind: str, id: str = "") -> None: ...

        def run(self, console: Console, *_: object, **__: object) -> int:
            console.text("".join(f"uscomo: {line}\n" for line in told.split("\n")))
            return 0

    monkeypatch.setattr("uscomo_tools.cli.device.SimulatedDevice", Spoken)
    result = in_json(uscomo("device", "session", "anywhere", "--json"))
    assert (result[0], result[1]["outcome"]) == (code, outcome)


def test_reports_at_once_and_asks_nobody(
    pair: Pair, made: Callable[..., Path], uscomo: Uscomo
) -> None:
    folder = made("--silent", report="sync", consent="no")
    package = pair.publish(ask="device")
    assert uscomo("device", "request", folder, package)[0] == 0
    pair.operate("deactivate", package)
    code, result = in_json(uscomo("device", "session", folder, "--json"))
    assert (code, result["operations"]) == (0, [])
    assert pair.operations()[-1]["code"] == 1200
    assert uscomo("device", "status", folder) == (0, f"{package} 1.0.0 inactive\n")


def test_what_can_be_read_without_json(
    pair: Pair, made: Callable[..., Path], uscomo: Uscomo
) -> None:
    folder = made(consent="yes")
    code, output = uscomo("device", "request", folder, pair.publish())
    assert code == 0
    assert "Install" in output
    assert "hello" in output
    assert "uscomo: operation 1 1200" in output


def test_refused(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    folder = made(consent="no")
    nowhere = uscomo("device", "request", folder, "com.example.nowhere", "--json")
    assert in_json(nowhere) == (
        4,
        {
            "ok": False,
            "outcome": "nothing available",
            "operations": [],
            "answer": "nothing available",
            "error": "nothing available",
        },
    )
    package = pair.publish(ask="device")
    code, result = in_json(uscomo("device", "request", folder, package, "--json"))
    assert (code, result["operations"]) == (4, [1401])

    package = pair.publish(ask="server")
    assert in_json(uscomo("device", "request", folder, package, "--json"))[0] == 4
    assert pair.operations()[-1]["state"] == "refused"


def test_wrong_password(made: Callable[..., Path], uscomo: Uscomo) -> None:
    folder = made(password="wrong")
    assert uscomo("device", "session", folder)[0] == 4
    assert in_json(uscomo("device", "session", folder, "--json"))[0] == 4


def test_installation_fails(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    folder = made(consent="yes")
    package = pair.publish(key=SigningKey.generate())
    code, result = in_json(uscomo("device", "request", folder, package, "--json"))
    assert (code, result["operations"]) == (1, [1407])


def test_nobody_listens(made: Callable[..., Path], uscomo: Uscomo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder = made(url=f"http://127.0.0.1:{taken.getsockname()[1]}/dm")
        code, result = in_json(uscomo("device", "session", folder, "--json"))
    assert (code, result["outcome"]) == (3, "the server was not reachable")


def test_question_and_no_terminal(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    folder = made()
    code, result = in_json(uscomo("device", "request", folder, pair.publish(), "--json"))
    assert code == 2
    assert "--yes" in result["error"]


def test_poll_of_its_own(pair: Pair, made: Callable[..., Path], uscomo: Uscomo) -> None:
    """`session` ends although the device would go on asking for ever."""
    folder = made(poll="1")
    assert uscomo("device", "session", folder)[0] == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--url", "nonsense"], "http"),
        (["--url", "http://h/dm", "--auth", "magic"], "auth"),
        (["--url", "http://h/dm", "--client-nonce", "!"], "base64"),
        (["--url", "http://h/dm", "--scomo-root", "./"], "root"),
        (["--url", "http://h/dm", "--consent", "perhaps"], "consent"),
        (["--url", "http://h/dm", "--setting", "retry"], "NAME=VALUE"),
        (["--url", "http://h/dm", "--encoding", "json"], "wbxml"),
        (["--url", "http://h/dm", "--report", "never"], "async"),
    ],
)
def test_wrong_usage(uscomo: Uscomo, tmp_path: Path, options: list[str], word: str) -> None:
    folder = tmp_path / "device"
    code, result = in_json(uscomo("device", "new", folder, *options, "--json"))
    assert code == 2
    assert word in result["error"]
    assert not folder.exists()


def test_no_device(uscomo: Uscomo, tmp_path: Path) -> None:
    for verb in ("session", "status", "run", "console"):
        assert uscomo("device", verb, tmp_path)[0] == 2
    assert uscomo("device", "request", tmp_path, "com.example.blink")[0] == 2


def test_device_is_there_already(
    server: RunningServer, made: Callable[..., Path], uscomo: Uscomo
) -> None:
    folder = made()
    assert uscomo("device", "new", folder, "--url", server.dm_url)[0] == 2
    assert in_json(uscomo("device", "request", folder, "--json"))[0] == 2
