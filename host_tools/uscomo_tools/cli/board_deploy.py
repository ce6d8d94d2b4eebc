"""`uscomo board deploy`, `undeploy`, `provision`, `doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from ..board import deploy as deploying
from ..board import deployer, doctor, find, provisioning
from ..board.connection import Board
from ..board.deployment import Data, ForeignMainError, Main
from ..board.local.keys import developer_public_key
from ..board.provisioning import Agent, Wishes
from ..device.provision import AUTH_TYPES, NUMBERS, WORDS
from ..errors import RefusedError, UsageError
from ..package.keys import PublicKey
from .board_options import Baudrate, Port
from .options import AsJson, show

_ACCOUNT = "main"
_PASSWORDS = {
    "password": ("USCOMO_PASSWORD", "The board's password"),
    "server_password": ("USCOMO_SERVER_PASSWORD", "The server's password"),
}
_WIFI_PASSWORD = "USCOMO_WIFI_PASSWORD"
_AUTH = f"one of {', '.join(AUTH_TYPES)}"
_SETTINGS = ", ".join(sorted({*WORDS, *NUMBERS}))
_MARKS = {"good": "[green]good[/]", "warning": "[yellow]warning[/]", "bad": "[red]bad[/]"}

Via = Annotated[str, typer.Option(help="`ampy` where only that works.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait for a port that is not there yet.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Account = Annotated[
    str, typer.Option(help=f"Name of the account, {_ACCOUNT} by default; others stay as they are.")
]
Url = Annotated[str, typer.Option(help="The DM server's address, with its path.")]
User = Annotated[
    str, typer.Option(help="User name; the password is asked for, or in USCOMO_PASSWORD.")
]
ServerId = Annotated[str, typer.Option(help="The server's identifier; uscomo by default.")]
Auth = Annotated[str, typer.Option(help=f"How the board proves itself: {_AUTH}.")]
ServerAuth = Annotated[
    str,
    typer.Option(
        help=f"How the server has to prove itself: {_AUTH}. Its password is asked for, or in "
        "USCOMO_SERVER_PASSWORD."
    ),
]
ScomoRoot = Annotated[str, typer.Option(help="Where its SCOMO object lies; ./SCOMO by default.")]
RequestTypes = Annotated[
    str, typer.Option(help="Ways to ask for an application: update,install,none by default.")
]
DeviceId = Annotated[
    str, typer.Option(help="Else the one it has, or urn:uscomo: and the chip's number.")
]
Type = Annotated[str, typer.Option(help="Device type, as packages name it; else its board's.")]
Wifi = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help=f"A network; its key is asked for, or in {_WIFI_PASSWORD}."),
]
ForgetWifi = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A network to forget.")]
Setting = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help=f"Repeatable; no value: its default. {_SETTINGS}."),
]
Anchor = Annotated[
    list[Path] | None,
    typer.Option(help="PEM file of a key whose packages are trusted; repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `uscomo board`."""
    app.command("deploy")(deploy)
    app.command("undeploy")(undeploy)
    app.command("provision")(provision)
    app.command("doctor")(doctor_command)


