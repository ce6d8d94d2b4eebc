"""`uscomo package`: keys, and delivery packages before they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..package import (
    Abi,
    Package,
    PackageError,
    Project,
    PublicKey,
    SigningKey,
    build,
    read_package,
)

app = typer.Typer(help="Build, sign, inspect and verify delivery packages.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PackageFile = Annotated[Path, typer.Argument(metavar="PACKAGE", help="The package's file.")]


@app.command("keygen")
def keygen(
    path: Annotated[Path, typer.Argument(metavar="KEY", help="Where the private key goes.")],
    bits: Annotated[int, typer.Option(help="2048, 3072 or 4096.")] = 2048,
    as_json: AsJson = False,
) -> None:
    """Make a signing key: KEY (only you may read it) and KEY.pub, both PEM."""
    if bits not in (2048, 3072, 4096):
        raise UsageError(f"--bits {bits}: 2048, 3072 or 4096")
    key = SigningKey.generate(bits)
    public = path.with_name(path.name + ".pub")
    if public.exists():
        raise PackageError(f"{public}: File exists")
    key.save(path)
    key.public.save(public)
    fields = {"key_id": key.public.key_id, "private": str(path), "public": str(public)}
    _print(fields, as_json, f"{path}: key {key.public.key_id}; give {public} to the devices")


@app.command("build")
def build_package(
    folder: Annotated[Path, typer.Argument(help="The project, with its uscomo.toml.")],
    key: Annotated[Path, typer.Option(help="PEM file of the private key that signs.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Else <package id>.pkg here.")
    ] = None,
    mpy: Annotated[str, typer.Option(help="Version of .mpy to compile for.")] = "6.3",
    arch: Annotated[str | None, typer.Option(help="For native code, such as armv6m.")] = None,
    source: Annotated[
        bool, typer.Option("--source", help="Ship .py files as they are, for any .mpy version.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compile and sign a project."""
    if source and arch:
        raise UsageError("--source and --arch: sources have no architecture")
    signer = SigningKey.load(key)
    data = build(Project.load(folder), signer, Abi(None if source else mpy, arch))
    package = read_package(data)
    path = output or Path(f"{package.id}.pkg")
    try:
        path.write_bytes(data)
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from error
    text = f"{path}: {len(data)} bytes, {len(package.files)} files, signed by {package.key_id}"
    _print({"file": str(path), **_describe(package)}, as_json, text)


@app.command("inspect")
def inspect(path: PackageFile, as_json: AsJson = False) -> None:
    """Show what is in a package, after checking all but its signature."""
    package = read_package(path)
    lines = [f"{package.id}: {len(package.data)} bytes, signed by {package.key_id}"]
    if package.header.types:
        lines.append("for " + ", ".join(package.header.types))
    for component in package.components:
        lines.append(
            f"{component.id} {component.version} (release {component.release}), {component.env}"
        )
        lines += [
            f"  {len(file.data):8} {file.path}"
            for file in package.files
            if file.path.startswith(component.dir + "/")
        ]
    _print(_describe(package), as_json, "\n".join(lines))


@app.command("verify")
def verify(
    path: PackageFile,
    key: Annotated[list[Path], typer.Option(help="PEM file of a trusted key; repeatable.")],
    as_json: AsJson = False,
) -> None:
    """Check a package as a board does, with its signature."""
    package = read_package(path)
    signer = package.verify(PublicKey.load(name) for name in key)
    fields = {"id": package.id, "key_id": signer.key_id}
    _print(fields, as_json, f"{package.id}: whole, signed by {signer.key_id}")


def _describe(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "types": list(package.header.types),
        "key_id": package.key_id,
        "size": len(package.data),
        "unpacked_size": package.unpacked_size,
        "components": [component.as_json() for component in package.components],
        "files": [
            {"path": file.path, "size": len(file.data), "sha256": file.sha256}
            for file in package.files
        ],
    }


def _print(fields: dict[str, Any], as_json: bool, text: str) -> None:
    typer.echo(json.dumps({"ok": True, **fields}) if as_json else text)
