"""`uscomo demo`: the main job in one command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from ..errors import UsageError, UscomoError
from .device import answer_question


def demo(
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="The device's user agrees to everything.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep database, packages and device in DIR."),
    ] = None,
    trace: Annotated[bool, typer.Option(help="Show every message, decoded.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play the main job: a device asks for an application and gets it; then all the rest.

    A server and a real MicroPython device run on this machine for some seconds, in a temporary
    folder; nothing is left behind.
    """
    from ..demo import Listener, Result, Step, play

    if not yes and not sys.stdin.isatty():
        raise UsageError("the device will ask its user: no terminal to answer on, add --yes")
    terminal = Terminal(stderr=as_json, highlight=False, soft_wrap=True)

    def on_step(step: Step) -> None:
        mark = "[green]ok[/]" if step.ok else "[red]FAILED[/]"
        cost = ""
        if step.messages:
            cost = f"{step.messages} messages, {step.bytes_up} bytes up, {step.bytes_down} down"
        said = f"{step.title}: {step.detail}" if step.detail else step.title
        terminal.print(
            f"{mark:2}  [bold]{step.name:<16}[/]{step.seconds:6.2f} s  "
            f"{escape(said)}{'  [dim]' + cost + '[/]' if cost else ''}"
        )

    def on_message(message: dict[str, Any]) -> None:
        if trace:
            arrow = "device -> server" if message["direction"] == "up" else "server -> device"
            terminal.print(f"[dim]{arrow}, {message['size']} bytes[/]")
            terminal.print(Syntax(message["xml"], "xml", background_color="default"))

    def on_progress(received: int, size: int) -> None:
        if terminal.is_terminal:
            share = received / size if size > 0 else 0
            terminal.print(f"    [dim]{share:4.0%} of {size} bytes[/]", end="\r")

    listener = Listener(
        on_step,
        lambda line: terminal.print(f"    [cyan]| {escape(line)}[/]"),
        on_message,
        on_progress,
        lambda question: answer_question(question, yes, terminal),
    )
    result = Result()
    try:
        with _folder(keep) as folder:
            play(folder, listener, yes, result)
    except UscomoError as error:
        if not as_json:
            raise
        print(json.dumps({**result.as_json(), "ok": False, "error": str(error)}))
        raise typer.Exit(error.exit_code) from None
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        terminal.print(_table(result.server, result.device))
        if keep:
            terminal.print(f"kept in {escape(str(keep))}")
    raise typer.Exit(0 if result.ok else 1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="uscomo-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and any(keep.iterdir()):
        raise UsageError(f"--keep {keep}: the folder is not empty, choose another one")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _table(server: list[dict[str, str]], device: list[dict[str, str]]) -> Table:
    table = Table("component", "the server's view", "the device's view", "")
    views = [
        {row["id"]: f"{row['version']} {row['state']}" for row in rows}
        for rows in (server, device)
    ]
    for name in sorted(views[0] | views[1]):
        told = [view.get(name, "-") for view in views]
        table.add_row(name, *told, "agree" if told[0] == told[1] else "DIFFER")
    return table
