"""What every scene of the demo works with: the server, the device, the steps and their cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from ..device.simulated import Console, SimulatedDevice
from ..errors import UscomoError
from ..package import SigningKey
from ..server.runner import RunningServer
from .result import Listener, Result, Step

DEVICE_ID = "urn:uscomo:unix-0001"
DEVICE_TYPE = "unix"
BLINK = "com.example.blink"
CLOCK = "com.example.clock"

#: Seconds after which a device that does not come to rest is cut off.
PATIENCE = 60.0


class Stage:
    """A running server, the device, and the operator's view of both."""

    def __init__(
        self,
        folder: Path,
        listener: Listener,
        server: RunningServer,
        yes: bool,
        result: Result,
    ) -> None:
        self.folder = folder
        self.listener = listener
        self.server = server
        self.yes = yes
        self.result = result
        self.key = SigningKey.generate()
        self.packages: dict[str, bytes] = {}
        self.tokens = {"operator": server.operator_token}
        self._api = httpx.Client(base_url=server.url, timeout=10)
        self._device: SimulatedDevice | None = None
        self._seen = 0

    def close(self) -> None:
        """End the device and let go of the server."""
        self._api.close()
        if self._device is not None:
            self._device.board.cut_power()

    # -- the device

    @property
    def device(self) -> SimulatedDevice:
        """The device; there is one since the step "bootstrap"."""
        assert self._device is not None
        return self._device

    @device.setter
    def device(self, device: SimulatedDevice) -> None:
        self._device = device

    def power_on(self, on_event: Callable[[list[str]], None] = lambda words: None) -> int:
        """Let the device run until it ends: its exit code, or minus the number of a signal."""
        return self.device.run(self.console(on_event), timeout=PATIENCE if self.yes else None)

    def run(self, on_event: Callable[[list[str]], None] = lambda words: None) -> None:
        """Let the device run until it has nothing left to do."""
        code = self.power_on(on_event)
        if code:
            raise UscomoError(f"the device ended with exit code {code}")

    def run_check(self, on_event: Callable[[list[str]], None] = lambda words: None) -> None:
        """Let the device open a session that asks for nothing, and do what comes of it."""
        self.device.request("check")
        self.run(on_event)

    @contextmanager
    def running(self, on_event: Callable[[list[str]], None]) -> Iterator[None]:
        """Keep the device on, its apps running, until the power is switched off behind this."""
        console = self.console(on_event)
        thread = Thread(target=self.device.run, args=(console, "run"), daemon=True)
        thread.start()
        try:
            yield
        finally:
            while thread.is_alive():  # a reset under way starts it once more
                self.device.board.cut_power()
                thread.join(0.05)

    def console(self, on_event: Callable[[list[str]], None] = lambda words: None) -> Console:
        """A console that the demo's listener and ``on_event`` hear."""

        def heard(words: list[str]) -> None:
            if words[0] == "progress":
                self.listener.on_progress(int(words[1]), int(words[2]))
            on_event(words)

        return Console(heard, self.listener.on_output, self.listener.on_question)

    # -- the server, as operator or as somebody else

    def call(self, who: str, method: str, path: str, value: Any) -> httpx.Response:
        """One request to the server's REST interface."""
        return self._api.request(method, path, json=value, headers=self._headers(who))

    def post(self, path: str, value: Any) -> Any:
        """POST as the operator; the answer's object."""
        answer = self.call("operator", "POST", path, value)
        if answer.is_error:
            raise UscomoError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    def get(self, path: str) -> Any:
        """GET as the operator; the answer's object."""
        return self._api.get(path, headers=self._headers("operator")).json()

    def publish(self, who: str, name: str) -> None:
        """Put one of the built packages into the catalogue."""
        answer = self._api.post(
            "/api/packages", content=self.packages[name], headers=self._headers(who)
        )
        if answer.status_code != 201:
            raise UscomoError(f"publishing {name} failed: {answer.text}")

    def operate(self, **operation: Any) -> None:
        """Queue an operation for the device."""
        self.post(f"/api/devices/{DEVICE_ID}/operations", {"ask": "device", **operation})

    def last_operation(self) -> dict[str, Any]:
        """The newest operation, as the server tells it."""
        found: list[dict[str, Any]] = self.get(f"/api/devices/{DEVICE_ID}/operations")
        return max(found, key=lambda operation: int(operation["id"]))

    def expect_end(self, state: str, code: int) -> dict[str, Any]:
        """The newest operation, which has to have ended so."""
        operation = self.last_operation()
        if (operation["state"], operation["code"]) != (state, code):
            raise UscomoError(f"the server heard something else than {code}: {operation}")
        return operation

    def inventory(self) -> dict[str, tuple[str, str]]:
        """Component id -> (version, state), as the server knows it."""
        rows = self.get(f"/api/devices/{DEVICE_ID}")["inventory"]
        return {row["id"]: (row["version"], row["state"]) for row in rows}

    def expect_component(self, id: str, wanted: tuple[str, str] | None) -> None:
        """The server's inventory has to hold a component so, or not at all."""
        found = self.inventory().get(id)
        if found != wanted:
            raise UscomoError(f"{id} is {found} in the inventory, it should be {wanted}")

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    # -- steps and their costs

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Step]:
        """One step; whatever happens in it is told to the listener, with its messages."""
        step = Step(name, title)
        self.result.steps.append(step)
        began = time.monotonic()
        try:
            yield step
            step.ok = True
        finally:
            step.seconds = step.seconds or time.monotonic() - began
            self.count(step, self.new_messages())
            self.listener.on_step(step)

    def new_messages(self) -> list[dict[str, Any]]:
        """Messages that no step has counted yet."""
        messages: list[dict[str, Any]] = self.get(f"/api/messages?after={self._seen}")
        if messages:
            self._seen = max(int(message["id"]) for message in messages)
        return messages

    def count(self, step: Step, messages: list[dict[str, Any]]) -> None:
        """Charge messages to a step."""
        for message in messages:
            step.messages += 1
            if message["direction"] == "up":
                step.bytes_up += message["size"]
            else:
                step.bytes_down += message["size"]
            self.listener.on_message(message)
