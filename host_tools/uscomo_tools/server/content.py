"""What devices download: descriptors and packages, by hash, for anybody who knows it.

Ranges, If-Range and HEAD are Starlette's; the ETag is the content's SHA-256.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from uscomo_tools.server.catalogue import (
    DESCRIPTOR_TYPE,
    PackageFolder,
    descriptor,
    package_with_hash,
)
from uscomo_tools.server.models import Package
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.steps import PACKAGE_TYPE
from uscomo_tools.server.storage import Storage


class Content:
    """GET of descriptors and packages."""

    def __init__(self, storage: Storage, folder: PackageFolder) -> None:
        self.storage = storage
        self.folder = folder

    async def _package(self, request: Request) -> Package:
        async with self.storage.reading() as db:
            package = await package_with_hash(db, request.path_params["sha256"])
        if package is None:
            raise Problem(404, "no such package")
        return package

    async def descriptor(self, request: Request) -> Response:
        """A download descriptor whose object lies where the descriptor was found."""
        package = await self._package(request)
        text = descriptor(package, str(request.base_url).rstrip("/"))
        return Response(text, media_type=DESCRIPTOR_TYPE)

    async def package(self, request: Request) -> Response:
        """A delivery package's bytes."""
        package = await self._package(request)
        headers = {"etag": f'"{package.sha256}"', "cache-control": "public, immutable"}
        path = self.folder.path(package.sha256)
        return FileResponse(path, media_type=PACKAGE_TYPE, headers=headers)
