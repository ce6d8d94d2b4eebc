"""A SyncML message: bytes to values and back, whatever the encoding.

The values are re-exported here: a session needs this module only.
"""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import replace
from typing import Literal

from uscomo_tools.syncml import wbxml_document, xml_document
from uscomo_tools.syncml.element import is_text
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.message_tree import read_message, write_message
from uscomo_tools.syncml.values import (
    Challenge,
    Command,
    Credential,
    Header,
    Item,
    Message,
    Meta,
)

__all__ = [
    "CONTENT_TYPES",
    "Challenge",
    "Command",
    "Credential",
    "Encoding",
    "Header",
    "Item",
    "Message",
    "Meta",
    "WireError",
    "decode",
    "encode",
    "encoding_of",
]

Encoding = Literal["wbxml", "xml"]

CONTENT_TYPES: dict[Encoding, str] = {
    "wbxml": "application/vnd.syncml.dm+wbxml",
    "xml": "application/vnd.syncml.dm+xml",
}

_UNTYPED = ("", "application/octet-stream")
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b" ", b"\t", b"\r", b"\n")


def encoding_of(body: bytes, content_type: str) -> Encoding:
    """Tell the encoding by media type, parameters aside, or by the first byte if there is none.

    Raises
    ------
    WireError
        The media type is neither WBXML nor XML.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.endswith("+wbxml"):
        return "wbxml"
    if media_type.endswith(("+xml", "/xml")):
        return "xml"
    if media_type in _UNTYPED:
        return "xml" if body.startswith(_XML_STARTS) else "wbxml"
    raise WireError(f"not a SyncML content type: {media_type}")


def decode(body: bytes, content_type: str = "") -> Message:
    """Read a message.

    Parameters
    ----------
    body
        The message.
    content_type
        The transport's, with or without parameters; empty if unknown.

    Raises
    ------
    WireError
        The message is broken, or it is none.
    """
    encoding = encoding_of(body, content_type)
    if encoding == "wbxml":
        root = wbxml_document.decode(body, embedded=False)
    else:
        root = xml_document.decode(body, foreign=True)
    try:
        return read_message(root)
    except ValueError as error:
        raise WireError(f"a value that cannot be read: {error}") from None


def encode(message: Message, encoding: Encoding) -> bytes:
    """Write a message.

    Over XML, bytes and values with Format bin go as base64 with Format b64; who cuts such an
    object into chunks has to make base64 of it before.

    Raises
    ------
    WireError
        A command or field cannot be written.
    """
    if encoding == "wbxml":
        return wbxml_document.encode(write_message(message))
    commands = [_with_base64(command) for command in message.commands]
    return xml_document.encode(write_message(replace(message, commands=commands)))


def _with_base64(command: Command) -> Command:
    """Return the command as XML carries it."""
    return replace(
        command,
        items=[_item_with_base64(item, command.meta) for item in command.items],
        children=[_with_base64(child) for child in command.children],
    )


def _item_with_base64(item: Item, inherited: Meta | None) -> Item:
    meta = item.meta or Meta()
    form = meta.format or (inherited and inherited.format)
    if item.data is None or (form != "bin" and is_text(item.data)):
        return item
    size = meta.size and (meta.size + 2) // 3 * 4
    data = b2a_base64(item.data, newline=False)
    return replace(item, data=data, meta=replace(meta, format="b64", size=size))
