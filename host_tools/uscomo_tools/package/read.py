"""Reads a delivery package, strictly: what a board would refuse is refused here."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import limits
from .keys import PublicKey
from .limits import BLOCK, WINDOW_BITS
from .rules import MANIFEST, SIGNATURE, Component, Header, PackageError, check_files
from .sign import Signature, verify_manifest

# All entries of the largest package with their headers and padding, and the end of the tar.
_GZIP = b"\x1f\x8b"
_MAX_TAR = (
    limits.MAX_UNPACKED
    + limits.MAX_MANIFEST
    + 2 * BLOCK * limits.MAX_FILES
    + limits.MAX_SIGNATURE
    + 4096
)
_INPUT_STEP = 64


@dataclass(frozen=True)
class Entry:
    """A line of the manifest; ``path`` starts with its component's folder, ``size`` in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class File:
    """A file of a package; ``path`` starts with its component's folder."""

    path: str
    sha256: str
    data: bytes


@dataclass(frozen=True)
class Package:
    """A package that obeys all rules; whether to trust its signer is asked of `verify`.

    Parameters
    ----------
    data
        All of it, as it is sent.
    files
        Those that are in it: of an *update package* only some of what the manifest lists.
    entries
        The manifest's lines.
    signature
        Content of `manifest.sig`; empty if it is not signed yet.
    """

    data: bytes
    header: Header
    files: tuple[File, ...]
    manifest: bytes
    signature: bytes
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """The package's id, by which devices ask for it."""
        return self.header.id

    @property
    def components(self) -> tuple[Component, ...]:
        """The components in it."""
        return self.header.components

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature, right or wrong."""
        return bool(self.signature)

    @property
    def is_update(self) -> bool:
        """Whether files are left out, for the device to take from the version it runs."""
        return len(self.files) < len(self.entries)

    @property
    def missing(self) -> tuple[Entry, ...]:
        """What an update package leaves out."""
        present = {file.path for file in self.files}
        return tuple(entry for entry in self.entries if entry.path not in present)

    @property
    def key_id(self) -> str:
        """The id of the key that it says it was signed with; empty if it is not signed."""
        return Signature.decode(self.signature).key_id if self.signature else ""

    @property
    def signer(self) -> str:
        """The key id that devices pin its components to: the key's, or its endorser's."""
        return Signature.decode(self.signature).signer if self.signature else ""

    @property
    def unpacked_size(self) -> int:
        """Bytes of all files, those that an update leaves out included."""
        return sum(entry.size for entry in self.entries)

    def verify(self, keys: Iterable[PublicKey], revoked: Iterable[str] = ()) -> PublicKey:
        """The key among ``keys`` that signed it or endorsed its signer, see `verify_manifest`."""
        return verify_manifest(self.manifest, self.signature, keys, revoked)


def read_package(
    source: bytes | Path, *, allow_update: bool = False, allow_unsigned: bool = False
) -> Package:
    """Reads a package and checks everything but the signature.

    Parameters
    ----------
    source
        The package's bytes, or the path of its file.
    allow_update
        Take an update package too, whose files are not all there.
    allow_unsigned
        Take a package without `manifest.sig` too, which no board does.

    Raises
    ------
    PackageError
        It breaks a rule of the format; where a path was given, the message begins with it.
    """
    if not isinstance(source, Path):
        return _read(source, allow_update, allow_unsigned)
    data = _load(source)
    try:
        return _read(data, allow_update, allow_unsigned)
    except PackageError as error:
        raise type(error)(f"{source}: {error}") from error


def _read(data: bytes, allow_update: bool, allow_unsigned: bool) -> Package:
    if len(data) > _MAX_TAR:
        raise PackageError("larger than any package may be")
    tar = _Tar(_inflate(data))
    manifest = tar.entry(MANIFEST, limits.MAX_MANIFEST)
    header, entries = _parse(manifest)
    check_files(header.components, {entry.path: entry.size for entry in entries})
    signature = b""
    if not (allow_unsigned and tar.names_another_than(SIGNATURE)):
        signature = tar.entry(SIGNATURE, limits.MAX_SIGNATURE)
        Signature.decode(signature)
    files = []
    for entry in entries:
        if not tar.is_next(entry):
            continue
        content = tar.entry(entry.path, entry.size, entry.size)
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise PackageError(f"{entry.path}: its hash is not the manifest's")
        files.append(File(entry.path, entry.sha256, content))
    package = Package(data, header, tuple(files), manifest, signature, tuple(entries))
    tar.end(package.missing)
    if package.is_update and not allow_update:
        raise PackageError(
            f"an update package: {len(package.missing)} of {len(entries)} files are left out; "
            "the whole package is asked for"
        )
    return package


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TAR + 1)
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from error


def _parse(manifest: bytes) -> tuple[Header, list[Entry]]:
    first, _, rest = manifest.partition(b"\n")
    lines = rest.split(b"\n")
    if lines.pop():
        raise PackageError("manifest: its last line has no end")
    if len(first) >= limits.MAX_HEADER:
        raise PackageError(f"manifest: a header of more than {limits.MAX_HEADER} bytes")
    header = Header.decode(first)
    entries: list[Entry] = []
    for line in lines:
        entry = _split(line)
        if entries and entry.path <= entries[-1].path:
            raise PackageError(f"{entry.path}: paths must ascend")
        entries.append(entry)
    return header, entries


def _split(line: bytes) -> Entry:
    if len(line) >= limits.MAX_LINE:
        raise PackageError(f"manifest: a line of {len(line)} bytes, at most {limits.MAX_LINE}")
    try:
        digest, size, path = line.decode("ascii").split(" ")
        if not size.isdigit() or len(size) > 7:
            raise ValueError("no usable size")
        if len(digest) != 64:
            raise ValueError("no SHA-256")
    except ValueError as error:
        raise PackageError(f"manifest: {line[:80]!r}: {error}") from error
    if len(path) > limits.MAX_PATH:
        raise PackageError(f"{path}: at most {limits.MAX_PATH} ASCII characters")
    return Entry(path, digest, int(size))


class _Tar:
    """Takes the entries one after the other; each header has to be the one that is due."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def _take(self, size: int, what: str) -> bytes:
        piece = self._data[self._position : self._position + size]
        if len(piece) != size:
            raise PackageError(f"{what}: the package ends early")
        self._position += size
        return piece

    def names_another_than(self, name: str) -> bool:
        found = self._data[self._position : self._position + 100]
        return found != name.encode().ljust(100, b"\0")

    def is_next(self, entry: Entry) -> bool:
        found = self._data[self._position : self._position + BLOCK]
        return found == _header(entry.path, entry.size)

    def entry(self, name: str, limit: int, size: int | None = None) -> bytes:
        found = self._take(BLOCK, name)
        if size is None:
            try:
                size = int(found[124:135], 8)
            except ValueError as error:
                raise PackageError(f"{name}: tar header without size") from error
            if not 0 < size <= limit:
                raise PackageError(f"{name}: {size} bytes, at most {limit}")
        if found != _header(name, size):
            raise PackageError(f"{name}: its tar header is not the one of this format")
        content = self._take(size, name)
        self._take(-size % BLOCK, name)
        return content

    def end(self, missing: tuple[Entry, ...]) -> None:
        if self._data[self._position :] == bytes(2 * BLOCK):
            return
        if missing:
            raise PackageError(
                f"{missing[0].path}: its tar header is not the one of this format, or it is not "
                "in its place"
            )
        raise PackageError("end of the tar: two empty blocks and nothing else belong there")


