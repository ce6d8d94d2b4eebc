"""The server as an ASGI application in this process, spoken to without a socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from scripted import DEVICE_ID

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

    def post_dm(self, body: bytes, content_type: str, proof: str = "") -> httpx.Response:
        headers = {"content-type": content_type} | ({"x-syncml-hmac": proof} if proof else {})
        return self.request("POST", "/dm", content=body, headers=headers)

    def operations(self, device_id: str = DEVICE_ID) -> list[dict[str, Any]]:
        return list(self.api("GET", f"/devices/{device_id}/operations"))

    def last_operation(self) -> tuple[str, int | None]:
        last = self.operations()[-1]
        return last["state"], last["code"]

    def inventory(self, device_id: str = DEVICE_ID) -> dict[str, str]:
        found = self.api("GET", f"/devices/{device_id}")["inventory"]
        return {component["id"]: component["version"] for component in found}
