"""auth-MAC on the server: the header's forms, a nonce a message, what ends the session."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from scripted import DEVICE_ID, DM_URL

from uscomo_tools.server import credentials, mac
from uscomo_tools.syncml.message import (
    CONTENT_TYPES,
    Challenge,
    Command,
    Header,
    Message,
    decode,
    encode,
)

WBXML = CONTENT_TYPES["wbxml"]
RECORDED = Path(__file__).parents[1] / "vectors" / "credentials" / "hmac-session"


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def formula(user: str, password: str, nonce: bytes, body: bytes) -> str:
    """As the standard writes it, without our code."""
    secret = b64(hashlib.md5(f"{user}:{password}".encode()).digest())
    body_hash = b64(hashlib.md5(body).digest())
    return b64(hashlib.md5(secret + b":" + nonce + b":" + body_hash).digest()).decode()


# -- the header


@pytest.mark.parametrize(
    "header",
    [
        'algorithm=MD5, username="Robert Jordan", mac=Zz6EivR3yeaaENcRN6lpAQ==',
        'username="Robert Jordan",\r\n mac=Zz6EivR3yeaaENcRN6lpAQ==',
        'mac=Zz6EivR3yeaaENcRN6lpAQ== ,USERNAME="Robert \\Jordan" , Algorithm=md5',
    ],
)
def test_forms_of_the_header(header):
    found = mac.read(header, b"")
    assert found == mac.Proof("Robert Jordan", b"Zz6EivR3yeaaENcRN6lpAQ==", mac.hashed(b""))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "mac",
        'username="a"',
        'username="a", mac=',
        'algorithm=SHA1, username="a", mac=AAAA',
        'username="a, mac=AAAA',
        'username="a" mac=AAAA',
        'username="\xff", mac=AAAA',
        'username="a", mac="\xff"',
    ],
)
def test_what_proves_nothing(header):
    assert mac.read(header, b"") is None


@pytest.mark.parametrize("name", ['a"b\\c', "a, mac=x", "\u00fc", "two words"])
def test_a_name_cannot_break_the_header(name):
    secret = credentials.secret(name, "s")
    header = mac.write(name, secret, b"n", b"body").encode().decode("latin-1")
    assert mac.verify(name, secret, b"n", mac.read(header, b"body")) == 200
    assert mac.verify(name, secret, b"n", mac.read(header, b"other")) == 401
    assert "\r" not in mac.write("a\r\nHost: x", secret, b"n", b"")


def test_the_recorded_mac():
    """Another implementation's, from a session nobody here took part in."""
    body = (RECORDED / "02-c.wbxml").read_bytes()
    header = 'algorithm=MD5, username="funambol", mac=ZdNhqewx8sVV4PwGVec5aQ=='
    secret = credentials.secret("funambol", "funambol")
    nonce = base64.b64decode("U1hBMyo7Ljh7Nl5CWSR+Pw==")
    assert mac.verify("funambol", secret, nonce, mac.read(header, body)) == 200
    assert mac.verify("funambol", secret, nonce, mac.read(header, body + b"\0")) == 401
    assert mac.write("funambol", secret, nonce, body) == header


# -- a session under it


class Proved:
    """A client whose messages are proved, and that judges the server's."""

    def __init__(self, server, **account):
        self.server = server
        fields = {
            "device_id": DEVICE_ID,
            "user": "arnold",
            "password": "secret",
            "server_password": "srvpwd",
            "auth": "mac",
            "server_auth": "mac",
        }
        server.api("POST", "/devices", json=fields | account)
        self.nonce = self.their_nonce = b""
        self.number = 0
        self.session_id = "1"

    def say(self, *commands, user="arnold", password="secret", tamper=b"", check=True, **more):
        self.number += 1
        for index, command in enumerate(commands, 1):
            command.cmd_id = str(index)
        header = Header(self.session_id, str(self.number), DM_URL, DEVICE_ID, **more)
        body = encode(Message(header, list(commands), True), "wbxml")
        made = formula(user, password, self.nonce, body)
        proof = f'username="{user}", mac={made}'
        response = self.server.post_dm(body + tamper, WBXML, "" if password is None else proof)
        self.last = (body, proof, response)
        reply = decode(response.content, WBXML)
        status = reply.commands[0]
        self.code = status.data
        self.proof = response.headers.get("x-syncml-hmac")
        if check and self.proof:
            expected = formula("uscomo", "srvpwd", self.their_nonce, response.content)
            assert self.proof == f'algorithm=MD5, username="uscomo", mac={expected}'
        if status.challenge:
            assert status.challenge.type == "syncml:auth-MAC"
            self.nonce = status.challenge.next_nonce
        return reply

    def header_status(self, code=200, nonce=None, kind="syncml:auth-MAC"):
        status = Command("Status", msg_ref=str(self.number), cmd_ref="0", cmd="SyncHdr")
        status.data = str(code)
        if nonce is not None:
            status.challenge = Challenge(kind, "b64", nonce)
            self.their_nonce = nonce
        return status


def start():
    return Command("Alert", data="1201")


def test_every_message_has_a_nonce_of_its_own(server):
    client = Proved(server)
    seen = {client.nonce}
    client.say(start())
    for number in range(3):
        assert client.code == "200"
        assert client.nonce not in seen
        seen.add(client.nonce)
        client.say(client.header_status(nonce=b"theirs%d" % number))
        assert client.proof


def test_the_last_nonces_serve_the_next_session(server):
    client = Proved(server)
    client.say(start())
    client.say(client.header_status(nonce=b"kept"))
    client.session_id, client.number = "2", 0
    client.say(start())
    assert client.code == "200"
    assert client.proof


def test_a_stale_nonce_costs_one_challenge(server):
    client = Proved(server)
    client.nonce = b"stale"
    reply = client.say(start())
    assert client.code == "401"
    assert client.proof is None
    assert [c.name for c in reply.commands] == ["Status", "Status"]
    client.say(start())
    assert client.code == "200"


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"user": "x"}, {"tamper": b"\0"}])
def test_a_message_that_is_not_proved_ends_the_session(server, wrong):
    client = Proved(server)
    client.say(start())
    reply = client.say(client.header_status(), **wrong)
    assert client.code == "401"
    assert reply.commands[-1].data == "1223"
    # Nothing heals this session.
    client.say(client.header_status())
    assert client.code == "401"


def test_no_header_is_a_missing_credential_and_a_cred_a_wrong_one(server):
    client = Proved(server)
    client.say(start(), password=None)
    assert client.code == "407"
    given = credentials.md5_credential(credentials.secret("arnold", "secret"), client.nonce)
    client.say(start(), password=None, credential=given)
    assert client.code == "401"
    client.say(start())
    assert client.code == "200"


def test_a_message_that_comes_again_is_answered_with_the_same_proof(server):
    client = Proved(server)
    client.say(start())
    body, proof, response = client.last
    again = server.post_dm(body, WBXML, proof)
    assert again.content == response.content
    assert again.headers["x-syncml-hmac"] == response.headers["x-syncml-hmac"]


@pytest.mark.parametrize("kind", ["syncml:auth-MAC", "syncml:auth-md5"])
def test_the_server_proves_itself_the_way_it_is_asked(server, kind):
    client = Proved(server, server_auth="none")
    client.say(start())
    assert client.proof is None
    reply = client.say(client.header_status(407, b"fresh", kind))
    assert (client.proof is not None) == (kind == "syncml:auth-MAC")
    assert (reply.header.credential is not None) == (kind == "syncml:auth-md5")
    assert reply.header.source_name == "uscomo"


@pytest.mark.parametrize("kind", ["syncml:auth-basic", "syncml:auth-X509"])
def test_it_never_answers_a_challenge_with_another_kind(server, kind):
    client = Proved(server)
    client.say(start())
    reply = client.say(client.header_status(407, b"fresh", kind))
    assert reply.commands[-1].data == "1223"
    assert reply.header.credential is None


def test_nothing_is_signed_for_somebody_unproved(server):
    client = Proved(server)
    reply = client.say(start(), password="x")
    assert client.proof is None
    assert reply.header.credential is None
    assert [c.data for c in reply.commands] == ["401", "401"]
