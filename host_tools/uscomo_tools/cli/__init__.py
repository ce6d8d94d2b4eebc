"""The `uscomo` command: one module per command group."""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import import_module
from typing import Any

import typer

from ..errors import UscomoError

# Groups of commands, a module each, so that a command imports what it needs.
_GROUPS = ("demo", "conformance", "board", "device", "package", "relay", "serve", "server", "wire")

# The root of the parser's own errors; typer may bring its own copy of click.
_WRONG_USAGE: Any = typer.BadParameter.__mro__[2]
assert _WRONG_USAGE.__name__ == "ClickException"

_FAILED = 1
_INTERRUPTED = 130


def main() -> None:
    """Run the command; end with the exit codes that errors carry."""
    sys.exit(run(sys.argv[1:]))


@cache
def application(group: str = "", command: str = "") -> typer.Typer:
    """The command line: of one group of commands, for one command of it, or of all."""
    app = typer.Typer(
        help="Manage named, versioned applications on MicroPython boards over OMA DM and SCOMO.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    # A callback makes a group of what would be one command.
    app.callback()(lambda: None)
    for name in [group] if group else _GROUPS:
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "application"):
            app.add_typer(module.application(command), name=name)
        elif hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def run(arguments: list[str]) -> int:
    """Run one command line: its exit code. With ``--json`` an error is one object too."""
    as_json = "--json" in arguments
    try:
        group, command = [*arguments[:2], "", ""][:2]
        app = application(group, command) if group in _GROUPS else application()
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
