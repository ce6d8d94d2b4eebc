"""What the server's cases work with: the reference server in this process, and clients of it.

A `Peer` says what a case tells it, in either encoding, and decides nothing but the least that a
session needs: numbers, references, and a tree of values that Get reads.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from uscomo_tools.server.app import create_app
from uscomo_tools.server.settings import ServerSettings
from uscomo_tools.syncml.message import (
    CONTENT_TYPES,
    Challenge,
    Command,
    Credential,
    Encoding,
    Header,
    Item,
    Message,
    Meta,
    decode,
    encode,
)

TOKEN = "operator-token"
BASE = "http://127.0.0.1:8080"
DM = BASE + "/dm"
SERVER_ID = "uscomo"
USER, PASSWORD, SERVER_PASSWORD = "arnold", "secret", "srvpwd"
_MOST_MESSAGES = 60


def digest(user: str, password: str, nonce: bytes) -> bytes:
    """The formula of auth-md5, without our code."""

    def hashed(data: bytes) -> bytes:
        return base64.b64encode(hashlib.md5(data).digest())

    return hashed(hashed(f"{user}:{password}".encode()) + b":" + nonce)


def mac(user: str, password: str, nonce: bytes, body: bytes) -> str:
    """The formula of auth-MAC."""
    of_body = base64.b64encode(hashlib.md5(body).digest())
    return digest(user, password, nonce + b":" + of_body).decode()


class ServerBench:
    """A server; `close` ends it."""

    def __init__(self, **settings: Any) -> None:
        self._folder = TemporaryDirectory(prefix="uscomo-conformance-")
        self.folder = Path(self._folder.name)
        self._loop = asyncio.new_event_loop()
        self.app = create_app(ServerSettings(self.folder, TOKEN, **settings))
        self._life = self.app.router.lifespan_context(self.app)
        self._loop.run_until_complete(self._life.__aenter__())

    def close(self) -> None:
        self._loop.run_until_complete(self._life.__aexit__(None, None, None))
        self._loop.close()
        self._folder.cleanup()

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._loop.run_until_complete(self.send(method, path, **more))

    def together(self, *calls: Any) -> list[httpx.Response]:
        """Several `send` at once."""

        async def work() -> list[httpx.Response]:
            return list(await asyncio.gather(*calls))

        return self._loop.run_until_complete(work())

    def api(self, method: str, path: str, **more: Any) -> Any:
        """The operator's REST interface; a refusal raises."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        response = self.request(method, "/api" + path, headers=headers, **more)
        assert response.is_success, response.text
        return response.json()

    def peer(self, device_id: str = "urn:peer:1", **fields: Any) -> Peer:
        """A client with an account; authentication is off unless told.

        Where it is off a first session has been held already, so that the server knows all that
        it wants to know; ``quiet=False`` leaves that out.
        """
        encoding = fields.pop("encoding", "wbxml")
        quiet = fields.pop("quiet", True)
        account = {
            "device_id": device_id,
            "user": USER,
            "password": PASSWORD,
            "server_password": SERVER_PASSWORD,
            "auth": "none",
            "server_auth": "none",
            **fields,
        }
        self.api("POST", "/devices", json=account)
        peer = Peer(self, device_id, account["auth"], encoding)
        if quiet and account["auth"] == account["server_auth"] == "none":
            peer.play()
            peer.begin("1")
        return peer

    def command(self, peer: Peer, given: dict[str, Any]) -> int:
        """Give the server a command for a device; its number."""
        return int(self.api("POST", f"/devices/{peer.device_id}/commands", json=given)["id"])

    def answers(self, peer: Peer) -> list[dict[str, Any]]:
        """What became of the commands given."""
        return list(self.api("GET", f"/devices/{peer.device_id}/commands"))

    def device(self, peer: Peer) -> dict[str, Any]:
        return dict(self.api("GET", f"/devices/{peer.device_id}"))


