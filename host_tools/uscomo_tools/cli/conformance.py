"""`uscomo conformance`: the specification digests' lists, run against the agent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError

_SUITE = Path("tests") / "conformance" / "__main__.py"
#: Says that a folder is a checkout of this project.
_AGENT = Path("firmware") / "uscomo" / "__init__.py"


def conformance(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Ids or how they begin: SCC-14, SCT; or all."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: ok, and rows.")
    ] = False,
) -> None:
    """Run the conformance lists on CPython and on MicroPython, and print the results by id.

    The ids are those of the digests that this project works from, not OMA's. The suite is part of
    a checkout; an installed wheel does not have it.
    """
    command = [sys.executable, "-m", "tests.conformance", *(ids or ())]
    result = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=checkout())
    raise typer.Exit(result.returncode)


def checkout() -> Path:
    """The checkout that this command belongs to, else the one it is called in.

    Raises
    ------
    UsageError
        There is none.
    """
    for folder in (Path(__file__).resolve().parents[3], Path.cwd()):
        if (folder / _SUITE).is_file() and (folder / _AGENT).is_file():
            return folder
    raise UsageError(
        "the conformance suite is part of a checkout and not installed: "
        "call this in a checkout of uscomo"
    )
