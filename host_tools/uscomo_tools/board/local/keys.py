"""The developer's own folder, and in it the key that signs what `uscomo board install` builds."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from filelock import FileLock

from ...errors import UscomoError
from ...package.keys import PublicKey, SigningKey

#: Names another folder than the user's own, as tests and build machines want it.
FOLDER_VARIABLE = "USCOMO_LOCAL"

_KEY = "developer-key.pem"


def local_folder() -> Path:
    """Return where the developer's key and the in-process server's data lie; made if need be."""
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) if named else platformdirs.user_data_path("uscomo") / "local"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UscomoError(f"{folder}: {error.strerror}; {FOLDER_VARIABLE} names another") from None
    return folder


def developer_key(folder: Path | None = None) -> SigningKey:
    """Return the developer's signing key, made on first use, readable by its owner only.

    Parameters
    ----------
    folder
        In place of the user's own.

    Raises
    ------
    PackageError
        The file is there and is no key.
    """
    folder = folder or local_folder()
    path = folder / _KEY
    with FileLock(folder / (_KEY + ".lock")):
        if path.exists():
            return SigningKey.load(path)
        key = SigningKey.generate()
        whole = folder / (_KEY + ".new")
        whole.unlink(missing_ok=True)
        key.save(whole)
        os.replace(whole, path)
        return key


def developer_public_key(folder: Path | None = None) -> PublicKey:
    """Return the half of the developer's key that a board gets as a trust anchor."""
    return developer_key(folder).public
