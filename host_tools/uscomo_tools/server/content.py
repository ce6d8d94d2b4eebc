"""What devices download: descriptors, packages and updates, by hash, for anybody who knows it.

``<sha256>.pkg`` is a package, ``<sha256>.from.<sha256 of the older one>.pkg`` the update from an
older one; with ``.dd`` instead the descriptor of either. Ranges, If-Range and HEAD are
Starlette's; the ETag is the SHA-256 of the bytes as they lie there, so that a download that is
resumed never joins two different contents.
"""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from uscomo_tools.server.catalogue import DESCRIPTOR_TYPE, descriptor, package_with_hash
from uscomo_tools.server.contents import Contents
from uscomo_tools.server.models import Package
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.steps import PACKAGE_TYPE
from uscomo_tools.server.storage import Storage


class Content:
    """GET of descriptors and packages."""

    def __init__(self, storage: Storage, contents: Contents) -> None:
        self.storage = storage
        self.contents = contents

    def routes(self) -> list[Route]:
        """Everything below /content."""
        return [
            Route("/content/{sha256}.from.{base}.dd", self.descriptor),
            Route("/content/{sha256}.from.{base}.pkg", self.package),
            Route("/content/{sha256}.dd", self.descriptor),
            Route("/content/{sha256}.pkg", self.package),
        ]

    async def _find(self, request: Request) -> tuple[Package, str, int]:
        """The package that was asked for, what it builds on, and the content's size."""
        base = request.path_params.get("base", "")
        async with self.storage.reading() as db:
            package = await package_with_hash(db, request.path_params["sha256"])
            older = await package_with_hash(db, base) if base else package
        if package is None or older is None:
            raise Problem(404, "no such package")
        size = package.size
        if base:
            size = await to_thread.run_sync(self.contents.size, package.sha256, base)
        if not size:
            raise Problem(404, "no such update")
        return package, base, size

    async def descriptor(self, request: Request) -> Response:
        """A download descriptor whose object lies where the descriptor was found."""
        package, _, size = await self._find(request)
        url = str(request.url.replace(query="", fragment=""))
        text = descriptor(package, url.removesuffix(".dd") + ".pkg", size)
        return Response(text, media_type=DESCRIPTOR_TYPE)

    async def package(self, request: Request) -> Response:
        """The bytes of a delivery package or an update."""
        package, base, _ = await self._find(request)
        etag = await to_thread.run_sync(self.contents.etag, package.sha256, base)
        kept = "no-cache" if base else "immutable"  # an update may be made again, differently
        headers = {"etag": f'"{etag}"', "cache-control": f"public, {kept}"}
        path = self.contents.path(package.sha256, base)
        return FileResponse(path, media_type=PACKAGE_TYPE, headers=headers)
