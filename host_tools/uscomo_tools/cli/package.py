"""`uscomo package`: delivery packages before they are published."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..device.agent import agent_files
from ..errors import UsageError
from ..package import (
    Abi,
    Endorsement,
    Package,
    Project,
    PublicKey,
    SigningKey,
    agent_project,
    build,
    complete,
    diff,
    make_update,
    read_package,
    sign,
    unpack,
)
from ..package.build import SUFFIX
from ..package.files import refuse_existing, write_whole
from ..package.update import Change, describe
from . import package_keys, package_new
from .options import AsJson, Force, show

app = typer.Typer(
    help="Make, sign, inspect, verify, compare and extract delivery packages.",
    no_args_is_help=True,
)
app.command("init")(package_new.init)
app.command("keygen")(package_keys.keygen)

PackageFile = Annotated[Path, typer.Argument(metavar="PACKAGE", help="The package's file.")]
SigningKeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="PEM file of the private key that signs; else sign it later."),
]
EndorsementFile = Annotated[
    Path | None,
    typer.Option("--endorsement", help="For a key that devices do not have: see `endorse`."),
]
Base = Annotated[
    Path | None,
    typer.Option("--base", help="For an update package: the package it was made against."),
]


@app.command("build")
def build_package(
    folder: Annotated[
        Path | None, typer.Argument(help="The project, with its uscomo.toml.")
    ] = None,
    key: SigningKeyFile = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Else <package id>.pkg here.")
    ] = None,
    mpy: Annotated[str, typer.Option(help="Version of .mpy to compile for.")] = "6.3",
    arch: Annotated[str | None, typer.Option(help="For native code, such as armv6m.")] = None,
    source: Annotated[
        bool, typer.Option("--source", help="Ship .py files as they are, for any .mpy version.")
    ] = False,
    agent: Annotated[
        bool, typer.Option("--agent", help="The agent of this uscomo, in place of a project.")
    ] = False,
    release: Annotated[
        int | None, typer.Option(help="With --agent: else made of its version.")
    ] = None,
    downgrade: Annotated[
        bool, typer.Option("--downgrade", help="Devices may go back to it from a newer release.")
    ] = False,
    endorsement: EndorsementFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compile a project, or the agent, and pack it; signed if --key is given."""
    if bool(folder) == agent:
        raise UsageError("name the project's folder, or --agent: one of the two")
    if source and (arch or agent):
        raise UsageError("--source: neither --arch nor --agent goes with it")
    if release is not None and not agent:
        raise UsageError("--release: a project's release stands in its uscomo.toml")
    if not re.fullmatch(r"\d+\.\d+", mpy):
        raise UsageError(f"--mpy {mpy}: two numbers such as 6.3 are asked for")
    if endorsement and not key:
        raise UsageError("--endorsement: it needs the --key that it is for")
    project = Project.load(folder) if folder else agent_project(agent_files(), release=release)
    project = replace(project, downgrade=project.downgrade or downgrade)
    signer = SigningKey.load(key) if key else None
    abi = Abi(None if source else mpy, arch)
    path = output or Path(project.id + SUFFIX)
    refuse_existing(path, force)
    data = build(project, signer, abi, Endorsement.load(endorsement) if endorsement else None)
    package = read_package(data, allow_unsigned=True)
    write_whole(path, data)
    text = f"{path}: {len(data)} bytes, {len(package.files)} files, {_signed(package)}"
    show({"file": str(path), **_describe(package)}, as_json, text)


