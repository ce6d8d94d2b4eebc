"""`uscomo board deploy`, `undeploy`, `provision`, `doctor`."""

from __future__ import annotations

import os
import sys
from copy import deepcopy
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from ..board import deploy as deploying
from ..board import deployer, doctor, provisioning
from ..board.connection import Board
from ..board.deployment import Data, ForeignMainError, Main
from ..board.local.keys import developer_public_key
from ..board.provisioning import Wishes
from ..device.tls import Tls
from ..errors import RefusedError, UsageError
from .board_each import Fields, Turn, each_board
from .board_options import Baudrate, Ports, Via, Wait
from .board_wishes import (
    PASSWORDS,
    Account,
    Anchor,
    Auth,
    Ca,
    ClientCert,
    ClientKey,
    DeviceId,
    Encoding,
    ForgetTls,
    ForgetWifi,
    RequestTypes,
    ScomoRoot,
    ServerAuth,
    ServerId,
    Setting,
    Type,
    Url,
    User,
    Wifi,
    one_id,
    secret,
    wishes_of,
)
from .options import AsJson
from .rest import text_of

_MARKS = {"good": "[green]good[/]", "warning": "[yellow]warning[/]", "bad": "[red]bad[/]"}

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `uscomo board`."""
    app.command("deploy")(deploy)
    app.command("undeploy")(undeploy)
    app.command("provision")(provision)
    app.command("doctor")(doctor_command)


def deploy(
    port: Ports = None,
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
    encoding: Encoding = "",
    device_id: DeviceId = "",
    type: Type = "",
    wifi: Wifi = None,
    setting: Setting = None,
    anchor: Anchor = None,
    ca: Ca = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
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
    one_id(port, device_id)
    wishes = wishes_of(
        *(account, url, user, server_id, auth, server_auth, scomo_root, request_types, encoding),
        *(device_id, type, wifi, None, setting, anchor),
    )
    wishes.tls = Tls.load(ca or [], client_cert, client_key)
    if not no_developer_key:
        wishes.anchors.append(developer_public_key().modulus)

    def work(board: Board, turn: Turn) -> Fields:
        choice = main or _main_choice(board, turn)

        def ask(wishes: Wishes, there: dict[str, Any]) -> None:
            _ask(wishes, there, turn)

        told = asdict(deployer.deploy_board(board, deepcopy(wishes), choice, turn.tell, ask))
        return {"main_py": told.pop("main"), **told}

    each_board(port, work, _deployed_text, as_json, baudrate, via, wait)


def _deployed_text(fields: Fields) -> str:
    text = (
        f"agent {fields['version']} {'deployed' if fields['switched'] else 'was there already'}, "
        f"{fields['written']} bytes sent; main.py is {fields['main_py']}"
    )
    if fields["board"]["safe"]:
        text += "\nSAFE MODE: no component is started; see `uscomo board doctor`"
    if fields["main_py"] == "kept":
        text += "\nmain.py was kept: the agent runs when it calls uscomo.run()"
    if fields["main_py"] == "adopted":
        text += "\nthe agent has its turn at each start, and when adopted code calls uscomo.poll()"
    return text


def undeploy(
    port: Ports = None,
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

    def work(board: Board, turn: Turn) -> Fields:
        question = "Take the agent off this board, with all that it has installed?"
        if not yes and not _confirmed(question, turn):
            raise RefusedError("nothing was changed")
        return {"changed": deployer.undeploy_board(board, data, turn.tell)}

    def text(fields: Fields) -> str:
        return "\n".join(fields["changed"]) or "nothing of ours is on this board"

    each_board(port, work, text, as_json, baudrate, via, wait)


def provision(
    port: Ports = None,
    account: Account = "",
    url: Url = "",
    user: User = "",
    server_id: ServerId = "",
    auth: Auth = "",
    server_auth: ServerAuth = "",
    scomo_root: ScomoRoot = "",
    request_types: RequestTypes = "",
    encoding: Encoding = "",
    device_id: DeviceId = "",
    type: Type = "",
    wifi: Wifi = None,
    forget_wifi: ForgetWifi = None,
    setting: Setting = None,
    anchor: Anchor = None,
    ca: Ca = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    forget_tls: ForgetTls = False,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Write accounts, networks, settings and keys; what is not named stays as it is."""
    one_id(port, device_id)
    wishes = wishes_of(
        *(account, url, user, server_id, auth, server_auth, scomo_root, request_types, encoding),
        *(device_id, type, wifi, forget_wifi, setting, anchor),
    )
    wishes.tls = Tls.load(ca or [], client_cert, client_key)
    wishes.forget_tls = forget_tls

    def work(board: Board, turn: Turn) -> Fields:
        def ask(wishes: Wishes, there: dict[str, Any]) -> None:
            _ask(wishes, there, turn)

        return {"board": deployer.provision_board(board, deepcopy(wishes), ask)}

    each_board(port, work, _provisioned_text, as_json, baudrate, via, wait)


