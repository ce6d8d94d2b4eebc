"""`uscomo device`: a simulated device of one's own, against any DM server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal

from ..device.agent import shrunk
from ..device.ddf import DTD, describe
from ..device.provision import AUTH_TYPES, ENCODINGS, NUMBERS, TEXTS, WORDS, DeviceSpec
from ..device.simulated import Console, SimulatedDevice
from ..device.tls import Tls
from ..errors import UsageError
from ..package.keys import PublicKey
from ..server.results import UPDATE_DOES_NOT_FIT, USER_CANCELLED
from ..testing.unix import HEAP
from .options import AsJson, show

app = typer.Typer(
    help="Make and run a simulated device: real MicroPython, against any DM server.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The device's folder.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")]

_SETTINGS = ", ".join(sorted({*WORDS, *NUMBERS, *TEXTS} - {"consent", "poll"}))
_AUTH = f"one of {', '.join(AUTH_TYPES)}"
# What the board's exit codes mean; they are ours, see errors.py.
_ENDINGS = {0: "done", 3: "the server was not reachable", 4: "refused"}
# How the board says what became of a request: "request ID ANSWER", or without ID "request ANSWER".
_INSTALLING = "installing"
_ANSWERS = (_INSTALLING, "nothing available", "refused", "not supported", "no connection")


@app.command()
def new(
    folder: Folder,
    url: Annotated[str, typer.Option(help="The DM server's address, with its path.")] = "",
    user: Annotated[str, typer.Option(help="User name of the account.")] = "",
    password: Annotated[
        str, typer.Option(envvar="USCOMO_PASSWORD", help="The device's password.")
    ] = "",
    server_password: Annotated[
        str,
        typer.Option(envvar="USCOMO_SERVER_PASSWORD", help="What the server proves itself with."),
    ] = "",
    server_id: Annotated[str, typer.Option(help="The server's identifier.")] = "uscomo",
    auth: Annotated[str, typer.Option(help=f"How the device proves itself: {_AUTH}.")] = "md5",
    server_auth: Annotated[
        str, typer.Option(help=f"How the server has to prove itself: {_AUTH}.")
    ] = "md5",
    encoding: Annotated[
        str, typer.Option(help=f"Of its messages: {', '.join(ENCODINGS)}.")
    ] = "wbxml",
    client_nonce: Annotated[str, typer.Option(help="First nonce of the device, base64.")] = "",
    server_nonce: Annotated[str, typer.Option(help="First nonce of the server, base64.")] = "",
    device_id: Annotated[
        str, typer.Option(help="Default: urn:uscomo: and the folder's name.")
    ] = "",
    type: Annotated[str, typer.Option(help="Device type, as packages name it.")] = "unix",
    scomo_root: Annotated[
        str, typer.Option(help="Where the SCOMO object lies in the tree.")
    ] = "./SCOMO",
    scomo_version: Annotated[
        str, typer.Option(help="Version of the SCOMO object: 1.0, 1.1.")
    ] = "1.0",
    request_types: Annotated[
        str,
        typer.Option(help="Ways to ask for an application, the first one first, then fall-backs."),
    ] = "update,install,none",
    anchor: Annotated[
        list[Path] | None,
        typer.Option(help="PEM file of a key whose packages are trusted; repeatable."),
    ] = None,
    ca: Annotated[
        list[Path] | None,
        typer.Option(
            help="PEM or DER: an authority that the server's certificate is signed by; repeatable."
        ),
    ] = None,
    client_cert: Annotated[
        Path | None,
        typer.Option(help="PEM or DER: the device's certificate, for servers that ask for one."),
    ] = None,
    client_key: Annotated[
        Path | None, typer.Option(help="PEM or DER: key of --client-cert.")
    ] = None,
    consent: Annotated[
        str, typer.Option(help="How the user is asked: console, yes, no, none.")
    ] = "console",
    report: Annotated[
        str, typer.Option(help="How it reports what needs no download: async, or sync (at once).")
    ] = "async",
    silent: Annotated[
        bool, typer.Option("--silent", help="Never ask the user about this server's operations.")
    ] = False,
    poll: Annotated[int, typer.Option(help="Seconds between sessions of its own; 0: none.")] = 0,
    bare: Annotated[
        bool, typer.Option("--bare", help="Without an account: `device bootstrap` brings one.")
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help=f"Repeatable; the names: {_SETTINGS}."),
    ] = None,
    heap: Annotated[str, typer.Option(help="The VM's heap.")] = HEAP,
    as_json: AsJson = False,
) -> None:
    """Make a factory-fresh device with one account."""
    if bool(url) == bare:
        raise UsageError("the DM server's address as --url, or --bare for a device without one")
    settings = {"consent": consent, "poll": str(poll)}
    for pair in setting or ():
        name, mark, value = pair.partition("=")
        if not mark:
            raise UsageError(f"--setting {pair}: NAME=VALUE")
        settings[name] = value
    spec = DeviceSpec(
        device_id=device_id or f"urn:uscomo:{folder.resolve().name}",
        url=url,
        server_id=server_id,
        user=user,
        password=password,
        server_password=server_password,
        auth=auth,
        server_auth=server_auth,
        client_nonce=client_nonce,
        server_nonce=server_nonce,
        type=type,
        scomo_root=scomo_root,
        scomo_version=scomo_version,
        request_types=request_types,
        encoding=encoding,
        report=report,
        silent=silent,
        settings=settings,
        account="" if bare else "main",
        anchors=[PublicKey.load(path).modulus for path in anchor or ()],
        tls=Tls.load(ca or [], client_cert, client_key),
    )
    spec.tls.check(url, settings)
    device = SimulatedDevice.create(folder, spec, heap)
    if as_json:
        print(json.dumps({"ok": True, "folder": str(folder), **device.about}))
    else:
        print(f"{folder}: device {spec.device_id} {f'for {url}' if url else 'without an account'}")


@app.command()
def run(folder: Folder, yes: Yes = False) -> None:
    """Run the device until Ctrl-C: its apps, and the agent beside them."""
    device = SimulatedDevice(folder)
    try:
        code = device.run(_terminal_console(yes), "run")
    except KeyboardInterrupt:
        print()
        return
    raise typer.Exit(code)


@app.command()
def session(folder: Folder, yes: Yes = False, as_json: AsJson = False) -> None:
    """Open a session with every server now, and do what comes of it."""
    _once(SimulatedDevice(folder), "check", "", yes, as_json)


@app.command()
def request(
    folder: Folder,
    id: Annotated[str, typer.Argument(metavar="ID", help="Package or component id.")] = "",
    update: Annotated[
        bool, typer.Option("--update", help="Ask for an update, of ID or of everything.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask the server, as the device's user, to install or to update an application."""
    if not (id or update):
        raise UsageError("which application? give its package id, or --update")
    _once(SimulatedDevice(folder), "update" if update else "install", id, yes, as_json)


