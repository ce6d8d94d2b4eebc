"""The REST interface: what operators and service providers do.

A handler gets the request, an open transaction and its caller, and returns the JSON answer and
its HTTP status. ``ROUTES`` says which handler answers what, and whether it is the operator's.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from uscomo_tools.server import catalogue, commands, credentials, notify, orders, policy, views
from uscomo_tools.server.access import Caller, caller_of, may_set_default, token_hash
from uscomo_tools.server.catalogue import PackageFolder
from uscomo_tools.server.endpoint import TooLarge, read_body
from uscomo_tools.server.fields import Field, one_of, optional, read_json, read_object, texts
from uscomo_tools.server.models import (
    Authorisation,
    DefaultSoftware,
    Device,
    Operation,
    Provider,
    now,
)
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.settings import ServerSettings
from uscomo_tools.server.storage import (
    Storage,
    commands_of,
    components_of,
    delivered_of,
    device_named,
    facts_of,
    last_session,
    messages_of,
    operations_of,
    packages_of,
)

Answer = tuple[Any, int]
Handler = Callable[["Api", Request, AsyncSession, Caller], Awaitable[Answer]]

DEVICE_FIELDS = {
    "device_id": Field(str),
    "user": Field(str, ""),
    "password": Field(str, ""),
    "server_password": Field(str, ""),
    "type": Field(str, ""),
    "auth": one_of("md5", "none", *credentials.SCHEMES),
    "server_auth": one_of("md5", "none", "md5", "mac"),
    "client_nonce": Field(str, ""),
    "server_nonce": Field(str, ""),
    "scomo_root": optional(str),
    "notify": Field(str, ""),
}


class Api:
    """The REST interface on one database."""

    def __init__(self, storage: Storage, folder: PackageFolder, settings: ServerSettings) -> None:
        self.storage = storage
        self.folder = folder
        self.settings = settings
        self.notifier = notify.Notifier(storage)

    def routes(self) -> list[Route]:
        """Everything below /api."""
        routes = [
            Route(path, self._endpoint(handler, operator_only), methods=[method])
            for method, path, handler, operator_only in ROUTES
        ]
        return [Route("/api/health", _health), *routes]

    def _endpoint(
        self, handler: Handler, operator_only: bool
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            # Nobody waits for the database while a name is looked up.
            reads = request.method == "GET" or handler is notify_device
            scope = self.storage.reading if reads else self.storage.writing
            async with scope() as db:
                caller = await caller_of(request, db, self.settings.operator_token)
                if operator_only and not caller.is_operator:
                    raise Problem(403, "only the operator may do this")
                queued = notify.Queued(db)
                value, status = await handler(self, request, db, caller)
                calls = await queued.calls(db)
            # Now the device finds what it is called for.
            await self.notifier.call_all(calls)
            return JSONResponse(value, status)

        return answer


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _device(request: Request, db: AsyncSession) -> Device:
    device = await device_named(db, request.path_params["device_id"])
    if device is None:
        raise Problem(404, f"no device {request.path_params['device_id']}")
    return device


# -- packages ---------------------------------------------------------------------------------


async def publish_package(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/packages?ask=server|device"""
    ask = request.query_params.get("ask", "server")
    if ask not in orders.ASKERS:
        raise Problem(400, f"ask is one of {', '.join(orders.ASKERS)}")
    try:
        data = await read_body(request, api.settings.max_package)
    except TooLarge:
        raise Problem(413, f"more than {api.settings.max_package} bytes") from None
    package, new = await catalogue.publish(db, api.folder, data, caller, ask)
    return {"ok": True, **catalogue.describe(package)}, 201 if new else 200


