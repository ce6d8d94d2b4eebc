"""Options that the groups of `uscomo board` share."""

from __future__ import annotations

from typing import Annotated

import typer

#: One board; without it the only board that is found.
Port = Annotated[
    str,
    typer.Option(
        "--port",
        "-p",
        envvar="USCOMO_PORT",
        metavar="URL",
        help="A port, socket://HOST:PORT or rfc2217://HOST:PORT; else the only board found.",
    ),
]
#: Several boards, one after the other or at once.
Ports = Annotated[
    list[str],
    typer.Option(
        "--port",
        "-p",
        metavar="URL",
        help="A board, as often as there are boards; `all` means every one found.",
    ),
]
Baudrate = Annotated[int, typer.Option(help="Speed of a real serial line.")]
