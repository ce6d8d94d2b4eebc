"""Reads a delivery package, strictly: what a board would refuse is refused here."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import limits as board
from .keys import PublicKey
from .rules import MANIFEST, SIGNATURE, Component, Header, PackageError, check_files
from .sign import signer_of, verify_manifest

BLOCK = 512
WINDOW_BITS = 12
_MAX_SIGNATURE = 1 + 8 + 512
# All entries of the largest package with their headers and padding, and the end of the tar.
_MAX_TAR = (
    board.MAX_UNPACKED + board.MAX_MANIFEST + 2 * BLOCK * board.MAX_FILES + _MAX_SIGNATURE + 4096
)
_INPUT_STEP = 64


@dataclass(frozen=True)
class File:
    """A file of a package; ``path`` starts with its component's folder."""

    path: str
    sha256: str
    data: bytes


@dataclass(frozen=True)
class Package:
    """A package that obeys all rules; whether to trust its signer is asked of `verify`."""

    data: bytes
    header: Header
    files: tuple[File, ...]
    manifest: bytes
    signature: bytes

    @property
    def id(self) -> str:
        """The package's id, by which devices ask for it."""
        return self.header.id

    @property
    def components(self) -> tuple[Component, ...]:
        """The components in it."""
        return self.header.components

    @property
    def key_id(self) -> str:
        """The id of the key that it says it was signed with."""
        return signer_of(self.signature)

    @property
    def unpacked_size(self) -> int:
        """Bytes of all files."""
        return sum(len(file.data) for file in self.files)

    def verify(self, keys: Iterable[PublicKey]) -> PublicKey:
        """The key among ``keys`` that signed it; `SignatureError` if none did."""
        return verify_manifest(self.manifest, self.signature, keys)


def read_package(source: bytes | Path) -> Package:
    """Reads a package and checks everything but the signature.

    Parameters
    ----------
    source
        The package's bytes, or the path of its file.

    Raises
    ------
    PackageError
        It breaks a rule of the format.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                data = file.read(_MAX_TAR + 1)
        except OSError as error:
            raise PackageError(f"{source}: {error.strerror}") from error
    else:
        data = source
    if len(data) > _MAX_TAR:
        raise PackageError("larger than any package may be")
    tar = _Tar(_inflate(data))
    manifest = tar.entry(MANIFEST, board.MAX_MANIFEST)
    signature = tar.entry(SIGNATURE, _MAX_SIGNATURE)
    signer_of(signature)
    first, _, rest = manifest.partition(b"\n")
    lines = rest.split(b"\n")
    if lines.pop():
        raise PackageError("manifest: its last line has no end")
    header = Header.decode(first)
    files: list[File] = []
    for line in lines:
        digest, size, path = _split(line)
        if files and path <= files[-1].path:
            raise PackageError(f"{path}: paths must ascend")
        content = tar.entry(path, size, size)
        if hashlib.sha256(content).hexdigest() != digest:
            raise PackageError(f"{path}: its hash is not the manifest's")
        files.append(File(path, digest, content))
    tar.end()
    check_files(header.components, {file.path: len(file.data) for file in files})
    return Package(data, header, tuple(files), manifest, signature)


def _split(line: bytes) -> tuple[str, int, str]:
    if len(line) >= board.MAX_LINE:
        raise PackageError(f"manifest: a line of {len(line)} bytes, at most {board.MAX_LINE}")
    try:
        digest, size, path = line.decode("ascii").split(" ")
        if not size.isdigit() or len(size) > 7:
            raise ValueError("no usable size")
    except ValueError as error:
        raise PackageError(f"manifest: {line[:80]!r}: {error}") from error
    return digest, int(size), path


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

    def entry(self, name: str, limit: int, size: int | None = None) -> bytes:
        found = self._take(BLOCK, name)
        if size is None:
            try:
                size = int(found[124:135], 8)
            except ValueError as error:
                raise PackageError(f"{name}: tar header without size") from error
            if not 0 < size <= limit:
                raise PackageError(f"{name}: {size} bytes, at most {limit}")
        expected = bytearray(BLOCK)
        if len(name) > board.MAX_PATH or not name.isascii():
            raise PackageError(f"{name}: at most {board.MAX_PATH} ASCII characters")
        board.write_header(expected, name, size)
        if found != expected:
            raise PackageError(f"{name}: its tar header is not the one of this format")
        content = self._take(size, name)
        self._take(-size % BLOCK, name)
        return content

    def end(self) -> None:
        if self._data[self._position :] != bytes(2 * BLOCK):
            raise PackageError("end of the tar: two empty blocks and nothing else belong there")


def _inflate(data: bytes) -> bytes:
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
