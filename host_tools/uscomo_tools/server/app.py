"""The ASGI application: the DM endpoint, the content, the REST interface, the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from uscomo_tools.server.api import Api
from uscomo_tools.server.catalogue import PackageFolder
from uscomo_tools.server.content import Content
from uscomo_tools.server.contents import Contents
from uscomo_tools.server.endpoint import DmEndpoint
from uscomo_tools.server.exchange import Exchanger
from uscomo_tools.server.pages import Pages
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.settings import ServerSettings
from uscomo_tools.server.storage import Storage


def create_app(settings: ServerSettings) -> Starlette:
    """Put a server together.

    Its database opens with the application's lifespan. Nothing of a session is kept in the
    process, so that any number of workers can serve one database and data folder.
    """
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    storage = Storage(settings.database)
    folder = PackageFolder(settings.data_folder)
    content = Content(storage, Contents(folder))
    dm = DmEndpoint(Exchanger(storage, settings), settings.max_body)
    api = Api(storage, folder, settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await storage.start()
        if settings.notify_port:
            await api.notifier.outward.open(settings.host, settings.notify_port)
        yield
        await api.notifier.stop()
        await storage.stop()

    return Starlette(
        routes=[
            Route(settings.dm_path, dm.post, methods=["POST"]),
            *content.routes(),
            *api.routes(),
            *Pages(storage, settings.operator_token).routes(),
        ],
        exception_handlers={HTTPException: _explain, Problem: _explain},
        lifespan=lifespan,
    )


async def _explain(request: Request, error: Exception) -> Response:
    """Errors as JSON below /api, as a line of text elsewhere."""
    assert isinstance(error, HTTPException | Problem)
    headers = getattr(error, "headers", None)
    if request.url.path.startswith("/api/"):
        body = {"ok": False, "error": error.detail}
        return JSONResponse(body, error.status_code, headers=headers)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=headers)
