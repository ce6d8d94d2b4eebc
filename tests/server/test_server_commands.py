"""Commands that an operator gives by hand: what is no command, and what becomes of one."""

from __future__ import annotations

import pytest
from scripted import DEVICE_ID

from uscomo_tools.syncml.message import Command

COMMANDS = f"/devices/{DEVICE_ID}/commands"
LEAF = {"target": "./a"}
GET = {"command": "Get", "items": [LEAF]}


@pytest.mark.parametrize(
    "given",
    [
        [],
        "Get",
        {},
        {"command": "Put", "items": [LEAF]},
        {"command": "Get"},
        {"command": "Get", "items": []},
        {"command": "Get", "items": [LEAF] * 33},
        {"command": "Get", "items": [{}]},
        {"command": "Get", "items": [{"target": 7}]},
        {"command": "Get", "items": [LEAF], "more": 1},
        {"command": "Get", "items": [LEAF], "code": "1100"},
        {"command": "Get", "items": [LEAF], "correlator": "c"},
        {"command": "Get", "items": [{"target": "./a", "source": "./b"}]},
        {"command": "Copy", "items": [LEAF]},
        {"command": "Exec", "items": [LEAF, LEAF]},
        {"command": "Alert", "items": [{"data": "x"}]},
        {"command": "Alert", "code": "1223", "items": [{"data": "x"}]},
        {"command": "Replace", "items": [{"target": "./a", "base64": "?"}]},
        {"command": "Atomic", "commands": []},
        {"command": "Atomic", "commands": [GET]},
        {"command": "Sequence", "commands": [{"command": "Sequence", "commands": [GET]}]},
    ],
)
def test_what_is_no_command(server, arnold, given):
    assert server.api("POST", COMMANDS, json=given) == 400
    assert server.api("GET", COMMANDS) == []


def test_only_the_operator_gives_them(server, arnold, fun_applications):
    assert server.api("POST", COMMANDS, fun_applications, json=GET) == 403
    assert server.api("POST", "/devices/nobody/commands", json=GET) == 404


def test_bytes_and_their_format(server, arnold):
    item = {"target": "./a", "format": "bin", "type": "x/y", "base64": "AAH/"}
    server.api("POST", COMMANDS, json={"command": "Replace", "items": [item]})
    arnold.session()
    (sent,) = [c for c in arnold.commands if c.name == "Replace"]
    assert sent.items[0].data == b"\0\1\xff"
    assert (sent.items[0].meta.format, sent.items[0].meta.type) == ("bin", "x/y")


def test_sent_again_after_a_challenge_and_once_only(server, arnold):
    arnold.trust = "after a challenge"
    server.api("POST", COMMANDS, json={"command": "Exec", "items": [LEAF]})
    arnold.session()
    assert [c.name for c in arnold.commands].count("Exec") == 1
    (row,) = server.api("GET", COMMANDS)
    assert (row["state"], row["statuses"]) == ("done", [{"command": "Exec", "code": 202}])
    arnold.session()
    assert "Exec" not in [c.name for c in arnold.commands]


def test_what_a_session_lost_is_not_sent_again(server, arnold):
    server.api("POST", COMMANDS, json={"command": "Exec", "items": [LEAF]})
    arnold.begin()
    arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    arnold.session()
    assert "Exec" not in [c.name for c in arnold.commands]
    assert server.api("GET", COMMANDS)[0]["state"] == "lost"


def test_one_that_fits_no_message(server, arnold):
    arnold.max_msg_size = 400
    item = {"target": "./a", "data": "x" * 500}
    server.api("POST", COMMANDS, json={"command": "Replace", "items": [item]})
    arnold.session()
    assert server.api("GET", COMMANDS)[0]["statuses"] == [{"command": "Replace", "code": 413}]


def test_an_address_beyond_the_device_s_limits_fails_an_installation(server, arnold, package):
    server.publish(package())
    arnold.tree["./DevDetail/URI/MaxSegLen"] = b"10"
    server.api(
        "POST",
        f"/devices/{DEVICE_ID}/operations",
        json={"primitive": "install", "package": "com.example.blink", "install_params": "p"},
    )
    arnold.session()
    assert server.last_operation() == ("failed", 414)
    assert "MaxSegLen of the device is 10" in server.operations()[-1]["reason"]
    assert "Add" not in [c.name for c in arnold.commands]
