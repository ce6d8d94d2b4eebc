"""`uscomo board`: boards on a cable. One module per group of commands registers itself here."""

from __future__ import annotations

import typer

from . import board_apps, board_console, board_deploy, board_files, board_flash

app = typer.Typer(
    help="Find, flash, deploy and manage boards on a cable.",
    no_args_is_help=True,
)
board_files.register(app)
board_console.register(app)
board_flash.register(app)
board_deploy.register(app)
board_apps.register(app)
