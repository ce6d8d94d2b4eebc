"""The reference server in this process, as tests use it: accounts, catalogue, orders, trace."""

from __future__ import annotations

import secrets
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from ..device.provision import DeviceSpec
from ..errors import UscomoError
from ..package import SigningKey
from ..server.runner import RunningServer, ServerSettings
from .certificates import Issued

_SECONDS = 10.0

#: The host that a board reaches through its cable, see `board.local`.
CABLE = "local"


class DmServer:
    """A server on a free loopback port for as long as a ``with`` block lasts.

    Parameters
    ----------
    folder
        Where it keeps its data.
    key
        Signs what tests publish; enrolled boards trust it.
    shown
        The certificate of a server that speaks TLS.
    """

    def __init__(self, folder: Path, key: SigningKey, shown: Issued | None = None) -> None:
        self.key = key
        settings = ServerSettings(
            folder,
            secrets.token_urlsafe(16),
            tls_certificate=shown.certificate if shown else None,
            tls_key=shown.key if shown else None,
        )
        self._running = RunningServer(settings)

    def __enter__(self) -> DmServer:
        self._running.__enter__()
        self._api = httpx.Client(
            base_url=self._running.url + "/api",
            headers={"authorization": f"Bearer {self._running.operator_token}"},
            timeout=_SECONDS,
            verify=False,  # it is the one in this process
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._api.close()
        self._running.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """Where it is, seen from this machine."""
        return self._running.url

    def dm_url(self, host: str = "") -> str:
        """Where its DM endpoint is, seen from a board that calls this machine `host`."""
        parts = urlsplit(self._running.dm_url)
        return f"{parts.scheme}://{host or parts.hostname}:{parts.port}{parts.path}"

    def enrol(
        self, type: str, host: str = "", settings: dict[str, str] | None = None, **fields: Any
    ) -> DeviceSpec:
        """Open an account for a new device: what has to be provisioned on it.

        Parameters
        ----------
        type
            The device type.
        host
            What the device calls this machine; `CABLE` for one whose sessions go over its cable.
        settings
            Of the device. By itself its user says yes, and an app is confirmed at once.
        fields
            More of its `DeviceSpec`.
        """
        name = f"{type}-{secrets.token_hex(4)}"
        spec = DeviceSpec(
            device_id="urn:uscomo:" + name,
            account="local" if host == CABLE else "main",
            url=f"http://{host}/dm" if host == CABLE else self.dm_url(host),
            user=name,
            password=secrets.token_urlsafe(12),
            server_password=secrets.token_urlsafe(12),
            type=type,
            model=type,
            anchors=[self.key.public.modulus],
            settings={"consent": "yes", "retry": "50", "confirm_after": "0", **(settings or {})},
            **fields,
        )
        known = ("device_id", "user", "password", "server_password", "type", "auth", "server_auth")
        self.post("/devices", {field: getattr(spec, field) for field in known})
        return spec

    # -- as the operator

    def post(self, path: str, value: Any) -> Any:
        """POST to the REST interface below ``/api``; the answer's object."""
        return _answered(self._api.post(path, json=value))

    def get(self, path: str) -> Any:
        """GET from the REST interface below ``/api``; the answer's object."""
        return _answered(self._api.get(path))

    def publish(self, package: bytes) -> dict[str, Any]:
        """Put a package into the catalogue; devices may ask for it."""
        answer: dict[str, Any] = _answered(self._api.post("/packages?ask=server", content=package))
        return answer

    def operate(self, device: str, primitive: str, component: str, **options: Any) -> None:
        """Queue an operation for a device: ``activate``, ``deactivate``, ``remove``, ..."""
        order = {"primitive": primitive, "component": component, **options}
        self.post(f"/devices/{quote(device, safe='')}/operations", order)

    def operations(self, device: str) -> list[dict[str, Any]]:
        """All operations for a device, oldest first."""
        found = self.get(f"/devices/{quote(device, safe='')}/operations")
        return sorted(found, key=lambda operation: int(operation["id"]))

    def inventory(self, device: str) -> dict[str, tuple[str, str]]:
        """What the server knows to be installed: component id -> version and state."""
        rows = self.get(f"/devices/{quote(device, safe='')}")["inventory"]
        return {row["id"]: (row["version"], row["state"]) for row in rows}

    def trace(self, device: str) -> str:
        """Every message of a device's sessions, decoded, in the order of the wire."""
        found = self.get(f"/messages?device={quote(device, safe='')}")
        return "\n".join(
            f"-- session {row['session']}, {row['direction']}, {row['size']} bytes\n{row['xml']}"
            for row in found
        )


def _answered(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise UscomoError(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()
