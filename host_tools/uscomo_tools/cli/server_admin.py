"""`uscomo server`: what operators and service providers tell a running server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.table import Table

from ..errors import RefusedError, UnreachableError, UsageError, UscomoError
from ..server.settings import TOKEN_FILE
from .serve import default_data_folder

app = typer.Typer(
    help="Publish packages, open accounts, set default software, start operations.",
    no_args_is_help=True,
)


class Ask(str, Enum):
    """Who asks the user."""

    server = "server"
    device = "device"


class Auth(str, Enum):
    """How a device proves itself."""

    none = "none"
    basic = "basic"
    md5 = "md5"


class ServerAuth(str, Enum):
    """How the server proves itself to a device."""

    none = "none"
    md5 = "md5"


class Primitive(str, Enum):
    """What an operation does."""

    install = "install"
    activate = "activate"
    deactivate = "deactivate"
    remove = "remove"


Url = Annotated[str, typer.Option("--server", envvar="USCOMO_SERVER", help="The server's URL.")]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar=["USCOMO_TOKEN", "USCOMO_OPERATOR_TOKEN"],
        help="The operator's or a provider's; default: the one `uscomo serve` keeps here.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AskOption = Annotated[Ask | None, typer.Option(help="Who asks the user.")]
DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Device id, as in DevInfo/DevId.")]
DeviceType = Annotated[str, typer.Argument(metavar="TYPE", help="Device type.")]
LOCAL = "http://127.0.0.1:8080"
TIMEOUT_SECONDS = 30.0


def _call(url: str, token: str, method: str, path: str, **more: Any) -> Any:
    """One REST call; its failures as errors with the right exit code."""
    token = token or _kept_token()
    if not token.isascii() or not token.isprintable():
        raise UsageError("the token has characters that no token of a server has")
    headers = {"authorization": f"Bearer {token}"}
    try:
        response = httpx.request(
            method,
            f"{url.rstrip('/')}/api{path}",
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            **more,
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise UsageError(f"--server {url}: {error}") from error
    except httpx.TransportError as error:
        raise UnreachableError(f"{url}: {error}") from error
    try:
        answer = response.json()
    except ValueError:
        raise UscomoError(f"{url}: no uscomo server, HTTP {response.status_code}") from None
    if response.is_error:
        sentence = str(answer.get("error", response.status_code))
        raise (RefusedError if response.status_code in (401, 403) else UscomoError)(sentence)
    return answer


def _kept_token() -> str:
    file = default_data_folder() / TOKEN_FILE
    try:
        return file.read_text("ascii").strip()
    except OSError:
        raise UsageError(f"no --token, and none in {file}") from None


def _show(as_json: bool, value: dict[str, Any], text: str) -> None:
    typer.echo(json.dumps({"ok": True, **value}) if as_json else text)


def _table(rows: Sequence[dict[str, Any]], **columns: str) -> Table:
    """A table of some fields, under the headings given."""
    table = Table(*[heading.replace("_", " ") for heading in columns])
    for row in rows:
        table.add_row(*[_cell(row[field]) for field in columns.values()])
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(metavar="PACKAGE", help="A delivery package.")],
    ask: AskOption = Ask.server,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Add a package to the catalogue."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UscomoError(f"{file}: {error.strerror}") from error
    params = {"ask": (ask or Ask.server).value}
    found = _call(url, token, "POST", "/packages", params=params, content=data)
    _show(
        as_json, found, f"{found['id']} {found['version']} release {found['release']}: published"
    )


@app.command()
def packages(url: Url = LOCAL, token: Token = "", as_json: AsJson = False) -> None:
    """List the catalogue."""
    found = _call(url, token, "GET", "/packages")
    if as_json:
        _show(as_json, {"packages": found}, "")
        return
    Console().print(
        _table(
            found,
            Package="id",
            Version="version",
            Release="release",
            Types="types",
            Bytes="size",
            Vendor="vendor",
            Asks="ask",
        )
    )


@app.command("device-add")
def device_add(
    device_id: DeviceId,
    device_type: Annotated[str, typer.Option("--type", help="Device type.")] = "",
    user: Annotated[str, typer.Option(help="The device's user name.")] = "",
    password: Annotated[
        str, typer.Option(envvar="USCOMO_DEVICE_PASSWORD", help="The device's password.")
    ] = "",
    server_password: Annotated[
        str,
        typer.Option(
            envvar="USCOMO_SERVER_PASSWORD", help="The server's password with this device."
        ),
    ] = "",
    auth: Annotated[Auth, typer.Option(help="How the device proves itself.")] = Auth.md5,
    server_auth: Annotated[
        ServerAuth, typer.Option(help="How the server proves itself.")
    ] = ServerAuth.md5,
    client_nonce: Annotated[str, typer.Option(help="First nonce of the device, base64.")] = "",
    server_nonce: Annotated[str, typer.Option(help="First nonce of the server, base64.")] = "",
    scomo_root: Annotated[
        str | None, typer.Option(help="Where its SCOMO object is; default: find it.")
    ] = None,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Open an account for a device."""
    account = {
        "device_id": device_id,
        "type": device_type,
        "user": user,
        "password": password,
        "server_password": server_password,
        "auth": auth.value,
        "server_auth": server_auth.value,
        "client_nonce": client_nonce,
        "server_nonce": server_nonce,
        "scomo_root": scomo_root,
    }
    found = _call(url, token, "POST", "/devices", json=account)
    _show(as_json, found, f"{device_id}: account open")


