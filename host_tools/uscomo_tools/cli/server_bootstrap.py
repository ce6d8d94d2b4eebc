"""`uscomo server bootstrap`: a message that gives a device its account."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..device.bootstrap import letter
from ..device.provision import AUTH_TYPES, DeviceSpec
from .options import AsJson, show

DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Device id, as in DevInfo/DevId.")]
_AUTH = f"one of {', '.join(AUTH_TYPES)}"


class Profile(str, Enum):
    """How the account is written down."""

    dm = "dm"
    cp = "cp"


def bootstrap(
    device_id: DeviceId,
    url: Annotated[str, typer.Option(help="The DM server's address, with its path.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the message goes.")],
    pin: Annotated[
        str, typer.Option(envvar="USCOMO_PIN", help="What the device's user was told.")
    ] = "",
    network_id: Annotated[
        str, typer.Option(envvar="USCOMO_NETWORK_ID", help="The secret that the device has.")
    ] = "",
    profile: Annotated[
        Profile, typer.Option(help="dm: a DM message; cp: client provisioning.")
    ] = Profile.dm,
    name: Annotated[str, typer.Option(help="The account's name.")] = "main",
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
    scomo_root: Annotated[
        str, typer.Option(help="Where the SCOMO object lies in the tree.")
    ] = "./SCOMO",
    as_json: AsJson = False,
) -> None:
    """Write a bootstrap message for a device, which `uscomo device bootstrap` gives to it.

    Nothing is sent, and no server is asked: the account must be open there (`server device-add`).
    """
    spec = DeviceSpec(
        device_id=device_id,
        url=url,
        server_id=server_id,
        user=user,
        password=password,
        server_password=server_password,
        auth=auth,
        server_auth=server_auth,
        scomo_root=scomo_root,
        account=name,
    )
    data = letter(spec, profile.value, pin, network_id)
    output.write_bytes(data)
    show({"file": str(output), "bytes": len(data)}, as_json, f"{output}: {len(data)} bytes")


def register(app: typer.Typer) -> None:
    """Add this command to `uscomo server`."""
    app.command()(bootstrap)
