"""The main job, played through: the founding document's flows on a real server and device.

Service provider, operator, user, device and DM server act as in the change request that the
project was founded on; each step checks what came of it.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from . import resources
from .device.provision import DeviceSpec
from .device.simulated import Console, SimulatedDevice
from .errors import RefusedError, UscomoError
from .package import Project, SigningKey, build
from .server.runner import RunningServer, ServerSettings

DEVICE_ID = "urn:uscomo:unix-0001"
DEVICE_TYPE = "unix"
BLINK = "com.example.blink"
CLOCK = "com.example.clock"

#: Seconds after which a device that does not come to rest is cut off.
_PATIENCE = 60.0


@dataclass(slots=True)
class Step:
    """One line of the demo: what was done, whether it worked, and what it cost on the wire."""

    name: str
    title: str
    ok: bool = False
    seconds: float = 0.0
    messages: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fields of the `--json` output."""
        fields = asdict(self)
        del fields["title"]
        fields["seconds"] = round(self.seconds, 3)
        return fields


@dataclass
class Listener:
    """Who watches the demo: the command line, a test."""

    on_step: Callable[[Step], None] = lambda step: None
    on_output: Callable[[str], None] = lambda line: None
    on_message: Callable[[dict[str, Any]], None] = lambda message: None
    on_progress: Callable[[int, int], None] = lambda received, size: None
    on_question: Callable[[str], str] = lambda question: "n"


@dataclass
class Result:
    """What the demo showed; ``server`` and ``device`` are lists of id, version and state."""

    steps: list[Step] = field(default_factory=list)
    server: list[dict[str, str]] = field(default_factory=list)
    device: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """All steps worked, and both sides tell the same."""
        return all(step.ok for step in self.steps) and self.server == self.device

    def as_json(self) -> dict[str, Any]:
        """The `--json` object."""
        return {
            "ok": self.ok,
            "steps": [step.as_json() for step in self.steps],
            "server": self.server,
            "device": self.device,
        }


def play(folder: Path, listener: Listener, yes: bool, result: Result) -> None:
    """Play all steps in a folder; server and device have ended when this returns.

    ``result`` is filled step by step, so that it tells how far a failed demo came.

    Raises
    ------
    UscomoError
        A step failed; what it was and why. `RefusedError` when the user said no.
    """
    settings = ServerSettings(folder / "server", secrets.token_urlsafe(24))
    with RunningServer(settings) as server:
        demo = _Demo(folder, listener, server, yes, result)
        try:
            demo.play()
        finally:
            demo.api.close()
            if demo.device is not None:
                demo.device.board.cut_power()


