"""Bootstrap messages: what gives a device its account, made for operators and for tests.

Rules: OMA DM Bootstrap 1.2, section 5; Security 1.2, section 5.7. A message is a letter: the
Content-Type with its MAC, an empty line, the body; `uscomo.bootstrap` on the board takes it.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import Literal

from ..errors import UsageError
from ..syncml import wbxml_document
from ..syncml.element import Element
from ..syncml.message import CONTENT_TYPES, Command, Header, Item, Message, Meta, encode
from ..syncml.tables import DDF
from .provision import DeviceSpec, account_nodes

Profile = Literal["dm", "cp"]

CP_TYPE = "application/vnd.wap.connectivity-wbxml"
TNDS_TYPE = "application/vnd.syncml.dmtnds+wbxml"
DMACC = "urn:oma:mo:oma-dm-dmacc:1.0"

# Of Client Provisioning 1.1: "characteristic" and "parm" with attributes, "type", "name", "value"
# as inline strings, which every decoder has to take.
_CHARACTERISTIC, _PARM = b"\xc6\x50", b"\x87\x05"
_LEVELS = {"CLCRED": "APPSRV", "SRVCRED": "CLIENT"}


def letter(
    spec: DeviceSpec, profile: Profile = "dm", pin: str = "", network_id: str = ""
) -> bytes:
    """A bootstrap message with the account of a spec.

    Parameters
    ----------
    pin
        What the device's user was told.
    network_id
        The secret that the device was provisioned with, its setting ``network_id``.

    Raises
    ------
    UsageError
        Neither of the two is given, or the spec is not usable.
    """
    if not (pin or network_id):
        raise UsageError("who may bootstrap the device? give its PIN, its network id, or both")
    spec.check()
    body = dm_message(spec) if profile == "dm" else cp_document(spec)
    secure = "NETWORKID" if not pin else "USERPIN_NETWORKID" if network_id else "USERPIN"
    key = ":".join(part for part in (pin, network_id) if part)
    mac = hmac.new(key.encode(), body, "sha1").hexdigest().upper()
    kind = CONTENT_TYPES["wbxml"] if profile == "dm" else CP_TYPE
    return f"Content-Type: {kind}; SEC={secure}; MAC={mac}\r\n\r\n".encode() + body


def dm_message(spec: DeviceSpec) -> bytes:
    """The account as one document for the device's Inbox."""
    base = f"DMAcc/{spec.account}/"
    leaves = {key.removeprefix(base): value for key, value in account_nodes(spec).items()}
    root = Element(DDF, "MgmtTree", children=[Element(DDF, "VerDTD", b"1.2")])
    root.children.append(_tree(spec.account, leaves, DMACC))
    item = Item(
        target="./Inbox",
        meta=Meta(format="xml", type=TNDS_TYPE),
        data=wbxml_document.encode(root),
    )
    header = Header(session_id="0", msg_id="0", target=spec.device_id, source=spec.url)
    add = Command("Add", cmd_id="1", items=[item])
    return encode(Message(header, [add], final=True), "wbxml")


def _tree(name: str, leaves: dict[str, bytes], kind: str = "") -> Element:
    node = _node(name, "node", [Element(DDF, "DDFName", kind.encode())] if kind else [])
    names = list(dict.fromkeys(path.partition("/")[0] for path in leaves))
    for child in names:
        if child in leaves:
            form = "bin" if child == "AAuthData" else "chr"
            leaf = _node(child, form, [Element(DDF, "MIME", b"text/plain")])
            leaf.children.append(Element(DDF, "Value", leaves[child]))
            node.children.append(leaf)
        else:
            below = {
                path.partition("/")[2]: value
                for path, value in leaves.items()
                if path.startswith(child + "/")
            }
            node.children.append(_tree(child, below))
    return node


def _node(name: str, form: str, kind: list[Element]) -> Element:
    known = [Element(DDF, "Format", children=[Element(DDF, form)])]
    if kind:
        known.append(Element(DDF, "Type", children=kind))
    properties = Element(DDF, "RTProperties", children=known)
    return Element(DDF, "Node", children=[Element(DDF, "NodeName", name.encode()), properties])


def cp_document(spec: DeviceSpec) -> bytes:
    """The account as a provisioning document; what is uscomo's own has no place in one."""
    nodes = account_nodes(spec)
    base = f"DMAcc/{spec.account}/"
    parts = [
        _parm("APPID", "w7"),
        _parm("PROVIDER-ID", spec.server_id),
        _parm("NAME", spec.account),
        _group("APPADDR", _parm("ADDR", spec.url)),
    ]
    for number in (1, 2):
        place = f"{base}AppAuth/{number}/"
        if place + "AAuthLevel" in nodes:
            texts = {name: nodes[place + name] for name in ("AAuthLevel", "AAuthType")}
            texts |= {name: nodes[place + name] for name in ("AAuthName", "AAuthSecret")}
            texts["AAuthData"] = b64encode(nodes[place + "AAuthData"])
            values = {name.upper(): value.decode() for name, value in texts.items() if value}
            values["AAUTHLEVEL"] = _LEVELS[values["AAUTHLEVEL"]]
            parts.append(_group("APPAUTH", *(_parm(*pair) for pair in values.items())))
    body = _group("APPLICATION", *parts)
    return b"\x03\x0b\x6a\x00\xc5\x45\x031.1\0\x01" + body + b"\x01"


def _group(kind: str, *parts: bytes) -> bytes:
    return _CHARACTERISTIC + _text(kind) + b"\x01" + b"".join(parts) + b"\x01"


def _parm(name: str, value: str) -> bytes:
    return _PARM + _text(name) + b"\x06" + _text(value) + b"\x01"


def _text(text: str) -> bytes:
    if "\0" in text:
        raise UsageError("a text with a NUL")
    return b"\x03" + text.encode() + b"\0"
