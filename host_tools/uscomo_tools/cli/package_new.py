"""Where packages come from: `init` and `from-mip` of `uscomo package`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..package import PackageError, SigningKey, build, create_project, read_mip, read_package
from ..package.build import DESCRIPTION, SUFFIX
from ..package.files import refuse_existing, write_whole
from ..package.project import describe_project, write_project
from .options import AsJson, Force, show


def init(
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")],
    id: Annotated[
        str | None, typer.Option("--id", help="Of the package; else com.example.FOLDER.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make the folder of a new application: a small one that works, to be changed."""
    paths = create_project(folder, id, name, force)
    fields = {"folder": str(folder), "files": [str(path) for path in paths]}
    text = "\n".join(
        [*map(str, paths), f"next: uscomo package build {folder} --key KEY (see keygen)"]
    )
    show(fields, as_json, text)


def from_mip(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Path or URL of a package.json or of its folder, github:owner/repository, "
            "or a name in the index; @VERSION behind the last two.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The project's folder, or the package's file."),
    ] = None,
    package: Annotated[
        bool, typer.Option("--package", help="Make the package at once, not its project.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="With --package: PEM file of the private key that signs.")
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            envvar="USCOMO_MIP_INDEX", help="URL or path of the index that names are looked up in."
        ),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A dependency that boards have; repeatable.")
    ] = None,
    id: Annotated[str | None, typer.Option("--id", help="Of the package; else mip.NAME.")] = None,
    version: Annotated[str | None, typer.Option(help="Else the one that SOURCE says.")] = None,
    release: Annotated[
        int | None, typer.Option(help="Else made of the version: 1.2.3 is 1002003.")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(help="Module whose main() is run; else it is a library.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a mip package, with all that it depends on, into a project or a package."""
    if key and not package:
        raise UsageError("--key signs a package: add --package")
    found = read_mip(source, index, without or ())
    component = found.component(id, version, release, entry)
    fields = {
        "id": component.id,
        "version": component.version,
        "release": component.release,
        "descriptions": list(found.descriptions),
        "files": sorted(found.files),
    }
    if not package:
        folder = output or Path(found.name)
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise PackageError(f"{folder}: not empty; name another folder with -o, or add --force")
        write_project(folder, {DESCRIPTION: describe_project(component), **found.files}, force)
        text = f"{folder}: {len(found.files)} files, {component.id} {component.version}"
        show({"folder": str(folder), **fields}, as_json, text)
        return
    path = output or Path(component.id + SUFFIX)
    refuse_existing(path, force)
    data = build(found.project(component), SigningKey.load(key) if key else None)
    made = read_package(data, allow_unsigned=True)
    write_whole(path, data)
    signed = f"signed by {made.key_id}" if made.is_signed else "not signed yet"
    text = f"{path}: {len(data)} bytes, {len(made.files)} files, {signed}"
    show({"file": str(path), "size": len(data), "key_id": made.key_id, **fields}, as_json, text)
