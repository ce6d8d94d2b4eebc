"""Options that the groups of `uscomo board` share."""

from __future__ import annotations

from typing import Annotated

import typer

_KINDS = "A port, socket://HOST:PORT or rfc2217://HOST:PORT; else the only board found."

#: One board; without it the only board that is found.
Port = Annotated[
    str, typer.Option("--port", "-p", envvar="USCOMO_PORT", metavar="URL", help=_KINDS)
]
#: Several boards at once.
Ports = Annotated[
    list[str] | None,
    typer.Option(
        *("--port", "-p"),
        envvar="USCOMO_PORT",
        metavar="URL",
        help=_KINDS + " Repeatable; `all`: every board found.",
    ),
]
Via = Annotated[str, typer.Option(help="`ampy` where only that works.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait for a port that is not there yet.")]
Baudrate = Annotated[int, typer.Option(help="Speed of a real serial line.")]