class _Demo:
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
        self.api = httpx.Client(base_url=server.url, timeout=10)
        self.tokens = {"operator": server.operator_token}
        self.device: SimulatedDevice | None = None
        self.key = SigningKey.generate()
        self.packages: dict[str, bytes] = {}
        self._seen = 0

    def play(self) -> None:
        """The steps, in the order of the issue that asked for them."""
        with self._step("build", "build and sign two sample apps"):
            for name in ("blink", "clock"):
                self.packages[name] = build(Project.load(resources.demo_apps() / name), self.key)
        with self._step("publish", "publish the first one in the server's catalogue"):
            self._publish("operator", "blink")
        with self._step("bootstrap", "make a device with an account, agent as .mpy, on littlefs"):
            self._bootstrap()
        self._install_on_request()
        self._default_software()
        for verb, state in (("deactivate", "inactive"), ("activate", "active"), ("remove", None)):
            with self._step(verb, f"server: {verb} {BLINK}"):
                self._operate(verb, state)
        with self._step("agree", "server's view against device's view"):
            self._compare()

    # -- steps

    def _bootstrap(self) -> None:
        nonces = [base64.b64encode(secrets.token_bytes(16)).decode() for _ in range(2)]
        passwords = [secrets.token_urlsafe(16) for _ in range(2)]
        spec = DeviceSpec(
            device_id=DEVICE_ID,
            url=self.server.dm_url,
            user="unix-0001",
            password=passwords[0],
            server_password=passwords[1],
            client_nonce=nonces[0],
            server_nonce=nonces[1],
            type=DEVICE_TYPE,
            settings={"consent": "yes" if self.yes else "console", "confirm_after": "1"},
            anchors=[self.key.public.modulus],
        )
        self._post(
            "/api/devices",
            {
                "device_id": spec.device_id,
                "user": spec.user,
                "password": spec.password,
                "server_password": spec.server_password,
                "type": spec.type,
                "client_nonce": spec.client_nonce,
                "server_nonce": spec.server_nonce,
            },
        )
        self.device = SimulatedDevice.create(self.folder / "device", spec)

    def _install_on_request(self) -> None:
        """The alternative flow of 5.1.6: the device initiates the session."""
        assert self.device is not None
        marks: dict[str, float] = {}

        def on_event(words: list[str]) -> None:
            if words[0] == "request":
                marks["answer"] = time.monotonic()
                marks[" ".join(words[2:])] = 1
            elif words[0] == "operation":
                marks.setdefault("installed", time.monotonic())
                marks["code"] = float(words[2])

        with self._step("request", f"the device asks for {BLINK}, the server grants it") as step:
            began = time.monotonic()
            self.device.request("install", BLINK)
            self._run(on_event)
            if "refused" in marks:
                raise RefusedError("the user said no: nothing was installed")
            if "installing" not in marks:
                answers = [key for key in marks if key not in ("answer", "installed", "code")]
                raise UscomoError(f"the server did not grant the request: {answers}")
            step.seconds = marks["answer"] - began
            first, rest = self._messages_by_session()
            self._count(step, first)
        with self._step("install", "download, verify, unpack, start") as step:
            step.seconds = marks["installed"] - marks["answer"]
            if marks["code"] != 1200:
                raise UscomoError(f"the installation ended with {marks['code']:.0f}")
        with self._step("confirm", "OperationComplete 1200 in a new session") as step:
            step.seconds = time.monotonic() - marks["installed"]
            self._count(step, rest)
            operation = self._operations()[-1]
            if (operation["state"], operation["code"]) != ("done", 1200):
                raise UscomoError(f"the server heard something else: {operation}")

    def _default_software(self) -> None:
        path = f"/api/types/{DEVICE_TYPE}"
        for name in ("Fun Applications Co.", "Somebody Else"):
            self.tokens[name] = self._post("/api/providers", {"name": name})["token"]
        with self._step("unauthorised", "a provider without authorisation is refused"):
            answer = self._call("Somebody Else", "PUT", path + "/default", {"packages": [BLINK]})
            if answer.status_code != 403:
                raise UscomoError(f"the server answered {answer.status_code} instead of 403")
        with self._step("authorise", "the operator authorises a provider for the device type"):
            self._post(path + "/authorisations", {"provider": "Fun Applications Co."})
            self._publish("Fun Applications Co.", "clock")
        with self._step("default", "default software is what runs already: nothing travels"):
            self._set_default([BLINK])
            self._run_check()
            self._expect({BLINK: "active"})
        with self._step("default-changed", "a second default: the device drifts towards it"):
            self._set_default([CLOCK])
            self._run_check()
            self._expect({BLINK: "active", CLOCK: "active"})

    def _operate(self, verb: str, state: str | None) -> None:
        self._post(
            f"/api/devices/{DEVICE_ID}/operations",
            {"primitive": verb, "component": BLINK, "ask": "device"},
        )
        self._run_check()
        operation = self._operations()[-1]
        if (operation["state"], operation["code"]) != ("done", 1200):
            raise UscomoError(f"{verb} ended otherwise: {operation}")
        self._expect({CLOCK: "active"} | ({BLINK: state} if state else {}))

    def _compare(self) -> None:
        assert self.device is not None
        device = self._get(f"/api/devices/{DEVICE_ID}")
        self.result.server = sorted(
            (
                {name: str(row[name]) for name in ("id", "version", "state")}
                for row in device["inventory"]
            ),
            key=lambda row: row["id"],
        )
        self.result.device = sorted(
            (
                {
                    "id": row["id"],
                    "version": row["version"],
                    "state": "active" if row["state"] == 20 else "inactive",
                }
                for row in self.device.status()
            ),
            key=lambda row: row["id"],
        )
        if self.result.server != self.result.device:
            raise UscomoError(
                f"server and device disagree: {self.result.server} and {self.result.device}"
            )

    # -- the device

    def _run_check(self) -> None:
        assert self.device is not None
        self.device.request("check")
        self._run(lambda words: None)

    def _run(self, on_event: Callable[[list[str]], None]) -> None:
        assert self.device is not None

        def heard(words: list[str]) -> None:
            if words[0] == "progress":
                self.listener.on_progress(int(words[1]), int(words[2]))
            on_event(words)

        console = Console(heard, self.listener.on_output, self.listener.on_question)
        code = self.device.run(console, timeout=None if not self.yes else _PATIENCE)
        if code:
            raise UscomoError(f"the device ended with exit code {code}")

    # -- the server

    def _publish(self, who: str, name: str) -> None:
        answer = self.api.post(
            "/api/packages", content=self.packages[name], headers=self._headers(who)
        )
        if answer.status_code != 201:
            raise UscomoError(f"publishing {name} failed: {answer.text}")

    def _set_default(self, ids: list[str]) -> None:
        path = f"/api/types/{DEVICE_TYPE}/default"
        answer = self._call("Fun Applications Co.", "PUT", path, {"packages": ids})
        if answer.is_error:
            raise UscomoError(f"setting the default failed: {answer.text}")

    def _expect(self, states: dict[str, str]) -> None:
        inventory = self._get(f"/api/devices/{DEVICE_ID}")["inventory"]
        found = {row["id"]: row["state"] for row in inventory}
        if found != states:
            raise UscomoError(f"the inventory is {found}, it should be {states}")

    def _operations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get(f"/api/devices/{DEVICE_ID}/operations")
        return sorted(found, key=lambda operation: int(operation["id"]))

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def _call(self, who: str, method: str, path: str, value: Any) -> httpx.Response:
        return self.api.request(method, path, json=value, headers=self._headers(who))

    def _post(self, path: str, value: Any) -> Any:
        answer = self._call("operator", "POST", path, value)
        if answer.is_error:
            raise UscomoError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    def _get(self, path: str) -> Any:
        return self.api.get(path, headers=self._headers("operator")).json()

    # -- steps and their costs

    @contextmanager
    def _step(self, name: str, title: str) -> Iterator[Step]:
        step = Step(name, title)
        self.result.steps.append(step)
        began = time.monotonic()
        try:
            yield step
            step.ok = True
        finally:
            step.seconds = step.seconds or time.monotonic() - began
            self._count(step, self._new_messages())
            self.listener.on_step(step)

    def _new_messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._get(f"/api/messages?after={self._seen}")
        if messages:
            self._seen = max(int(message["id"]) for message in messages)
        return messages

    def _messages_by_session(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The new messages: those of the first new session, and the rest."""
        messages = self._new_messages()
        first = messages[0]["session"] if messages else None
        return (
            [message for message in messages if message["session"] == first],
            [message for message in messages if message["session"] != first],
        )

    def _count(self, step: Step, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            step.messages += 1
            if message["direction"] == "up":
                step.bytes_up += message["size"]
            else:
                step.bytes_down += message["size"]
            self.listener.on_message(message)
