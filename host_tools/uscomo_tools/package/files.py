"""Files: read with an error that names them, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from .rules import PackageError


def read_bytes(path: Path) -> bytes:
    """The content of a file; `PackageError` if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, in place of what is there; `PackageError` if that fails."""
    try:
        if path.exists() and not path.is_file():  # such as /dev/stdout
            path.write_bytes(data)
            return
        with NamedTemporaryFile(dir=path.parent, prefix=".uscomo-", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from error
    try:
        # A temporary file is for its owner only.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PackageError(f"{path}: {error.strerror}") from error


def refuse_existing(path: Path, force: bool) -> None:
    """`PackageError` where something is there that only ``force`` overwrites."""
    if not force and (path.exists() or path.is_symlink()):
        raise PackageError(f"{path}: exists already; name another file, or add --force")
