"""`uscomo server notify` and `address`: calling a device that listens."""

from __future__ import annotations

from enum import Enum
from typing import Annotated
from urllib.parse import quote

import typer

from ..server.notify import UI_MODES
from .options import AsJson, show
from .rest import LOCAL, Token, Url, call

DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Device id, as in DevInfo/DevId.")]
UiMode = Enum("UiMode", {name: name for name in UI_MODES}, type=str)  # type: ignore[misc]


def notify(
    device_id: DeviceId,
    ui: Annotated[UiMode, typer.Option(help="What the device may show its user.")] = (
        UiMode.background  # type: ignore[attr-defined]
    ),
    zero_nonce: Annotated[
        bool, typer.Option("--zero-nonce", help="For a device whose server nonce is stale.")
    ] = False,
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Ask a device to open a session now."""
    wish = {"ui": ui.value, "zero_nonce": zero_nonce}
    found = call(url, token, "POST", f"/devices/{quote(device_id, safe='')}/notify", json=wish)
    show(found, as_json, f"{device_id}: session {found['session_id']} asked for")


def address(
    device_id: DeviceId,
    where: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="Where it listens; empty: nowhere.")
    ] = "",
    url: Url = LOCAL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Set where a device listens for notifications."""
    path = f"/devices/{quote(device_id, safe='')}"
    found = call(url, token, "PATCH", path, json={"notify": where})
    show(found, as_json, f"{device_id}: {where or 'not to be notified'}")


def register(app: typer.Typer) -> None:
    """Add these commands to `uscomo server`."""
    app.command()(notify)
    app.command()(address)
