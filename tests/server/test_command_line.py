"""`uscomo serve` as a process, and `uscomo server` against it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from uscomo_tools.cli import serve, server, server_admin
from uscomo_tools.errors import RefusedError, UnreachableError, UsageError, UscomoError

DEVICE = "urn:uscomo:unix-0001"
ENTRY = (
    "import typer; from uscomo_tools.cli.serve import serve;"
    "app = typer.Typer(); app.command()(serve); app()"
)


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """What a served server said when it was ready."""
    folder = tmp_path_factory.mktemp("served")
    command = [sys.executable, "-c", ENTRY, "--port", "0", "--data-folder", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert b"Traceback" not in process.stderr.read()


@pytest.fixture
def run(ready):
    with open(ready["operator_token_file"], encoding="ascii") as file:
        operator = file.read().strip()

    def call(*arguments, token=operator, url=ready["url"]):
        options = ["--json", "--server", url, "--token", token]
        result = CliRunner().invoke(server.app, [*arguments, *options])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)

    return call


def test_the_whole_of_the_operators_work(run, package, tmp_path):
    file = tmp_path / "blink.pkg"
    file.write_bytes(package())
    assert run("publish", str(file))["id"] == "com.example.blink"
    assert [p["version"] for p in run("packages")["packages"]] == ["1.0.0"]
    assert run("device-add", DEVICE, "--type", "unix", "--user", "arnold", "--password", "x")["ok"]
    assert [d["device_id"] for d in run("devices")["devices"]] == [DEVICE]
    provider = run("provider-add", "Fun Applications Co.")["token"]
    with pytest.raises(RefusedError):
        run("default", "unix", "com.example.blink", token=provider)
    run("authorise", "unix", "Fun Applications Co.")
    assert run("default", "unix", "com.example.blink", token=provider)["ok"]
    assert run("default", "unix")["packages"] == ["com.example.blink"]
    run("authorise", "unix", "Fun Applications Co.", "--withdraw")
    with pytest.raises(RefusedError):
        run("default", "unix", "--empty", token=provider)
    run("operate", DEVICE, "install", "--package", "com.example.blink")
    assert run("device", DEVICE)["operations"][0]["state"] == "queued"


def test_orders_of_all_kinds(run, package, tmp_path):
    file = tmp_path / "clock.pkg"
    file.write_bytes(package("clock"))
    run("publish", str(file))
    device = "urn:uscomo:unix-0002"
    run("device-add", device, "--type", "unix", "--user", "b", "--password", "x")
    options = ("--delivery", "direct", "--params", "pin=25", "--reboot", "after")
    clock = ("--package", "com.example.clock")
    [row] = run("operate", device, "download-install-inactive", *clock, *options)["operations"]
    assert (row["primitive"], row["delivery"]) == ("install-inactive", "direct")
    assert (row["install_params"], row["reboot"]) == ("pin=25", "after")
    [row] = run("operate", device, "rollback", "--component", "com.example.clock")["operations"]
    assert row["primitive"] == "rollback"
    [row] = run("operate", device, "leave-safe-mode")["operations"]
    assert row["subject"] == "the device"
    statement = tmp_path / "statement"
    statement.write_bytes(b"\x01" + b"ANCHOR-0" + bytes(512))
    [row] = run("trust", device, str(statement))["operations"]
    assert row["subject"] == f"add an anchor, signed by {b'ANCHOR-0'.hex()}"
    with pytest.raises(UscomoError, match="No such file"):
        run("trust", device, str(tmp_path / "nothing"))
    with pytest.raises(UscomoError, match=r"no package com\.example\.none fits type"):
        run("operate", device, "download", "--package", "com.example.none")


def test_a_device_in_words(ready, monkeypatch):
    """What people read: why an operation failed, what is on trial, what can be gone back to."""
    result = {"id": "a", "code": 1200, "reason": "done", "node": "a"}
    operation = {
        **{"primitive": "install", "subject": "suite", "state": "failed", "code": 1472},
        **{"reason": "b: trial failed, rolled back to 1.0", "changed_at": 0.0, "on_trial": False},
        "results": [result, {**result, "id": "b", "code": 1472, "reason": "trial failed"}],
    }
    component = {
        **{"id": "b", "version": "1.0", "release": 1, "state": "active", "package": "suite"},
        **{"on_trial": True, "retained": "0.9", "last_error": "ValueError: [/x]"},
    }
    answer = {
        **{"device_id": DEVICE, "type": "unix", "last_seen": None, "safe_mode": True},
        **{"notify": "127.0.0.1:7", "trusts": ["0123456789abcdef"]},
        "inventory": [component],
        "delivered": [{"package": "suite", "name": "Suite", "state": "delivered", "node": "dp"}],
        "operations": [operation, {**operation, "on_trial": True, "results": []}],
    }
    monkeypatch.setattr(server_admin, "call", lambda *request: answer)
    monkeypatch.setenv("COLUMNS", "240")
    shown = CliRunner().invoke(server.app, ["device", DEVICE]).stdout
    for words in ("SAFE MODE", "on trial", "rolled back to 1.0", "0.9", "ValueError: [/x]", "dp"):
        assert words in shown
    for words in ("seen (UTC): never", "at 127.0.0.1:7", "keys 0123456789abcdef"):
        assert words in shown


def test_people_get_tables(ready, run):
    with open(ready["operator_token_file"], encoding="ascii") as file:
        environment = {"USCOMO_SERVER": ready["url"], "USCOMO_TOKEN": file.read().strip()}
    for command in (["packages"], ["devices"], ["default", "other"]):
        result = CliRunner().invoke(server.app, command, env=environment)
        assert result.exit_code == 0, result.output


def test_errors_have_their_exit_codes(run, tmp_path):
    with pytest.raises(UnreachableError):
        run("devices", url="http://127.0.0.1:1")
    with pytest.raises(RefusedError):
        run("devices", token="wrong")
    with pytest.raises(UscomoError, match="no device nobody"):
        run("device", "nobody")
    with pytest.raises(UscomoError, match="No such file"):
        run("publish", str(tmp_path / "nothing"))


def test_serve_refuses_what_cannot_work(ready, tmp_path):
    app = typer.Typer()
    app.command()(serve.serve)
    port = ready["url"].rpartition(":")[2]
    taken = CliRunner().invoke(app, ["--port", port, "--data-folder", str(tmp_path)])
    assert isinstance(taken.exception, UscomoError)
    assert CliRunner().invoke(app, ["--dm-path", "dm"]).exit_code == 2
    nothing = str(tmp_path / "no.pem")
    assert CliRunner().invoke(app, ["--tls-cert", nothing]).exit_code == 2
    assert CliRunner().invoke(app, ["--client-ca", nothing]).exit_code == 2
    tls = ["--tls-cert", nothing, "--tls-key", nothing, "--port", "0"]
    failed = CliRunner().invoke(app, [*tls, "--data-folder", str(tmp_path)])
    assert isinstance(failed.exception, UscomoError)
    assert nothing in str(failed.exception)


@pytest.mark.parametrize(
    "order",
    [
        ["install"],
        ["remove-package", "--component", "a"],
        ["download", "--package", "a", "--component", "a"],
        ["remove"],
        ["rollback", "--package", "a", "--component", "a"],
    ],
)
def test_an_order_without_its_subject(run, order):
    with pytest.raises(UsageError, match="needed"):
        run("operate", DEVICE, *order)


def test_calling_a_device(run):
    found = run("device-add", "urn:called", "--server-password", "x", "--notify", "[::1]:9")
    assert found["notify"] == "[::1]:9"
    assert run("address", "urn:called")["notify"] == ""
    with pytest.raises(UscomoError, match="has no address"):
        run("notify", "urn:called")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        where = f"127.0.0.1:{listening.getsockname()[1]}"
        assert run("address", "urn:called", where)["notify"] == where
        asked = run("notify", "urn:called", "--ui", "interaction")
        data = listening.recv(1000)
    assert data[16:18].hex() == "02f8"
    assert data[21:23].hex().upper().lstrip("0") == asked["session_id"]
    assert run("address", "urn:called")["notify"] == ""
