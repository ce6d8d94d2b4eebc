"""A real device and a real server on loopback; packages of files that do not compress."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.device.simulated import Console, SimulatedDevice
from uscomo_tools.errors import UscomoError
from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header
from uscomo_tools.server.runner import RunningServer, ServerSettings

#: 16 MB of flash: room for 2 MB as package, as old and as new version.
_BLOCKS = 4096
_PATIENCE = 300.0


@dataclass
class Cost:
    """Of one piece of work: octets of packages, of DM messages, and flash operations."""

    package: int = 0
    up: int = 0
    down: int = 0
    programs: int = 0
    erases: int = 0


class Bench:
    """One device with its server; `install` and `check` say what they cost."""

    def __init__(self, folder: Path, server: RunningServer, heap: str) -> None:
        self.folder = folder
        self.key = SigningKey.generate()
        self.api = httpx.Client(
            base_url=server.url + "/api",
            headers={"authorization": f"Bearer {server.operator_token}"},
            timeout=30,
        )
        name = "unix-" + secrets.token_hex(4)
        #: Each device has an application of its own: one catalogue serves all of them.
        self.app = "com.example." + name
        spec = DeviceSpec(
            device_id="urn:uscomo:" + name,
            url=server.dm_url,
            user=name,
            password="device's",
            server_password="server's",
            settings={"consent": "yes", "confirm_after": "0"},
            anchors=[self.key.public.modulus],
        )
        fields = ("device_id", "user", "password", "server_password", "type")
        self._ask("POST", "/devices", {name: getattr(spec, name) for name in fields})
        self.device_id = spec.device_id
        self.device = SimulatedDevice.create(folder / name, spec, heap, _BLOCKS)
        self.device.board.counts = folder / (name + ".counts")
        self._seen = 0

    def install(self, version: int, files: dict[str, bytes]) -> Cost:
        """Publish a version and let the device ask for it."""
        component = Component(
            id=self.app,
            name="Large",
            version=f"{version}.0.0",
            release=version,
            dir="large",
            env="micropython",
            entry=None,
            provides=(),
        )
        contents = {f"large/{path}": data for path, data in files.items()}
        package = pack(Header(id=self.app, components=(component,)), contents, self.key)
        answer = self.api.post("/packages", content=package)
        if answer.is_error:
            raise UscomoError(answer.text)
        self.device.request("install" if version == 1 else "update", self.app)
        cost = self._run()
        found = {row["id"]: row["version"] for row in self.device.status()}
        if found.get(self.app) != component.version:
            raise UscomoError(f"{component.version} was not installed: {found}")
        return cost

    def check(self) -> Cost:
        """A session in which nobody has anything to say."""
        self.device.request("check")
        return self._run()

    def _run(self) -> Cost:
        cost = Cost()
        counts = self.device.board.counts
        assert counts is not None
        counts.write_text("")

        def heard(words: list[str]) -> None:
            if words[0] == "progress":
                cost.package = int(words[1])

        code = self.device.run(Console(heard), timeout=_PATIENCE)
        if code:
            raise UscomoError(f"the device ended with exit code {code}")
        for line in counts.read_text().splitlines():
            programs, erases = line.split()
            cost.programs += int(programs)
            cost.erases += int(erases)
        for message in self._ask("GET", f"/messages?after={self._seen}"):
            self._seen = max(self._seen, int(message["id"]))
            if message["direction"] == "up":
                cost.up += message["size"]
            else:
                cost.down += message["size"]
        return cost

    def _ask(self, method: str, path: str, value: Any = None) -> Any:
        answer = self.api.request(method, path, json=value)
        if answer.is_error:
            raise UscomoError(f"{path}: {answer.text}")
        return answer.json()


@contextmanager
def serving(folder: Path) -> Iterator[RunningServer]:
    """A server for the benchmark's time."""
    with RunningServer(ServerSettings(folder / "server", secrets.token_urlsafe(16))) as server:
        yield server


def files(count: int, size: int, seed: int = 1) -> dict[str, bytes]:
    """Files that no compressor makes smaller."""
    source = random.Random(seed)
    return {f"part{number:02}.bin": source.randbytes(size) for number in range(count)}


def smallest_heap(folder: Path, server: RunningServer, size: int) -> int:
    """The smallest heap of the VM, in KB, with which a package of that size is installed."""
    content = files(max(1, size // 102400), min(size, 102400))
    low, high = 60, 240  # KB: fails, passes
    while high - low > 4:
        middle = (low + high) // 2
        try:
            Bench(folder, server, f"{middle}k").install(1, content)
        except UscomoError:
            low = middle
        else:
            high = middle
    return high
