"""A scripted DM client: dataclasses instead of a board, for what the server must stand."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

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

DEVICE_ID = "urn:uscomo:unix-0001"
DM_URL = "http://127.0.0.1:8080/dm"
SERVER_ID = "uscomo"
USER_REQUEST = "urn:oma:at:scomo:1.1:UpdateUserRequest"
DEVICE_REQUEST = "urn:oma:at:scomo:1.1:UpdateDeviceRequest"
OPERATION_COMPLETE = "urn:oma:at:scomo:1.0:OperationComplete"


def digest(user: str, password: str, nonce: bytes) -> bytes:
    def b64_md5(data: bytes) -> bytes:
        return base64.b64encode(hashlib.md5(data).digest())

    return b64_md5(b64_md5(f"{user}:{password}".encode()) + b":" + nonce)


def generic_alert(
    kind: str | None, data: bytes | None, source: str | None = None, correlator: str | None = None
) -> Command:
    meta = Meta(type=kind, format="chr")
    item = Item(source=source, meta=meta, data=data)
    return Command(name="Alert", data="1226", correlator=correlator, items=[item])


def request(package: str, source: str | None = "./SCOMO", kind: str = USER_REQUEST) -> Command:
    return generic_alert(kind, package.encode(), source)


def report(correlator: str, code: int = 1200, identifier: str = "com.example.blink") -> Command:
    return multi_report(correlator, {identifier: code})


def multi_report(correlator: str, codes: dict[str, int]) -> Command:
    """One alert with an item for each component."""
    items = []
    for identifier, code in codes.items():
        data = f"<ResultCode>{code}</ResultCode><Identifier>{identifier}</Identifier>".encode()
        source = f"./SCOMO/Download/{correlator}/Operations/DownloadInstall"
        target = f"./SCOMO/Inventory/Deployed/{identifier}" if code < 1300 else None
        meta = Meta(type=OPERATION_COMPLETE, format="chr")
        items.append(Item(source=source, target=target, meta=meta, data=data))
    return Command(name="Alert", data="1226", correlator=correlator, items=items)


@dataclass
class Device:
    """Plays sessions against a server; what it does is in its fields.

    ``tree`` maps a URI to a leaf's value, or to None for an interior node. ``consent`` is the
    Status of an Alert 1101, ``executed`` that of an Exec.
    """

    post: Callable[[bytes, str], httpx.Response]
    tree: dict[str, bytes | None] = field(
        default_factory=lambda: {
            "./DevInfo": None,
            "./SCOMO": None,
            "./SCOMO/Inventory": None,
            "./SCOMO/Inventory/Deployed": None,
        }
    )
    device_id: str = DEVICE_ID
    auth: str = "md5"
    user: str = "arnold"
    password: str = "secret"
    nonce: bytes = b""
    server_password: str | None = "srvpwd"
    server_nonce: bytes = b""
    encoding: Encoding = "wbxml"
    max_msg_size: int | None = None
    consent: int = 200
    executed: int = 202
    lists_data: bool = True
    uuids: bool = False
    trust: str = "check"  # or "never", or "after a challenge"
    replaced: int = 200
    large_objects: bool = True
    max_obj_size: int | None = None

    session_id: int = 0
    msg_id: int = 0
    server_ok: bool = False
    challenged_server: bool = False
    sent: list[bytes] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    object_size: int | None = None
    object: bytes = b""
    pieces: list[int] = field(default_factory=list)
    delivered_data: dict[str, bytes] = field(default_factory=dict)

    # -- sessions ---------------------------------------------------------------------------

    def begin(self) -> None:
        self.session_id += 1
        self.msg_id = 0
        self.server_ok = False
        self.challenged_server = self.trust != "after a challenge"
        self.received, self.sizes, self.commands, self.shown = [], [], [], []

    def session(self, *alerts: Command, start: str = "1201") -> list[Command]:
        """Play one session to its end; returns the commands that were executed."""
        self.begin()
        package_1 = [Command(name="Alert", data=start), self.dev_info(), *alerts]
        outgoing = package_1
        final = True
        for _ in range(60):
            reply = self.exchange(outgoing, final)
            final = reply.final  # nobody closes before the server does
            verdict = self.status_of(reply, "0")
            if verdict in (401, 407):
                if self.challenge_of(reply) is None:
                    return self.commands
                outgoing, final = [self.header_status(reply), *package_1], True
                continue
            outgoing = self.react(reply)
            if outgoing is None:
                return self.commands
        raise AssertionError("the session has no end")

    def exchange(self, commands: list[Command], final: bool = True) -> Message:
        self.msg_id += 1
        header = Header(
            session_id=str(self.session_id),
            msg_id=str(self.msg_id),
            target=DM_URL,
            source=self.device_id,
            credential=self.credential(),
            meta=Meta(max_msg_size=self.max_msg_size, max_obj_size=self.max_obj_size)
            if self.max_msg_size or self.max_obj_size
            else None,
        )
        for number, command in enumerate(commands, 1):
            command.cmd_id = (
                f"{number:08d}-0000-4000-8000-000000000000" if self.uuids else f"{number}"
            )
        return self.deliver(encode(Message(header, commands, final), self.encoding))

    def deliver(self, body: bytes) -> Message:
        self.sent.append(body)
        response = self.post(body, CONTENT_TYPES[self.encoding])
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith(CONTENT_TYPES[self.encoding])
        reply = decode(response.content, response.headers["content-type"])
        self.received.append(reply)
        self.sizes.append(len(response.content))
        chal = self.challenge_of(reply)
        if chal and chal.next_nonce is not None:
            self.nonce = chal.next_nonce
        return reply

    def credential(self) -> Credential | None:
        if self.auth == "none":
            return None
        if self.auth == "basic":
            data = base64.b64encode(f"{self.user}:{self.password}".encode())
            return Credential(type="syncml:auth-basic", format="b64", data=data)
        data = digest(self.user, self.password, self.nonce)
        return Credential(type="syncml:auth-md5", format="b64", data=data)

    def dev_info(self) -> Command:
        values = {
            "DevId": self.device_id,
            "Man": "uscomo",
            "Mod": "unix",
            "DmV": "1.2",
            "Lang": "en",
        }
        items = [Item(source=f"./DevInfo/{k}", data=v.encode()) for k, v in values.items()]
        return Command(name="Replace", items=items)

    @staticmethod
    def status_of(reply: Message, cmd_ref: str) -> int:
        return next(
            int(c.data or 0) for c in reply.commands if c.name == "Status" and c.cmd_ref == cmd_ref
        )

    @staticmethod
    def challenge_of(reply: Message) -> Challenge | None:
        return next((c.challenge for c in reply.commands if c.challenge), None)

    # -- answers ----------------------------------------------------------------------------

    def status(self, reply: Message, command: Command, code: int, uri: str = "") -> Command:
        return Command(
            name="Status",
            msg_ref=reply.header.msg_id,
            cmd_ref=command.cmd_id,
            cmd=command.name,
            data=str(code),
            target_refs=[uri] if uri else [],
        )

    def header_status(self, reply: Message) -> Command:
        code, chal = self.judge_server(reply)
        status = self.status(reply, Command(name="SyncHdr", cmd_id="0"), code)
        status.challenge = chal
        return status

    def judge_server(self, reply: Message) -> tuple[int, Challenge | None]:
        if self.server_password is None:
            return 200, None
        given = reply.header.credential
        expected = digest(SERVER_ID, self.server_password, self.server_nonce)
        good = given is not None and given.data == expected and self.trust != "never"
        self.server_nonce = hashlib.sha256(self.server_nonce + b"next").digest()[:16]
        chal = Challenge("syncml:auth-md5", "b64", self.server_nonce)
        if good and self.challenged_server:
            self.server_ok = True
            return 212, chal
        self.challenged_server = True
        return (407 if given is None else 401), chal

    def react(self, reply: Message) -> list[Command] | None:
        """The next message's commands; None when nothing has to be sent."""
        commands = [c for c in reply.commands if c.name != "Status"]
        if any(c.name == "Alert" and c.data == "1223" for c in commands):
            return None
        if reply.final and not commands:
            return None
        header_status = self.header_status(reply) if not self.server_ok else None
        answers = [header_status or self.status(reply, Command(name="SyncHdr", cmd_id="0"), 200)]
        if self.server_password is not None and not self.server_ok:
            code = int(answers[0].data or 0)
            return answers + [self.status(reply, c, code) for c in every(commands)]
        for command in commands:
            answers += self.execute(reply, command)
        if not reply.final:
            answers.append(Command(name="Alert", data="1222"))
        return answers

    def execute(self, reply: Message, command: Command) -> list[Command]:
        self.commands.append(command)
        if command.name == "Sequence":
            answers, refused = [], False
            for child in command.children:
                if refused:
                    answers.append(self.status(reply, child, 215))
                    continue
                done = self.execute(reply, child)
                refused = child.name == "Alert" and done[0].data in ("304", "214")
                answers += done
            return [self.status(reply, command, 200), *answers]
        return getattr(self, "on_" + command.name.lower())(reply, command)

    def on_alert(self, reply: Message, command: Command) -> list[Command]:
        self.shown.append((command.items[1].data or b"").decode() if command.items else "")
        code = self.consent if command.data == "1101" else 200
        return [self.status(reply, command, code)]

    def on_add(self, reply: Message, command: Command) -> list[Command]:
        if (command.items[0].target or "").endswith("/Data"):
            return [self.status(reply, command, self.take_piece(command.items[0]))]
        for item in command.items:
            node = item.meta is not None and item.meta.format == "node"
            self.tree[item.target or ""] = None if node else item.data
        # One Status per Item, the way C1 does it.
        return [self.status(reply, command, 200, item.target or "") for item in command.items]

    def take_piece(self, item: Item) -> int:
        """A piece of a package, as Protocol 7 has it; the Status."""
        assert item.meta is not None
        if self.object_size is None:
            self.object_size, self.object = item.meta.size or -1, b""
            assert item.meta.format in ("bin", "b64")
            if not self.large_objects and item.more:
                self.object_size = None
                return 413
        else:
            assert item.meta.size is None, "Size is told once"
        data = item.data or b""
        self.pieces.append(len(data))
        self.object += data
        if item.more:
            return 213
        size, self.object_size = self.object_size, None
        if size not in (-1, len(self.object)):
            return 424
        whole = base64.b64decode(self.object) if item.meta.format == "b64" else self.object
        self.delivered_data[(item.target or "").split("/")[-2]] = whole
        return 200

    def on_replace(self, reply: Message, command: Command) -> list[Command]:
        item = command.items[0]
        self.tree[item.target or ""] = item.data
        return [self.status(reply, command, self.replaced)]

    def on_delete(self, reply: Message, command: Command) -> list[Command]:
        uri = command.items[0].target or ""
        found = [node for node in self.tree if node == uri or node.startswith(uri + "/")]
        for node in found:
            del self.tree[node]
        return [self.status(reply, command, 200 if found else 404)]

    def on_exec(self, reply: Message, command: Command) -> list[Command]:
        return [self.status(reply, command, self.executed)]

    def on_get(self, reply: Message, command: Command) -> list[Command]:
        uri, _, what = (command.items[0].target or "").partition("?")
        if what == "list=StructData":
            if not self.lists_data:
                return [self.status(reply, command, 406)]
            if uri not in self.tree:
                return [self.status(reply, command, 404)]
            items = [
                self.item(node, value)
                for node, value in sorted(self.tree.items())
                if (node + "/").startswith(uri + "/")
            ]
        elif what == "prop=Type":
            mo = b"urn:oma:mo:oma-scomo:1.0" if uri == "./SCOMO" else b""
            if mo and self.encoding == "wbxml":
                mo += b"\0"  # the habit of a client of the field
            items = [Item(source=f"{uri}?{what}", data=mo)]
        elif uri not in self.tree and uri != ".":
            return [self.status(reply, command, 404)]
        else:
            items = [self.item(uri, self.tree.get(uri))]
        results = Command(
            name="Results", msg_ref=reply.header.msg_id, cmd_ref=command.cmd_id, items=items
        )
        return [self.status(reply, command, 200), results]

    def item(self, uri: str, value: bytes | None) -> Item:
        if value is not None:
            return Item(source=uri, meta=Meta(format="chr"), data=value)
        prefix = uri + "/"
        names = {
            node[len(prefix) :].split("/")[0] for node in self.tree if node.startswith(prefix)
        }
        joined = "/".join(sorted(names)).encode()
        return Item(source=uri, meta=Meta(format="node"), data=joined + b" ")

    # -- what a real device does after the session ------------------------------------------

    def deploy(
        self, node: str, version: str, package: str, state: str = "20", **ext: object
    ) -> None:
        """What an installation leaves; `ext` are our own leaves, such as Release."""
        base = f"./SCOMO/Inventory/Deployed/{node}"
        self.tree[base] = None
        for leaf, value in {
            "ID": node,
            "PkgIDRef": package,
            "Name": node,
            "Version": version,
            "EnvType": "micropython",
            "Status": "10",
            "State": state,
        }.items():
            self.tree[f"{base}/{leaf}"] = value.encode()
        if ext:
            self.tree.setdefault("./SCOMO/Ext/SafeMode", b"0")
            self.tree[f"{base}/Ext"] = None
        for leaf, value in ext.items():
            self.tree[f"{base}/Ext/{leaf}"] = str(value).encode()

    def put_delivered(self, node: str, package: str, state: str = "10") -> None:
        """What a download leaves."""
        self.tree["./SCOMO/Inventory/Delivered"] = None
        base = f"./SCOMO/Inventory/Delivered/{node}"
        self.tree[base] = None
        for leaf, value in {"PkgID": package, "Status": "10", "State": state}.items():
            self.tree[f"{base}/{leaf}"] = value.encode()

    def executed_node(self) -> str:
        """The target of the last Exec."""
        executed = [c for c in every(self.commands) if c.name == "Exec"]
        return executed[-1].items[0].target or "" if executed else ""

    def correlator(self) -> str:
        """Of the last operation that was executed."""
        return [c.correlator for c in self.commands if c.name == "Exec"][-1] or ""

    def asked_to_install(self) -> str:
        """The package id of the last Sequence, empty when there was none."""
        adds = [c for c in self.commands if c.name == "Add"]
        if not adds:
            return ""
        leaves = {(i.target or "").rpartition("/")[2]: i.data for i in adds[-1].items}
        return (leaves["PkgID"] or b"").decode()


def every(commands: list[Command]) -> list[Command]:
    return [found for c in commands for found in (c, *every(c.children))]
