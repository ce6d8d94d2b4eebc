"""The `uscomo` command: one module per command group."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from ..errors import UscomoError
from . import (
    board,
    conformance,
    demo,
    device,
    package,
    serve,
    server_admin,
    server_bootstrap,
    server_notify,
    wire,
)

app = typer.Typer(
    help="Manage named, versioned applications on MicroPython boards over OMA DM and SCOMO.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("conformance")(conformance.conformance)
app.add_typer(board.app, name="board")
app.add_typer(device.app, name="device")
app.add_typer(package.app, name="package")
app.command("serve")(serve.serve)
server_notify.register(server_admin.app)
server_bootstrap.register(server_admin.app)
app.add_typer(server_admin.app, name="server")
app.add_typer(wire.app, name="wire")

# The root of the parser's own errors; typer may bring its own copy of click.
_WRONG_USAGE: Any = typer.BadParameter.__mro__[2]
assert _WRONG_USAGE.__name__ == "ClickException"

_FAILED = 1
_INTERRUPTED = 130


def main() -> None:
    """Run the command; end with the exit codes that errors carry."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line: its exit code. With ``--json`` an error is one object too."""
    as_json = "--json" in arguments
    try:
        code = app(args=arguments, prog_name="uscomo", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UscomoError as error:
        _complain(str(error), as_json)
        return error.exit_code
    except _WRONG_USAGE as error:
        if as_json:
            _complain(error.format_message(), as_json)
        else:
            error.show()
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _complain("interrupted", as_json)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to tell.
        sys.stderr.close()
        return _FAILED
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), as_json)
        return _FAILED


def _complain(message: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": False, "error": message}))
    else:
        typer.echo(f"uscomo: {message}", err=True)