@app.command("sign")
def sign_package(
    path: PackageFile,
    key: Annotated[Path, typer.Option(help="PEM file of the private key that signs.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Else the package itself.")
    ] = None,
    endorsement: EndorsementFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Sign a package, in place of the signature that it has.

    In its own file only if it has none yet, or with --force.
    """
    package = read_package(path, allow_update=True, allow_unsigned=True)
    target = output or path
    if output or package.is_signed:
        refuse_existing(target, force)
    loaded = Endorsement.load(endorsement) if endorsement else None
    data = sign(package, SigningKey.load(key), loaded)
    signed = read_package(data)
    write_whole(target, data)
    show({"file": str(target), **_describe(signed)}, as_json, f"{target}: {_signed(signed)}")


@app.command("inspect")
def inspect(path: PackageFile, as_json: AsJson = False) -> None:
    """Show what is in a package, after checking all but its signature."""
    package = read_package(path, allow_update=True, allow_unsigned=True)
    lines = [f"{package.id}: {len(package.data)} bytes, {_signed(package)}"]
    if package.is_update:
        lines.append(_left_out(package))
    if package.header.types:
        lines.append("for " + ", ".join(package.header.types))
    if package.header.downgrade:
        lines.append("downgrade: devices may go back to it from a newer release")
    present = {file.path for file in package.files}
    for component in package.components:
        kind = ", the agent" if component.agent else ""
        lines.append(
            f"{component.id} {component.version} (release {component.release}), "
            f"{component.env}{kind}"
        )
        if component.requires:
            lines.append("  requires " + ", ".join(component.requires))
        lines += [
            f"  {entry.size:8} {entry.path}{'' if entry.path in present else ' (left out)'}"
            for entry in package.entries
            if entry.path.startswith(component.dir + "/")
        ]
    show(_describe(package), as_json, "\n".join(lines))


@app.command("verify")
def verify(
    path: PackageFile,
    key: Annotated[list[Path], typer.Option(help="PEM file of a trusted key; repeatable.")],
    base: Base = None,
    revoked: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY|ID", help="A key that is not trusted any more; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a package as a board does, with its signature.

    Of an update package the files that it leaves out are checked with --base only.
    """
    gone = {package_keys.key_id_of(subject) for subject in revoked or ()}
    package = read_package(path, allow_update=True)
    signer = package.verify([PublicKey.load(name) for name in key], gone)
    whole = _completed(package, base)
    fields = {
        "id": package.id,
        "key_id": package.key_id,
        "signer": signer.key_id,
        "update": package.is_update,
        "whole": not whole.is_update,
    }
    state = f"{_left_out(package)}, see --base" if whole.is_update else "whole"
    show(fields, as_json, f"{package.id}: {state}; {_signed(package)}")


@app.command("unpack")
def unpack_package(
    path: PackageFile,
    folder: Annotated[
        Path | None, typer.Argument(help="Where the files go; else a folder <package id> here.")
    ] = None,
    base: Base = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Extract the files of a package; its signature is not looked at."""
    package = _completed(read_package(path, allow_update=True, allow_unsigned=True), base)
    folder = folder or Path(package.id)
    written = unpack(package, folder, force)
    fields = {
        "id": package.id,
        "folder": str(folder),
        "files": [str(file) for file in written],
        "left_out": [entry.path for entry in package.missing],
    }
    more = f"; {_left_out(package)}" if package.is_update else ""
    show(fields, as_json, f"{folder}: {len(written)} files{more}")


@app.command("diff")
def diff_packages(
    old_path: Annotated[Path, typer.Argument(metavar="OLD", help="What devices have.")],
    new_path: Annotated[Path, typer.Argument(metavar="NEW", help="What they are to have.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the update package; it needs no key."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two packages, and write the update from one to the other."""
    old = read_package(old_path, allow_update=True, allow_unsigned=True)
    new = read_package(new_path, allow_update=True, allow_unsigned=True)
    changes = diff(old, new)
    same = len(new.entries) - sum(change.new is not None for change in changes)
    lines = [_line(change) for change in changes]
    lines.append(f"{len(changes)} files differ, {same} are the same")
    fields: dict[str, Any] = {
        "old": _versions(old),
        "new": _versions(new),
        "changes": [
            {
                "kind": change.kind,
                "component": change.component,
                "path": change.path,
                "old_size": change.old,
                "new_size": change.new,
            }
            for change in changes
        ],
        "same": same,
        "update": None,
    }
    if output:
        refuse_existing(output, force)
        data = make_update(old, new)
        write_whole(output, data)
        made = describe(output, data, old, new)
        lines.append(
            f"{output}: {made.size} bytes with {made.files} files; whole {made.whole_size} bytes"
        )
        fields["update"] = {
            "file": str(output),
            "size": made.size,
            "whole_size": made.whole_size,
            "files": made.files,
            "kept": made.kept,
        }
    show(fields, as_json, "\n".join(lines))


app.command("from-mip")(package_new.from_mip)
app.command("endorse")(package_keys.endorse)
app.add_typer(package_keys.trust_app, name="trust")


def _completed(package: Package, base: Path | None) -> Package:
    if base is None:
        return package
    if not package.is_update:
        raise UsageError(f"--base {base}: {package.id} is no update package, it is whole")
    return complete(package, read_package(base, allow_unsigned=True))


def _signed(package: Package) -> str:
    if not package.is_signed:
        return "not signed (see `uscomo package sign`)"
    if package.signer != package.key_id:
        return f"signed by {package.key_id}, endorsed by {package.signer}"
    return f"signed by {package.key_id}"


def _left_out(package: Package) -> str:
    return (
        f"an update package with {len(package.files)} of {len(package.entries)} files; "
        "a device takes the others from what it runs"
    )


def _line(change: Change) -> str:
    sizes = f"{'-' if change.old is None else change.old:>8}"
    sizes += f" {'-' if change.new is None else change.new:>8}"
    return f"{change.kind:8}{sizes} {change.component}: {change.path}"


def _versions(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "versions": {component.id: component.version for component in package.components},
        "signer": package.signer,
    }


def _describe(package: Package) -> dict[str, Any]:
    present = {file.path for file in package.files}
    return {
        "id": package.id,
        "types": list(package.header.types),
        "downgrade": package.header.downgrade,
        "signed": package.is_signed,
        "key_id": package.key_id,
        "signer": package.signer,
        "update": package.is_update,
        "size": len(package.data),
        "sha256": hashlib.sha256(package.data).hexdigest(),
        "unpacked_size": package.unpacked_size,
        "components": [component.as_json() for component in package.components],
        "files": [
            {
                "path": entry.path,
                "size": entry.size,
                "sha256": entry.sha256,
                "present": entry.path in present,
            }
            for entry in package.entries
        ],
    }
