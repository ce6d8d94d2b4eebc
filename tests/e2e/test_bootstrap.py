"""A device without an account gets one by a message, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pairs import Pair

from uscomo_tools.cli import run
from uscomo_tools.device.bootstrap import dm_message
from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.errors import UsageError
from uscomo_tools.syncml.message import decode

ID = "urn:uscomo:fresh"


@pytest.mark.parametrize("profile", ["dm", "cp"])
def test_from_nothing_to_a_session(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    device_id = f"{ID}-{profile}"
    account = {"device_id": device_id, "user": "u", "password": "secret"}
    account |= {"server_password": "srvpwd", "type": "unix"}
    assert pair.api.post("/devices", json=account).status_code == 201
    device, letter = str(tmp_path / "device"), str(tmp_path / "letter")
    made = ["device", "new", device, "--bare", "--device-id", device_id]
    assert run([*made, "--setting", "network_id=n-1"]) == 0
    capsys.readouterr()
    secrets = ["--user", "u", "--password", "secret", "--server-password", "srvpwd"]
    who = ["--pin", "1234", "--network-id", "n-1", "--profile", profile]
    url = pair.server.url + "/dm"
    assert run(["server", "bootstrap", device_id, "--url", url, "-o", letter, *secrets, *who]) == 0
    capsys.readouterr()
    assert run(["device", "bootstrap", device, letter, "--pin", "4321", "--json"]) == 4
    assert "wrong MAC" in json.loads(capsys.readouterr().out)["error"]
    assert run(["device", "bootstrap", device, letter, "--pin", "1234", "--json"]) == 0
    name = "main" if profile == "dm" else "1"
    assert json.loads(capsys.readouterr().out) == {"ok": True, "accounts": [name]}
    assert run(["device", "session", device, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "done"
    known = pair.api.get(f"/devices/{device_id}").json()
    assert known["device_id"] == device_id
    assert known["last_seen"]


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "device")
    assert run(["device", "new", folder]) == 2
    assert run(["device", "new", folder, "--bare", "--url", "http://h/dm"]) == 2
    letter = str(tmp_path / "letter")
    assert run(["server", "bootstrap", ID, "--url", "http://h/dm", "-o", letter]) == 2
    assert "PIN" in capsys.readouterr().err


def test_what_the_message_says() -> None:
    spec = DeviceSpec(device_id=ID, url="http://h/dm", user="u", password="p", server_password="s")
    message = decode(dm_message(spec), "application/vnd.syncml.dm+wbxml")
    assert (message.header.session_id, message.header.msg_id, message.final) == ("0", "0", True)
    (add,) = message.commands
    assert (add.name, add.items[0].target) == ("Add", "./Inbox")
    with pytest.raises(UsageError, match="URL"):
        DeviceSpec(device_id=ID, url="").check()
