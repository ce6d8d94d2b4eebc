"""The founding document's flows: an app at the device's request, default software, primitives."""

from __future__ import annotations

import base64
import secrets
import socket
import time

from .. import resources
from ..device.provision import DeviceSpec
from ..device.simulated import SimulatedDevice
from ..errors import RefusedError, UscomoError
from ..package import Project, build
from .stage import BLINK, CLOCK, DEVICE_ID, DEVICE_TYPE, Stage


def build_and_publish(stage: Stage) -> None:
    """Two signed packages, the first of them in the catalogue."""
    with stage.step("build", "build and sign two sample apps"):
        for name in ("blink", "clock"):
            project = Project.load(resources.demo_apps() / name)
            stage.packages[name] = build(project, stage.key)
    with stage.step("publish", "publish the first one in the server's catalogue"):
        stage.publish("operator", "blink")


def bootstrap(stage: Stage) -> None:
    """A factory-fresh device, known to the server."""
    with stage.step("bootstrap", "make a device with an account, agent as .mpy, on littlefs"):
        nonces = [base64.b64encode(secrets.token_bytes(16)).decode() for _ in range(2)]
        passwords = [secrets.token_urlsafe(16) for _ in range(2)]
        port = _free_udp_port()
        spec = DeviceSpec(
            device_id=DEVICE_ID,
            url=stage.server.dm_url,
            user="unix-0001",
            password=passwords[0],
            server_password=passwords[1],
            client_nonce=nonces[0],
            server_nonce=nonces[1],
            type=DEVICE_TYPE,
            settings={
                "consent": "yes" if stage.yes else "console",
                "confirm_after": "1",
                "notify_port": str(port),
            },
            anchors=[stage.key.public.modulus],
        )
        stage.post(
            "/api/devices",
            {
                "device_id": spec.device_id,
                "user": spec.user,
                "password": spec.password,
                "server_password": spec.server_password,
                "type": spec.type,
                "client_nonce": spec.client_nonce,
                "server_nonce": spec.server_nonce,
                "notify": f"127.0.0.1:{port}",
            },
        )
        stage.device = SimulatedDevice.create(stage.folder / "device", spec)


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def install_on_request(stage: Stage) -> None:
    """The alternative flow of 5.1.6: the device initiates the session."""
    marks: dict[str, float] = {}
    answers: list[str] = []

    def on_event(words: list[str]) -> None:
        if words[0] == "request":
            marks["answer"] = time.monotonic()
            answers.append(" ".join(words[2:]))
        elif words[0] == "operation":
            marks.setdefault("installed", time.monotonic())  # once more when its trial ends

    with stage.step("request", f"the device asks for {BLINK}, the server grants it") as step:
        began = time.monotonic()
        stage.device.request("install", BLINK)
        stage.run(on_event)
        if "refused" in answers:
            raise RefusedError("the user said no: nothing was installed")
        if "installing" not in answers:
            raise UscomoError(f"the server did not grant the request: {answers}")
        step.seconds = marks["answer"] - began
        messages = stage.new_messages()
        first = [row for row in messages if row["session"] == messages[0]["session"]]
        stage.count(step, first)
    with stage.step("install", "download, verify, unpack, start") as step:
        step.seconds = marks["installed"] - marks["answer"]
    with stage.step("confirm", "trial passed: OperationComplete 1200 in a new session") as step:
        step.seconds = time.monotonic() - marks["installed"]
        stage.count(step, messages[len(first) :])
        stage.expect_end("done", 1200)


def default_software(stage: Stage) -> None:
    """A provider sets what a device type has by default, where the operator authorised it."""
    path = f"/api/types/{DEVICE_TYPE}"
    for name in ("Fun Applications Co.", "Somebody Else"):
        stage.tokens[name] = stage.post("/api/providers", {"name": name})["token"]
    with stage.step("unauthorised", "a provider without authorisation is refused"):
        answer = stage.call("Somebody Else", "PUT", path + "/default", {"packages": [BLINK]})
        if answer.status_code != 403:
            raise UscomoError(f"the server answered {answer.status_code} instead of 403")
    with stage.step("authorise", "the operator authorises a provider for the device type"):
        stage.post(path + "/authorisations", {"provider": "Fun Applications Co."})
        stage.publish("Fun Applications Co.", "clock")
    with stage.step("default", "default software is what runs already: nothing travels"):
        _set_default(stage, [BLINK])
        stage.run_check()
        stage.expect_component(CLOCK, None)
    with stage.step("default-changed", "a second default: the device drifts towards it"):
        _set_default(stage, [CLOCK])
        stage.run_check()
        stage.expect_component(BLINK, ("1.0.0", "active"))
        stage.expect_component(CLOCK, ("1.0.0", "active"))


def _set_default(stage: Stage, ids: list[str]) -> None:
    path = f"/api/types/{DEVICE_TYPE}/default"
    answer = stage.call("Fun Applications Co.", "PUT", path, {"packages": ids})
    if answer.is_error:
        raise UscomoError(f"setting the default failed: {answer.text}")


def server_driven(stage: Stage) -> None:
    """What the operator does to an installed app."""
    version = stage.inventory()[BLINK][0]
    for verb, state in (("deactivate", "inactive"), ("activate", "active"), ("remove", None)):
        with stage.step(verb, f"server: {verb} {BLINK}"):
            stage.operate(primitive=verb, component=BLINK)
            stage.run_check()
            stage.expect_end("done", 1200)
            stage.expect_component(BLINK, (version, state) if state else None)


def compare(stage: Stage) -> None:
    """Both sides have to tell the same at the end."""
    with stage.step("agree", "server's view against device's view"):
        result = stage.result
        result.server = [
            {"id": id, "version": version, "state": state}
            for id, (version, state) in sorted(stage.inventory().items())
        ]
        result.device = sorted(
            (
                {
                    "id": row["id"],
                    "version": row["version"],
                    "state": "active" if row["state"] == 20 else "inactive",
                }
                for row in stage.device.status()
            ),
            key=lambda row: row["id"],
        )
        if result.server != result.device:
            raise UscomoError(f"server and device disagree: {result.server} and {result.device}")
