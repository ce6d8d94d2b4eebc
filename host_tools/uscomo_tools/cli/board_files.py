"""`uscomo board list`, `info`, `reset` and what is done with a board's files."""

from __future__ import annotations

import base64
import json
import posixpath
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal
from rich.table import Table

from ..board import description, find, lock
from ..board.connection import Board
from ..errors import UsageError, UscomoError
from .board_each import Fields, Turn, each_board
from .board_options import Baudrate, Port, Ports, Via
from .options import AsJson, Force, show

#: Of the modules that a board is asked for, those that people ask about.
_TOLD = ("ssl", "network", "bluetooth", "deflate", "hashlib.md5", "machine.WDT", "asyncio")


def register(app: typer.Typer) -> None:
    """Add the commands to `uscomo board`."""
    app.command("list")(list_boards)
    app.command("info")(info)
    app.command("reset")(reset)
    app.command("ls")(ls)
    app.command("cat")(cat)
    app.command("put")(put)
    app.command("get")(get)
    app.command("rm")(rm)


def list_boards(as_json: AsJson = False) -> None:
    """Show the serial ports that may have a board; nothing is sent to any."""
    found: list[Fields] = [
        {
            "port": one.url,
            "usb": f"{one.vid:04x}:{one.pid:04x}",
            "serial_number": one.serial_number,
            "text": one.text,
            "boards": list(one.boards),
            "used_by": lock.user_of(one.url),
        }
        for one in find.candidates()
    ]
    if as_json or not found:
        show(
            {"boards": found}, as_json, "no serial port on USB; another kind: name it with --port"
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("port", "usb id", "serial number", "may be", "in use by"):
        table.add_column(heading, overflow="fold")
    for row in found:
        kinds = ", ".join(row["boards"]) or row["text"]
        table.add_row(row["port"], row["usb"], row["serial_number"], kinds, row["used_by"])
    Terminal().print(table)


def info(
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Ask a board what it is; the program that runs on it is stopped."""
    each_board(port, _info, _info_text, as_json, baudrate, via)


def _info(board: Board, turn: Turn) -> Fields:
    identity = board.identify()
    known = description.by_identity(identity)
    fields: Fields = {
        "board": known.key if known else None,
        "name": known.name if known else None,
        "machine": identity.machine,
        "micropython": identity.version,
        "mpy": identity.abi,
        "unique_id": identity.unique_id,
        "heap_free": identity.heap_free,
        "file_system": identity.file_system,
        "modules": dict(identity.modules),
        "refused": description.refusal(known) if known else "",
    }
    try:
        fields["flash_free"] = board.free()
    except (UscomoError, OSError):
        fields["flash_free"] = None  # a board without os.statvfs
    return fields


def _info_text(fields: Fields) -> str:
    modules = fields["modules"]
    flash = fields["flash_free"]
    rows = {
        "board": fields["name"] or "none that is described in boards/",
        "it says": fields["machine"],
        "MicroPython": f"{fields['micropython']}, .mpy {fields['mpy']}",
        "number": fields["unique_id"],
        "heap": f"{fields['heap_free']:,} bytes free",
        "flash": (fields["file_system"] or "of unknown kind")
        + (f", {flash:,} bytes free" if flash is not None else ""),
        "has": ", ".join(name for name in _TOLD if modules.get(name)),
        "has not": ", ".join(name for name in _TOLD if not modules.get(name)),
        "refused": fields["refused"],
    }
    return "\n".join(f"{name:<12} {value}" for name, value in rows.items() if value)


def reset(
    port: Ports = None,
    soft: Annotated[
        bool, typer.Option("--soft", help="Only the interpreter: USB stays connected.")
    ] = False,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Restart a board and its programs; waits until it is there again."""

    def work(board: Board, turn: Turn) -> Fields:
        if soft:
            board.soft_reset(run_main=True)
        else:
            board.reset(attach=False)
        return {"port": board.url}

    each_board(port, work, lambda fields: f"{fields['port']} was reset", as_json, baudrate, via)


def ls(
    path: Annotated[str, typer.Argument(help="A folder on the board.")] = "/",
    recursive: Annotated[bool, typer.Option("--recursive", "-r")] = False,
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """List a folder of a board."""

    def work(board: Board, turn: Turn) -> Fields:
        return {"path": path, "entries": list(_entries(board, path, recursive))}

    def text(fields: Fields) -> str:
        return "\n".join(
            f"{'' if entry['folder'] else entry['size']:>9}  {entry['name']}"
            + ("/" if entry["folder"] else "")
            for entry in fields["entries"]
        )

    each_board(port, work, text, as_json, baudrate, via)


def _entries(board: Board, path: str, recursive: bool, below: str = "") -> Iterator[Fields]:
    for entry in board.listdir(path):
        name = below + entry.name
        yield {"name": name, "size": entry.size, "folder": entry.is_folder}
        if recursive and entry.is_folder:
            yield from _entries(board, posixpath.join(path, entry.name), True, name + "/")


def cat(
    path: Annotated[str, typer.Argument(help="A file on the board.")],
    port: Port = "",
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Write a file of a board to standard output, byte for byte."""
    with Board.open(port or find.only(), baudrate=baudrate, via=via) as board:
        data = board.read(path)
    if as_json:
        content = base64.b64encode(data).decode()
        typer.echo(json.dumps({"ok": True, "path": path, "size": len(data), "base64": content}))
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def put(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="Files and folders.", exists=True),
    ],
    to: Annotated[str, typer.Option(metavar="FOLDER", help="On the board.")] = "/",
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The name of a single file on the board.")
    ] = "",
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Copy files and folders to a board; what is there already is not sent again.

    An interrupted transfer goes on where it ended. Each file takes its name when it is whole.
    """
    if name and (len(sources) != 1 or sources[0].is_dir()):
        raise UsageError("--as names a single file")
    files: dict[str, bytes] = {}
    for source in sources:
        for path, data in _read(source, name):
            place = posixpath.join("/", to, path)
            if place in files:
                raise UsageError(f"{place} would be written twice")
            files[place] = data
    if not files:
        raise UsageError("nothing to copy: the folders are empty")

    def work(board: Board, turn: Turn) -> Fields:
        written = board.write_all(files, turn)
        return {
            "written": written,
            "there": sorted(set(files) - set(written)),
            "bytes": sum(len(files[path]) for path in written),
            "sent": board.traffic[0],
        }

    def text(fields: Fields) -> str:
        there = f", {len(fields['there'])} there already" if fields["there"] else ""
        return f"{len(fields['written'])} files written, {fields['bytes']:,} bytes{there}"

    each_board(port, work, text, as_json, baudrate, via)


def _read(source: Path, name: str) -> Iterator[tuple[str, bytes]]:
    # A folder goes with its name, what begins with a dot and caches do not.
    if not source.is_dir():
        yield name or source.name, source.read_bytes()
        return
    top = source.resolve()
    for path in sorted(top.rglob("*")):
        inside = path.relative_to(top)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden:
            yield posixpath.join(top.name, inside.as_posix()), path.read_bytes()


def get(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="On the board.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="On this computer.")] = Path(),
    port: Port = "",
    force: Force = False,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Copy files and folders from a board."""

    def work(board: Board, turn: Turn) -> Fields:
        wanted: dict[Path, str] = {}
        for path in paths:
            for place, inside in _below(board, path):
                target = _local(to, inside)
                if wanted.get(target, place) != place:
                    raise UsageError(f"{target} would be written twice: by {place}, too")
                wanted[target] = place
        kept = [str(target) for target in wanted if target.exists()]
        if kept and not force:
            more = f" and {len(kept) - 1} more" if kept[1:] else ""
            raise UsageError(f"{kept[0]}{more}: there already; --force writes over it")
        size = 0
        for target, place in wanted.items():
            data = board.read(place, turn)
            size += len(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            part.write_bytes(data)
            part.replace(target)
        return {"read": [str(target) for target in wanted], "bytes": size}

    def text(fields: Fields) -> str:
        return f"{len(fields['read'])} files read, {fields['bytes']:,} bytes"

    each_board([port] if port else None, work, text, as_json, baudrate, via)


def _below(board: Board, path: str) -> Iterator[tuple[str, str]]:
    # (path on the board, path below the local folder) of a file, or of all files in a folder.
    try:
        is_folder = path == "/" or board.stat(path).is_folder
    except UscomoError:
        is_folder = False  # a board without os.stat has no folders
    name = posixpath.basename(path.rstrip("/"))
    if not is_folder:
        yield path, name
        return
    for entry in _entries(board, path, True):
        if not entry["folder"]:
            yield posixpath.join(path, entry["name"]), posixpath.join(name, entry["name"])


def _local(folder: Path, inside: str) -> Path:
    # Names come from a board: none leads out of the folder.
    parts = inside.split("/")
    if any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
        raise UsageError(f"{inside!r} is no name for a file on this computer")
    return folder.joinpath(*parts)


def rm(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="On the board.")],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders, with all that is in them.")
    ] = False,
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Remove files, or folders, from a board."""
    # A shell's empty variable must not mean all that is on the board.
    if not all(path.strip("/.") for path in paths):
        raise UsageError("name files and folders: all of a board is not removed at once")

    def work(board: Board, turn: Turn) -> Fields:
        for path in paths:
            board.remove(path, recursive)
        return {"removed": paths}

    def text(fields: dict[str, Any]) -> str:
        return f"{', '.join(fields['removed'])} removed"

    each_board(port, work, text, as_json, baudrate, via)