@app.command()
def devices(url: Url = LOCAL, token: Token = "", as_json: AsJson = False) -> None:
    """List the devices."""
    found = _call(url, token, "GET", "/devices")
    if as_json:
        _show(as_json, {"devices": found}, "")
        return
    Console().print(
        _table(found, Device="device_id", Type="type", User="user", Last_seen="last_seen")
    )


@app.command()
def device(
    device_id: DeviceId, url: Url = LOCAL, token: Token = "", as_json: AsJson = False
) -> None:
    """Show one device: inventory and operations."""
    found = _call(url, token, "GET", f"/devices/{quote(device_id, safe='')}")
    if as_json:
        _show(as_json, found, "")
        return
    console = Console()
    console.print(f"{found['device_id']}, type {found['type']}, seen {_cell(found['last_seen'])}")
    console.print(
        _table(
            found["inventory"], Component="id", Version="version", State="state", Package="package"
        )
    )
    console.print(
        _table(
            found["operations"],
            Operation="primitive",
            Subject="subject",
            State="state",
            Code="code",
            Reason="reason",
            Changed="changed_at",
        )
    )


@app.command("provider-add")
def provider_add(
    name: Annotated[str, typer.Argument(help="The service provider's name.")],
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Make a service provider; its token is shown this once."""
    found = _call(url, token, "POST", "/providers", json={"name": name})
    _show(as_json, found, f"{name}: token {found['token']}")


@app.command()
def authorise(
    device_type: DeviceType,
    provider: Annotated[str, typer.Argument(help="The service provider's name.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Let a provider set the default software of a device type."""
    path = f"/types/{quote(device_type, safe='')}/authorisations"
    method = "DELETE" if withdraw else "POST"
    found = _call(url, token, method, path, json={"provider": provider})
    verb = "no longer" if withdraw else "now"
    _show(as_json, found, f"{provider} is {verb} authorised for {device_type}")


@app.command()
def default(
    device_type: DeviceType,
    package_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PACKAGE]...", help="The new default.")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="No default software.")] = False,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Show or set the default software of a device type."""
    if empty and package_ids:
        raise UsageError("--empty and packages: one or the other")
    path = f"/types/{quote(device_type, safe='')}/default"
    if empty or package_ids:
        found = _call(url, token, "PUT", path, json={"packages": package_ids or []})
    else:
        found = _call(url, token, "GET", path)
    _show(as_json, found, "\n".join(found["packages"]) or "no default software")


@app.command()
def operate(
    device_id: DeviceId,
    primitive: Primitive,
    package: Annotated[str | None, typer.Option(help="Package id.")] = None,
    component: Annotated[str | None, typer.Option(help="Component id.")] = None,
    ask: AskOption = None,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Order an operation for the device's next session."""
    order = {
        "primitive": primitive.value,
        "package": package,
        "component": component,
        "ask": ask.value if ask else None,
    }
    path = f"/devices/{quote(device_id, safe='')}/operations"
    found = _call(url, token, "POST", path, json=order)
    text = "\n".join(
        f"{row['primitive']} {row['subject']}: {row['state']}, correlator {row['correlator']}"
        for row in found["operations"]
    )
    _show(as_json, found, text)
