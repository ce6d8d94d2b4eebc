"""A server in this process, its people, and delivery packages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripted import DEVICE_ID, Device

from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header
from uscomo_tools.server.runner import ServerSettings, create_app

OPERATOR = "operator-token"


class Server:
    """The ASGI application, spoken to without a socket."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = create_app(
            ServerSettings(data_folder=folder, operator_token=OPERATOR, **settings)
        )
        self.lifespan = self.app.router.lifespan_context(self.app)
        self.loop.run_until_complete(self.lifespan.__aenter__())

    def stop(self) -> None:
        self.loop.run_until_complete(self.lifespan.__aexit__(None, None, None))
        self.loop.close()

    async def send(
        self, method: str, path: str, peer: str = "127.0.0.1", **more: Any
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(peer, 4711))
        base = more.pop("base_url", "http://127.0.0.1:8080")
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run_until_complete(self.send(method, path, **more))

    def api(self, method: str, path: str, token: str = OPERATOR, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        response = self.request(method, "/api" + path, headers=headers, **more)
        answer = response.json()
        if response.is_error:
            assert answer["ok"] is False
            assert answer["error"]
            return response.status_code
        return answer

    def publish(self, data: bytes, token: str = OPERATOR, ask: str = "server") -> Any:
        return self.api("POST", f"/packages?ask={ask}", token, content=data)

    def post_dm(self, body: bytes, content_type: str) -> httpx.Response:
        return self.request("POST", "/dm", content=body, headers={"content-type": content_type})

    def operations(self, device_id: str = DEVICE_ID) -> list[dict[str, Any]]:
        return list(self.api("GET", f"/devices/{device_id}/operations"))

    def last_operation(self) -> tuple[str, int | None]:
        last = self.operations()[-1]
        return last["state"], last["code"]

    def inventory(self, device_id: str = DEVICE_ID) -> dict[str, str]:
        found = self.api("GET", f"/devices/{device_id}")["inventory"]
        return {component["id"]: component["version"] for component in found}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    server.stop()


@pytest.fixture
def enrol(server: Server) -> Callable[..., Device]:
    """Open an account and give the device that has it."""

    def open_account(device_id: str = DEVICE_ID, **fields: Any) -> Device:
        account = {
            "device_id": device_id,
            "user": "arnold",
            "password": "secret",
            "server_password": "srvpwd",
            "type": "unix",
            "auth": "md5",
            "server_auth": "md5",
        } | fields
        assert server.api("POST", "/devices", json=account)["ok"]
        device = Device(server.post_dm, device_id=device_id, auth=account["auth"])
        if account["server_auth"] == "none":
            device.server_password = None
        return device

    return open_account


@pytest.fixture
def arnold(enrol: Callable[..., Device]) -> Device:
    """The end user of the founding document, with his device."""
    return enrol()


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate(2048)


@pytest.fixture
def package(key: SigningKey) -> Callable[..., bytes]:
    """Build a delivery package with one component."""

    def build(
        name: str = "blink",
        version: str = "1.0.0",
        release: int = 1,
        types: tuple[str, ...] = ("unix",),
        package_id: str = "",
    ) -> bytes:
        component = Component(
            id=f"com.example.{name}",
            name=name.capitalize(),
            version=version,
            release=release,
            dir=name,
            env="micropython",
            entry=name,
            provides=(name,),
        )
        header = Header(
            id=package_id or f"com.example.{name}", components=(component,), types=types
        )
        code = f"def main():\n    print({version!r})\n".encode()
        return pack(header, {f"{name}/{name}.py": code}, key)

    return build


@pytest.fixture
def fun_applications(server: Server) -> str:
    """The service provider of the founding document, by its token."""
    return str(server.api("POST", "/providers", json={"name": "Fun Applications Co."})["token"])
