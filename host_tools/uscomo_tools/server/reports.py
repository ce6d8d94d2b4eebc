"""The Data of generic alerts: what the SCOMO clients of the field write, read with patience.

An OperationComplete carries ``<ResultCode>1200</ResultCode><Identifier>id</Identifier>`` as
escaped text, in CDATA, as child elements, with comments, in any order, without Identifier, or as
a plain integer. The wire's decoder has already undone one level of escaping. Regular expressions
and not an XML parser: the fragment has two roots, and nothing in it is ever expanded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

OPERATION_COMPLETE = frozenset(
    {
        "urn:oma:at:scomo:1.0:OperationComplete",
        "urn:oma:at:scomo:1.1:OperationComplete",
        "org.openmobilealliance.dm.softwarecomponent.OperationComplete",
    }
)

# Alert Type -> whether a user stands behind the request
REQUESTS = {
    "urn:oma:at:scomo:1.1:UpdateUserRequest": True,
    "urn:oma:at:scomo:1.1:UpdateDeviceRequest": False,
    "com.uscomo.scomo.installrequest": True,
}

_PREFIX = "Reversed-Domain-Name:"
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"<(?:\w+:)?ResultCode[^>]*>\s*(\d{1,9})\s*<")
_IDENTIFIER = re.compile(r"<(?:\w+:)?Identifier[^>]*>\s*([^<]*?)\s*<")
_PLAIN = re.compile(r"\s*(\d{1,9})\s*")


@dataclass(frozen=True, slots=True)
class Result:
    """One result of an operation; ``node`` is the last part of the resulting node's URI."""

    code: int
    identifier: str = ""
    node: str = ""


def text(data: bytes | str | None) -> str:
    """Data as text, without the NULs and blanks that some clients append."""
    whole = data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
    return whole.strip("\0 \t\r\n")


def number(value: str | None) -> int:
    """A number of the protocol, 0 when it is none; nobody needs more than nine digits."""
    digits = text(value)
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0


def alert_type(value: str | None) -> str:
    """An alert's Type without the optional prefix of Protocol 8.7.1."""
    name = text(value)
    return name.removeprefix(_PREFIX).strip()


def parse_result(data: bytes | None, target: str | None = None) -> Result | None:
    """Read the Data of an OperationComplete item; None when it holds no result code.

    Parameters
    ----------
    target
        The item's Target: the node that resulted.
    """
    fragment = text(data).removeprefix("<![CDATA[").removesuffix("]]>")
    if "<" not in fragment:
        fragment = html.unescape(fragment)
    fragment = _COMMENT.sub("", fragment)
    found = _CODE.search(fragment) or _PLAIN.fullmatch(fragment)
    if not found:
        return None
    identifier = _IDENTIFIER.search(fragment)
    return Result(
        int(found[1]),
        html.unescape(identifier[1]) if identifier else "",
        (target or "").rstrip("/").rpartition("/")[2],
    )