@app.command()
def bootstrap(
    folder: Folder,
    file: Annotated[
        Path, typer.Argument(help="A message of `uscomo server bootstrap`, or of another maker.")
    ],
    pin: Annotated[str, typer.Option(envvar="USCOMO_PIN", help="The PIN, where it has one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Give the device a bootstrap message: its account, and a session as soon as it runs."""
    accounts = SimulatedDevice(folder).bootstrap(file.read_bytes(), pin)
    show({"accounts": accounts}, as_json, f"{folder}: account {', '.join(accounts)}")


@app.command()
def ddf(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; else it is printed.")
    ] = None,
    dtd: Annotated[bool, typer.Option("--dtd", help="The DTD it is valid against.")] = False,
    scomo_version: Annotated[
        str, typer.Option(help="Version of the SCOMO object: 1.0, 1.1.")
    ] = "1.1",
) -> None:
    """Print the description of the device's tree (DDF), as the agent's own code answers."""
    text = DTD.read_bytes() if dtd else describe(scomo_version)
    if output:
        output.write_bytes(text)
    else:
        print(text.decode(), end="")


@app.command()
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Show what is installed on the device."""
    rows = SimulatedDevice(folder).status()
    if as_json:
        print(json.dumps({"ok": True, "components": rows}))
        return
    for row in rows:
        state = "active" if row["state"] == 20 else "inactive"
        print(f"{row['id']} {row['version']} {state}{', on trial' if row['trial'] else ''}")
    if not rows:
        print("nothing is installed")


@app.command()
def console(folder: Folder) -> None:
    """The device's REPL, after boot.py; Ctrl-D ends it."""
    board = SimulatedDevice(folder).board
    raise typer.Exit(subprocess.call(board.command("repl", interactive=True)))


@app.command()
def traceback(
    file: Annotated[
        Path | None, typer.Argument(help="What the board printed; - for standard input.")
    ] = None,
) -> None:
    """Put the agent's own names back into a board's traceback; without FILE, list them."""
    names = shrunk()
    if file:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        print(names.restored(text), end="")
        return
    for module, private in sorted(names.names.items()):
        for name, short in sorted(private.items()):
            print(f"{module} {short} {name}")


def _once(device: SimulatedDevice, kind: str, id: str, yes: bool, as_json: bool) -> None:
    device.request(kind, id)
    events: list[list[str]] = []
    console = _terminal_console(yes, quiet=as_json, events=events)
    code = device.run(console)
    answers = [_answer(words) for words in events if words[0] == "request"]
    # The last word on each operation: one that was on trial is told again when that is over.
    told = {words[1]: words[2] for words in events if words[0] == "operation"}
    codes = [int(word) for word in told.values() if word.isdigit()]
    # The server sends the whole package after an update that did not fit: that one counts.
    failed = [code for code in codes if code >= 1300 and code != UPDATE_DOES_NOT_FIT]
    failed += [code for code in codes[-1:] if code == UPDATE_DOES_NOT_FIT]
    # A session may go well and the wish still not come true.
    unheard = not code and bool(answers) and answers[-1] != _INSTALLING
    if unheard:
        code = 4
    if not code and failed:
        code = 4 if failed[-1] == USER_CANCELLED else 1
    ending = answers[-1] if unheard else _ENDINGS.get(code, "failed")
    if as_json:
        result: dict[str, Any] = {"ok": code == 0, "outcome": ending, "operations": codes}
        if answers:
            result["answer"] = answers[-1]
        if code:
            result["error"] = ending
        print(json.dumps(result))
    elif code:
        typer.echo(f"uscomo: {ending}", err=True)
    raise typer.Exit(code)


def _answer(words: list[str]) -> str:
    line = " ".join(words)
    return next((answer for answer in _ANSWERS if line.endswith(" " + answer)), line)


def _terminal_console(
    yes: bool, quiet: bool = False, events: list[list[str]] | None = None
) -> Console:
    terminal = Terminal(stderr=quiet, highlight=False, soft_wrap=True)

    def on_event(words: list[str]) -> None:
        if events is not None:
            events.append(words)
        if words[0] != "progress":
            terminal.print("uscomo: " + " ".join(words), style="dim", markup=False)

    def on_question(question: str) -> str:
        return answer_question(question, yes, terminal)

    return Console(on_event, lambda line: terminal.print(line, markup=False), on_question)


def answer_question(question: str, yes: bool, terminal: Terminal) -> str:
    """Put the device's question to the user of this terminal.

    Raises
    ------
    UsageError
        There is no terminal to ask on, and no ``--yes``.
    """
    if yes:
        terminal.print(f"{question} yes", markup=False)
        return "y"
    if not sys.stdin.isatty():
        raise UsageError(f"the device asks {question!r}: no terminal to answer on, add --yes")
    terminal.print(question + " ", end="", markup=False)
    return input()
