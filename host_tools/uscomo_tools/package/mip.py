"""Packages for mip, MicroPython's own installer, as components.

A mip package is a `package.json`: ``urls`` are pairs of target path and source, ``hashes`` pairs
of target path and the first digits of the content's SHA-256 below ``INDEX/file/``, ``deps`` pairs
of package and version, ``version`` a text. A package is named by a path, a URL (http, https,
file), a shorthand (``github:owner/repository/path@branch``, also gitlab and codeberg), or by its
name in an index, where the source of version V lies at ``INDEX/package/py/NAME/V.json``. Source
of these rules: MicroPython documentation, "Package management".

All files become one component: on a board nothing else can tell whose they are. What comes from
elsewhere is bounded in number, size and depth, and a description never reads outside its folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

import httpx

from ..errors import RefusedError, UnreachableError
from . import limits
from .agent import release_of
from .build import DESCRIPTION, Project, Source
from .rules import Component, PackageError

#: How far dependencies may lead from the package that was asked for.
MAX_DEPENDENCY_DEPTH = 8
#: Descriptions that may be read for one package.
MAX_DESCRIPTIONS = 64
TIMEOUT_SECONDS = 30.0

_MAX_DESCRIPTION = 65536
_LATEST = "latest"
_DESCRIPTION = "package.json"
_HOSTS = {
    "github:": "https://raw.githubusercontent.com/{owner}/{name}/{ref}/{path}",
    "gitlab:": "https://gitlab.com/{owner}/{name}/-/raw/{ref}/{path}",
    "codeberg:": "https://codeberg.org/{owner}/{name}/raw/branch/{ref}/{path}",
}
_SCHEMES = ("http://", "https://", "file://")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_REF = re.compile(r"[A-Za-z0-9._/+-]+")

#: Gets the content of an http or https URL, at most so many bytes.
Fetch = Callable[[str, int], bytes]


@dataclass(frozen=True)
class MipPackage:
    """What mip would install.

    Parameters
    ----------
    name
        The last part of where it came from.
    version
        Of the description; empty if it does not say.
    files
        Contents by target path, those of all dependencies included.
    descriptions
        URLs of everything that was read to find them.
    """

    name: str
    version: str
    files: dict[str, bytes]
    descriptions: tuple[str, ...] = field(default=())

    def component(
        self,
        id: str | None = None,
        version: str | None = None,
        release: int | None = None,
        entry: str | None = None,
    ) -> Component:
        """It as a component, still to be compiled.

        Parameters
        ----------
        id
            ``mip.`` and the name by default.
        release
            What `release_of` makes of the version by default.
        entry
            The module whose ``main()`` is run; a library by default.
        """
        version = version or self.version or "0"
        id = id or f"mip.{self.name}"
        return Component(
            id=id,
            name=self.name,
            version=version,
            release=release_of(version) if release is None else release,
            dir=id.rpartition(".")[2] or id,
            env="",
            entry=entry,
        )

    def project(self, component: Component) -> Project:
        """What `build` makes the package of; the component's id is the package's as well."""
        return Project(component.id, (Source(component, self.files),))


def fetch(url: str, limit: int) -> bytes:
    """Get a URL over http or https.

    Raises
    ------
    UnreachableError
        No answer.
    RefusedError
        401 or 403.
    PackageError
        Another answer than 200, or more than ``limit`` bytes.
    """
    data = bytearray()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_SECONDS) as response:
            if response.status_code in (401, 403):
                raise RefusedError(f"{url}: HTTP {response.status_code}")
            if response.status_code != 200:
                raise PackageError(f"{url}: HTTP {response.status_code}")
            for piece in response.iter_bytes():
                data += piece
                if len(data) > limit:
                    raise PackageError(f"{url}: more than {limit} bytes")
    except httpx.InvalidURL as error:
        raise PackageError(f"{url}: {error}") from error
    except httpx.HTTPError as error:
        raise UnreachableError(f"{url}: {error}") from error
    return bytes(data)


def read_mip(
    source: str,
    index: str | None = None,
    without: Collection[str] = (),
    fetch: Fetch = fetch,
) -> MipPackage:
    """Find everything that mip would install.

    Parameters
    ----------
    source
        Path or URL of a `package.json`, of the folder it lies in, or of one .py or .mpy file; a
        shorthand; or a name in the index. ``@version`` behind a shorthand or name is a branch,
        tag or version.
    index
        Path or URL of the index that dependencies without a URL come from.
    without
        Names of dependencies that the board has already.
    fetch
        What gets http and https URLs.

    Raises
    ------
    PackageError
        A description or file is missing or against the rules, two files want the same place,
        two versions of a package are asked for, or a limit is exceeded.
    """
    reader = _Reader(index.rstrip("/") if index else None, frozenset(without), fetch)
    package, version = source, ""
    if not source.startswith(_SCHEMES) and not _is_local(source):
        package, _, version = source.partition("@")
    name = reader.add(package, version, ())
    return MipPackage(name, reader.version, reader.files, tuple(reader.read))


class _Reader:
    def __init__(self, index: str | None, without: frozenset[str], fetch: Fetch) -> None:
        self._index = None if index is None else _as_url(index)
        self._without = without
        self._fetch = fetch
        self._versions: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.read: list[str] = []
        self.version = ""

    def add(self, package: str, version: str, path: tuple[str, ...], asked_by: str = "") -> str:
        """Take a package and what it depends on: its name.

        ``path`` are the packages that led here, ``asked_by`` the last one's description.
        """
        wanted = version or _LATEST
        known = self._versions.get(package)
        if known:
            # A cycle, or two that need the same: once is enough, if they mean the same.
            if wanted not in (known, _LATEST):
                raise PackageError(
                    f"{package}: {asked_by} asks for {wanted}, another package for {known}"
                )
            return package
        self._versions[package] = wanted
        if len(path) > MAX_DEPENDENCY_DEPTH:
            raise PackageError(
                f"dependencies deeper than {MAX_DEPENDENCY_DEPTH}: {' -> '.join(path)}"
            )
        url, name = self._locate(package, wanted, not path)
        if asked_by and _is_remote(asked_by) and not _is_remote(url) and not self._of_index(url):
            raise PackageError(f"{asked_by}: comes from a network, and names {package!r}")
        if url.endswith((".py", ".mpy")):
            file = unquote(url.rpartition("/")[2])
            self._take(file, url, self._get(url))
            return file.rpartition(".")[0]
        self._describe(url, package, wanted, path)
        return name

    def _of_index(self, url: str) -> bool:
        return self._index is not None and url.startswith(self._index + "/")

    def _locate(self, package: str, version: str, may_be_local: bool) -> tuple[str, str]:
        # (URL of a description or file, name)
        if package.startswith((*_SCHEMES, *_HOSTS)):
            url = package
        elif may_be_local and (_is_local(package) or not _NAME.fullmatch(package)):
            url = _as_url(package)
        else:
            return self._in_index(package, version), package
        if not url.endswith((".py", ".mpy", ".json")):
            url = f"{url.rstrip('/')}/{_DESCRIPTION}"
        name = url.rpartition("/")[0].rpartition("/")[2].rpartition(":")[2]
        return _expand(url, version), re.sub(r"[^A-Za-z0-9._-]", "-", unquote(name)).strip("-._")

    def _in_index(self, name: str, version: str) -> str:
        if self._index is None:
            raise PackageError(
                f"{name}: neither a file nor a URL; name the index it comes from with --index"
            )
        if not _NAME.fullmatch(name) or not _NAME.fullmatch(version):
            raise PackageError(f"{name!r}, version {version!r}: not a name and a version")
        return f"{self._index}/package/py/{name}/{version}.json"

    def _describe(self, url: str, package: str, version: str, path: tuple[str, ...]) -> None:
        if len(self.read) >= MAX_DESCRIPTIONS:
            raise PackageError(f"{package}: more than {MAX_DESCRIPTIONS} packages are needed")
        self.read.append(url)
        about = _parse(url, self._get(url, _MAX_DESCRIPTION))
        if not path:
            self.version = _text(url, about.get("version", ""))
        for target, digest in _pairs(url, about, "hashes"):
            self._take(target, url, self._hashed(url, target, digest))
        for target, where in _pairs(url, about, "urls"):
            self._take(target, url, self._get(self._resolve(url, where, version)))
        for name, wanted in _pairs(url, about, "deps"):
            if name not in self._without:
                self.add(name, wanted, (*path, package), url)

    def _resolve(self, description: str, where: str, version: str) -> str:
        url = urljoin(description, _expand(where, version))
        if _is_remote(url):
            return url
        if _is_remote(description):
            raise PackageError(f"{description}: comes from a network, and names {where!r}")
        folder = _path(description).parent.resolve()
        if not _path(url).resolve().is_relative_to(folder):
            raise PackageError(f"{description}: names {where!r}, which is not in its folder")
        return url

    def _hashed(self, description: str, target: str, digest: str) -> bytes:
        if self._index is None or not re.fullmatch("[0-9a-f]{8,64}", digest):
            raise PackageError(f"{description}: {target}: a hash in no index")
        data = self._get(f"{self._index}/file/{digest[:2]}/{digest}")
        if not hashlib.sha256(data).hexdigest().startswith(digest):
            raise PackageError(f"{description}: {target}: its content has not the hash {digest}")
        return data

    def _get(self, url: str, limit: int = 0) -> bytes:
        # A description of at most `limit` bytes, or a file of the package.
        if not limit:
            if len(self.files) >= limits.MAX_FILES:
                raise PackageError(f"more than {limits.MAX_FILES} files")
            limit = limits.MAX_UNPACKED - sum(map(len, self.files.values()))
        if _is_remote(url):
            return self._fetch(url, limit)
        path = _path(url)
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise PackageError(f"{path}: {error.strerror}") from error
        if len(data) > limit:
            raise PackageError(f"{path}: more than {limit} bytes")
        return data

    def _take(self, target: str, origin: str, data: bytes) -> None:
        if not limits.safe_path(target) or target == DESCRIPTION:
            raise PackageError(f"{origin}: {target!r} may not stand in a component")
        if self.files.setdefault(target, data) != data:
            raise PackageError(f"{target}: not the same in {self._origins[target]} and {origin}")
        self._origins.setdefault(target, origin)


def _expand(url: str, version: str) -> str:
    """A shorthand as a URL; anything else as it is."""
    for prefix, pattern in _HOSTS.items():
        if not url.startswith(prefix):
            continue
        parts = url.removeprefix(prefix).split("/", 2)
        ref = "HEAD" if version in ("", _LATEST) else version
        if len(parts) < 3 or not all(map(_NAME.fullmatch, parts[:2])) or not _REF.fullmatch(ref):
            raise PackageError(f"{url}: {prefix}owner/repository/path is asked for")
        return pattern.format(owner=parts[0], name=parts[1], ref=ref, path=parts[2])
    return url


def _as_url(path: str) -> str:
    return path if path.startswith(_SCHEMES) else Path(path).resolve().as_uri()


def _is_local(source: str) -> bool:
    path = Path(source)
    return path.is_file() or (path / _DESCRIPTION).is_file()


def _is_remote(url: str) -> bool:
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise PackageError(f"{url}: {error}") from error
    if scheme not in ("file", "http", "https"):
        raise PackageError(f"{url}: http, https, file, github:, gitlab: and codeberg: are known")
    return scheme != "file"


def _path(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))


def _parse(url: str, data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{url}: not JSON: {error}") from error
    if not isinstance(about, dict):
        raise PackageError(f"{url}: not a description of a package")
    return about


def _pairs(url: str, about: dict[str, Any], name: str) -> list[tuple[str, str]]:
    found = []
    pairs = about.get(name, [])
    for pair in pairs if isinstance(pairs, list) else [None]:
        # A dependency without a version takes the latest.
        if name == "deps" and isinstance(pair, list) and len(pair) == 1:
            pair = [*pair, ""]
        if not isinstance(pair, list) or len(pair) != 2:
            raise PackageError(f"{url}: {name!r} is not a list of pairs")
        found.append((_text(url, pair[0]), _text(url, pair[1] or "")))
    return found


def _text(url: str, value: Any) -> str:
    if not isinstance(value, str):
        raise PackageError(f"{url}: {value!r} stands where a text is asked for")
    return value
