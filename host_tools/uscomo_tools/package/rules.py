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
from . import limits

PACKAGE_TYPE = "application/vnd.uscomo.package+gzip"
MANIFEST = "manifest"
SIGNATURE = "manifest.sig"
#: The agent's component id, and its package's name for `import`.
AGENT = "uscomo"


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
        Its folder in the package; left out on the limits.
    env
        ``micropython``, ``micropython;mpy=6.3`` (bytecode) or with ``;arch=armv6m`` (native).
    entry
        The module whose ``main()`` is run; None for a library.
    provides
        Top-level names that ``import`` finds in it.
    requires
        Ids of components that have to be active before it.
    agent
        It is the agent itself: the one that may provide ``uscomo``, and provides nothing else.
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
    agent: bool = False

    def as_json(self) -> dict[str, Any]:
        """As in the header: no ``entry`` for a library, ``agent`` for the agent only."""
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in ("id", "name", "version", "release", "dir")
        }
        fields["env"] = self.env
        if self.entry:
            fields["entry"] = self.entry
        fields |= {"provides": list(self.provides), "requires": list(self.requires)}
        return fields | ({"agent": True} if self.agent else {})


@dataclass(frozen=True)
class Header:
    """The manifest's first line.

    Parameters
    ----------
    types
        Device types that it is for; all if empty.
    downgrade
        Devices take it although they have had a newer release, and set their floor to its.
    """

    id: str
    components: tuple[Component, ...]
    types: tuple[str, ...] = field(default=())
    downgrade: bool = False

    def encode(self) -> bytes:
        """The line with its end, after all rules for it were checked."""
        for component in self.components:
            _check_component(component)
        if not limits.safe_id(self.id):
            raise PackageError(f"package id {self.id!r}: {_ID_RULE}")
        for kind in self.types:
            if not kind or not kind.isascii() or not kind.isprintable():
                raise PackageError(f"device type {kind!r}: printable ASCII is asked for")
        fields: dict[str, Any] = {"format": 1, "id": self.id}
        if self.types:
            fields["types"] = list(self.types)
        if self.downgrade:
            fields["downgrade"] = True
        fields["components"] = [component.as_json() for component in self.components]
        _check_as_board(fields)
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        line = text.encode() + b"\n"
        if len(line) > limits.MAX_HEADER:
            raise PackageError(
                f"header of {len(line)} bytes: at most {limits.MAX_HEADER}; shorten names, or "
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
            header = cls(
                id=fields["id"],
                components=components,
                types=tuple(fields.get("types", ())),
                downgrade=_flag(fields, "downgrade"),
            )
            header.encode()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise PackageError(f"manifest: unusable header: {error!r}") from error
        return header


def _component(fields: dict[str, Any]) -> Component:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    _flag(fields, "agent")
    return Component(**values)


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if type(value) is not bool:
        raise PackageError(f"header: {name!r} is true or absent, not {value!r}")
    return value


_ENVIRONMENT = re.compile(r"micropython(;mpy=\d+\.\d+(;arch=[a-z0-9]+)?)?")
_ID_RULE = "letters, digits, then also `.`, `_`, `-`; at most 64"


def _check_component(component: Component) -> None:
    where = f"component {component.id!r}"
    for value, what in ((component.id, "id"), (component.dir, "dir")):
        if not limits.safe_id(value):
            raise PackageError(f"{where}, {what} {value!r}: {_ID_RULE}")
    if not component.version or not component.name:
        raise PackageError(f"{where}: it needs a name and a version")
    if not _ENVIRONMENT.fullmatch(component.env):
        raise PackageError(f"{where}: unknown environment {component.env!r}")
    if not 0 <= component.release < 1 << 31:
        raise PackageError(f"{where}: release {component.release} is out of range")
    if component.agent and (component.provides != (AGENT,) or component.entry):
        raise PackageError(f"{where}: an agent provides {AGENT!r}, nothing else, and has no entry")
    for name in component.provides:
        if not limits.plain_name(name, b"_", b"_"):
            raise PackageError(f"{where}: provides {name!r}, which is no module name")
        if limits.reserved(name) and not component.agent:
            raise PackageError(f"{where}: provides {name!r}, which is reserved")
    if component.entry and component.entry not in component.provides:
        raise PackageError(f"{where}: entry {component.entry!r} is none of its modules")
    for name in component.requires:
        if not limits.safe_id(name):
            raise PackageError(f"{where}: requires {name!r}, which is no component id")


def _check_as_board(fields: dict[str, Any]) -> None:
    try:
        limits.check_header(fields)
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
    if len(sizes) > limits.MAX_FILES:
        raise PackageError(f"{len(sizes)} files: at most {limits.MAX_FILES}")
    if sum(sizes.values()) > limits.MAX_UNPACKED:
        raise PackageError(f"files of {sum(sizes.values())} bytes: at most {limits.MAX_UNPACKED}")
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
    if not path.isascii() or len(path) > limits.MAX_PATH:
        raise PackageError(f"{path}: at most {limits.MAX_PATH} ASCII characters with its folder")
    if rest.partition("/")[0].lower() == limits.RESERVED_FILE:
        raise PackageError(f"{path}: the name is reserved for the board's own use")
    if not limits.safe_path(rest):
        raise PackageError(
            f"{path}: names are letters, digits and `_`, then also `.` and `-`, at most "
            f"{limits.MAX_DEPTH} deep"
        )


def _check_place(path: str, rest: str, component: Component) -> None:
    try:
        limits.check_place(rest, component.provides)
    except limits.BoardError as error:
        top = rest.partition("/")[0]
        raise PackageError(
            f"{path}: {top!r} is not among what {component.id!r} provides, or is reserved"
        ) from error