def _provisioned_text(fields: Fields) -> str:
    there = fields["board"]
    lines = [f"device {there['device_id']} of type {there['type']}"]
    lines += [
        f"account {name}: {one['url']}, server {one['server_id']}"
        for name, one in there["accounts"].items()
    ]
    lines += [f"network {name}" for name in there["wifi"]]
    lines += [f"{name}={value}" for name, value in there["settings"].items()]
    lines += [_tls_line(name) for name in there["tls"]]
    lines += [f"trusts {name}" for name in there["anchors"]]
    return "\n".join(lines)


def doctor_command(
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = 0,
    as_json: AsJson = False,
) -> None:
    """Examine a board: what fits, what does not, and what to do about it."""

    def work(board: Board, turn: Turn) -> Fields:
        with board.programs_again(always=True):
            checks = doctor.examine(doctor.gather(board))
        is_good = all(check.verdict != "bad" for check in checks)
        return {"checks": [asdict(check) for check in checks], "ok": is_good}

    each_board(port, work, _examined_text, as_json, baudrate, via, wait)


def _examined_text(fields: Fields) -> str:
    table = Table(show_edge=False, pad_edge=False)
    for name in ("check", "verdict", "found", "advice"):
        table.add_column(name, overflow="fold")
    for check in fields["checks"]:
        mark = _MARKS[check["verdict"]]
        table.add_row(check["id"], mark, check["found"], check["advice"])
    return text_of(table)


def _ask(wishes: Wishes, there: dict[str, Any], turn: Turn) -> None:
    for name in provisioning.missing_secrets(wishes, there):
        variable, prompt = PASSWORDS[name]
        prompt = f"{prompt}, account {wishes.account}"
        wishes.fields[name] = os.environ.get(variable) or _asked(variable, prompt, turn)


def _asked(variable: str, prompt: str, turn: Turn) -> str:
    with turn.asking(f"{prompt}?", variable):
        return secret(variable, prompt)


def _tls_line(name: str) -> str:
    host, _, kind = name.rpartition(".")
    if not host:
        return f"https: authority {name}"
    return f"https: {'key' if kind == 'key' else 'certificate'} for {host}"


# -- questions


def _confirmed(question: str, turn: Turn) -> bool:
    with turn.asking(question, "--yes"):
        if not sys.stdin.isatty():
            raise UsageError(f"{question} There is no terminal to ask on: add --yes")
        return typer.confirm(question, err=True)


def _main_choice(board: Board, turn: Turn) -> Main | None:
    # Asked before anything is written.
    deployer.check_board(board.identify())
    try:
        deploying.planned(deploying.look(board), None)
    except ForeignMainError:
        choices = ", ".join(choice.value for choice in Main)
        question = "the board has a main.py of its own: what is to become of it?"
        with turn.asking(question, f"--main {choices}"):
            if not sys.stdin.isatty():
                raise UsageError(f"{question} --main {choices}") from None
            text = f"The board has a main.py of its own: {choices}?"
            while True:
                answer = typer.prompt(text, err=True).strip().lower()
                if answer in [choice.value for choice in Main]:
                    return Main(answer)
    return None
