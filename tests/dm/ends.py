"""The two ends of a DM session in one process, and the wire between them.

The board's end is the firmware as it stands: supervisor, agent, talk, store. The server's end is
the exchange layer with its database. Between them is a `Wire`, where a socket would be. An
operation's package is not downloaded: `Installed` writes down what the package would have left.
"""

from __future__ import annotations

import asyncio
import io
import json
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

import uscomo_boot
from uscomo import (
    agent,
    change,
    dmacc,
    nodes,
    operation,
    platform,
    store,
    supervisor,
    talk,
    watch,
)
from uscomo_tools.device.provision import DeviceSpec, provision
from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header
from uscomo_tools.server import catalogue, credentials, models, orders, policy
from uscomo_tools.server.access import OPERATOR, Caller
from uscomo_tools.server.catalogue import PackageFolder
from uscomo_tools.server.exchange import Answer, Exchanger, Incoming
from uscomo_tools.server.operations import new_operation
from uscomo_tools.server.settings import ServerSettings
from uscomo_tools.server.storage import Storage, device_named, facts_of
from uscomo_tools.syncml.message import CONTENT_TYPES, Message, decode, encoding_of

T = TypeVar("T")

DEVICE_ID = "urn:uscomo:unix-0001"
BASE_URL = "http://127.0.0.1:8080"
DM_URL = BASE_URL + "/dm"
TYPE = "unix"
OPERATOR_HIMSELF = Caller(OPERATOR, "operator")

WBXML = CONTENT_TYPES["wbxml"]
BUSY = ("queued", "sent", "running")


