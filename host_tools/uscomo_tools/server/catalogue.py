"""Published packages: rows in the database, bytes in the data folder under their SHA-256.

An application id, be it a package's or a component's, belongs to its first publisher. One
version of a component has one release, because inventories tell versions only.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from xml.sax.saxutils import escape

import anyio.to_thread
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from uscomo_tools.errors import UscomoError
from uscomo_tools.package import Package as Archive
from uscomo_tools.package import read_package
from uscomo_tools.server import policy
from uscomo_tools.server.access import Caller
from uscomo_tools.server.models import ApplicationId, Package
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.steps import PACKAGE_TYPE
from uscomo_tools.server.storage import packages_of

DESCRIPTOR_TYPE = "application/vnd.oma.dd+xml"


class PackageFolder:
    """The bytes of packages, by SHA-256."""

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder / "packages"

    def path(self, sha256: str) -> Path:
        """Where a package's bytes lie."""
        return self.folder / f"{sha256}.pkg"

    def keep(self, sha256: str, data: bytes) -> None:
        """Store a package whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(data)
        os.replace(file.name, self.path(sha256))


async def publish(
    db: AsyncSession,
    folder: PackageFolder,
    data: bytes,
    caller: Caller,
    ask: str,
    replace: bool = False,
) -> tuple[Package, bool]:
    """Add a package to the catalogue.

    Parameters
    ----------
    ask
        ``server``: an Alert 1101 before the installation; ``device``: the device asks by itself.
    replace
        Another content may have been published under the same id and release, as while an
        application is being written.

    Returns
    -------
    tuple of Package and bool
        The package, and whether it is new: publishing the same bytes again changes nothing.

    Raises
    ------
    Problem
        400 not a package, 403 somebody else's application id, 409 another content was published
        under the same id and release, or a version with another release.
    """
    try:
        archive = await anyio.to_thread.run_sync(read_package, data)
    except UscomoError as error:
        raise Problem(400, f"not a delivery package: {error}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    await _claim(db, archive, caller)
    catalogue = await packages_of(db)
    for present in catalogue:
        if present.sha256 == sha256:
            return present, False
    package = _package(archive, sha256, len(data), caller, ask)
    if not replace:
        _check_conflicts(package, catalogue)
    await anyio.to_thread.run_sync(folder.keep, sha256, data)
    db.add(package)
    await db.flush()
    return package, True


async def _claim(db: AsyncSession, archive: Archive, caller: Caller) -> None:
    for name in sorted({archive.id, *(component.id for component in archive.components)}):
        owner = await db.get(ApplicationId, name)
        if owner is None:
            db.add(ApplicationId(name=name, provider_id=caller.provider_id))
        elif owner.provider_id != caller.provider_id:
            raise Problem(403, f"{name} belongs to another publisher")


def _package(archive: Archive, sha256: str, size: int, caller: Caller, ask: str) -> Package:
    first = archive.components[0]
    return Package(
        package_id=archive.id,
        sha256=sha256,
        size=size,
        name=first.name,
        version=first.version,
        release=max(component.release for component in archive.components),
        vendor=caller.name,
        types=list(archive.header.types),
        components=[component.as_json() for component in archive.components],
        # The most specific environment is the package's: it fits where all of it fits.
        env=max((component.env for component in archive.components), key=len),
        key_id=archive.key_id,
        ask=ask,
        provider_id=caller.provider_id,
    )


def _check_conflicts(package: Package, catalogue: Sequence[Package]) -> None:
    known = policy.releases(catalogue)
    for component in package.components:
        release = known.get((component["id"], component["version"]), component["release"])
        if release != component["release"]:
            name = f"{component['id']} {component['version']}"
            raise Problem(409, f"{name} was published as release {release}")
    for present in catalogue:
        same = (present.package_id, present.release) == (package.package_id, package.release)
        overlap = not present.types or not package.types or set(present.types) & set(package.types)
        if same and overlap:
            raise Problem(
                409, f"{package.package_id} release {package.release} is published already"
            )


async def package_with_hash(db: AsyncSession, sha256: str) -> Package | None:
    """A published package by the hash of its bytes."""
    return await db.scalar(select(Package).where(Package.sha256 == sha256))


def describe(package: Package) -> dict[str, Any]:
    """A package as the REST interface shows it."""
    return {
        "id": package.package_id,
        "name": package.name,
        "version": package.version,
        "release": package.release,
        "types": package.types,
        "env": package.env,
        "components": package.components,
        "size": package.size,
        "sha256": package.sha256,
        "vendor": package.vendor,
        "key_id": package.key_id,
        "ask": package.ask,
        "published_at": package.published_at,
    }


def descriptor(package: Package, url: str, size: int) -> str:
    """The download descriptor of OMA Download 1.0 (digest, section 2).

    Parameters
    ----------
    url, size
        Where the bytes are, and how many: the whole package's or an update's.
    """
    values = {
        "DDVersion": "1.0",
        "name": package.name,
        "vendor": package.vendor,
        "description": f"{package.name} {package.version}",
        "type": PACKAGE_TYPE,
        "size": str(size),
        "objectURI": url,
    }
    children = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<media xmlns="http://www.openmobilealliance.org/xmlns/dd">{children}</media>'
    )
