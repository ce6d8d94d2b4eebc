"""`uscomo relay`: boards without a network of their own, over their cables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .board_options import Baudrate


def relay(
    ports: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PORT...",
            help="Ports of boards, socket://HOST:PORT or rfc2217://HOST:PORT; `all`: every board "
            "found; without one the only board.",
        ),
    ] = None,
    server: Annotated[
        str,
        typer.Option(envvar="USCOMO_SERVER", help="The DM server: boards may go to this host."),
    ] = "",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Another host that packages come from: scheme, host, port."
        ),
    ] = None,
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="Hosts of --allow may have private addresses."),
    ] = False,
    ca: Annotated[
        Path | None,
        typer.Option(
            help="PEM: authorities of servers' certificates, in place of the system's.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    notify: Annotated[
        str,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Take servers' notifications here (UDP) for the first board, for the next ones "
            "at the ports after it; HOST is 127.0.0.1.",
        ),
    ] = "",
    consoles: Annotated[
        Path | None,
        typer.Option(
            help="Folder for links to the boards' shared consoles, which mpremote can open."
        ),
    ] = None,
    no_share: Annotated[
        bool, typer.Option("--no-share", help="No shared consoles for other programs.")
    ] = False,
    max_request: Annotated[int, typer.Option(min=1, help="Octets of a request.")] = 64 * 1024,
    max_answer: Annotated[int, typer.Option(min=1, help="Octets of an answer.")] = 16 * 2**20,
    per_minute: Annotated[int, typer.Option(min=1, help="Requests of a board a minute.")] = 120,
    at_once: Annotated[int, typer.Option(min=1, help="Requests of all boards at once.")] = 64,
    baudrate: Baudrate = 115200,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, for a log.")
    ] = False,
) -> None:
    """Carry boards' sessions over their cables to a server, until Ctrl-C.

    The boards' programs go on; what they print is shown. Lines that are typed go to the board that
    has asked something, else to the only board, or to the one that is named: `ttyACM0: yes`.
    """
    from ..board import find
    from ..relay.allowed import AllowList
    from ..relay.board import BoardSettings
    from ..relay.exchange import Limits
    from ..relay.run import RelaySettings, run
    from .relay_report import TerminalReporter

    if not server:
        raise UsageError("where is the server? --server URL, or USCOMO_SERVER")
    settings = RelaySettings(
        ports=find.chosen(ports or ()),
        allowed=AllowList(server, allow or (), allow_private),
        limits=Limits(max_request, max_answer, per_minute, at_once),
        ca=ca,
        notify=_address(notify) if notify else None,
        board=BoardSettings(baudrate, consoles, not no_share),
    )
    with TerminalReporter(as_json, prefixed=len(settings.ports) > 1) as reporter:
        run(settings, reporter)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--notify {text}: [HOST:]PORT")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
