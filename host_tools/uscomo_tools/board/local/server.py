"""The DM server of `uscomo serve` inside this program, for one board at a cable.

Nothing listens anywhere: a board's HTTP requests come as bytes of a stream and go to the ASGI
application directly. Its database and packages lie in the user's folder, shared by all boards.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import h11
import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ...errors import UscomoError
from ...server import catalogue, views
from ...server.access import OPERATOR, Caller
from ...server.app import create_app
from ...server.models import Device, Package
from ...server.operations import Terms, move, new_operation, with_prerequisites
from ...server.policy import NOT_BEGUN
from ...server.problems import Problem
from ...server.settings import ServerSettings
from ...server.storage import Storage, device_named, facts_of, operations_of
from .account import SCOMO_ROOT, SERVER_ID

T = TypeVar("T")

_BASE = "http://local"
_HOP = ("connection", "transfer-encoding", "host")


class LocalServer:
    """The server, while a ``with`` block lasts.

    Parameters
    ----------
    folder
        Where its data lies.
    """

    def __init__(self, folder: Path) -> None:
        self._settings = ServerSettings(
            folder, operator_token=secrets.token_urlsafe(24), server_id=SERVER_ID
        )
        self._loop = asyncio.new_event_loop()
        self._app = create_app(self._settings)
        self._storage = Storage(self._settings.database)
        self._packages = catalogue.PackageFolder(folder)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app, raise_app_exceptions=False), base_url=_BASE
        )
        self._lifespan: AbstractAsyncContextManager[Any] | None = None

    def __enter__(self) -> LocalServer:
        self._lifespan = self._app.router.lifespan_context(self._app)
        self._do(self._lifespan.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._do(self._client.aclose())
            self._do(self._storage.stop())
            if self._lifespan is not None:
                self._do(self._lifespan.__aexit__(None, None, None))
        finally:
            self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    # -- the board's side

    @property
    def max_body(self) -> int:
        """The most octets of a request."""
        return self._settings.max_body

    def exchange(self) -> Exchange:
        """One HTTP exchange of the board."""
        return Exchange(self)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        return self._do(self._client.send(request))

    # -- the operator's side

    def know(self, device_id: str, device_type: str) -> None:
        """Make an account for a board that there is none of; its inventory is read anew."""

        async def work() -> None:
            async with self._storage.writing() as db:
                device = await device_named(db, device_id)
                if device is None:
                    device = Device(
                        device_id=device_id, device_type=device_type, server_name=SERVER_ID
                    )
                    db.add(device)
                device.device_type = device_type
                device.scomo_root = f"./{SCOMO_ROOT}"
                # Another server, or another developer's computer, may have changed it.
                device.inventory_at = None

        self._do(work())

    def install(self, device_id: str, data: bytes, active: bool = True) -> Sequence[str]:
        """Publish a package and order its installation: the correlators, the last is its own.

        Raises
        ------
        UscomoError
            What it requires is nowhere to be had.
        """

        async def work() -> Sequence[str]:
            async with self._storage.writing() as db:
                caller = Caller(OPERATOR, "operator")
                package, _ = await catalogue.publish(
                    db, self._packages, data, caller, "device", replace=True
                )
                device = await _known(db, device_id)
                await _clear(db, device)
                facts = await facts_of(db, device)
                primitive = "install" if active else "install-inactive"
                operation = new_operation(
                    device,
                    primitive,
                    package.package_id,
                    "operator",
                    package,
                    terms=Terms("device"),
                )
                added, problem = with_prerequisites(device, facts, operation, package)
                if problem:
                    raise UscomoError(problem)
                db.add_all(added)
                return [row.correlator for row in added]

        try:
            return self._do(work())
        except Problem as problem:
            raise UscomoError(str(problem.detail)) from problem

    def order(self, device_id: str, primitive: str, component: str) -> Sequence[str]:
        """Order something of an installed component: the correlator."""

        async def work() -> Sequence[str]:
            async with self._storage.writing() as db:
                device = await _known(db, device_id)
                await _clear(db, device)
                operation = new_operation(device, primitive, component, "operator")
                db.add(operation)
                return [operation.correlator]

        return self._do(work())

    def clear(self, device_id: str) -> None:
        """Withdraw what was ordered before and never begun: a user who gave up meant it."""

        async def work() -> None:
            async with self._storage.writing() as db:
                await _clear(db, await _known(db, device_id))

        self._do(work())

    def operations(self, device_id: str) -> dict[str, dict[str, Any]]:
        """All operations of a board by their correlators, as the REST interface shows them."""

        async def work() -> dict[str, dict[str, Any]]:
            async with self._storage.reading() as db:
                rows = await operations_of(db, await _known(db, device_id))
                return {row.correlator: views.operation(row) for row in rows}

        return self._do(work())

    def packages(self) -> list[str]:
        """Ids of the packages that this server has."""

        async def work() -> list[str]:
            async with self._storage.reading() as db:
                return sorted(set(await db.scalars(select(Package.package_id))))

        return self._do(work())


async def _known(db: AsyncSession, device_id: str) -> Device:
    device = await device_named(db, device_id)
    if device is None:
        raise UscomoError(f"{device_id}: the in-process server does not know this board")
    return device


async def _clear(db: AsyncSession, device: Device) -> None:
    for operation in await operations_of(db, device):
        if operation.state in NOT_BEGUN:
            move(operation, "failed", None, "given up")


class Exchange:
    """One HTTP exchange: bytes of the request in; the whole answer out, when it is complete."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._connection = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._largest = server.max_body

    def receive(self, data: bytes) -> bytes | None:
        """Take bytes of the request; the answer, or None while the request is not complete."""
        self._connection.receive_data(data)
        try:
            while True:
                event = self._connection.next_event()
                if isinstance(event, h11.Request):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._largest:
                        return _refusal(413, "Content Too Large")
                elif isinstance(event, h11.EndOfMessage):
                    return self._answer()
                else:
                    return None
        except h11.RemoteProtocolError as error:
            return _refusal(error.error_status_hint, "Bad Request")
        except httpx.InvalidURL:
            return _refusal(400, "Bad Request")

    def _answer(self) -> bytes:
        assert self._head is not None
        headers = [
            (name.decode(), value.decode("latin-1"))
            for name, value in self._head.headers
            if name.decode() not in _HOP
        ]
        target = self._head.target
        if not target.startswith(b"/"):
            return _refusal(400, "Bad Request")
        request = httpx.Request(
            self._head.method.decode(),
            _BASE + quote(target, safe="/?=&%:+,;@!$'()*~-._"),
            headers=headers,
            content=bytes(self._body),
        )
        response = self._server.answer(request)
        given = [
            (name, value)
            for name, value in response.headers.raw
            if name.decode().lower() not in (*_HOP, "content-length")
        ]
        given.append((b"Content-Length", b"%d" % len(response.content)))
        head = h11.Response(status_code=response.status_code, headers=given, reason=b"OK")
        parts = (head, h11.Data(data=response.content), h11.EndOfMessage())
        if self._head.method == b"HEAD":
            parts = (head, h11.Data(data=b""), h11.EndOfMessage())
        return b"".join(self._connection.send(part) or b"" for part in parts)


def _refusal(code: int, reason: str) -> bytes:
    return f"HTTP/1.1 {code} {reason}\r\nContent-Length: 0\r\n\r\n".encode()
