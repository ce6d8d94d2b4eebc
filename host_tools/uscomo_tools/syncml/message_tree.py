"""A message as an element tree: how each value is read and written.

Reading takes any order of elements and skips what device management does not use; writing emits
the order of the DTD. Source: SyncML 1.2 representation protocol, device management usage.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from functools import partial
from typing import Any

from uscomo_tools.syncml import wbxml_document, xml_document
from uscomo_tools.syncml.element import Element, is_root
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import METINF, SYNCML
from uscomo_tools.syncml.values import (
    Challenge,
    Command,
    Credential,
    Header,
    Item,
    Message,
    Meta,
)

_CONTAINERS = ("Atomic", "Sequence")
_NO_COMMANDS = ("NoResp", "NumberOfChanges")  # what else a container may hold
_REQUIRED = {
    "SessionID": "session_id",
    "MsgID": "msg_id",
    "Target": "target",
    "Source": "source",
}

# The tables below go both ways: how a child element is read into an attribute, and what the
# attribute is written as. Their order is the DTD's.
_Part = tuple[Callable[[Any, Element], None], Callable[[Any], list[Element]]]
_Parts = dict[str, _Part]


def _load(value: Any, element: Element, parts: _Parts) -> None:
    for child in element.children:
        part = parts.get(child.name)
        if part is not None:
            part[0](value, child)


def _dump(value: Any, parts: _Parts) -> list[Element]:
    return [child for _, dump in parts.values() for child in dump(value)]


def _one(attribute: str, read: Callable[[Element], Any], write: Callable[[Any], Element]) -> _Part:
    """A child that comes once, None if it is absent."""

    def load(value: Any, child: Element) -> None:
        setattr(value, attribute, read(child))

    def dump(value: Any) -> list[Element]:
        content = getattr(value, attribute)
        return [] if content is None else [write(content)]

    return load, dump


def _many(
    attribute: str, read: Callable[[Element], Any], write: Callable[[Any], Element]
) -> _Part:
    """A child that may come again."""

    def load(value: Any, child: Element) -> None:
        getattr(value, attribute).append(read(child))

    def dump(value: Any) -> list[Element]:
        return [write(content) for content in getattr(value, attribute)]

    return load, dump


def _read_text(element: Element) -> str:
    return element.text.decode()


def _write_text(name: str, text: str) -> Element:
    return Element(SYNCML, name, text.encode())


def _text(name: str, attribute: str) -> _Part:
    return _one(attribute, _read_text, partial(_write_text, name))


def _meta_part(
    name: str,
    attribute: str,
    read: Callable[[bytes], Any] = bytes.decode,
    write: Callable[[Any], bytes] = str.encode,
) -> _Part:
    return _one(
        attribute,
        lambda element: read(element.text),
        lambda content: Element(METINF, name, write(content)),
    )


def _location(name: str, attribute: str) -> _Part:
    """Target or Source: LocURI, and LocName if there is one."""
    parts = {
        "LocURI": _text("LocURI", attribute),
        "LocName": _text("LocName", f"{attribute}_name"),
    }

    def dump(value: Any) -> list[Element]:
        children = _dump(value, parts)
        return [Element(SYNCML, name, children=children)] if children else []

    return lambda value, child: _load(value, child, parts), dump


def _read_number(text: bytes) -> int:
    if not text.strip().isdigit():
        raise ValueError(f"{text[:20]!r} is not a number")
    return int(text)


def _write_number(number: int) -> bytes:
    return b"%d" % number


def _write_base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)


_META: _Parts = {
    "Format": _meta_part("Format", "format"),
    "Type": _meta_part("Type", "type"),
    "Mark": _meta_part("Mark", "mark"),
    "Size": _meta_part("Size", "size", _read_number, _write_number),
    "NextNonce": _meta_part("NextNonce", "next_nonce", a2b_base64, _write_base64),
    "MaxMsgSize": _meta_part("MaxMsgSize", "max_msg_size", _read_number, _write_number),
    "MaxObjSize": _meta_part("MaxObjSize", "max_obj_size", _read_number, _write_number),
}


def _read_meta(element: Element) -> Meta:
    meta = Meta()
    _load(meta, element.find("MetInf") or element, _META)
    return meta


def _write_meta(meta: Meta) -> Element:
    return Element(SYNCML, "Meta", children=_dump(meta, _META))


def _read_data(element: Element) -> bytes:
    """Return what a Data carries; elements inside it become a document again."""
    if not element.children:
        return element.text
    if len(element.children) > 1:
        raise ValueError("several elements in one Data")
    document = element.children[0]
    if is_root(document):
        return wbxml_document.encode(document)
    return xml_document.encode(document)


def _write_data(data: bytes) -> Element:
    return Element(SYNCML, "Data", data)


def _load_more(item: Item, _: Element) -> None:
    item.more = True


def _dump_more(item: Item) -> list[Element]:
    return [Element(SYNCML, "MoreData")] if item.more else []


_ITEM: _Parts = {
    "Target": _location("Target", "target"),
    "Source": _location("Source", "source"),
    "Meta": _one("meta", _read_meta, _write_meta),
    "Data": _one("data", _read_data, _write_data),
    "MoreData": (_load_more, _dump_more),
}


def _read_item(element: Element) -> Item:
    item = Item()
    _load(item, element, _ITEM)
    return item


def _write_item(item: Item) -> Element:
    return Element(SYNCML, "Item", children=_dump(item, _ITEM))


def _read_credential(element: Element) -> Credential:
    item = _read_item(element)  # the same parts: Meta and Data
    meta = item.meta or Meta()
    return Credential(meta.type or "", meta.format, item.data or b"")


def _write_credential(credential: Credential) -> Element:
    meta = _write_meta(Meta(format=credential.format, type=credential.type))
    return Element(SYNCML, "Cred", children=[meta, _write_data(credential.data)])


def _read_challenge(element: Element) -> Challenge:
    meta = _read_item(element).meta or Meta()
    return Challenge(meta.type or "", meta.format, meta.next_nonce)


def _write_challenge(challenge: Challenge) -> Element:
    meta = Meta(challenge.format, challenge.type, next_nonce=challenge.next_nonce)
    return Element(SYNCML, "Chal", children=[_write_meta(meta)])


_HEADER: _Parts = {
    "VerDTD": _text("VerDTD", "ver_dtd"),
    "VerProto": _text("VerProto", "ver_proto"),
    "SessionID": _text("SessionID", "session_id"),
    "MsgID": _text("MsgID", "msg_id"),
    "Target": _location("Target", "target"),
    "Source": _location("Source", "source"),
    "RespURI": _text("RespURI", "resp_uri"),
    "Cred": _one("credential", _read_credential, _write_credential),
    "Meta": _one("meta", _read_meta, _write_meta),
}

_COMMAND: _Parts = {
    "CmdID": _text("CmdID", "cmd_id"),
    "MsgRef": _text("MsgRef", "msg_ref"),
    "CmdRef": _text("CmdRef", "cmd_ref"),
    "Cmd": _text("Cmd", "cmd"),
    "Meta": _one("meta", _read_meta, _write_meta),
    "TargetRef": _many("target_refs", _read_text, partial(_write_text, "TargetRef")),
    "SourceRef": _many("source_refs", _read_text, partial(_write_text, "SourceRef")),
    "Chal": _one("challenge", _read_challenge, _write_challenge),
    "Data": _text("Data", "data"),
    "Correlator": _text("Correlator", "correlator"),
    "Item": _many("items", _read_item, _write_item),
}


def _read_command(element: Element) -> Command:
    command = Command(element.name)
    _load(command, element, _COMMAND)
    if element.name in _CONTAINERS:
        command.children = [
            _read_command(child)
            for child in element.children
            if child.name not in _COMMAND and child.name not in _NO_COMMANDS
        ]
    elif element.name == "Results":
        for item in command.items:
            _strip_terminator(item, command.meta)
    return command


def _strip_terminator(item: Item, inherited: Meta | None) -> None:
    # A client in the field sends the NUL of its C strings along.
    form = (item.meta and item.meta.format) or (inherited and inherited.format)
    if item.data and form != "bin":
        item.data = item.data.removesuffix(b"\0")


def _write_command(command: Command) -> Element:
    children = _dump(command, _COMMAND) + [_write_command(child) for child in command.children]
    return Element(SYNCML, command.name, children=children)


def read_message(root: Element) -> Message:
    """Return what the tree says.

    Raises
    ------
    WireError
        It is no message, or its header lacks what tells the session.
    ValueError
        A text, number or nonce cannot be read.
    """
    head, body = root.find("SyncHdr"), root.find("SyncBody")
    if root.name != "SyncML" or head is None or body is None:
        raise WireError("not a SyncML message with SyncHdr and SyncBody")
    header = Header("", "", "", "", ver_dtd="", ver_proto="")
    _load(header, head, _HEADER)
    for name, attribute in _REQUIRED.items():
        if not getattr(header, attribute):
            raise WireError(f"SyncHdr has no {name}")
    message = Message(header)
    for child in body.children:
        if child.name == "Final":
            message.final = True
        else:
            message.commands.append(_read_command(child))
    return message


def write_message(message: Message) -> Element:
    """Return the message as a tree, in the order of the DTD."""
    head = Element(SYNCML, "SyncHdr", children=_dump(message.header, _HEADER))
    commands = [_write_command(command) for command in message.commands]
    final = [Element(SYNCML, "Final")] if message.final else []
    body = Element(SYNCML, "SyncBody", children=commands + final)
    return Element(SYNCML, "SyncML", children=[head, body])
