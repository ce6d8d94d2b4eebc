"""A server in this process, its people, and delivery packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import DEVICE_ID, Device
from served import Server

from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header


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
        requires: tuple[str, ...] = (),
        files: dict[str, bytes] | None = None,
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
            requires=requires,
        )
        header = Header(
            id=package_id or f"com.example.{name}", components=(component,), types=types
        )
        code = f"def main():\n    print({version!r})\n".encode()
        others = {f"{name}/{path}": data for path, data in (files or {}).items()}
        return pack(header, {f"{name}/{name}.py": code, **others}, key)

    return build


@pytest.fixture
def fun_applications(server: Server) -> str:
    """The service provider of the founding document, by its token."""
    return str(server.api("POST", "/providers", json={"name": "Fun Applications Co."})["token"])