def deploy(
    port: Port = "",
    main: Annotated[
        Main | None,
        typer.Option(
            help="A main.py that is not ours: keep it (it has to call uscomo.run()), adopt it as "
            "a component, or replace it. It comes back with `undeploy`."
        ),
    ] = None,
    account: Account = "",
    url: Url = "",
    user: User = "",
    server_id: ServerId = "",
    auth: Auth = "",
    server_auth: ServerAuth = "",
    scomo_root: ScomoRoot = "",
    request_types: RequestTypes = "",
    device_id: DeviceId = "",
    type: Type = "",
    wifi: Wifi = None,
    setting: Setting = None,
    anchor: Anchor = None,
    no_developer_key: Annotated[
        bool,
        typer.Option(
            "--no-developer-key", help="Do not let the board trust what is built on this computer."
        ),
    ] = False,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Put the agent on a board, whole or not at all, with its accounts and keys; start it."""
    wishes = _wishes(
        *(account, url, user, server_id, auth, server_auth, scomo_root, request_types),
        *(device_id, type, wifi, None, setting, anchor),
    )
    if not no_developer_key:
        wishes.anchors.append(developer_public_key().modulus)
    with Board.open(port or find.only(), baudrate=baudrate, wait=wait, via=via) as board:
        if main is None:
            main = _main_choice(board)
        with _bars() as tell:
            report = deployer.deploy_board(board, wishes, main, tell, ask=_ask)
    fields = {name: value for name, value in asdict(report).items() if name != "main"}
    text = (
        f"agent {report.version} {'deployed' if report.switched else 'was there already'}, "
        f"{report.written} bytes sent; main.py is {report.main}"
    )
    if report.board["safe"]:
        text += "\nSAFE MODE: no component is started; see `uscomo board doctor`"
    if report.main == "kept":
        text += "\nmain.py was kept: the agent runs when it calls uscomo.run()"
    if report.main == "adopted":
        text += "\nthe agent has its turn at each start, and when adopted code calls uscomo.poll()"
    show({"main_py": report.main, **fields}, as_json, text)


def undeploy(
    port: Port = "",
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Leave components, accounts and keys there.")
    ] = False,
    remove_data: Annotated[
        bool,
        typer.Option("--remove-data", help="Remove them also where they were there before."),
    ] = False,
    yes: Yes = False,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Give a board back as it was before it was deployed."""
    if keep_data and remove_data:
        raise UsageError("--keep-data or --remove-data, not both")
    data = Data.KEEP if keep_data else Data.REMOVE if remove_data else Data.AS_BEFORE
    with Board.open(port or find.only(), baudrate=baudrate, wait=wait, via=via) as board:
        question = "Take the agent off this board, with all that it has installed?"
        if not yes and not _confirmed(question):
            raise RefusedError("nothing was changed")
        changed = deployer.undeploy_board(board, data)
    text = "\n".join(changed) if changed else "nothing of ours is on this board"
    show({"changed": changed}, as_json, text)


def provision(
    port: Port = "",
    account: Account = "",
    url: Url = "",
    user: User = "",
    server_id: ServerId = "",
    auth: Auth = "",
    server_auth: ServerAuth = "",
    scomo_root: ScomoRoot = "",
    request_types: RequestTypes = "",
    device_id: DeviceId = "",
    type: Type = "",
    wifi: Wifi = None,
    forget_wifi: ForgetWifi = None,
    setting: Setting = None,
    anchor: Anchor = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Write accounts, networks, settings and keys; what is not named stays as it is."""
    wishes = _wishes(
        *(account, url, user, server_id, auth, server_auth, scomo_root, request_types),
        *(device_id, type, wifi, forget_wifi, setting, anchor),
    )
    with Board.open(port or find.only(), baudrate=baudrate, wait=wait, via=via) as board:
        identity = board.identify()
        deployer.check_board(identity)
        board.soft_reset()
        found = deploying.look(board)
        agent = Agent.of(found, board)
        _ask(wishes, agent.told(board))
        there = provisioning.provision(board, agent, wishes, identity, planned=found.store)
        board.soft_reset(run_main=True)
    lines = [f"device {there['device_id']} of type {there['type']}"]
    lines += [
        f"account {name}: {one['url']}, server {one['server_id']}"
        for name, one in there["accounts"].items()
    ]
    lines += [f"network {name}" for name in there["wifi"]]
    lines += [f"{name}={value}" for name, value in there["settings"].items()]
    lines += [f"trusts {name}" for name in there["anchors"]]
    show({"board": there}, as_json, "\n".join(lines))


def doctor_command(
    port: Port = "",
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Examine a board: what fits, what does not, and what to do about it."""
    with Board.open(port or find.only(), baudrate=baudrate, wait=wait, via=via) as board:
        checks = doctor.examine(doctor.gather(board))
    bad = [check for check in checks if check.verdict == "bad"]
    if as_json:
        answer: dict[str, Any] = {"checks": [asdict(check) for check in checks]}
        show({**answer, "ok": not bad}, True, "")
    else:
        table = Table(show_edge=False, pad_edge=False)
        for name in ("check", "verdict", "found", "advice"):
            table.add_column(name, overflow="fold")
        for check in checks:
            mark = _MARKS[check.verdict]
            table.add_row(check.id, mark, check.found, check.advice)
        Terminal().print(table)
    if bad:
        raise typer.Exit(1)


# -- options


def _wishes(
    account: str,
    url: str,
    user: str,
    server_id: str,
    auth: str,
    server_auth: str,
    scomo_root: str,
    request_types: str,
    device_id: str,
    type: str,
    wifi: list[str] | None,
    forget_wifi: list[str] | None,
    setting: list[str] | None,
    anchor: list[Path] | None,
) -> Wishes:
    given = {
        "url": url,
        "user": user,
        "server_id": server_id,
        "auth": auth,
        "server_auth": server_auth,
        "scomo_root": scomo_root,
        "request_types": request_types,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name, (variable, _) in _PASSWORDS.items():
        if os.environ.get(variable) and (fields or account):
            fields[name] = os.environ[variable]
    settings = {}
    for pair in setting or ():
        name, mark, value = pair.partition("=")
        if not mark:
            raise UsageError(f"--setting {pair}: NAME=VALUE")
        settings[name] = value
    networks: dict[str, str | None] = dict.fromkeys(forget_wifi or ())
    for name in wifi or ():
        networks[name] = _secret(_WIFI_PASSWORD, f"Key of network {name} (empty: open)")
    return Wishes(
        account=(account or _ACCOUNT) if fields or account else "",
        fields=fields,
        device_id=device_id,
        type=type,
        settings=settings,
        networks=networks,
        anchors=[PublicKey.load(path).modulus for path in anchor or ()],
    )


def _ask(wishes: Wishes, there: dict[str, Any]) -> None:
    for name in provisioning.missing_secrets(wishes, there):
        variable, prompt = _PASSWORDS[name]
        wishes.fields[name] = _secret(variable, f"{prompt}, account {wishes.account}")


def _secret(variable: str, prompt: str) -> str:
    value = os.environ.get(variable)
    if value is not None:
        return value
    if not sys.stdin.isatty():
        raise UsageError(f"{prompt}? There is no terminal to ask on: put it into {variable}")
    return str(typer.prompt(prompt, default="", hide_input=True, show_default=False, err=True))


# -- questions


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask on: add --yes")
    return typer.confirm(question, err=True)


def _main_choice(board: Board) -> Main | None:
    # Asked before anything is written.
    deployer.check_board(board.identify())
    try:
        deploying.planned(deploying.look(board), None)
    except ForeignMainError:
        choices = ", ".join(choice.value for choice in Main)
        if not sys.stdin.isatty():
            raise UsageError(
                f"the board has a main.py of its own: what is to become of it? --main {choices}"
            ) from None
        text = f"The board has a main.py of its own: {choices}?"
        while True:
            answer = typer.prompt(text, err=True).strip().lower()
            if answer in [choice.value for choice in Main]:
                return Main(answer)
    return None


@contextmanager
def _bars() -> Iterator[deploying.Tell]:
    # One bar, on standard error, and only on a terminal.
    terminal = Terminal(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell
