"""A scripted server that wants credentials and gives its own: basic, MD5, MAC."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from uscomo_tools.syncml.message import Challenge, Credential, Message

from .server import SERVER_ID, ScriptedServer, Session

USER, PASSWORD, SERVER_PASSWORD = "device", "device secret", "server secret"
TYPES = {"basic": "syncml:auth-basic", "md5": "syncml:auth-md5", "mac": "syncml:auth-MAC"}
#: Fields of a DeviceSpec.
ACCOUNT = {"user": USER, "password": PASSWORD, "server_password": SERVER_PASSWORD}


def hashed(data: bytes) -> bytes:
    """B64(H(data))."""
    return base64.b64encode(hashlib.md5(data).digest())


def md5(name: str, password: str, nonce: bytes) -> bytes:
    """The formula of oma-dm.md 5.2, as the digest writes it in Python."""
    return hashed(hashed(f"{name}:{password}".encode()) + b":" + nonce)


def mac(name: str, password: str, nonce: bytes, body: bytes) -> str:
    """The header's value."""
    made = md5(name, password, nonce + b":" + hashed(body)).decode()
    return f'algorithm=MD5, username="{name}", mac={made}'


def basic(name: str, password: str) -> bytes:
    return base64.b64encode(f"{name}:{password}".encode())


@dataclass
class Guard:
    """Judges a client and proves the server; `codes` are the client's header Statuses.

    Parameters
    ----------
    auth, server_auth
        Kinds of credential, of the client and of the server.
    nonce
        What the client's next credential is made with.
    silent
        In how many messages of a session the server forgets to prove itself.
    """

    server: ScriptedServer
    auth: str = "none"
    server_auth: str = "none"
    nonce: bytes = b""
    password: str = PASSWORD
    server_password: str = SERVER_PASSWORD
    silent: int = 0
    codes: list[int] = field(default_factory=list)
    their_nonce: bytes = b""

    def __post_init__(self) -> None:
        self.server.judge = self.judge
        self.server.shape = self.shape
        if self.server_auth == "mac":
            self.server.beside = self.beside
        self._accepted = False

    def beside(self, body: bytes) -> dict[str, str]:
        if self.silent:
            self.silent -= 1
            return {}
        value = mac(SERVER_ID, self.server_password, self.their_nonce, body)
        return {"x-syncml-hmac": value}

    def judge(self, session: Session, message: Message) -> int:
        if message.header.msg_id == "1":
            self._accepted = False
        for status in message.commands:
            if status.cmd_ref == "0" and status.challenge:
                self.their_nonce = status.challenge.next_nonce or b""
        self.codes.append(self._judged(message))
        return self.codes[-1]

    def shape(self, session: Session, reply: Message) -> None:
        if self.auth != "none" and (self.codes[-1] != 200 or self.auth == "mac"):
            self.nonce = b"nonce %d" % len(self.codes)
            kept = None if self.auth == "basic" else self.nonce
            reply.commands[0].challenge = Challenge(TYPES[self.auth], "b64", kept)
        self._prove(reply)

    def _judged(self, message: Message) -> int:
        given = message.header.credential
        if self.auth == "none" or self._accepted:
            return 200
        if self.auth == "mac":
            proof = self.server.proofs[-1]
            body = self.server.requests[-1][2]
            right = proof == mac(USER, self.password, self.nonce, body)
            return 200 if right else 401 if proof else 407
        if not given:
            return 407
        expected = {
            "basic": basic(USER, self.password),
            "md5": md5(USER, self.password, self.nonce),
        }[self.auth]
        if given.type != TYPES[self.auth] or given.data != expected:
            return 401
        self._accepted = True
        return 212

    def _prove(self, reply: Message) -> None:
        if self.server_auth in ("none", "mac"):
            return
        if self.silent:
            self.silent -= 1
            return
        data = (
            basic(SERVER_ID, self.server_password)
            if self.server_auth == "basic"
            else md5(SERVER_ID, self.server_password, self.their_nonce)
        )
        reply.header.credential = Credential(TYPES[self.server_auth], "b64", data)
        reply.header.source_name = SERVER_ID