class Peer:
    """A client. `tree` is what Get reads; `codes` are its Statuses by a command's name."""

    def __init__(self, bench: ServerBench, device_id: str, auth: str, encoding: Encoding) -> None:
        self.bench = bench
        self.device_id = device_id
        self.auth = auth
        self.encoding = encoding
        self.url = DM
        self.session_id = "1"
        self.msg_id = 0
        self.password = PASSWORD
        self.nonce = b""
        self.server_nonce = b""
        self.accepted = False
        self.tree: dict[str, str] = {}
        self.codes: dict[str, int] = {}
        self.meta: Meta | None = None
        self.commands: list[Command] = []
        self.sizes: list[int] = []
        self.body = b""
        self.response: httpx.Response | None = None

    # -- messages

    def begin(self, session_id: str = "") -> None:
        """Another session."""
        self.session_id = session_id or str(int(self.session_id) + 1)
        self.msg_id, self.accepted, self.commands, self.sizes = 0, False, [], []

    def made(self, *commands: Command, final: bool = True, **header: Any) -> bytes:
        """The next message."""
        self.msg_id += 1
        for number, command in enumerate(commands, 1):
            command.cmd_id = command.cmd_id or str(number)
        fields = {
            "session_id": self.session_id,
            "msg_id": str(self.msg_id),
            "target": self.url,
            "source": self.device_id,
            "credential": self.credential(),
            "meta": self.meta,
            **header,
        }
        return encode(Message(Header(**fields), list(commands), final), self.encoding)

    def say(self, *commands: Command, final: bool = True, **header: Any) -> Message:
        """Send a message, and give the server's."""
        return self.deliver(self.made(*commands, final=final, **header))

    def deliver(self, body: bytes, content_type: str = "") -> Message:
        """Send bytes; x-syncml-hmac goes along where the account has it."""
        headers = {"content-type": content_type or CONTENT_TYPES[self.encoding]}
        if self.auth == "mac":
            made = mac(USER, self.password, self.nonce, body)
            headers["x-syncml-hmac"] = f'algorithm=MD5, username="{USER}", mac={made}'
        self.body = body
        path = self.url.removeprefix(BASE)
        self.response = self.bench.request("POST", path, content=body, headers=headers)
        assert self.response.status_code == 200, self.response.text
        reply = decode(self.response.content, self.response.headers["content-type"])
        self.sizes.append(len(self.response.content))
        challenge = reply.commands[0].challenge
        if challenge and challenge.next_nonce is not None:
            self.nonce = challenge.next_nonce
        self.accepted = self.accepted or reply.commands[0].data == "212"
        self.url = reply.header.resp_uri or self.url
        return reply

    def credential(self) -> Credential | None:
        if self.accepted or self.auth in ("none", "mac"):
            return None
        if self.auth == "basic":
            pair = base64.b64encode(f"{USER}:{self.password}".encode())
            return Credential("syncml:auth-basic", "b64", pair)
        return Credential("syncml:auth-md5", "b64", digest(USER, self.password, self.nonce))

    def package_1(self, *more: Command, code: str = "1201", **header: Any) -> Message:
        """Alert, DevInfo, and more."""
        return self.say(start(code), self.dev_info(), *more, **header)

    def dev_info(self) -> Command:
        values = {"DevId": self.device_id, "Man": "m", "Mod": "o", "DmV": "1.2", "Lang": "en"}
        items = [Item(source=f"./DevInfo/{k}", data=v.encode()) for k, v in values.items()]
        return Command("Replace", items=items)

    # -- answers

    def status(
        self, reply: Message, command: Command | None, code: int, *items: Item, uri: str = ""
    ) -> Command:
        """A Status for a command of a message; None is its header."""
        return Command(
            "Status",
            msg_ref=reply.header.msg_id,
            cmd_ref=command.cmd_id if command else "0",
            cmd=command.name if command else "SyncHdr",
            data=str(code),
            items=list(items),
            target_refs=[uri] if uri else [],
        )

    def challenge(self, reply: Message, code: int, kind: str = "syncml:auth-md5") -> list[Command]:
        """Refuse a message: the same code for the header and every command."""
        header = self.status(reply, None, code)
        self.server_nonce = b"nonce%d" % self.msg_id
        header.challenge = Challenge(kind, "b64", self.server_nonce)
        return [header, *(self.status(reply, found, code) for found in every(orders(reply)))]

    def react(self, reply: Message, command: Command) -> list[Command]:
        """Statuses and Results of one command, as `codes` and `tree` have it."""
        self.commands.append(command)
        answers = [self.status(reply, command, self.codes.get(command.name, 200))]
        for child in command.children:
            answers += self.react(reply, child)
        if command.name != "Get":
            return answers
        answers = []
        for item in command.items:
            uri = item.target or ""
            if uri in self.tree:
                results = Command("Results", msg_ref=reply.header.msg_id, cmd_ref=command.cmd_id)
                results.items = [Item(source=uri, data=self.tree[uri].encode())]
                answers += [self.status(reply, command, 200, uri=uri), results]
            else:
                code = 406 if "?list" in uri else 404
                answers.append(self.status(reply, command, code, uri=uri))
        return answers

    def play(
        self,
        *alerts: Command,
        react: Callable[[Message, Command], list[Command]] | None = None,
        order: Callable[[list[Command]], list[Command]] = lambda answers: answers,
    ) -> list[Command]:
        """A session to its end; the commands that came.

        Parameters
        ----------
        order
            Puts the answers to one message into another order.
        """
        reply = self.package_1(*alerts)
        for _ in range(_MOST_MESSAGES):
            received = orders(reply)
            if reply.final and not received:
                return self.commands
            answers = [a for command in received for a in (react or self.react)(reply, command)]
            answers = [self.status(reply, None, 200), *order(answers)]
            if not reply.final:
                answers.append(Command("Alert", data="1222"))
            reply = self.say(*answers, final=reply.final)
        raise AssertionError("the session has no end")


def start(code: str = "1201") -> Command:
    return Command("Alert", data=code)


def orders(reply: Message) -> list[Command]:
    """What a message asks for."""
    return [command for command in reply.commands if command.name != "Status"]


def statuses(reply: Message) -> list[tuple[str | None, str | None]]:
    """(command, code) of each Status."""
    return [(c.cmd, c.data) for c in reply.commands if c.name == "Status"]


def codes(reply: Message) -> list[str | None]:
    return [code for _, code in statuses(reply)]


def every(commands: list[Command]) -> Iterator[Command]:
    for command in commands:
        yield command
        yield from every(command.children)


def alert(type: str | None, data: bytes | None, form: str | None = "chr", **more: Any) -> Command:
    """A generic alert with one Item."""
    item = Item(source="./SCOMO", meta=Meta(type=type, format=form), data=data)
    return Command("Alert", data="1226", items=[item], **more)
