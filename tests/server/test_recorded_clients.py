"""Messages recorded from C1, a client of independent origin, against our server."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import Server

from uscomo_tools.syncml.message import CONTENT_TYPES, Message, decode

SESSIONS = Path(__file__).parents[1] / "vectors" / "sessions"
WBXML = CONTENT_TYPES["wbxml"]
# funambol / srvpwd over an empty nonce, agreed by two implementations
SIGNED = b"Lx7CSZp0iHRedCEbryGJuw=="


@pytest.fixture
def funambol(tmp_path):
    server = Server(tmp_path, server_id="funambol")
    account = {
        "device_id": "DMCtest",
        "user": "funambol",
        "password": "funambol",
        "server_password": "srvpwd",
        "auth": "basic",
        "server_auth": "md5",
        "type": "c1",
    }
    server.api("POST", "/devices", json=account)
    yield server
    server.stop()


def say(server: Server, name: str) -> Message:
    response = server.post_dm((SESSIONS / f"{name}.wbxml").read_bytes(), WBXML)
    assert response.status_code == 200
    return decode(response.content, WBXML)


@pytest.mark.parametrize(
    "script",
    sorted({path.name.rpartition("_")[0] for path in SESSIONS.glob("*_01-c.wbxml")}),
)
def test_sessions_of_c1(funambol, script):
    first = say(funambol, f"{script}_01-c")
    assert [c.data for c in first.commands if c.name == "Status"] == ["212", "200", "200"]
    assert first.header.credential.data == SIGNED
    assert funambol.api("GET", "/devices/DMCtest")["devinfo"]["DevId"] == "DMCtest"
    for path in sorted(SESSIONS.glob(f"{script}_*-c.wbxml"))[1:]:
        answer = say(funambol, path.name.removesuffix(".wbxml"))
        assert answer.commands[0].data == "212"


def test_its_trailing_blanks_do_no_harm(funambol):
    """`P1 ` is how it lists a child."""
    say(funambol, "exec-correlator_01-c")
    say(funambol, "exec-correlator_02-c")
    answer = say(funambol, "exec-correlator_03-c")
    codes = [(c.cmd, c.data) for c in answer.commands if c.name == "Status"]
    assert codes == [("SyncHdr", "212"), ("Alert", "415")]
