"""What a deployed board looks like: boot.py's block, the generations' manifests. Pure.

How it comes about and why: see `deployment`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

ROOT = "/uscomo.a"
STORE = "/uscomo.d"
BOOT, MAIN = "/boot.py", "/main.py"
LIBRARY = "/lib/uscomo"
MANIFEST = "manifest"
WAS_MAIN = f"{ROOT}/was/main.py"
# A file that takes another one's place is whole before it gets its name. In the same folder: a
# power cut between the two halves of a rename from one folder to another makes littlefs hide
# other files of the folder too, until something is written.
NEW = "/uscomo.new"
GENERATIONS = (1, 2)

_FORMAT = 1
_BLOCK = """\
# uscomo begins: `uscomo board undeploy` takes this out again, down to the end mark.
import sys

sys.path.insert(0, "{root}/{generation}")
import uscomo_boot

uscomo_boot.start()
# uscomo ends{what}
"""
_MADE, _ADDED = ".", ", what follows is yours."
_FOUND = re.compile(
    rb'# uscomo begins.*?"' + ROOT.encode() + rb'/(\d)".*?# uscomo ends([^\r\n]*)\r?\n',
    re.DOTALL,
)


@dataclass(frozen=True)
class BootText:
    """A boot.py, taken apart.

    Attributes
    ----------
    generation
        The one that our block names; 0 where there is no such block.
    foreign
        What is not ours, byte for byte; None where nothing was there before.
    """

    generation: int
    foreign: bytes | None

    @classmethod
    def parse(cls, text: bytes | None) -> BootText:
        """Take a board's boot.py apart; None for a board without one."""
        found = text is not None and _FOUND.search(text)
        if text is None or not found:
            return cls(0, text)
        rest = text[: found.start()] + text[found.end() :]
        made = found[2].decode(errors="replace") == _MADE
        return cls(int(found[1]), None if made and not rest else rest)

    def encode(self) -> bytes:
        """The file's contents; nothing where it is not to be there."""
        if not self.generation:
            return self.foreign or b""
        what = _MADE if self.foreign is None else _ADDED
        block = _BLOCK.format(root=ROOT, generation=self.generation, what=what)
        return block.encode() + (self.foreign or b"")


@dataclass(frozen=True)
class Manifest:
    """What one generation consists of.

    Attributes
    ----------
    files
        Path in the generation's folder -> SHA-256.
    version
        The agent's.
    main
        SHA-256 of our main.py in hexadecimal digits.
    store
        Whether the board had a store before it was deployed for the first time.
    """

    files: Mapping[str, bytes]
    version: str
    main: str
    store: bool

    def encode(self) -> bytes:
        """A JSON header, then a line a file: hash, path."""
        header = {
            "format": _FORMAT,
            "version": self.version,
            "main": self.main,
            "store": self.store,
        }
        lines = [json.dumps(header, separators=(",", ":"))]
        lines += [f"{digest.hex()} {path}" for path, digest in sorted(self.files.items())]
        return "\n".join(lines).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Manifest | None:
        """The manifest, or None where a cut has left half of one, or another format."""
        try:
            first, *lines = data.decode().split("\n")
            header = json.loads(first)
            if header["format"] != _FORMAT or lines.pop():
                return None
            split = [line.split(" ", 1) for line in lines]
            files = {path: bytes.fromhex(digest) for digest, path in split}
            return cls(files, str(header["version"]), str(header["main"]), bool(header["store"]))
        except (ValueError, KeyError, TypeError, IndexError):
            return None


@dataclass(frozen=True)
class Found:
    """What lies on a board, as far as it matters here.

    Attributes
    ----------
    boot, main
        Contents of boot.py and main.py; None where there is none.
    new
        Contents of `NEW` where there is no boot.py; else None.
    files
        Path -> SHA-256 of all below `ROOT`, and of `NEW`.
    folders
        The folders below `ROOT`, and `ROOT` itself.
    manifests
        Contents of each generation's manifest.
    store
        Whether there is a store.
    library
        Files of an agent in /lib, where `mip` puts it.
    block
        Size of the file system's block in bytes.
    """

    boot: bytes | None = None
    main: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    manifests: Mapping[int, bytes] = field(default_factory=dict)
    store: bool = False
    library: tuple[str, ...] = ()
    block: int = 4096
    new: bytes | None = None

    @property
    def lost_boot(self) -> bytes | None:
        """What boot.py was to become when a cut took its name in the middle of a rename."""
        if self.boot is not None or self.new is None or not self.folders:
            return None
        is_main = sha256(self.new) == self.files.get(WAS_MAIN)
        return None if is_main else self.new

    @cached_property
    def boot_text(self) -> BootText:
        """boot.py, taken apart."""
        return BootText.parse(self.lost_boot if self.boot is None else self.boot)

    @property
    def generation(self) -> int:
        """The generation that runs, 0 for none."""
        return self.boot_text.generation

    def manifest(self, generation: int) -> Manifest | None:
        """The manifest of a generation."""
        data = self.manifests.get(generation)
        return None if data is None else Manifest.decode(data)

    @property
    def current(self) -> Manifest | None:
        """The manifest of the generation that runs."""
        return self.manifest(self.generation)

    def in_generation(self, generation: int) -> dict[str, bytes]:
        """Path in a generation's folder -> SHA-256; the manifest is left out."""
        start = f"{ROOT}/{generation}/"
        return {
            path[len(start) :]: digest
            for path, digest in self.files.items()
            if path.startswith(start) and path != start + MANIFEST
        }

    def is_whole(self, generation: int) -> bool:
        """Whether a generation is what its manifest says, no more and no less."""
        manifest = self.manifest(generation)
        return manifest is not None and self.in_generation(generation) == manifest.files

    def had_store(self) -> bool:
        """Whether the board had a store before it was deployed for the first time."""
        known = [manifest for number in GENERATIONS if (manifest := self.manifest(number))]
        return known[0].store if known else self.store

    def main_is_ours(self, main: bytes) -> bool:
        """Whether main.py is the one that this release or the deployed one writes.

        A board that was not deployed has nothing of ours, whatever the text is.
        """
        if not self.generation or self.main is None:
            return False
        known = self.current
        return self.main == main or (known is not None and sha256(self.main).hex() == known.main)


def sha256(data: bytes) -> bytes:
    """The digest by which files are compared."""
    return hashlib.sha256(data).digest()
