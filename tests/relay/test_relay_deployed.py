"""A bare board, deployed for a relay with the command line, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from relaying import Relay, settings_for

from uscomo_tools import cli
from uscomo_tools.package import SigningKey
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.providers import unix


@pytest.mark.full
def test_deployed_and_provisioned_for_a_relay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USCOMO_PASSWORD", "the device's")
    monkeypatch.setenv("USCOMO_SERVER_PASSWORD", "the server's")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def run(*words: str) -> dict[str, object]:
        assert cli.run(["board", *words, "--port", board.url, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    with (
        DmServer(tmp_path / "server", SigningKey.generate()) as server,
        unix.start(tmp_path / "board") as board,
    ):
        account = {"device_id": "urn:uscomo:desk", "user": "desk", "type": "unix"}
        passwords = {"password": "the device's", "server_password": "the server's"}
        server.post("/devices", account | passwords)
        run(
            *("deploy", "--url", server.dm_url(), "--user", "desk", "--type", "unix"),
            *("--device-id", "urn:uscomo:desk", "--setting", "bearer=relay"),
            *("--setting", "poll=1", "--setting", "consent=yes"),
        )
        with Relay(settings_for(board.url, server.url)) as relay:
            relay.wait_for("session main done")
        assert server.get("/devices/urn:uscomo:desk")["last_seen"]
        # With https the board goes on: the host does it.
        told = run("provision", "--url", "https://dm.example/dm")["board"]
        assert isinstance(told, dict)
        assert told["accounts"]["main"]["url"] == "https://dm.example/dm"
        assert told["settings"]["bearer"] == "relay"