def _header(name: str, size: int) -> bytes:
    header = bytearray(BLOCK)
    limits.write_header(header, name, size)
    return bytes(header)


def _inflate(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        raise PackageError("no gzip file, which packages are")
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        output = inflate.decompress(data, _MAX_TAR + 1)
        if len(output) > _MAX_TAR:
            raise PackageError("gzip: inflates to more than any package may have")
        if not inflate.eof:
            raise PackageError("gzip: it ends early")
        if inflate.unused_data:
            raise PackageError("gzip: bytes after its end")
    except zlib.error as error:
        raise PackageError(f"gzip: {error}") from error
    _check_window(data)
    return output


def _check_window(data: bytes) -> None:
    # One byte of output at a time: more would let zlib find in its output what a board, which
    # has nothing but the window, cannot. Small steps of input, because the rest is copied.
    inflate = zlib.decompressobj(16 + WINDOW_BITS)
    position = 0
    try:
        while not inflate.eof:
            if not inflate.decompress(inflate.unconsumed_tail, 1):
                step = data[position : position + _INPUT_STEP]
                position += len(step)
                inflate.decompress(inflate.unconsumed_tail + step, 1)
    except zlib.error as error:
        raise PackageError(f"gzip: needs a window of more than {WINDOW_BITS} bits") from error
