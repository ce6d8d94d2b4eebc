"""`uscomo board apps, install, ...`: applications of a board on a cable, no server set up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .board_options import Baudrate, Ports, Via
from .device import answer_question
from .options import AsJson
from .rest import table, text_of

if TYPE_CHECKING:
    from ..board.connection import Board
    from ..board.local.management import Management, Outcome
    from .board_each import Fields, Turn

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


def apps(
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Show what is installed on the board: its programs restart."""
    from ..board.local.keys import developer_public_key

    def work(management: Management) -> Fields:
        about = management.about()
        own = developer_public_key(management.folder).key_id
        rows = [found.as_json() for found in about.components]
        for row in rows:
            row["own"] = row["signer"] == own
        return {"device_id": about.device_id, "safe_mode": about.safe_mode, "apps": rows}

    _each(port, baudrate, via, False, as_json, work, _apps_text)


def _apps_text(fields: Fields) -> str:
    lines = ["SAFE MODE: no component is started"] if fields["safe_mode"] else []
    shown = [
        {
            **row,
            "trial": "on trial" if row["trial"] else "",
            "size": str(row["size"]),
            "signer": _SIGNED if row["own"] else row["signer"],
        }
        for row in fields["apps"]
    ]
    columns = {name: name for name in ("id", "version", "state", "trial", "size", "signer")}
    lines.append(text_of(table(shown, **columns)) if shown else "nothing is installed")
    return "\n".join(lines)


def install(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A package, or a project's folder.")
    ],
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
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

    def work(management: Management) -> Fields:
        outcome = management.install(source, not inactive, wait)
        return _outcome(management, outcome, f"{source} installed")

    _each(port, baudrate, via, yes, as_json, work)


def update(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="A component's id; without it, of all.")
    ] = "",
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Update what is installed to the newest version that was ever installed from here."""
    _request("update", id, port, baudrate, via, wait, yes, as_json)


def request(
    id: Annotated[str, typer.Argument(metavar="ID", help="A package's id.")],
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    wait: Wait = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let the board ask for an application by itself, as its user would."""
    _request("install", id, port, baudrate, via, wait, yes, as_json)


def _request(
    kind: str,
    id: str,
    port: list[str] | None,
    baudrate: int,
    via: str,
    wait: bool,
    yes: bool,
    as_json: bool,
) -> None:
    def work(management: Management) -> Fields:
        outcome = management.request(kind, id, wait)
        return _outcome(management, outcome, f"{id or 'update'} installed")

    _each(port, baudrate, via, yes, as_json, work)


def confirm(
    id: Id,
    port: Ports = None,
    baudrate: Baudrate = 115200,
    via: Via = "mpremote",
    as_json: AsJson = False,
) -> None:
    """Say that a component on trial works: its trial is over."""

    def work(management: Management) -> Fields:
        return _outcome(management, management.confirm(id), f"{id} confirmed")

    _each(port, baudrate, via, False, as_json, work)


_VERBS = {
    "activate": "Start a component now and at every boot.",
    "deactivate": "Stop a component; its files stay.",
    "remove": "Remove a component and its files.",
    "rollback": "Go back to the version that a component had before.",
}


def _operation(verb: str) -> Any:
    def command(
        id: Id,
        port: Ports = None,
        baudrate: Baudrate = 115200,
        via: Via = "mpremote",
        wait: Wait = False,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> None:
        def work(management: Management) -> Fields:
            outcome = management.operate(verb, id, wait)
            return _outcome(management, outcome, f"{id}: {verb} done")

        _each(port, baudrate, via, yes, as_json, work)

    return command


def _outcome(management: Management, outcome: Outcome, text: str) -> Fields:
    about = management.about_last
    if outcome.trial:
        text += f"; on trial, {about.confirm_after} s to go: {', '.join(outcome.trial)}"
    elif outcome.confirmed and not text.endswith("confirmed"):
        text += f"; confirmed: {', '.join(outcome.confirmed)}"
    return {**outcome.as_json(), "device_id": about.device_id, "text": text}


def _each(
    ports: list[str] | None,
    baudrate: int,
    via: str,
    yes: bool,
    as_json: bool,
    work: Callable[[Management], Fields],
    text: Callable[[Fields], str] = lambda fields: str(fields["text"]),
) -> None:
    """Work with every board, and this terminal to talk to."""
    # The server's libraries take half a second.
    from ..board.local.cable import Listener
    from ..board.local.management import Management
    from .board_each import each_board

    def managed(board: Board, turn: Turn) -> Fields:
        def on_event(words: list[str]) -> None:
            if words[0] == "progress" and len(words) == 3:
                turn.tell("download", int(words[1]), max(int(words[2]), 0))
            elif not as_json and words[0] not in (*_INNER, "progress"):
                turn.say("uscomo: " + " ".join(words), "dim")

        def on_question(question: str) -> str:
            if yes:
                return answer_question(question, yes, turn.terminal)
            with turn.asking(question, "--yes"):
                return answer_question(question, yes, turn.terminal)

        return work(Management(board, Listener(on_event, turn.say, on_question)))

    each_board(ports, managed, text, as_json, baudrate, via)
