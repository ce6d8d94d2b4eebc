"""The JSON object of a REST request, checked field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from uscomo_tools.server.endpoint import TooLarge, read_body
from uscomo_tools.server.problems import Problem

MAX_OBJECT = 64 * 1024
REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Field:
    """What a field must be.

    ``check`` returns what is wrong with a value of the right type, or nothing.
    """

    type: type
    default: Any = REQUIRED
    check: Callable[[Any], str] = lambda value: ""


def optional(kind: type) -> Field:
    """A field that may be absent or null."""
    return Field(kind, None)


def one_of(default: str | None, *choices: str) -> Field:
    """A text out of a few; required when there is no default."""

    def check(value: str) -> str:
        return "" if value in choices else f"is one of {', '.join(choices)}"

    return Field(str, REQUIRED if default is None else default, check)


def texts() -> Field:
    """A list of texts."""

    def check(value: list[Any]) -> str:
        return "" if all(isinstance(entry, str) for entry in value) else "is a list of texts"

    return Field(list, check=check)


async def read_json(request: Request) -> Any:
    """The request's JSON.

    Raises
    ------
    Problem
        400: it is none. 413: too long.
    """
    try:
        return json.loads(await read_body(request, MAX_OBJECT) or b"{}")
    except TooLarge:
        raise Problem(413, f"more than {MAX_OBJECT} bytes") from None
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None


async def read_object(request: Request, fields: dict[str, Field]) -> dict[str, Any]:
    """The request's JSON object, with every field present.

    Raises
    ------
    Problem
        400: not an object, an unknown field, a missing one, or a wrong value. 413: too long.
    """
    given = await read_json(request)
    if not isinstance(given, dict):
        raise Problem(400, "the body is not a JSON object")
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        raise Problem(400, f"unknown field {unknown[0]}")
    return {name: _value(given.get(name), name, field) for name, field in fields.items()}


def _value(value: Any, name: str, field: Field) -> Any:
    if value is None:
        if field.default is REQUIRED:
            raise Problem(400, f"{name} is missing")
        return field.default
    if not isinstance(value, field.type):
        raise Problem(400, f"{name} has the wrong type")
    wrong = field.check(value)
    if wrong:
        raise Problem(400, f"{name} {wrong}")
    return value
