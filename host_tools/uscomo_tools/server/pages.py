"""The pages: the fleet, one device, one session with every message decoded. Read only."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from uscomo_tools.server import views
from uscomo_tools.server.access import COOKIE, may_read_pages, page_cookie, token_is_good
from uscomo_tools.server.models import Component, Device, DmSession
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.storage import (
    Storage,
    components_of,
    delivered_of,
    device_named,
    messages_of,
    operations_of,
)

SESSIONS_SHOWN = 50


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


class Pages:
    """HTML for people."""

    def __init__(self, storage: Storage, operator_token: str) -> None:
        self.storage = storage
        self.operator_token = operator_token
        self.templates = Environment(
            loader=PackageLoader(__package__ or "", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters["moment"] = _moment
        self.css = (resources.files(__package__ or "") / "templates/style.css").read_text("utf-8")

    def routes(self) -> list[Route]:
        """The pages and their style sheet."""
        return [
            Route("/", self.fleet),
            Route("/devices/{device_id}", self.device),
            Route("/sessions/{number:int}", self.session),
            Route("/style.css", self.style),
        ]

    def _refuse(self, request: Request) -> Response | None:
        """Let nobody in who may not read; turn a token in the URL into a cookie."""
        if "token" in request.query_params and token_is_good(request, self.operator_token):
            bare = request.url.remove_query_params("token")
            response = RedirectResponse(f"{bare.path}?{bare.query}".rstrip("?"), 303)
            response.set_cookie(
                COOKIE,
                page_cookie(self.operator_token),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
            return response
        if may_read_pages(request, self.operator_token):
            return None
        raise Problem(403, "open this page with ?token= and the operator's token")

    def _page(self, name: str, **values: Any) -> Response:
        html = self.templates.get_template(name).render(**values)
        policy = "default-src 'none'; style-src 'self'"
        return HTMLResponse(html, headers={"content-security-policy": policy})

    async def style(self, request: Request) -> Response:
        """The one style sheet."""
        return Response(self.css, media_type="text/css")

    async def fleet(self, request: Request) -> Response:
        """Every device with its software."""
        if (refused := self._refuse(request)) is not None:
            return refused
        async with self.storage.reading() as db:
            devices = (await db.scalars(select(Device).order_by(Device.device_id))).all()
            components = (await db.scalars(select(Component).order_by(Component.id))).all()
        software: dict[int, list[dict[str, Any]]] = {}
        for row in components:
            software.setdefault(row.device_pk, []).append(views.component(row))
        rows = [(views.device(device), software.get(device.id, [])) for device in devices]
        return self._page("fleet.html", title="Devices", devices=rows)

    async def device(self, request: Request) -> Response:
        """One device: inventory, operations, sessions."""
        if (refused := self._refuse(request)) is not None:
            return refused
        async with self.storage.reading() as db:
            device = await device_named(db, request.path_params["device_id"])
            if device is None:
                raise Problem(404, "no such device")
            return self._page(
                "device.html",
                title=device.device_id,
                device=views.device(device),
                devinfo=device.devinfo,
                inventory=[views.component(row) for row in await components_of(db, device)],
                delivered=[views.delivered(row) for row in await delivered_of(db, device)],
                operations=[views.operation(row) for row in await operations_of(db, device)],
                sessions=await _sessions(db, device),
            )

    async def session(self, request: Request) -> Response:
        """One session: every message decoded."""
        if (refused := self._refuse(request)) is not None:
            return refused
        async with self.storage.reading() as db:
            row = await db.get(DmSession, request.path_params["number"])
            if row is None:
                raise Problem(404, "no such session")
            messages = await messages_of(db, session_pk=row.id)
        return self._page(
            "session.html",
            title=f"Session {row.session_id}",
            device_id=row.device_id,
            session=views.session(row),
            messages=[views.message(message) for message in messages],
        )


async def _sessions(db: AsyncSession, device: Device) -> list[dict[str, Any]]:
    query = select(DmSession).where(DmSession.device_id == device.device_id)
    rows = await db.scalars(query.order_by(DmSession.id.desc()).limit(SESSIONS_SHOWN))
    return [views.session(row) for row in rows]
