"""Update packages: what changed between two packages, and only that, sent.

An update package is the new package without the files that the old one has too: its manifest and
signature are the new package's, so that anybody can make one without a key, and the device, which
takes the rest from the version it runs, hashes every file of the result. A file is the same if
it has the same bytes at the same path of the component of the same id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .build import assemble
from .files import write_whole
from .read import Entry, File, Package, read_package
from .rules import PackageError


@dataclass(frozen=True)
class Change:
    """A file that differs.

    Parameters
    ----------
    component
        The component's id.
    path
        Within the component.
    old, new
        Sizes in bytes; None where the file is not there.
    """

    component: str
    path: str
    old: int | None
    new: int | None

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


@dataclass(frozen=True)
class Update:
    """What `update` wrote.

    Parameters
    ----------
    path
        The file.
    size, whole_size
        Bytes of the update package and of the whole one.
    files
        Number of files in it: those that were added or changed.
    kept
        Number of files that the device takes from what it runs.
    added, changed, removed
        Numbers of files, of the new package against the old one.
    """

    path: Path
    size: int
    whole_size: int
    files: int
    kept: int
    added: int
    changed: int
    removed: int


_Files = Mapping[tuple[str, str], Entry]


def diff(old: Package, new: Package) -> list[Change]:
    """The files that differ, by component and path."""
    before, after = _by_component(old), _by_component(new)
    found = []
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was and now and was.sha256 == now.sha256:
            continue
        found.append(Change(*key, was.size if was else None, now.size if now else None))
    return found


def make_update(old: Package, new: Package) -> bytes:
    """The update package for devices that run ``old``.

    Parameters
    ----------
    old
        An update package will do as well: its manifest lists all files.
    new
        The whole package, signed.

    Raises
    ------
    PackageError
        ``new`` is an update package itself or not signed, or nothing in ``old`` is a version of
        one of its components.
    """
    if new.is_update:
        raise PackageError(f"{new.id}: an update package; the whole package is asked for")
    if not new.is_signed:
        raise PackageError(f"{new.id}: not signed; an update carries the package's signature")
    if not {component.id for component in old.components} & {
        component.id for component in new.components
    }:
        raise PackageError(f"{new.id}: has no component in common with {old.id}")
    before = _by_component(old)
    sent = []
    for (key, entry), file in zip(_by_component(new).items(), new.files, strict=True):
        known = before.get(key)
        if known is None or known.sha256 != entry.sha256:
            sent.append((file.path, file.data))
    return assemble(new.manifest, new.signature, sent)


def update(old_path: Path, new_path: Path, out_path: Path) -> Update:
    """Write the update package from one package's file to another's, whole or not at all.

    Raises
    ------
    PackageError
        One of the files is no such package, see `make_update`, or ``out_path`` cannot be written.
    """
    old = read_package(old_path, allow_update=True)
    new = read_package(new_path)
    data = make_update(old, new)
    write_whole(out_path, data)
    return describe(out_path, data, old, new)


def describe(path: Path, data: bytes, old: Package, new: Package) -> Update:
    """The numbers of an update package that `make_update` made of ``old`` and ``new``."""
    kinds = [change.kind for change in diff(old, new)]
    sent = len(kinds) - kinds.count("removed")
    return Update(
        path=path,
        size=len(data),
        whole_size=len(new.data),
        files=sent,
        kept=len(new.entries) - sent,
        added=kinds.count("added"),
        changed=kinds.count("changed"),
        removed=kinds.count("removed"),
    )


def complete(package: Package, base: Package) -> Package:
    """The whole package that a device makes of an update package and what it runs.

    Its bytes are those of the package that the update was made of.

    Raises
    ------
    PackageError
        ``base`` is not what the update was made for; a device answers 1455.
    """
    if base.is_update:
        raise PackageError(f"{base.id}: an update package; the whole package is asked for")
    files = {file.path: file for file in package.files}
    known = dict(zip(_by_component(base), base.files, strict=True))
    for key, entry in _by_component(package).items():
        if entry.path in files:
            continue
        found = known.get(key)
        if found is None or found.sha256 != entry.sha256:
            state = "is not in" if found is None else "is another in"
            raise PackageError(
                f"{entry.path}: {state} {base.id}, which is not what the update was made for "
                "(a device answers 1455)"
            )
        files[entry.path] = File(entry.path, entry.sha256, found.data)
    ordered = tuple(files[entry.path] for entry in package.entries)
    content = [(file.path, file.data) for file in ordered]
    data = assemble(package.manifest, package.signature, content)
    return Package(
        data, package.header, ordered, package.manifest, package.signature, package.entries
    )


def _by_component(package: Package) -> _Files:
    # (component id, path within it) -> entry, in the manifest's order
    ids = {component.dir: component.id for component in package.components}
    found = {}
    for entry in package.entries:
        folder, _, rest = entry.path.partition("/")
        found[ids[folder], rest] = entry
    return found
