"""`uscomo serve`: the reference DM server."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from ..errors import UsageError


def default_data_folder() -> Path:
    """Where a server keeps its things unless told otherwise."""
    return platformdirs.user_data_path("uscomo") / "server"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8080,
    notify_port: Annotated[
        int,
        typer.Option(
            help="UDP port through which devices behind routers can be called: their setting "
            "notify_out; 0: none.",
            min=0,
            max=65535,
        ),
    ] = 0,
    dm_path: Annotated[str, typer.Option(help="Path of the DM endpoint.")] = "/dm",
    server_id: Annotated[
        str, typer.Option(help="The server's name in credentials of accounts made from now on.")
    ] = "uscomo",
    database_url: Annotated[
        str, typer.Option(help="SQLAlchemy URL; default: SQLite in the data folder.")
    ] = "",
    data_folder: Annotated[
        Path | None, typer.Option(help="Packages, database, operator token.")
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            "--operator-token",
            envvar="USCOMO_OPERATOR_TOKEN",
            help="Default: one that is made once and kept in the data folder.",
        ),
    ] = "",
    resp_uri: Annotated[str | None, typer.Option(help="Sent as RespURI in every message.")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM: certificate, and its chain; with it TLS only.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM: key of --tls-cert.")] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(help="PEM: authorities of client certificates, which are asked for then."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object when ready.")
    ] = False,
) -> None:
    """Run the DM server until Ctrl-C: devices, REST interface, content and pages on one port.

    Who is on this machine reads the pages; from elsewhere, open them once with ?token=TOKEN.
    """
    # The server's libraries take half a second: only who serves pays it.
    from sqlalchemy.exc import ArgumentError, InvalidRequestError

    from ..server.runner import ServerSettings, operator_token, run_server

    if database_url.startswith("sqlite:"):
        # The server needs SQLAlchemy's asyncio driver; who says SQLite means that.
        database_url = "sqlite+aiosqlite:" + database_url.removeprefix("sqlite:")
    if not dm_path.startswith("/"):
        raise typer.BadParameter("begins with a slash", param_hint="--dm-path")
    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key go together", param_hint="--tls-cert")
    if client_ca and not tls_cert:
        raise typer.BadParameter("needs --tls-cert", param_hint="--client-ca")
    folder = data_folder or default_data_folder()
    token, token_file = operator_token(folder, token)
    settings = ServerSettings(
        data_folder=folder,
        operator_token=token,
        host=host,
        port=port,
        notify_port=notify_port,
        dm_path=dm_path,
        server_id=server_id,
        database_url=database_url,
        resp_uri=resp_uri,
        tls_certificate=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")

    def ready(url: str) -> None:
        facts = {
            "url": url,
            "dm_url": url + dm_path,
            "server_id": server_id,
            "data_folder": str(folder),
            "operator_token_file": str(token_file) if token_file else None,
        }
        if as_json:
            typer.echo(json.dumps({"ok": True, **facts}))
            return
        typer.echo(f"devices:  {facts['dm_url']} (server id {server_id})")
        typer.echo(f"pages:    {url}/")
        typer.echo(f"data:     {folder}")
        typer.echo(f"operator: token {f'in {token_file}' if token_file else 'as given'}")

    try:
        run_server(settings, ready)
    except (ArgumentError, InvalidRequestError) as error:
        raise UsageError(f"--database-url {database_url}: {error}") from None
