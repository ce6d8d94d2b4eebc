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

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .layout import (
    BOOT,
    GENERATIONS,
    LIBRARY,
    MAIN,
    MANIFEST,
    NEW,
    ROOT,
    STORE,
    WAS_MAIN,
    BootText,
    Found,
    Manifest,
    sha256,
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


@dataclass(frozen=True)
class Starters:
    """What is ours at the root as `mip`'s users copy it, and the names of the agent's modules."""

    boot: bytes
    main: bytes
    modules: frozenset[str]


class ForeignMainError(ValueError):
    """There is a main.py of somebody else's, and nobody said what is to become of it."""


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
    sizes
        Path -> bytes of each file of that generation.
    """

    generation: int
    fill: tuple[Step, ...] = ()
    check: Mapping[str, bytes] = field(default_factory=dict)
    switch: tuple[Step, ...] = ()
    starter: tuple[Step, ...] = ()
    clean: tuple[Step, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return self.fill + self.switch + self.starter + self.clean

    @property
    def upload(self) -> int:
        """Bytes that go over the cable."""
        return sum(len(step.data) for step in self.steps if isinstance(step, Write))


def needed(sizes: Mapping[str, int], block: int) -> int:
    """Bytes of flash that files take, with the folders and one file that is being replaced."""
    if not sizes:
        return 0
    folders = len({path.rpartition("/")[0] for path in sizes}) + 2
    return (sum(-(-size // block) for size in sizes.values()) + 2 * folders + 1) * block


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
    digests = {path: sha256(data) for path, data in agent.items()}
    manifest = Manifest(digests, version, sha256(main).hex(), found.had_store())
    wanted = {**agent, MANIFEST: manifest.encode()}
    digests = {**digests, MANIFEST: sha256(wanted[MANIFEST])}
    fill = _left(found)
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
        {folder + path: len(data) for path, data in wanted.items()},
    )


def undo(found: Found, starters: Starters, data: Data) -> tuple[Step, ...]:
    """Compute what gives a board back as it was; nothing where nothing of ours is there.

    A board that was deployed over an agent of `mip`'s has that one again afterwards; done once
    more, that one goes.
    """
    steps: list[Step] = _left(found) if found.lost_boot is not None else []
    if found.generation:
        if found.main is None or found.main_is_ours(starters.main):
            if WAS_MAIN in found.files:
                # A copy: were it moved, a second try after a cut would take theirs for ours.
                steps += [Copy(WAS_MAIN, NEW), Move(NEW, MAIN)]
            elif found.main is not None:
                steps += [Remove(MAIN)]
        foreign = found.boot_text.foreign
        if foreign is None:
            steps += [Remove(BOOT)]
        else:
            steps += [Write(NEW, foreign), Move(NEW, BOOT)]
    elif not found.folders and found.library:
        return _undo_library(found, starters, data)
    # Manifests go after the store: where they are gone, it has been seen to.
    stays = data is Data.KEEP or (data is Data.AS_BEFORE and found.had_store())
    if found.store and found.manifests and not stays:
        steps += [Remove(STORE)]
    if ROOT in found.folders:
        steps += [Remove(ROOT)]
    if NEW in found.files and Move(NEW, BOOT) not in steps and Move(NEW, MAIN) not in steps:
        steps += [Remove(NEW)]
    return tuple(steps)


def _undo_library(found: Found, starters: Starters, data: Data) -> tuple[Step, ...]:
    # No manifest says what is whose: files by their names, starters only where they are ours.
    steps: list[Step] = []
    if found.main == starters.main:
        steps += [Remove(MAIN)]
    if found.boot == starters.boot:
        steps += [Remove(BOOT)]
    if found.store and data is not Data.KEEP:
        steps += [Remove(STORE)]
    inside = [path for path in found.library if path.startswith(LIBRARY + "/")]
    known = {f"{LIBRARY}/{name}{end}" for name in starters.modules for end in (".py", ".mpy")}
    if set(inside) <= known:
        steps += [Remove(LIBRARY)]
    else:
        steps += [Remove(path) for path in inside if path in known]
    return (*steps, *(Remove(path) for path in found.library if path not in inside))


def does_nothing(text: bytes) -> bool:
    """Whether a Python file has nothing but comments, as some boards are delivered with."""
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith(b"#") for line in lines)


def _left(found: Found) -> list[Step]:
    # FAT renames over a file in two steps: a cut between them has left boot.py without its name.
    if found.lost_boot is not None:
        return [Move(NEW, BOOT)]
    return [Remove(NEW)] if NEW in found.files else []


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
        # Ours was there and is gone, by hand or in the middle of a rename: theirs is kept.
        return [] if found.generation else forget, put
    foreign = found.main != main
    if foreign and choice is Main.KEEP:
        return forget, []
    if foreign and choice is None and not does_nothing(found.main):
        raise ForeignMainError
    kept: list[Step] = []
    if found.files.get(WAS_MAIN) != sha256(found.main):
        kept = [Copy(MAIN, WAS_MAIN)]
    return kept, put if foreign else []


def _garbage(found: Found, generation: int) -> list[Step]:
    inside = {path.removeprefix(ROOT + "/").split("/")[0] for path in found.folders}
    others = sorted(name for name in inside if name.isdigit() and name != str(generation))
    steps: list[Step] = [Remove(f"{ROOT}/{name}") for name in others]
    return steps