async def list_packages(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/packages"""
    return [catalogue.describe(package) for package in await packages_of(db)], 200


# -- devices ----------------------------------------------------------------------------------


async def add_device(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/devices"""
    given = await read_object(request, DEVICE_FIELDS)
    if not given["device_id"]:
        raise Problem(400, "device_id is empty")
    if await device_named(db, given["device_id"]) is not None:
        raise Problem(409, f"{given['device_id']} has an account already")
    if given["notify"]:
        notify.parse_address(given["notify"])
    name = api.settings.server_id
    device = Device(
        device_id=given["device_id"],
        device_type=given["type"],
        user=given["user"],
        auth=given["auth"],
        secret=credentials.secret(given["user"], given["password"]),
        client_nonce=_nonce(given, "client_nonce"),
        server_auth=given["server_auth"],
        server_name=name,
        server_secret=credentials.secret(name, given["server_password"]),
        server_nonce=_nonce(given, "server_nonce"),
        scomo_root=(given["scomo_root"] or "").rstrip("/") or None,
        notify=given["notify"],
    )
    db.add(device)
    await db.flush()
    return {"ok": True, **views.device(device)}, 201


def _nonce(given: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(given[name], validate=True)
    except binascii.Error:
        raise Problem(400, f"{name} is not base64") from None


async def list_devices(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/devices"""
    devices = await db.scalars(select(Device).order_by(Device.device_id))
    return [views.device(device) for device in devices], 200


async def show_device(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/devices/{id}"""
    device = await _device(request, db)
    session = await last_session(db, device.device_id)
    return {
        **views.device(device),
        "devinfo": device.devinfo,
        "inventory": [views.component(row) for row in await components_of(db, device)],
        "delivered": [views.delivered(row) for row in await delivered_of(db, device)],
        "operations": [views.operation(row) for row in await operations_of(db, device)],
        "last_session": views.session(session) if session else None,
    }, 200


async def change_device(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """PATCH /api/devices/{id}"""
    return await notify.set_address(request, db, await _device(request, db))


async def notify_device(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/devices/{id}/notify"""
    device = await _device(request, db)
    call, zero_nonce = await notify.read_call(request, db, device)
    try:
        await api.notifier.call(call, zero_nonce)
    except OSError as error:
        raise Problem(502, f"no way to {device.notify}: {error}") from error
    answer = {"device_id": device.device_id, "notify": device.notify}
    return {"ok": True, **answer, "session_id": f"{call.session_id:X}"}, 202


async def list_operations(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/devices/{id}/operations"""
    device = await _device(request, db)
    return [views.operation(row) for row in await operations_of(db, device)], 200


async def add_operation(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/devices/{id}/operations"""
    device = await _device(request, db)
    given = await read_object(request, orders.OPERATION_FIELDS)
    added = orders.ordered(device, await facts_of(db, device), given)
    return await _queue(db, added)


async def send_trust(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/devices/{id}/trust"""
    device = await _device(request, db)
    given = await read_object(request, orders.TRUST_FIELDS)
    return await _queue(db, [orders.trust(device, given["statement"])])


async def add_command(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/devices/{id}/commands"""
    device = await _device(request, db)
    try:
        row = commands.ordered(device, await read_json(request))
    except commands.NoCommand as error:
        raise Problem(400, str(error)) from None
    except commands.BeyondLimits as error:
        raise Problem(409, str(error)) from None
    db.add(row)
    await db.flush()
    return {"ok": True, **commands.describe(row)}, 201


async def list_commands(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/devices/{id}/commands"""
    device = await _device(request, db)
    return [commands.describe(row) for row in await commands_of(db, device)], 200


async def _queue(db: AsyncSession, added: list[Operation]) -> Answer:
    db.add_all(added)
    await db.flush()
    return {"ok": True, "operations": [views.operation(row) for row in added]}, 201


# -- providers and defaults -------------------------------------------------------------------


async def add_provider(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/providers"""
    given = await read_object(request, {"name": Field(str)})
    if not given["name"] or given["name"] == "operator":
        raise Problem(400, "a provider needs a name of its own")
    if await _provider(db, given["name"]) is not None:
        raise Problem(409, f"there is a provider {given['name']} already")
    token = secrets.token_urlsafe(24)
    db.add(Provider(name=given["name"], token_hash=token_hash(token)))
    return {"ok": True, "name": given["name"], "token": token}, 201


async def _provider(db: AsyncSession, name: str) -> Provider | None:
    return await db.scalar(select(Provider).where(Provider.name == name))


async def _named_provider(request: Request, db: AsyncSession) -> Provider:
    given = await read_object(request, {"provider": Field(str)})
    provider = await _provider(db, given["provider"])
    if provider is None:
        raise Problem(404, f"no provider {given['provider']}")
    return provider


async def authorise(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """POST /api/types/{type}/authorisations"""
    provider = await _named_provider(request, db)
    device_type = request.path_params["type"]
    await db.merge(Authorisation(provider_id=provider.id, device_type=device_type))
    return {"ok": True, "type": device_type, "provider": provider.name}, 201


async def withdraw(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """DELETE /api/types/{type}/authorisations"""
    provider = await _named_provider(request, db)
    device_type = request.path_params["type"]
    await db.execute(
        delete(Authorisation).where(
            Authorisation.provider_id == provider.id, Authorisation.device_type == device_type
        )
    )
    return {"ok": True, "type": device_type, "provider": provider.name}, 200


async def set_default(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """PUT /api/types/{type}/default"""
    device_type = request.path_params["type"]
    if not await may_set_default(db, caller, device_type):
        raise Problem(403, f"{caller.name} is not authorised for type {device_type}")
    given = await read_object(request, {"packages": texts()})
    facts = policy.Facts(device_type, packages=await packages_of(db))
    for name in given["packages"]:
        if policy.newest(facts, name) is None:
            raise Problem(404, f"no package {name} fits type {device_type}")
    await db.merge(
        DefaultSoftware(
            device_type=device_type,
            packages=given["packages"],
            provider_id=caller.provider_id,
            changed_at=now(),
        )
    )
    return {"ok": True, "type": device_type, "packages": given["packages"]}, 200


async def show_default(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/types/{type}/default"""
    device_type = request.path_params["type"]
    default = await db.get(DefaultSoftware, device_type)
    return {"type": device_type, "packages": default.packages if default else []}, 200


async def list_messages(api: Api, request: Request, db: AsyncSession, caller: Caller) -> Answer:
    """GET /api/messages?after=<id>&device=<device id>"""
    after = request.query_params.get("after", "0")
    if not after.isdecimal():
        raise Problem(400, "after is a message id")
    rows = await messages_of(db, int(after), request.query_params.get("device"))
    return [views.message(row) for row in rows], 200


ROUTES: list[tuple[str, str, Handler, bool]] = [
    ("POST", "/api/packages", publish_package, False),
    ("GET", "/api/packages", list_packages, False),
    ("POST", "/api/devices", add_device, True),
    ("GET", "/api/devices", list_devices, True),
    ("GET", "/api/devices/{device_id}", show_device, True),
    ("PATCH", "/api/devices/{device_id}", change_device, True),
    ("POST", "/api/devices/{device_id}/notify", notify_device, True),
    ("POST", "/api/devices/{device_id}/operations", add_operation, True),
    ("POST", "/api/devices/{device_id}/trust", send_trust, True),
    ("GET", "/api/devices/{device_id}/operations", list_operations, True),
    ("POST", "/api/devices/{device_id}/commands", add_command, True),
    ("GET", "/api/devices/{device_id}/commands", list_commands, True),
    ("POST", "/api/providers", add_provider, True),
    ("POST", "/api/types/{type}/authorisations", authorise, True),
    ("DELETE", "/api/types/{type}/authorisations", withdraw, True),
    ("PUT", "/api/types/{type}/default", set_default, False),
    ("GET", "/api/types/{type}/default", show_default, False),
    ("GET", "/api/messages", list_messages, True),
]
