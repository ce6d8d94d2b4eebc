"""Scripts that run on a board: files of a `board` folder, made small for the wire."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "board"
_INDENT = re.compile(r"^(?: {4})+", re.MULTILINE)


def path(name: str) -> Path:
    """A script of this part by its name."""
    return _FOLDER / f"{name}.py"


def with_values(script: Path, values: Mapping[str, object]) -> str:
    """The code to send: ``NAME = literal`` lines, then the script without what a board ignores."""
    head = "".join(f"{name}={value!r}\n" for name, value in values.items())
    return head + compact(script)


@cache
def compact(script: Path) -> str:
    """A script without comments and docstrings, indented by one space.

    A string that runs over several lines must not have lines that begin with four spaces.
    """
    tree = ast.parse(script.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
            if not body and not isinstance(node, ast.Module):
                body.append(ast.Pass())
    return _INDENT.sub(lambda found: " " * (len(found[0]) // 4), ast.unparse(tree)) + "\n"


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
