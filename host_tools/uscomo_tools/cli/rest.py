"""Calling a server's REST interface from a command line: options, errors, tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import RefusedError, UnreachableError, UsageError, UscomoError
from ..server.settings import TOKEN_FILE
from .serve import default_data_folder

Url = Annotated[str, typer.Option("--server", envvar="USCOMO_SERVER", help="The server's URL.")]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar=["USCOMO_TOKEN", "USCOMO_OPERATOR_TOKEN"],
        help="The operator's or a provider's; default: the one `uscomo serve` keeps here.",
    ),
]
LOCAL = "http://127.0.0.1:8080"
TIMEOUT_SECONDS = 30.0


def call(url: str, token: str, method: str, path: str, **more: Any) -> Any:
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


def table(rows: Sequence[dict[str, Any]], **columns: str) -> Table:
    """A table of some fields, under the headings given."""
    table = Table(*[heading.replace("_", " ") for heading in columns])
    for row in rows:
        # As it is: what a device says is no markup.
        table.add_row(*[Text(cell(row[field])) for field in columns.values()])
    return table


def text_of(table: Table) -> str:
    """A table as lines, as wide as the terminal of standard output."""
    terminal = Console()
    with terminal.capture() as captured:
        terminal.print(table)
    return captured.get().rstrip("\n")


def cell(value: Any) -> str:
    """A value as a person reads it; floats are times."""
    if isinstance(value, float):
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
