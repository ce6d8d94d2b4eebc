"""The rules of a delivery package, in words: what `uscomo.rules` refuses on the board.

Beyond it, what only the host can see at once: names that differ by case alone (FAT), a module
beside its compiled twin, a file where a folder is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UscomoError
from . import limits as board

PACKAGE_TYPE = "application/vnd.uscomo.package+gzip"
MANIFEST = "manifest"
SIGNATURE = "manifest.sig"


class PackageError(UscomoError):
    """A package, or what one is built from, breaks a rule; the message names place and rule."""


class SignatureError(PackageError):
    """The package is not signed by any of the given keys."""


@dataclass(frozen=True)
class Component:
    """One deployment component, as the manifest's header describes it.

    Parameters
    ----------
    id
        Reversed domain name; pinned to the signer of its first installation.
    dir
        Its folder in the package; left out on the board.
    env
        ``micropython``, ``micropython;mpy=6.3`` (bytecode) or with ``;arch=armv6m`` (native).
    entry
        The module whose ``main()`` is run; None for a library.
    provides
        Top-level names that ``import`` finds in it.
    requires
        Ids of components that have to be active before it.
    """

    id: str
    name: str
    version: str
    release: int
    dir: str
    env: str
    entry: str | None = None
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As in the header; no `entry` for a library."""
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in ("id", "name", "version", "release", "dir")
        }
        fields["env"] = self.env
        if self.entry:
            fields["entry"] = self.entry
        return fields | {"provides": list(self.provides), "requires": list(self.requires)}


@dataclass(frozen=True)
class Header:
    """The manifest's first line."""

    id: str
    components: tuple[Component, ...]
    types: tuple[str, ...] = field(default=())

    def encode(self) -> bytes:
        """The line with its end, after all rules for it were checked."""
        for component in self.components:
            _check_component(component)
        if not board.safe_id(self.id):
            raise PackageError(f"package id {self.id!r}: {_ID_RULE}")
        for kind in self.types:
            if not kind or not kind.isascii() or not kind.isprintable():
                raise PackageError(f"device type {kind!r}: printable ASCII is asked for")
        fields: dict[str, Any] = {"format": 1, "id": self.id}
        if self.types:
            fields["types"] = list(self.types)
        fields["components"] = [component.as_json() for component in self.components]
        _check_as_board(fields)
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        line = text.encode() + b"\n"
        if len(line) > board.MAX_HEADER:
            raise PackageError(
                f"header of {len(line)} bytes: at most {board.MAX_HEADER}; shorten names, or "
                "make two packages"
            )
        return line

    @classmethod
    def decode(cls, line: bytes) -> Header:
        """From the line without its end."""
        try:
            fields = json.loads(line)
            _check_as_board(fields)
            components = tuple(_component(component) for component in fields["components"])
            header = cls(fields["id"], components, tuple(fields.get("types", ())))
            header.encode()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise PackageError(f"manifest: unusable header: {error!r}") from error
        return header


def _component(fields: dict[str, Any]) -> Component:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    return Component(**values)


_ENVIRONMENT = re.compile(r"micropython(;mpy=\d+\.\d+(;arch=[a-z0-9]+)?)?")
_ID_RULE = "letters, digits, then also `.`, `_`, `-`; at most 64"


def _check_component(component: Component) -> None:
    where = f"component {component.id!r}"
    for value, what in ((component.id, "id"), (component.dir, "dir")):
        if not board.safe_id(value):
            raise PackageError(f"{where}, {what} {value!r}: {_ID_RULE}")
    if not component.version or not component.name:
        raise PackageError(f"{where}: it needs a name and a version")
    if not _ENVIRONMENT.fullmatch(component.env):
        raise PackageError(f"{where}: unknown environment {component.env!r}")
    if not 0 <= component.release < 1 << 31:
        raise PackageError(f"{where}: release {component.release} is out of range")
    for name in component.provides:
        if not board.plain_name(name, b"_", b"_"):
            raise PackageError(f"{where}: provides {name!r}, which is no module name")
        if board.reserved(name):
            raise PackageError(f"{where}: provides {name!r}, which is reserved")
    if component.entry and component.entry not in component.provides:
        raise PackageError(f"{where}: entry {component.entry!r} is none of its modules")
    for name in component.requires:
        if not board.safe_id(name):
            raise PackageError(f"{where}: requires {name!r}, which is no component id")


def _check_as_board(fields: dict[str, Any]) -> None:
    try:
        board.check_header(fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackageError(
            "header: it needs a component, all fields of each, and no id, dir or provided name "
            "twice"
        ) from error


def check_files(components: Iterable[Component], sizes: Mapping[str, int]) -> None:
    """All rules for the files of a package.

    Parameters
    ----------
    components
        Those of the header.
    sizes
        Bytes of each file by its path in the package.

    Raises
    ------
    PackageError
        Names the first file that breaks a rule, and the rule.
    """
    by_dir = {component.dir: component for component in components}
    if len(sizes) > board.MAX_FILES:
        raise PackageError(f"{len(sizes)} files: at most {board.MAX_FILES}")
    if sum(sizes.values()) > board.MAX_UNPACKED:
        raise PackageError(f"files of {sum(sizes.values())} bytes: at most {board.MAX_UNPACKED}")
    folded: dict[str, str] = {}
    for path in sizes:
        folder, _, rest = path.partition("/")
        if folder not in by_dir:
            raise PackageError(f"{path}: in no component's folder")
        _check_path(path, rest)
        _check_place(path, rest, by_dir[folder])
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            other = folded.setdefault(_on_flash(prefix), prefix)
            if other != prefix:
                raise PackageError(f"{path}: in the way of {other}")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in sizes:
                raise PackageError(f"{path}: {'/'.join(parts[:end])} is a file")
    for component in by_dir.values():
        if not any(path.startswith(component.dir + "/") for path in sizes):
            raise PackageError(f"component {component.id!r}: no file in {component.dir}/")


def _on_flash(path: str) -> str:
    # Two paths with the same result cannot be on one board: `a.py` hides `a.mpy`, and FAT
    # ignores case.
    stem = path.lower()
    for suffix in (".py", ".mpy"):
        if stem.endswith(suffix):
            return stem[: -len(suffix)] + ".py"
    return stem


def _check_path(path: str, rest: str) -> None:
    if not path.isascii() or len(path) > board.MAX_PATH:
        raise PackageError(f"{path}: at most {board.MAX_PATH} ASCII characters with its folder")
    if rest.partition("/")[0].lower() == board.RESERVED_FILE:
        raise PackageError(f"{path}: the name is reserved for the board's own use")
    if not board.safe_path(rest):
        raise PackageError(
            f"{path}: names are letters, digits and `_`, then also `.` and `-`, at most "
            f"{board.MAX_DEPTH} deep"
        )


def _check_place(path: str, rest: str, component: Component) -> None:
    try:
        board.check_place(rest, component.provides)
    except board.BoardError as error:
        top = rest.partition("/")[0]
        raise PackageError(
            f"{path}: {top!r} is not among what {component.id!r} provides, or is reserved"
        ) from error
