"""What several command groups share: options, and how an outcome is told."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


def show(fields: dict[str, Any], as_json: bool, text: str) -> None:
    """Print an outcome: one JSON object with ``ok``, or the text."""
    typer.echo(json.dumps({"ok": True, **fields}) if as_json else text)
