"""What a SyncML message consists of, as plain values.

Source: SyncML 1.2 representation protocol, device management usage; names are the standard's.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Meta:
    """What is said about data.

    Parameters
    ----------
    format, type, mark
        As carried; absent means `chr` and `text/plain` for the first two.
    size
        Bytes of the whole object as carried.
    next_nonce
        Decoded.
    max_msg_size, max_obj_size
        Bytes.
    """

    format: str | None = None
    type: str | None = None
    mark: str | None = None
    size: int | None = None
    next_nonce: bytes | None = None
    max_msg_size: int | None = None
    max_obj_size: int | None = None


@dataclass(slots=True)
class Item:
    """One target or source with its value.

    Parameters
    ----------
    target, source, target_name, source_name
        LocURI and LocName.
    meta
        Its own; it overrides the command's field by field.
    data
        As carried: text in UTF-8, base64 text where Format is b64, bytes where it is bin, a whole
        document where one is embedded. None: no Data element.
    more
        More of this object follows in the next message.
    """

    target: str | None = None
    source: str | None = None
    target_name: str | None = None
    source_name: str | None = None
    meta: Meta | None = None
    data: bytes | None = None
    more: bool = False


@dataclass(slots=True)
class Credential:
    """Who somebody claims to be; `data` is the text as carried, base64 by default."""

    type: str
    format: str | None
    data: bytes


@dataclass(slots=True)
class Challenge:
    """What credentials are wanted next; `next_nonce` is decoded."""

    type: str
    format: str | None = None
    next_nonce: bytes | None = None


@dataclass(slots=True)
class Header:
    """SyncHdr."""

    session_id: str
    msg_id: str
    target: str
    source: str
    target_name: str | None = None
    source_name: str | None = None
    resp_uri: str | None = None
    credential: Credential | None = None
    meta: Meta | None = None
    ver_dtd: str = "1.2"
    ver_proto: str = "DM/1.2"


@dataclass(slots=True)
class Command:
    """One child of SyncBody, Atomic or Sequence: commands, Status, Results, and unknown ones.

    Parameters
    ----------
    name
        Name of the element.
    data
        Code of an Alert or a Status.
    children
        Commands of an Atomic or a Sequence.
    msg_ref, cmd_ref, cmd, target_refs, source_refs, challenge
        What a Status or Results answers, and how.
    """

    name: str
    cmd_id: str = ""
    items: list[Item] = field(default_factory=list)
    data: str | None = None
    correlator: str | None = None
    meta: Meta | None = None
    children: list[Command] = field(default_factory=list)
    msg_ref: str | None = None
    cmd_ref: str | None = None
    cmd: str | None = None
    target_refs: list[str] = field(default_factory=list)
    source_refs: list[str] = field(default_factory=list)
    challenge: Challenge | None = None


@dataclass(slots=True)
class Message:
    """A whole message; `final` ends the package."""

    header: Header
    commands: list[Command] = field(default_factory=list)
    final: bool = False
