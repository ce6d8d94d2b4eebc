"""What deploying writes and why: a plan computed from what lies on the board. No input, no output.

The agent lies in a folder of its own, in one of two *generations*, which take turns::

    /uscomo.a/1/uscomo/*.mpy     the agent
    /uscomo.a/1/uscomo_boot.mpy  stage 0
    /uscomo.a/1/manifest         what belongs to it, with hashes: what is ours
    /uscomo.a/was/main.py        what main.py was before
    /boot.py                     a block of ours names the generation; then what was there before

A power cut leaves the old agent or the new one. Nothing looks into a generation that boot.py does
not name, so it is filled at leisure and hashed; then **one rename of boot.py is the switch**. The
former generation is garbage from then on. The generation comes first on `sys.path`: it hides what
`mip` has installed, an older agent in `/lib`, a frozen one. The block in boot.py goes before the
owner's text, which stays as it is. A foreign main.py is replaced after the switch only, when
stage 0 is there to be called; it calls stage 0 by names that stay (see `shrink`), so that any
main.py of ours starts any agent.

Undeploying goes the other way: boot.py lets go of the agent first, garbage is removed last. Each
step can be done again, so that a cut in the middle is mended by the same command.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

ROOT = "/uscomo.a"
STORE = "/uscomo.d"
BOOT, MAIN = "/boot.py", "/main.py"
MANIFEST = "manifest"
WAS_MAIN = f"{ROOT}/was/main.py"
# A file that takes another one's place is whole before it gets its name.
NEW = f"{ROOT}/new"
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


class Main(Enum):
    """What becomes of a foreign main.py."""

    KEEP = "keep"
    ADOPT = "adopt"
    REPLACE = "replace"


class Data(Enum):
    """What becomes of the store when a board is undeployed."""

    AS_BEFORE = "as before"
    KEEP = "keep"
    REMOVE = "remove"


class ForeignMainError(ValueError):
    """There is a main.py of somebody else's, and nobody said what is to become of it."""


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
    files
        Path -> SHA-256 of all below `ROOT`.
    folders
        The folders below `ROOT`, and `ROOT` itself.
    manifests
        Contents of each generation's manifest.
    store
        Whether there is a store.
    """

    boot: bytes | None = None
    main: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    manifests: Mapping[int, bytes] = field(default_factory=dict)
    store: bool = False

    @cached_property
    def boot_text(self) -> BootText:
        """boot.py, taken apart."""
        return BootText.parse(self.boot)

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
        return self.main == main or (known is not None and _sha(self.main).hex() == known.main)


# -- steps


@dataclass(frozen=True)
class Write:
    """Put a file there, and the folders that it needs."""

    path: str
    data: bytes


@dataclass(frozen=True)
class Copy:
    """Copy a file on the board: it need not go over the cable."""

    source: str
    target: str


@dataclass(frozen=True)
class Move:
    """Rename a file over another: the switches."""

    source: str
    target: str


@dataclass(frozen=True)
class Remove:
    """Remove a file, or a folder with all it holds."""

    path: str


Step = Write | Copy | Move | Remove


@dataclass(frozen=True)
class Plan:
    """Steps in their order; between any two of them the power may go.

    Attributes
    ----------
    fill
        Where nothing looks.
    check
        Path -> SHA-256 of what has to be right before the switch.
    switch
        boot.py: the new agent is the one that runs.
    starter
        main.py, once accounts and components are there.
    clean
        What nobody needs any more.
    generation
        The one that runs afterwards.
    """

    generation: int
    fill: tuple[Step, ...] = ()
    check: Mapping[str, bytes] = field(default_factory=dict)
    switch: tuple[Step, ...] = ()
    starter: tuple[Step, ...] = ()
    clean: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return self.fill + self.switch + self.starter + self.clean

    @property
    def upload(self) -> int:
        """Bytes that go over the cable."""
        return sum(len(step.data) for step in self.steps if isinstance(step, Write))


def needed(files: Mapping[str, bytes], block: int) -> int:
    """Bytes of flash that files take, with the folders and one file that is being replaced."""
    block = max(block, 1)
    folders = len({path.rpartition("/")[0] for path in files}) + 2
    return (
        sum(-(-len(data) // block) * block for data in files.values()) + (2 * folders + 1) * block
    )


def plan(
    found: Found, agent: Mapping[str, bytes], version: str, main: bytes, choice: Main | None
) -> Plan:
    """Compute what has to be done for a board to run this agent.

    Parameters
    ----------
    agent
        Path in the generation's folder -> contents.
    version
        The agent's.
    main
        Our main.py.
    choice
        What becomes of a foreign main.py; None: there must be none that does anything.

    Raises
    ------
    ForeignMainError
        See ``choice``.
    """
    digests = {path: _sha(data) for path, data in agent.items()}
    manifest = Manifest(digests, version, _sha(main).hex(), found.had_store())
    wanted = {**agent, MANIFEST: manifest.encode()}
    digests = {**digests, MANIFEST: _sha(wanted[MANIFEST])}
    fill: list[Step] = [Remove(NEW)] if NEW in found.files else []
    switch: list[Step] = []
    current = found.generation
    have = _there(found, current)
    if current and have == digests:
        generation = current
    else:
        generation = next(number for number in GENERATIONS if number != current)
        fill += _filled(found, generation, wanted, digests, have)
        text = BootText(generation, found.boot_text.foreign).encode()
        switch = [Write(NEW, text), Move(NEW, BOOT)]
    before, starter = _main_steps(found, main, choice)
    folder = f"{ROOT}/{generation}/"
    return Plan(
        generation,
        tuple(fill + before),
        {folder + path: digest for path, digest in digests.items()},
        tuple(switch),
        tuple(starter),
        tuple(_garbage(found, generation)),
    )


def undo(found: Found, main: bytes, data: Data) -> tuple[Step, ...]:
    """Compute what gives a board back as it was; nothing where nothing of ours is there."""
    steps: list[Step] = []
    if found.generation:
        if found.main_is_ours(main):
            if WAS_MAIN in found.files:
                # A copy: were it moved, a second try after a cut would take theirs for ours.
                steps += [Copy(WAS_MAIN, NEW), Move(NEW, MAIN)]
            else:
                steps += [Remove(MAIN)]
        foreign = found.boot_text.foreign
        if foreign is None:
            steps += [Remove(BOOT)]
        else:
            steps += [Write(NEW, foreign), Move(NEW, BOOT)]
    # Manifests go after the store: where they are gone, it has been seen to.
    stays = data is Data.KEEP or (data is Data.AS_BEFORE and found.had_store())
    if found.store and found.manifests and not stays:
        steps += [Remove(STORE)]
    if ROOT in found.folders:
        steps += [Remove(ROOT)]
    return tuple(steps)


def does_nothing(text: bytes) -> bool:
    """Whether a Python file has nothing but comments, as some boards are delivered with."""
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith(b"#") for line in lines)


def _there(found: Found, generation: int) -> dict[str, bytes]:
    files = found.in_generation(generation)
    path = f"{ROOT}/{generation}/{MANIFEST}"
    if path in found.files:
        files[MANIFEST] = found.files[path]
    return files


def _filled(
    found: Found,
    generation: int,
    wanted: Mapping[str, bytes],
    digests: Mapping[str, bytes],
    have: Mapping[str, bytes],
) -> list[Step]:
    # What an interrupted deployment has left counts by its hash, and so does the other generation.
    folder = f"{ROOT}/{generation}/"
    before = _there(found, generation)
    known = {digest: path for path, digest in have.items()}
    removed: list[Step] = [Remove(folder + path) for path in sorted(set(before) - set(wanted))]
    copied: list[Step] = []
    written: list[Step] = []
    for path in sorted(wanted, key=lambda path: (path == MANIFEST, path)):
        if before.get(path) == digests[path]:
            continue
        if digests[path] in known:
            source = f"{ROOT}/{found.generation}/{known[digests[path]]}"
            copied.append(Copy(source, folder + path))
        else:
            written.append(Write(folder + path, wanted[path]))
    return removed + copied + written


def _main_steps(found: Found, main: bytes, choice: Main | None) -> tuple[list[Step], list[Step]]:
    # What to do with main.py before the switch, and after it.
    put: list[Step] = [Write(NEW, main), Move(NEW, MAIN)]
    forget: list[Step] = [Remove(WAS_MAIN)] if WAS_MAIN in found.files else []
    if found.main_is_ours(main):
        return [], [] if found.main == main else put
    if found.main is None:
        return forget, put
    foreign = found.main != main
    if foreign and choice is Main.KEEP:
        return forget, []
    if foreign and choice is None and not does_nothing(found.main):
        raise ForeignMainError
    kept: list[Step] = []
    if found.files.get(WAS_MAIN) != _sha(found.main):
        kept = [Copy(MAIN, WAS_MAIN)]
    return kept, put if foreign else []


def _garbage(found: Found, generation: int) -> list[Step]:
    inside = {path.removeprefix(ROOT + "/").split("/")[0] for path in found.folders}
    others = sorted(name for name in inside if name.isdigit() and name != str(generation))
    steps: list[Step] = [Remove(f"{ROOT}/{name}") for name in others]
    return steps


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
