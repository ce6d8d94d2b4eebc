"""The bytes that devices get: whole packages, and updates made of two of them when wanted.

An update is the newer package without the files that the older one has too (its manifest and
signature are the newer one's, so nobody needs a key to make it). It is made once for each pair
and kept in the data folder. An empty file says that an update of this pair is not worth it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from uscomo_tools.package import PackageError, update
from uscomo_tools.server.catalogue import PackageFolder


class Contents:
    """Packages and updates, by SHA-256 of the package and of the one that an update builds on."""

    def __init__(self, folder: PackageFolder) -> None:
        self.packages = folder
        self.folder = folder.folder.parent / "updates"

    def path(self, sha256: str, base: str = "") -> Path:
        """Where the bytes lie; of an update only after it was made."""
        if not base:
            return self.packages.path(sha256)
        return self.folder / f"{sha256}.from.{base}.pkg"

    def size(self, sha256: str, base: str = "") -> int:
        """Bytes of a content; 0 for an update that does not pay. Makes the update if need be."""
        path = self.path(sha256, base)
        if base and not path.exists():
            self._make(sha256, base, path)
        return path.stat().st_size

    def read(self, sha256: str, base: str, offset: int, size: int) -> bytes:
        """A piece of a content."""
        with self.path(sha256, base).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def etag(self, sha256: str, base: str = "") -> str:
        """The SHA-256 of the bytes as they lie there, so that changed ones are noticed."""
        return hashlib.sha256(self.path(sha256, base).read_bytes()).hexdigest()

    def _make(self, sha256: str, base: str, path: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.packages.path(sha256)
        with TemporaryDirectory(dir=self.folder) as folder:
            made = Path(folder, "update")
            try:
                update(self.packages.path(base), new, made)
            except PackageError:  # the two have nothing in common
                made.write_bytes(b"")
            if made.stat().st_size >= new.stat().st_size:
                made.write_bytes(b"")
            os.replace(made, path)
