"""`uscomo server`: what operators and service providers tell a running server."""

from __future__ import annotations

import base64
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from ..errors import UsageError, UscomoError
from ..server.primitives import (
    DELIVERIES,
    OF_COMPONENTS,
    OF_DELIVERED,
    OF_PACKAGES,
    ORDERED,
    REBOOTS,
    SYNONYMS,
)
from .options import AsJson, show
from .rest import LOCAL, Token, Url, call, cell, table

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
    mac = "mac"


class ServerAuth(str, Enum):
    """How the server proves itself to a device."""

    none = "none"
    md5 = "md5"
    mac = "mac"


Primitive = Enum("Primitive", {name: name for name in ORDERED}, type=str)  # type: ignore[misc]
Delivery = Enum("Delivery", {name: name for name in DELIVERIES}, type=str)  # type: ignore[misc]
Reboot = Enum("Reboot", {name: name for name in REBOOTS}, type=str)  # type: ignore[misc]

_PRIMITIVES = (
    f"Of a --package: {', '.join((*OF_PACKAGES, *SYNONYMS, *OF_DELIVERED))}. Of a --component, "
    f"or of all that came in a --package: {', '.join(OF_COMPONENTS)}. Of the device: "
    "leave-safe-mode."
)

AskOption = Annotated[Ask | None, typer.Option(help="Who asks the user.")]
DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Device id, as in DevInfo/DevId.")]
DeviceType = Annotated[str, typer.Argument(metavar="TYPE", help="Device type.")]


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
    found = call(url, token, "POST", "/packages", params=params, content=data)
    show(found, as_json, f"{found['id']} {found['version']} release {found['release']}: published")


@app.command()
def packages(url: Url = LOCAL, token: Token = "", as_json: AsJson = False) -> None:
    """List the catalogue."""
    found = call(url, token, "GET", "/packages")
    if as_json:
        show({"packages": found}, as_json, "")
        return
    Console().print(
        table(
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
    notify: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where it listens for notifications.")
    ] = "",
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
        "notify": notify,
    }
    found = call(url, token, "POST", "/devices", json=account)
    show(found, as_json, f"{device_id}: account open")


@app.command()
def devices(url: Url = LOCAL, token: Token = "", as_json: AsJson = False) -> None:
    """List the devices."""
    found = call(url, token, "GET", "/devices")
    if as_json:
        show({"devices": found}, as_json, "")
        return
    rows = [
        {**row, "seen": _seen(row), "mode": "safe mode" if row["safe_mode"] else ""}
        for row in found
    ]
    Console().print(
        table(
            rows,
            Device="device_id",
            Type="type",
            User="user",
            Last_seen="seen",
            Notified_at="notify",
            Mode="mode",
        )
    )


def _seen(row: dict[str, Any]) -> str:
    return cell(row["last_seen"]) or "never"


@app.command()
def device(
    device_id: DeviceId, url: Url = LOCAL, token: Token = "", as_json: AsJson = False
) -> None:
    """Show one device: inventory and operations."""
    found = call(url, token, "GET", f"/devices/{quote(device_id, safe='')}")
    if as_json:
        show(found, as_json, "")
        return
    console = Console(markup=False, highlight=False)
    kind = found["type"] or "none"
    console.print(f"{found['device_id']}, type {kind}, seen (UTC): {_seen(found)}")
    if found["notify"]:
        console.print(f"Notified at {found['notify']}")
    if found["trusts"]:
        console.print(f"Trusts the keys {', '.join(found['trusts'])}")
    if found["safe_mode"]:
        console.print("In SAFE MODE: the agent runs alone, no component is started.")
    components = [
        {**row, "trial": "on trial" if row["on_trial"] else ""} for row in found["inventory"]
    ]
    console.print(
        table(
            components,
            Component="id",
            Version="version",
            Release="release",
            State="state",
            Trial="trial",
            Back_to="retained",
            Package="package",
            Last_error="last_error",
        )
    )
    if found["delivered"]:
        console.print(
            table(found["delivered"], Delivered="package", Name="name", State="state", Node="node")
        )
    operations = [
        {**row, "state": "on trial" if row["on_trial"] else row["state"]}
        for row in found["operations"]
    ]
    console.print(
        table(
            operations,
            Operation="primitive",
            Subject="subject",
            State="state",
            Code="code",
            Reason="reason",
            Changed="changed_at",
        )
    )
    for row in found["operations"]:
        if len(row["results"]) > 1:
            console.print(table(row["results"], Component="id", Code="code", Reason="reason"))


@app.command("provider-add")
def provider_add(
    name: Annotated[str, typer.Argument(help="The service provider's name.")],
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Make a service provider; its token is shown this once."""
    found = call(url, token, "POST", "/providers", json={"name": name})
    show(found, as_json, f"{name}: token {found['token']}")


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
    found = call(url, token, method, path, json={"provider": provider})
    verb = "no longer" if withdraw else "now"
    show(found, as_json, f"{provider} is {verb} authorised for {device_type}")


@app.command()
def default(
    device_type: DeviceType,
    package_ids: Annotated[
        list[str] | None, typer.Argument(metavar="PACKAGE", help="The new default.")
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
        found = call(url, token, "PUT", path, json={"packages": package_ids or []})
    else:
        found = call(url, token, "GET", path)
    show(found, as_json, "\n".join(found["packages"]) or "no default software")


@app.command()
def operate(
    device_id: DeviceId,
    primitive: Annotated[Primitive, typer.Argument(metavar="PRIMITIVE", help=_PRIMITIVES)],
    package: Annotated[str | None, typer.Option(help="Package id.")] = None,
    component: Annotated[str | None, typer.Option(help="Component id.")] = None,
    ask: AskOption = None,
    delivery: Annotated[
        Delivery | None,
        typer.Option(
            help="indirect: the device downloads; direct: inside the session; delivered: it is "
            "there. Default: delivered if this very package is, else indirect."
        ),
    ] = None,
    params: Annotated[str, typer.Option(help="InstallParams for the package.")] = "",
    reboot: Annotated[Reboot | None, typer.Option(help="When the device restarts.")] = None,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Order an operation for the device's next session; what it requires comes first."""
    name = primitive.value
    if name in OF_COMPONENTS and bool(package) == bool(component):
        raise UsageError(f"{name}: either --component or --package is needed")
    if name in (*OF_PACKAGES, *SYNONYMS, *OF_DELIVERED) and (not package or component):
        raise UsageError(f"{name}: --package is needed, and no --component")
    order = {
        "primitive": name,
        "package": package,
        "component": component,
        "ask": ask.value if ask else None,
        "delivery": delivery.value if delivery else None,
        "install_params": params,
        "reboot": reboot.value if reboot else None,
    }
    _order(device_id, "operations", order, url, token, as_json)


@app.command()
def trust(
    device_id: DeviceId,
    statement: Annotated[Path, typer.Argument(help="A signed trust statement.")],
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Send a device a statement that adds or revokes a key it trusts."""
    try:
        data = statement.read_bytes()
    except OSError as error:
        raise UscomoError(f"{statement}: {error.strerror}") from error
    order = {"statement": base64.b64encode(data).decode()}
    _order(device_id, "trust", order, url, token, as_json)


def _order(
    device_id: str, what: str, order: dict[str, Any], url: str, token: str, as_json: bool
) -> None:
    found = call(url, token, "POST", f"/devices/{quote(device_id, safe='')}/{what}", json=order)
    text = "\n".join(
        f"{row['primitive']} {row['subject']}: {row['state']}, correlator {row['correlator']}"
        for row in found["operations"]
    )
    show(found, as_json, text)
