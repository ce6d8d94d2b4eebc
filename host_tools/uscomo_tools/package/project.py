"""Makes project folders: a new application, and what was brought from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from . import limits
from .build import DESCRIPTION
from .files import refuse_existing, write_whole
from .rules import Component, PackageError

_SKELETON = Path(__file__).parent / "board"


def create_project(
    folder: Path, id: str | None = None, name: str | None = None, force: bool = False
) -> list[Path]:
    """Make the folder of a new application that builds, installs and runs as it is.

    Parameters
    ----------
    folder
        Made if it is not there.
    id
        Of package and component; ``com.example.`` and the folder's name by default. Its last part
        is the module's name.
    name
        For people; the id's last part by default.
    force
        Write over files of the same names.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    PackageError
        The id is none, its last part is no name for a module, or a file is there already.
    """
    id = id or f"com.example.{folder.resolve().name}"
    if not limits.safe_id(id):
        raise PackageError(f"{id!r}: no id (letters, digits, `.`, `_`, `-`); give another --id")
    last = id.rpartition(".")[2]
    module = last.replace("-", "_")
    if not limits.plain_name(module, b"_", b"_") or limits.reserved(module):
        raise PackageError(f"{id}: no module can be called {module!r}; give another --id")
    contents = {
        f"{module}.py": (_SKELETON / "app.py").read_text(encoding="utf-8"),
        "greeting.txt": (_SKELETON / "greeting.txt").read_text(encoding="utf-8"),
        DESCRIPTION: (_SKELETON / DESCRIPTION)
        .read_text(encoding="utf-8")
        .replace('"{name}"', _quoted(name or last))
        .replace("{id}", id)
        .replace("{module}", module),
    }
    return write_project(folder, {path: text.encode() for path, text in contents.items()}, force)


def describe_project(component: Component) -> bytes:
    """The `uscomo.toml` of a package with one component, which bears the package's id too."""
    lines = ["[package]", f"id = {_quoted(component.id)}", "", "[[component]]"]
    for name in ("id", "name", "version", "dir", "entry"):
        value = getattr(component, name)
        if value:
            lines.append(f"{name} = {_quoted(value)}")
    lines.append(f"release = {component.release}")
    if component.requires:
        lines.append(f"requires = [{', '.join(map(_quoted, component.requires))}]")
    return ("\n".join(lines) + "\n").encode()


def write_project(folder: Path, files: Mapping[str, bytes], force: bool = False) -> list[Path]:
    """Write files below a folder, after all their paths were checked by the board's rules.

    Raises
    ------
    PackageError
        A path may not stand in a component, is there already and ``force`` is not given, or
        cannot be written.
    """
    paths = []
    for name in files:
        if not limits.safe_path(name):
            raise PackageError(f"{name}: may not stand in a component; nothing was written")
        path = folder / name
        for parent in path.parents:
            if parent == folder:
                break
            if parent.is_symlink():
                raise PackageError(f"{parent}: a link; nothing is written through it")
        refuse_existing(path, force)
        paths.append(path)
    try:
        for path, content in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as error:
        raise PackageError(f"{error.filename or folder}: {error.strerror}") from error
    return paths


def _quoted(text: str) -> str:
    # A JSON string is a TOML string.
    return json.dumps(text, ensure_ascii=False)
