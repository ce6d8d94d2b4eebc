"""Keys of packages, and who trusts them: `keygen`, `endorse` and `trust` of `uscomo package`."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..package import (
    Action,
    Endorsement,
    PublicKey,
    SigningKey,
    Statement,
    add_anchor,
    read_statement,
    revoke,
)
from ..package.files import read_bytes, refuse_existing, write_whole
from ..package.keys import KEY_ID_BYTES
from .options import AsJson, Force, show

SIZES = (2048, 3072, 4096)

trust_app = typer.Typer(
    help="Statements that change what keys devices trust; a server delivers them.",
    no_args_is_help=True,
)
Subject = Annotated[Path, typer.Argument(metavar="KEY", help="PEM file of the other key.")]
AnchorKey = Annotated[
    Path, typer.Option("--key", help="PEM file of the private key that devices trust already.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where it goes.")]


def keygen(
    path: Annotated[Path, typer.Argument(metavar="KEY", help="Where the private key goes.")],
    bits: Annotated[int, typer.Option(help="2048, 3072 or 4096.")] = 2048,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a signing key: KEY (only you may read it) and KEY.pub, both PEM."""
    if bits not in SIZES:
        raise UsageError(f"--bits {bits}: {', '.join(map(str, SIZES))} are offered")
    public = path.with_name(path.name + ".pub")
    for name in (path, public):
        refuse_existing(name, force)
    key = SigningKey.generate(bits)
    path.unlink(missing_ok=True)
    key.save(path)
    key.public.save(public)
    fields = {"key_id": key.public.key_id, "private": str(path), "public": str(public)}
    show(fields, as_json, f"{path}: key {key.public.key_id}; give {public} to the devices")


def endorse(
    path: Subject,
    key: AnchorKey,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Vouch for another key, so that devices take packages signed with it.

    Its owner signs with `--endorsement FILE`; devices pin components to your key, not to that
    one, and need neither to be visited nor to be told.
    """
    output = output or path.with_name(path.name + ".endorsement")
    refuse_existing(output, force)
    endorsement = Endorsement.make(SigningKey.load(key), PublicKey.load(path))
    write_whole(output, endorsement.encode_text())
    fields = {
        "file": str(output),
        "key_id": endorsement.key.key_id,
        "endorser": endorsement.endorser,
    }
    text = f"{output}: {endorsement.endorser} vouches for {endorsement.key.key_id}"
    show(fields, as_json, text)


@trust_app.command("add")
def trust_add(
    path: Subject,
    key: AnchorKey,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make devices that trust --key trust KEY as well."""
    anchor = SigningKey.load(key)
    other = PublicKey.load(path)
    data = add_anchor(anchor, other)
    statement = Statement(Action.ADD, anchor.public.key_id, other.key_id, other)
    _write(data, statement, output, force, as_json)


@trust_app.command("revoke")
def trust_revoke(
    subject: Annotated[
        str, typer.Argument(metavar="KEY|ID", help="PEM file of the key, or its 16 hex digits.")
    ],
    key: AnchorKey,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make devices distrust a key for ever, be it an anchor or an endorsed one."""
    anchor = SigningKey.load(key)
    key_id = key_id_of(subject)
    data = revoke(anchor, key_id)
    _write(data, Statement(Action.REVOKE, anchor.public.key_id, key_id), output, force, as_json)


@trust_app.command("show")
def trust_show(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A trust statement.")],
    key: Annotated[list[Path], typer.Option(help="PEM file of a trusted key; repeatable.")],
    as_json: AsJson = False,
) -> None:
    """Check a statement's signature and tell what it does."""
    data = read_bytes(path)
    statement = read_statement(data, [PublicKey.load(name) for name in key])
    show(_fields(path, data, statement), as_json, f"{path}: {_words(statement)}")


def key_id_of(subject: str) -> str:
    """The id of a key that is named by its PEM file or by its id.

    Raises
    ------
    UsageError
        It is neither.
    """
    path = Path(subject)
    if path.exists():
        return PublicKey.load(path).key_id
    if not re.fullmatch(f"[0-9a-f]{{{2 * KEY_ID_BYTES}}}", subject.lower()):
        digits = f"the {2 * KEY_ID_BYTES} hex digits of its id"
        raise UsageError(f"{subject}: neither the PEM file of a key nor {digits}")
    return subject.lower()


def _write(
    data: bytes, statement: Statement, output: Path | None, force: bool, as_json: bool
) -> None:
    path = output or Path(f"{statement.action.name.lower()}-{statement.subject}.trust")
    refuse_existing(path, force)
    write_whole(path, data)
    show(_fields(path, data, statement), as_json, f"{path}: {_words(statement)}")


def _words(statement: Statement) -> str:
    if statement.action is Action.ADD:
        return f"devices that trust {statement.anchor} are to trust {statement.subject}"
    return f"devices that trust {statement.anchor} are never to trust {statement.subject} again"


def _fields(path: Path, data: bytes, statement: Statement) -> dict[str, Any]:
    return {
        "file": str(path),
        "action": statement.action.name.lower(),
        "anchor": statement.anchor,
        "key_id": statement.subject,
        "size": len(data),
        "statement": base64.b64encode(data).decode(),
    }
