"""A real device and a real server, with a gateway between them that can break anything."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from gateway import Gateway, Message, is_report
from littlefs import LittleFS

from uscomo_tools.device.agent import shrunk
from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.device.simulated import Console, SimulatedDevice
from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header
from uscomo_tools.server.runner import RunningServer
from uscomo_tools.testing.unix import BLOCK_COUNT, BLOCK_SIZE

#: Scripts that run on the board.
BOARD = Path(__file__).parent / "board"
_PATIENCE = 30.0

#: An app that runs beside others.
APP = b"async def main():\n    print('hello')\n"


@dataclass
class Pair:
    """One device and its server."""

    server: RunningServer
    gateway: Gateway
    device: SimulatedDevice
    key: SigningKey
    api: httpx.Client
    device_id: str
    answer: str = "y"
    events: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    on_event: Callable[[list[str]], None] = lambda words: None

    @classmethod
    def make(
        cls,
        folder: Path,
        server: RunningServer,
        key: SigningKey,
        account: dict[str, Any] | None = None,
        settings: dict[str, str] | None = None,
        verify: Any = True,
        **fields: Any,
    ) -> Pair:
        """A device and an account that fit together.

        Parameters
        ----------
        account
            What the server knows otherwise than the device.
        settings
            Of the device. By itself it tries again soon and confirms an app at once.
        verify
            What is thought of the server's certificate here, for httpx.
        fields
            Of the device's `DeviceSpec`.
        """
        gateway = Gateway(server.url)
        name = "unix-" + secrets.token_hex(4)
        spec = DeviceSpec(
            **{
                "device_id": "urn:uscomo:" + name,
                "url": gateway.url + "/dm",
                "user": name,
                "password": "device's",
                "server_password": "server's",
                "anchors": [key.public.modulus],
                **fields,
            },
            settings={"retry": "20", "confirm_after": "0", **(settings or {})},
        )
        api = httpx.Client(
            base_url=server.url + "/api",
            headers={"authorization": f"Bearer {server.operator_token}"},
            timeout=10,
            verify=verify,
        )
        known = ("device_id", "user", "password", "server_password", "type", "auth", "server_auth")
        opened = api.post(
            "/devices", json={name: getattr(spec, name) for name in known} | (account or {})
        )
        assert opened.status_code == 201, opened.text
        device = SimulatedDevice.create(folder, spec)
        return cls(server, gateway, device, key, api, spec.device_id)

    def close(self) -> None:
        """Power off, and the network too."""
        self.device.board.cut_power()
        self.gateway.stop()
        self.api.close()

    # -- the device

    def run(self, mode: str = "once") -> int:
        """Power on until it rests: the exit code."""

        def heard(words: list[str]) -> None:
            if words[0] != "progress":
                self.events.append(" ".join(words))
            self.on_event(words)

        def asked(question: str) -> str:
            self.questions.append(question)
            return self.answer

        console = Console(heard, self.output.append, asked)
        return self.device.run(console, mode, _PATIENCE)

    def ask_for(self, package: str) -> int:
        """Let the user ask for an application, and the device do what comes of it."""
        self.device.request("install", package)
        return self.run()

    def check(self) -> int:
        """Let the device open a session."""
        self.device.request("check")
        return self.run()

    def lose_reports(self) -> None:
        """Cut the power when the first report is on its way, which gets lost.

        What the device did is in its flash then, and nobody has cleaned up after it.
        """

        def lose(message: Message) -> str:
            if not is_report(message):
                return ""
            self.device.board.cut_power()
            return "before"

        self.gateway.lose = lose

    def come_back(self) -> int:
        """Start again, in a world that is in order."""
        self.gateway.lose = lambda message: ""
        self.gateway.gone = False
        return self.run()

    def tree(self) -> dict[str, str]:
        """The leaves of the SCOMO object by their path below its root, without its extensions."""
        text = self.on_board("tree")
        leaves: dict[str, str] = json.loads(text.splitlines()[-1])
        found = {uri.partition("SCOMO/")[2] or uri: value for uri, value in leaves.items()}
        return {path: value for path, value in found.items() if not path.startswith("Ext/")}

    def on_board(self, name: str, *words: str) -> str:
        """Run a script of `BOARD` on the board; what it printed."""
        script = self.device.folder / f"{name}.py"
        script.write_text(shrunk().script((BOARD / f"{name}.py").read_text()))
        return self.device.board.execute(str(script), *words)

    def status(self) -> dict[str, int]:
        """State of each component, by id."""
        return {row["id"]: row["state"] for row in self.device.status()}

    def flash(self) -> LittleFS:
        """What lies on the device's flash; changes stay here."""
        image = self.device.board.image.read_bytes()
        flash = LittleFS(block_size=BLOCK_SIZE, block_count=BLOCK_COUNT, mount=False)
        flash.context.buffer = bytearray(image)
        flash.mount()
        return flash

    def fill_flash(self, left: int) -> None:
        """Leave about so many bytes of the device's flash free, as the device sees it."""
        free = int(self.on_board("free"))
        flash = self.flash()
        with flash.open("filler", "wb") as file:
            file.write(bytes((free - left // BLOCK_SIZE) * (BLOCK_SIZE - 8)))
        self.device.board.image.write_bytes(bytes(flash.context.buffer))

    def garbage(self) -> dict[str, list[str]]:
        """Slots, spooled packages and operations on the flash: empty when nothing is kept."""
        flash = self.flash()
        found = {folder: sorted(flash.listdir("/uscomo.d/" + folder)) for folder in "cdo"}
        return {folder: names for folder, names in found.items() if names}

    # -- the server

    def publish(
        self,
        files: dict[str, bytes] | None = None,
        ask: str = "server",
        key: SigningKey | None = None,
        env: str = "micropython",
    ) -> str:
        """Publish a package of one component with an app: its id, which nobody else has."""
        data, package = self.package(files, key, env)
        answer = self.api.post(f"/packages?ask={ask}", content=data)
        assert answer.status_code == 201, answer.text
        return package

    def package(
        self,
        files: dict[str, bytes] | None = None,
        key: SigningKey | None = None,
        env: str = "micropython",
    ) -> tuple[bytes, str]:
        """A package that nobody has published, and its id; ``app.py`` is its entry.

        Modules share one `sys.path` on the device, so the entry gets a name of its own.
        """
        name = "a" + secrets.token_hex(4)
        files = {
            f"{name}.py" if path == "app.py" else path: data
            for path, data in ({"app.py": APP} if files is None else files).items()
        }
        component = Component(
            id=f"com.example.{name}",
            name=name,
            version="1.0.0",
            release=1,
            dir=name,
            env=env,
            entry=name,
            provides=tuple(path[:-3] for path in files if path.endswith(".py")),
        )
        contents = {f"{name}/{path}": data for path, data in files.items()}
        header = Header(id=component.id, components=(component,))
        return pack(header, contents, key or self.key), component.id

    def operate(self, primitive: str, component: str) -> None:
        """Queue an operation of the operator; the device asks nobody."""
        answer = self.api.post(
            f"/devices/{self.device_id}/operations",
            json={"primitive": primitive, "component": component},
        )
        assert answer.status_code == 201, answer.text

    def operations(self) -> list[dict[str, Any]]:
        """All operations that the server has for the device, oldest first."""
        found: list[dict[str, Any]] = self.api.get(f"/devices/{self.device_id}/operations").json()
        return sorted(found, key=lambda operation: int(operation["id"]))

    def outcome(self) -> tuple[str, int | None]:
        """State and code of the only operation."""
        (operation,) = self.operations()
        return operation["state"], operation["code"]

    def inventory(self) -> dict[str, str]:
        """State of each component, by id, as the server knows it."""
        rows = self.api.get(f"/devices/{self.device_id}").json()["inventory"]
        return {row["id"]: row["state"] for row in rows}


class App:
    """An app with several versions."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.name = "a" + secrets.token_hex(4)
        self.id = "com.example." + self.name
        self.release = 0

    def publish(self, source: str) -> str:
        """Publish the next version; its release and version are 1, 2, ..."""
        self.release += 1
        component = Component(
            id=self.id,
            name=self.name,
            version=str(self.release),
            release=self.release,
            dir=self.name,
            env="micropython",
            entry=self.name,
            provides=(self.name,),
        )
        contents = {f"{self.name}/{self.name}.py": source.encode()}
        data = pack(Header(id=self.id, components=(component,)), contents, self.pair.key)
        answer = self.pair.api.post("/packages?ask=server", content=data)
        assert answer.status_code == 201, answer.text
        return self.id

    def update(self) -> int:
        self.pair.device.request("update", self.id)
        return self.pair.run()

    def version(self) -> str:
        (row,) = [row for row in self.pair.device.status() if row["id"] == self.id]
        return str(row["version"])