class Server:
    """The DM server down from its exchange layer, and what its operator does."""

    def __init__(self, folder: Path, key: SigningKey, **settings: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.key = key
        self.settings = ServerSettings(data_folder=folder, operator_token="", **settings)
        self.storage = Storage(self.settings.database)
        self.folder = PackageFolder(folder)
        self.exchanger = Exchanger(self.storage, self.settings)
        self._loop = asyncio.new_event_loop()
        self.run(self.storage.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def stop(self) -> None:
        self.run(self.storage.stop())
        self._loop.close()

    def answer(self, body: bytes, proof: str = "", media_type: str = WBXML) -> Answer:
        """What the HTTP endpoint would send back."""
        message = decode(body, media_type)
        encoding = encoding_of(body, media_type)
        incoming = Incoming(body, media_type, encoding, message, BASE_URL, proof)
        return self.run(self.exchanger.answer(incoming))

    # -- the operator

    def enrol(self, spec: DeviceSpec) -> None:
        """Open the account that belongs to a device as it was made."""
        account = models.Device(
            device_id=spec.device_id,
            device_type=spec.type,
            user=spec.user,
            auth=spec.auth,
            secret=credentials.secret(spec.user, spec.password),
            client_nonce=b"",
            server_auth=spec.server_auth,
            server_name=spec.server_id,
            server_secret=credentials.secret(spec.server_id, spec.server_password),
            server_nonce=b"",
        )

        async def add() -> None:
            async with self.storage.writing() as db:
                db.add(account)

        self.run(add())

    def change(self, **fields: Any) -> None:
        """Change the device's account."""

        async def write() -> None:
            async with self.storage.writing() as db:
                device = await device_named(db, DEVICE_ID)
                for name, value in fields.items():
                    setattr(device, name, value)

        self.run(write())

    def publish(
        self, name: str, release: int = 1, ask: str = "device", requires: tuple[str, ...] = ()
    ) -> str:
        """Publish release N.0 of an application with one component; its id."""
        component = Component(
            id=f"com.example.{name}",
            name=name.capitalize(),
            version=f"{release}.0",
            release=release,
            dir=name,
            env="micropython",
            entry=None,
            provides=(name,),
            requires=requires,
        )
        header = Header(id=component.id, components=(component,), types=(TYPE,))
        data = pack(header, {f"{name}/{name}.py": b"VERSION = %d\n" % release}, self.key)

        async def add() -> None:
            async with self.storage.writing() as db:
                await catalogue.publish(db, self.folder, data, OPERATOR_HIMSELF, ask)

        self.run(add())
        return component.id

    def default(self, *packages: str) -> None:
        """Set the default software of the device's type."""

        async def write() -> None:
            async with self.storage.writing() as db:
                await db.merge(models.DefaultSoftware(device_type=TYPE, packages=list(packages)))

        self.run(write())

    def order(self, primitive: str, subject: str, ask: str | None = None) -> bool:
        """Queue an operation; False where there is no such package."""

        async def add() -> bool:
            async with self.storage.writing() as db:
                device = await device_named(db, DEVICE_ID)
                assert device is not None
                package = None
                if primitive == "install":
                    package = policy.newest(await facts_of(db, device), subject)
                    if package is None:
                        return False
                db.add(new_operation(device, primitive, subject, "operator", package, ask))
                return True

        return self.run(add())

    def command(self, primitive: str, **fields: Any) -> list[str]:
        """Order through the checks of the REST interface; the correlators of what it makes."""
        blank = dict.fromkeys(orders.OPERATION_FIELDS)
        given = {**blank, "install_params": "", "primitive": primitive, **fields}

        async def add() -> list[str]:
            async with self.storage.writing() as db:
                device = await device_named(db, DEVICE_ID)
                assert device is not None
                made = orders.ordered(device, await facts_of(db, device), given)
                db.add_all(made)
                return [operation.correlator for operation in made]

        return self.run(add())

    # -- what it knows

    async def _rows(self, kind: type[T]) -> list[T]:
        async with self.storage.reading() as db:
            return list(await db.scalars(select(kind).order_by(kind.id)))  # type: ignore[attr-defined]

    def device(self) -> models.Device:
        return self.run(self._rows(models.Device))[0]

    def operations(self) -> list[models.Operation]:
        return self.run(self._rows(models.Operation))

    def states(self) -> list[tuple[str, str, int | None]]:
        return [(op.primitive, op.state, op.code) for op in self.operations()]

    def inventory(self) -> dict[str, tuple[str, str]]:
        """Component id -> (version, State)."""
        rows = self.run(self._rows(models.Component))
        return {row.component_id: (row.version, row.state) for row in rows}

    def package(self, url: str) -> models.Package:
        """The package behind a PkgURL."""
        sha256 = url.rpartition("/")[2].partition(".")[0]
        return next(p for p in self.run(self._rows(models.Package)) if p.sha256 == sha256)


class Lost(OSError):
    """A message did not arrive."""


@dataclass
class Wire:
    """What went over it; `lose` names messages of the coming session, such as ("up", 2)."""

    server: Server
    up: list[bytes] = field(default_factory=list)
    down: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    lose: set[tuple[str, int]] = field(default_factory=set)
    #: What the server's messages become on their way.
    change: Callable[[bytes], bytes] = lambda answer: answer
    #: x-syncml-hmac beside the last message of the server.
    proof: str = ""
    media_type: str = WBXML

    def begin(self) -> None:
        self.up, self.down, self.urls = [], [], []

    def carry(self, body: bytes, url: str, proof: str = "", media_type: str = WBXML) -> bytes:
        self.media_type = media_type
        self.up.append(body)
        self.urls.append(url)
        number = len(self.up)
        if ("up", number) in self.lose:
            raise Lost(110)
        reply = self.server.answer(body, proof, media_type)
        answer, self.proof = self.change(reply.body), reply.proof
        self.down.append(answer)
        if ("down", number) in self.lose:
            raise Lost(110)
        return answer

    def sent(self) -> list[Message]:
        return [decode(body, self.media_type) for body in self.up]

    def received(self) -> list[Message]:
        return [decode(body, self.media_type) for body in self.down]


def codes(message: Message) -> list[tuple[str | None, str | None]]:
    """(command, code) of a message's Statuses."""
    return [(c.cmd, c.data) for c in message.commands if c.name == "Status"]


class Board:
    """A device that was provisioned in a folder; `start` is its power button."""

    def __init__(self, folder: Path, spec: DeviceSpec, wire: Wire, patch: pytest.MonkeyPatch):
        self.spec = spec
        self.wire = wire
        self.consents = True
        self.install_code = change.OK
        #: Result codes by correlator, in the order in which operations ended.
        self.ended: list[tuple[str, int]] = []
        #: What agent and supervisor would have said on the console.
        self.said: list[str] = []
        folder.mkdir()
        provision(spec, folder)
        patch.setattr(uscomo_boot, "ROOT", str(folder / "uscomo.d"))
        patch.setattr(talk, "Talk", _wired(wire))
        patch.setattr(operation, "Run", _standing_in(self))
        # One process plays board and server: what a board lets go of stays here.
        patch.setattr(platform, "let_go", lambda names: None)
        patch.setattr(supervisor, "say", self.said.append)
        self.start()

    def start(self) -> None:
        """Power on: what main.py does, less the components' own code."""
        uscomo_boot.attempt()
        self.supervisor = supervisor.Supervisor()
        self.agent: agent.Agent = self.supervisor.agent
        self.agent.say = supervisor.say
        watch.begin(self.supervisor, self.agent.say)
        watch.tend(self.supervisor, self.agent.say)

    def settle(self) -> None:
        """Do what is due, until nothing is; a reset starts the device again."""
        for _ in range(60):
            if self.step() is None:
                return
        raise AssertionError(f"the device never comes to rest: {self.said[-8:]}")

    def step(self) -> int | None:
        """One session, or one operation with the reset behind it; None: nothing was due."""
        try:
            due = self.agent.step()
            if not isinstance(due, tuple):
                return due
            board = self.supervisor
            result = supervisor.perform(
                *(self.store, self.nodes, board.settings, None, self.agent.say, due)
            )
            self.agent.ended(due, result)
            return 0
        except SystemExit:
            self.start()
            return 0

    def check(self) -> int:
        """One session, whatever is due; its outcome."""
        assert not self.store.pending(), "operations run before sessions"
        self.agent.check()
        self.step()
        return self.agent.outcome

    @property
    def store(self) -> store.Store:
        return self.supervisor.store

    @property
    def nodes(self) -> nodes.Nodes:
        return self.supervisor.nodes

    def inventory(self) -> dict[str, tuple[str, str]]:
        found = {}
        for row in self.store.rows:
            about = store.manifest(row[store.SLOT])
            found[about["id"]] = about["version"], str(row[store.STATE])
        return found

    def put(self, id: str, version: str = "1.0", name: str = "") -> None:
        """A component that came with the device."""
        slot = self.store.new_slot()
        about = {
            **{"id": id, "name": name or id, "version": version, "release": 1, "package": id},
            **{"env": "micropython", "provides": [], "signer": "00"},
        }
        path = Path(store.slot_path(slot)) / "component"
        path.write_text(json.dumps(about) + "\n")
        self.store.confirm(self.store.rows[self.store.install(slot, 1, True) - 1])
        self.store.commit()

    def forget_nonces(self) -> None:
        (Path(uscomo_boot.ROOT) / "n" / self.spec.account).unlink(missing_ok=True)

    def executions(self) -> Counter[str]:
        """How often each correlator's operation ran to its end."""
        return Counter(correlator for correlator, _ in self.ended)


class _Stream(io.BytesIO):
    """An answer, as a socket gives it."""

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:100])


