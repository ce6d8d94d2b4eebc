"""Extracts a package into a folder, as a board does into its slots: one folder a component.

Every path was checked by the board's rules when the package was read, before a byte is written.
Nothing is written through a link that was there before.
"""

from __future__ import annotations

from pathlib import Path

from .read import Package
from .rules import PackageError


def unpack(package: Package, folder: Path, force: bool = False) -> list[Path]:
    """Write a package's files.

    Parameters
    ----------
    package
        Of an update package only the files in it are written; see `complete`.
    folder
        Made if it is not there; has to be empty.
    force
        Write into a folder that is not empty, over files of the same names.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    PackageError
        The folder is not empty, a link stands in the way, or a file cannot be written.
    """
    written = []
    try:
        if folder.exists() and any(folder.iterdir()) and not force:
            raise PackageError(f"{folder}: not empty; name another folder, or add --force")
        for file in package.files:
            path = folder
            for part in ("", *file.path.split("/")):
                path = path / part
                if path != folder and path.is_symlink():
                    raise PackageError(f"{path}: a link; nothing is written through it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            written.append(path)
    except OSError as error:
        raise PackageError(f"{error.filename or folder}: {error.strerror}") from error
    return written
