"""Boards at a relay: the unix VM, a server, and the relay in a thread of this process."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.package import SigningKey
from uscomo_tools.relay.allowed import AllowList
from uscomo_tools.relay.board import BoardSettings
from uscomo_tools.relay.exchange import Limits, Outcome
from uscomo_tools.relay.run import Operator, RelaySettings, relay
from uscomo_tools.testing.apps import AppBuilder, BuiltApp
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import ServedBoard
from uscomo_tools.testing.states import deployed_files, store_files

#: For whatever a VM does; two processors are shared with other tests.
SECONDS = 60.0
#: The tests ask for more than a person would.
LIMITS = Limits(per_minute=100_000)


class Heard:
    """Keeps what a relay tells: events by name, and the consoles' lines."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.lines: list[str] = []
        self.requests: list[Outcome] = []

    def event(self, name: str, board: str = "", **fields: Any) -> None:
        self.events.append((name, {"board": board, **fields}))

    def text(self, board: str, line: str) -> None:
        self.lines.append(line)

    def exchange(self, board: str, outcome: Outcome, ended: bool) -> None:
        if ended:
            self.requests.append(outcome)

    def all(self, name: str) -> list[dict[str, Any]]:
        return [fields for found, fields in self.events if found == name]

    def agent(self) -> list[str]:
        """The agent's own lines, without those of progress."""
        found = [line.removeprefix("uscomo: ") for line in self.lines if "uscomo: " in line]
        return [line for line in found if not line.startswith("progress")]


class Relay:
    """A relay that runs; `heard` is what it tells."""

    def __init__(self, settings: RelaySettings) -> None:
        self.heard = Heard()
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.operator: Operator
        self.error: BaseException | None = None

    def _run(self) -> None:
        async def work() -> None:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.ensure_future(relay(self._settings, self.heard, self._is_ready))
            with suppress(asyncio.CancelledError):
                await self._task

        try:
            asyncio.run(work())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    def _is_ready(self, boards: Any, operator: Operator) -> None:
        self.operator = operator
        self._ready.set()

    def __enter__(self) -> Relay:
        self._thread.start()
        assert self._ready.wait(SECONDS)
        if self.error:
            raise self.error
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        if self.error:
            raise self.error

    def type(self, line: str) -> None:
        """The operator types a line."""
        self._loop.call_soon_threadsafe(self.operator.line, line)

    def wait(self, found: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not (value := found()):
            assert not self.error, self.error
            assert time.monotonic() < end, (self.heard.lines[-20:], self.heard.events[-12:])
            time.sleep(0.02)
        return value

    def wait_for(self, pattern: str, times: int = 1, seconds: float = SECONDS) -> None:
        """Wait until so many lines of the console match."""
        self.wait(
            lambda: sum(bool(re.search(pattern, line)) for line in self.heard.lines) >= times,
            seconds,
        )

    def wait_event(self, name: str, times: int = 1) -> dict[str, Any]:
        self.wait(lambda: len(self.heard.all(name)) >= times)
        return self.heard.all(name)[times - 1]

    @property
    def notify_address(self) -> str:
        """Where the first board's notifications are taken."""
        return str(self.wait_event("listens")["address"])


def settings_for(url: str, server: str, **more: Any) -> RelaySettings:
    given = {"notify": ("127.0.0.1", 0), "limits": LIMITS, "typed": False, **more}
    given.setdefault("board", BoardSettings(share=False))
    given.setdefault("allowed", AllowList(server))
    return RelaySettings(ports=[url], **given)


class Desk:
    """A server, a board whose account goes over a relay, and the way to make relays."""

    def __init__(self, folder: Path, server: DmServer, spec: DeviceSpec, board: ServedBoard):
        self.folder = folder
        self.server = server
        self.spec = spec
        self.board = board
        self.apps = AppBuilder(folder, server)

    @property
    def device_id(self) -> str:
        return self.spec.device_id

    def relay(self, url: str = "", **more: Any) -> Relay:
        return Relay(settings_for(url or self.board.url, self.server.url, **more))

    def app(self, version: int = 1, padding: int = 0, text: str = "") -> BuiltApp:
        """Publish a version of an application that says hello."""
        source = self.folder / f"hello{version}"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        (source / "uscomo.toml").write_text(
            '[package]\nid = "com.example.hello"\n\n[[component]]\nid = "com.example.hello"\n'
            f'version = "{version}.0.0"\nrelease = {version}\nentry = "hello"\n'
        )
        (source / "hello.py").write_text(
            text
            or f'import asyncio\n\n\nasync def main():\n    print("hello {version}")\n'
            "    while True:\n        await asyncio.sleep(1)\n"
        )
        if padding:
            import random

            (source / "padding.bin").write_bytes(random.Random(version).randbytes(padding))
        return self.apps.published(source)

    def install(self, package: str) -> None:
        """The operator orders an installation."""
        order = {"primitive": "install", "package": package}
        self.server.post(f"/devices/{self.device_id}/operations", order)

    def state(self) -> list[str]:
        return [row["state"] for row in self.server.operations(self.device_id)]

    def call(self, relay: Relay) -> None:
        """Package 0, by the server, over the relay."""
        self.address(relay)
        self.server.post(f"/devices/{self.device_id}/notify", {})

    def address(self, relay: Relay) -> None:
        answer = self.server._api.patch(
            f"/devices/{self.device_id}", json={"notify": relay.notify_address}
        )
        assert answer.status_code == 200, answer.text


@contextmanager
def desk(
    folder: Path,
    start: Callable[..., ServedBoard] = unix.start,
    type: str = "unix",
    **settings: str,
) -> Iterator[Desk]:
    """A board that is switched on, at no relay yet."""
    key = SigningKey.generate()
    with DmServer(folder / "server", key) as server:
        spec = server.enrol(type, settings={"bearer": "relay", **settings})
        files = {**deployed_files(), **store_files(spec)}
        with start(folder / "board", files=files) as board:
            yield Desk(folder, server, spec, board)
