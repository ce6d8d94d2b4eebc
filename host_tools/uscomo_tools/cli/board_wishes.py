"""What `uscomo board deploy` and `provision` are told to write: the options, and their meaning."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..board.provisioning import Wishes
from ..device.provision import AUTH_TYPES, ENCODINGS, NUMBERS, TEXTS, WORDS
from ..errors import UsageError
from ..package.keys import PublicKey

_ACCOUNT = "main"
PASSWORDS = {
    "password": ("USCOMO_PASSWORD", "The board's password"),
    "server_password": ("USCOMO_SERVER_PASSWORD", "The server's password"),
}
_WIFI_PASSWORD = "USCOMO_WIFI_PASSWORD"
_AUTH = f"one of {', '.join(AUTH_TYPES)}"
_SETTINGS = ", ".join(sorted({*WORDS, *NUMBERS, *TEXTS}))

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
Encoding = Annotated[
    str, typer.Option(help=f"Of its messages: {', '.join(ENCODINGS)}; wbxml by default.")
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
Ca = Annotated[
    list[Path] | None,
    typer.Option(
        help="PEM or DER: an authority that https servers' certificates are signed by; repeatable."
    ),
]
ForgetTls = Annotated[
    bool, typer.Option("--forget-tls", help="First, forget all authorities and certificates.")
]
ClientCert = Annotated[
    Path | None,
    typer.Option(help="PEM or DER: the board's certificate, for the account's server."),
]
ClientKey = Annotated[Path | None, typer.Option(help="PEM or DER: key of --client-cert.")]


def one_id(ports: list[str] | None, device_id: str) -> None:
    """Refuse to call several boards the same."""
    if device_id and ports and (len(ports) > 1 or "all" in ports):
        raise UsageError("--device-id is of one board: name that one's --port")


def wishes_of(
    account: str,
    url: str,
    user: str,
    server_id: str,
    auth: str,
    server_auth: str,
    scomo_root: str,
    request_types: str,
    encoding: str,
    device_id: str,
    type: str,
    wifi: list[str] | None,
    forget_wifi: list[str] | None,
    setting: list[str] | None,
    anchor: list[Path] | None,
) -> Wishes:
    """What the options mean; the keys of networks are asked for."""
    given = {
        "url": url,
        "user": user,
        "server_id": server_id,
        "auth": auth,
        "server_auth": server_auth,
        "scomo_root": scomo_root,
        "request_types": request_types,
        "encoding": encoding,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name, (variable, _) in PASSWORDS.items():
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
        networks[name] = secret(_WIFI_PASSWORD, f"Key of network {name} (empty: open)")
    return Wishes(
        account=(account or _ACCOUNT) if fields or account else "",
        fields=fields,
        device_id=device_id,
        type=type,
        settings=settings,
        networks=networks,
        anchors=[PublicKey.load(path).modulus for path in anchor or ()],
    )


def secret(variable: str, prompt: str) -> str:
    """A password: of the environment, or from the user of this terminal."""
    value = os.environ.get(variable)
    if value is not None:
        return value
    if not sys.stdin.isatty():
        raise UsageError(f"{prompt}? There is no terminal to ask on: put it into {variable}")
    return str(typer.prompt(prompt, default="", hide_input=True, show_default=False, err=True))