def _wired(wire: Wire) -> type[talk.Talk]:
    class Wired(talk.Talk):  # type: ignore[misc]
        def start(self, *details: Any) -> int:
            wire.begin()
            return int(super().start(*details))

        def _exchange(self, length: int, feed: object) -> int:
            url = self.session.url
            url = url if isinstance(url, str) else bytes(url).decode()
            proof = self.session.proof(length) or ""
            headers = [("Content-Type", WBXML), ("Accept", WBXML)]
            body: Any = bytes(self.send[:length])
            if self.format:
                body = self.format.send(headers, body)
                body = b"".join(map(bytes, body())) if callable(body) else body
            answer = wire.carry(body, url, proof, headers[0][1])
            self.proof = wire.proof
            space = self.session.space()
            if headers[0][1] != WBXML:
                return int(self.format.receive(_Stream(answer), space))
            assert len(answer) <= len(space), f"{len(answer)} bytes for a room of {len(space)}"
            space[: len(answer)] = answer
            return len(answer)

    return Wired


def _standing_in(board: Board) -> type[operation.Run]:
    class Installed(operation.Run):  # type: ignore[misc]
        """The firmware's own run; only the download is taken as done."""

        def run(self, *row: Any) -> int:
            code = int(super().run(*row))
            board.ended.append((self.operation["correlator"], code))
            return code

        def agreed(self, question: str) -> int:
            return change.OK if board.consents else change.REFUSED

        def _install(self, result: Any) -> tuple[int, tuple[int, ...]]:
            if board.install_code != change.OK:
                return board.install_code, ()
            leaf = "SCOMO/" + self.operation["place"] + "/PkgURL"
            package = board.wire.server.package(self.nodes.get(leaf).decode())
            slot = self.store.new_slot()
            about = {**package.components[0], "package": package.package_id, "signer": "00"}
            path = Path(store.slot_path(slot)) / "component"
            path.write_text(json.dumps(about) + "\n")
            self.reset = True
            self.end(change.IDLE)
            active = self.primitive == "DownloadInstall"
            return change.OK, (self.store.install(slot, 1, active),)

    return Installed


def specification(**fields: Any) -> DeviceSpec:
    """An account with mutual MD5, as the command line makes it."""
    return DeviceSpec(
        **{
            "device_id": DEVICE_ID,
            "url": DM_URL,
            "user": "arnold",
            "password": "secret",
            "server_password": "srvpwd",
            "type": TYPE,
            # A refused session is tried again at once: nobody waits in a test.
            "settings": {"retry": "0", "consent": "yes"},
        }
        | fields
    )


def nonce() -> bytes:
    return secrets.token_bytes(16)


def stored_nonces(board: Board) -> tuple[bytes, bytes]:
    account = dmacc.Account(board.nodes, board.spec.account)
    return account.client_nonce, account.server_nonce
