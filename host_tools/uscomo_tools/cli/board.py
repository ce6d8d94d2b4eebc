"""`uscomo board`: boards on a cable. One module per group of commands registers itself here."""

from __future__ import annotations

from importlib import import_module

import typer

#: Module -> its commands, so that a command imports what it needs.
_COMMANDS = {
    "board_files": ("list", "info", "reset", "ls", "cat", "put", "get", "rm"),
    "board_console": ("console",),
    "board_flash": ("flash", "firmware"),
    "board_deploy": ("deploy", "undeploy", "provision", "doctor"),
    "board_apps": (
        *("apps", "install", "update", "request", "confirm"),
        *("activate", "deactivate", "remove", "rollback"),
    ),
}


def application(command: str = "") -> typer.Typer:
    """Return the group with the commands of the module that has this one, or with all."""
    app = typer.Typer(
        help="Find, flash, deploy and manage boards on a cable.",
        no_args_is_help=True,
    )
    having = [module for module, commands in _COMMANDS.items() if command in commands]
    for module in having or _COMMANDS:
        import_module(f".{module}", __package__).register(app)
    return app
