"""`uscomo board apps, install, ...`: applications of a board on a cable, no server set up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console as Terminal
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from .board_options import Baudrate, Port
from .device import answer_question
from .options import AsJson, show
from .rest import table

if TYPE_CHECKING:
    from ..board.local.management import Management, Outcome

Id = Annotated[str, typer.Argument(metavar="ID", help="A component's id.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer the board's questions with yes.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait for the end of the trial; show what the app prints.")
]

_SIGNED = "this computer"
# Lines of the agent that say how it works; what came of it, the command tells.
_INNER = ("account", "cable", "operation", "report", "session", "status")


def register(app: typer.Typer) -> None:
    """Add the commands to `uscomo board`."""
    for command in (apps, install, update, request, confirm):
        app.command()(command)
    for verb, words in _VERBS.items():
        app.command(verb, help=words)(_operation(verb))


def apps(port: Port = "", baudrate: Baudrate = 115200, as_json: AsJson = False) -> None:
    """Show what is installed on the board: its programs restart."""
    with _managed(port, baudrate, False, True) as management:
        about = management.about()
    from ..board.local.keys import developer_public_key

    own = developer_public_key(management.folder).key_id
    rows = [found.as_json() for found in about.components]
    if as_json:
        show({"device_id": about.device_id, "safe_mode": about.safe_mode, "apps": rows}, True, "")
        return
    if about.safe_mode:
        typer.echo("SAFE MODE: no component is started", err=True)
    if not rows:
        typer.echo("nothing is installed")
        return
    shown = [
        {
            **row,
            "trial": "on trial" if row["trial"] else "",
            "size": str(row["size"]),
            "signer": _SIGNED if row["signer"] == own else row["signer"],
        }
        for row in rows
    ]
    columns = {name: name for name in ("id", "version", "state", "trial", "size", "signer")}
    Terminal().print(table(shown, **columns))


def install(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A package, or a project's folder.")
    ],
    port: Port = "",
    baudrate: Baudrate = 115200,
    inactive: Annotated[
        bool, typer.Option("--inactive", help="Install it, and do not start it.")
    ] = False,
    wait: Wait = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Install an application; a folder is built and signed with a key of your own.

    Runs a DM session over the cable. The board's programs stop for it and start again after it.
    """
    if not source.exists():
        raise typer.BadParameter(f"{source} does not exist", param_hint="FILE|FOLDER")
    with _managed(port, baudrate, yes, as_json) as management:
        outcome = management.install(source, not inactive, wait)
        _tell(management, outcome, as_json, f"{source} installed")


def update(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="A component's id; without it, of all.")
    ] = "",
    port: Port = "",
    baudrate: Baudrate = 115200,
    wait: Wait = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Update what is installed to the newest version that was ever installed from here."""
    _request("update", id, port, baudrate, wait, yes, as_json)


def request(
    id: Annotated[str, typer.Argument(metavar="ID", help="A package's id.")],
    port: Port = "",
    baudrate: Baudrate = 115200,
    wait: Wait = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let the board ask for an application by itself, as its user would."""
    _request("install", id, port, baudrate, wait, yes, as_json)


def _request(
    kind: str, id: str, port: str, baudrate: int, wait: bool, yes: bool, as_json: bool
) -> None:
    with _managed(port, baudrate, yes, as_json) as management:
        outcome = management.request(kind, id, wait)
        _tell(management, outcome, as_json, f"{id or 'update'} installed")


def confirm(id: Id, port: Port = "", baudrate: Baudrate = 115200, as_json: AsJson = False) -> None:
    """Say that a component on trial works: its trial is over."""
    with _managed(port, baudrate, False, as_json) as management:
        _tell(management, management.confirm(id), as_json, f"{id} confirmed")


_VERBS = {
    "activate": "Start a component now and at every boot.",
    "deactivate": "Stop a component; its files stay.",
    "remove": "Remove a component and its files.",
    "rollback": "Go back to the version that a component had before.",
}


def _operation(verb: str) -> Any:
    def command(
        id: Id,
        port: Port = "",
        baudrate: Baudrate = 115200,
        wait: Wait = False,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> None:
        with _managed(port, baudrate, yes, as_json) as management:
            outcome = management.operate(verb, id, wait)
            _tell(management, outcome, as_json, f"{id}: {verb} done")

    return command


def _tell(management: Management, outcome: Outcome, as_json: bool, text: str) -> None:
    about = management.about_last
    if outcome.trial:
        text += f"; on trial, {about.confirm_after} s to go: {', '.join(outcome.trial)}"
    elif outcome.confirmed and not text.endswith("confirmed"):
        text += f"; confirmed: {', '.join(outcome.confirmed)}"
    show({**outcome.as_json(), "device_id": about.device_id}, as_json, text)


@contextmanager
def _managed(port: str, baudrate: int, yes: bool, as_json: bool) -> Iterator[Management]:
    """The board, with this terminal to talk to."""
    # The server's libraries take half a second.
    from ..board import find
    from ..board.connection import Board
    from ..board.local.cable import Listener
    from ..board.local.management import Management

    terminal = Terminal(stderr=True, highlight=False, soft_wrap=True)
    url = port or find.only()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal or as_json,
    ) as progress:
        bars: list[TaskID] = []

        def on_event(words: list[str]) -> None:
            if words[0] == "progress" and len(words) == 3:
                done, size = (int(word) for word in words[1:])
                if not bars:
                    bars.append(progress.add_task("download"))
                progress.update(bars[0], completed=done, total=size if size > 0 else None)
            elif not as_json and words[0] not in (*_INNER, "progress"):
                terminal.print("uscomo: " + " ".join(words), style="dim", markup=False)

        def on_question(question: str) -> str:
            progress.stop()
            return answer_question(question, yes, terminal)

        def on_output(line: str) -> None:
            terminal.print(line, markup=False)

        with Board.open(url, baudrate=baudrate) as board:
            yield Management(board, Listener(on_event, on_output, on_question))
