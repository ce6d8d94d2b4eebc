"""`uscomo wire`: SyncML as it goes over the wire, made readable, and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from uscomo_tools.errors import UscomoError
from uscomo_tools.syncml import wbxml_document, xml_document
from uscomo_tools.syncml.errors import WireError

app = typer.Typer(
    help="Convert SyncML messages, DDF, TNDS and DevInf documents between WBXML and XML.",
    no_args_is_help=True,
)

_STDIN = "-"

Files = Annotated[
    list[str], typer.Argument(metavar="FILE...|-", help="Documents; - is standard input.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write here (one document only)."),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="One line of JSON a document: file, ok, result or error, offset."),
]


@app.command()
def decode(files: Files, output: Output = None, as_json: Json = False) -> None:
    """Print WBXML as XML.

    Bytes that are not text become base64 with Format b64, embedded documents nested elements.
    """
    _convert(files, output, as_json, "xml", _to_xml)


@app.command()
def encode(
    files: Files,
    output: Output = None,
    as_json: Json = False,
    as_hex: Annotated[bool, typer.Option("--hex", help="Print hex, one line a document.")] = False,
) -> None:
    """Turn XML into WBXML."""
    if not (as_json or as_hex or output):
        if len(files) > 1:
            raise typer.BadParameter("several binary documents in a row: add --json or --hex")
        if _is_terminal():
            raise typer.BadParameter("no binary to a terminal: add --hex or -o FILE")
    _convert(files, output, as_json, "wbxml", _to_hex if as_json or as_hex else _to_wbxml)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _to_xml(body: bytes) -> bytes:
    return xml_document.encode(wbxml_document.decode(body), pretty=True) + b"\n"


def _to_wbxml(body: bytes) -> bytes:
    return wbxml_document.encode(xml_document.decode(body))


def _to_hex(body: bytes) -> bytes:
    return _to_wbxml(body).hex().encode() + b"\n"


def _convert(
    files: list[str],
    output: Path | None,
    as_json: bool,
    key: str,
    convert: Callable[[bytes], bytes],
) -> None:
    if output and len(files) > 1:
        raise typer.BadParameter("-o takes one document")
    failed = False
    for file in files:
        result, error = b"", None
        try:
            result = convert(_read(file))
        except WireError as caught:
            error, failed = caught, True
        if as_json:
            result = _json_line(file, key, result, error)
        elif error:
            typer.echo(f"{file}: {error}", err=True)
            continue
        _emit(result, output)
    if failed:
        raise typer.Exit(1)


def _emit(result: bytes, output: Path | None) -> None:
    if output is None:
        typer.get_binary_stream("stdout").write(result)
        return
    try:
        output.write_bytes(result)
    except OSError as error:
        raise UscomoError(f"{output}: {error.strerror}") from None


def _read(file: str) -> bytes:
    if file == _STDIN:
        return typer.get_binary_stream("stdin").read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise WireError(error.strerror or "cannot be read") from None


def _json_line(file: str, key: str, result: bytes, error: WireError | None) -> bytes:
    line: dict[str, object] = {"file": file, "ok": error is None}
    if error is None:
        line[key] = result.decode().rstrip("\n")
    else:
        line["error"] = error.reason
        if error.offset is not None:
            line["offset"] = error.offset
    return json.dumps(line).encode() + b"\n"
