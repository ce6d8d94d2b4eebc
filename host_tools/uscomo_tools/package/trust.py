"""Trust statements: what changes a device's trust anchors through the management tree.

A statement is the value of ``<root>/Ext/Trust/Statement``, at most 1,100 bytes: action, key id of
the anchor that signs it, payload, signature. It binds no device and no time; devices refuse to
add what they have and what was revoked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from .keys import KEY_ID_BYTES, PublicKey, SigningKey
from .rules import PackageError, SignatureError

_DOMAIN = b"uscomo trust\n"


class Action(IntEnum):
    """The first byte of a statement."""

    ADD = 1
    REVOKE = 2


@dataclass(frozen=True)
class Statement:
    """A statement whose signature was verified.

    Parameters
    ----------
    anchor
        Id of the key that signed, in hex.
    subject
        Id of the key that is added or revoked, in hex.
    key
        The key that is added.
    """

    action: Action
    anchor: str
    subject: str
    key: PublicKey | None = None


def add_anchor(anchor: SigningKey, key: PublicKey) -> bytes:
    """The statement by which ``anchor`` makes devices trust ``key``."""
    if key == anchor.public:
        raise PackageError(f"{key.key_id}: the key that signs is a trust anchor already")
    return _make(anchor, Action.ADD, key.modulus)


def revoke(anchor: SigningKey, key_id: str) -> bytes:
    """The statement by which ``anchor`` makes devices distrust a key for ever.

    Parameters
    ----------
    key_id
        16 hex digits; of an anchor, or of a key that an anchor endorsed.
    """
    try:
        payload = bytes.fromhex(key_id)
    except ValueError:
        payload = b""
    if len(payload) != KEY_ID_BYTES or len(key_id) != 2 * KEY_ID_BYTES:
        raise PackageError(f"{key_id!r}: a key id is {2 * KEY_ID_BYTES} hex digits")
    return _make(anchor, Action.REVOKE, payload)


def _make(anchor: SigningKey, action: Action, payload: bytes) -> bytes:
    signature = anchor.sign(_DOMAIN + bytes([action]) + payload)
    return bytes([action]) + bytes.fromhex(anchor.public.key_id) + payload + signature


def read_statement(data: bytes, anchors: Iterable[PublicKey]) -> Statement:
    """A statement, after its signature was verified.

    Raises
    ------
    PackageError
        It is no statement.
    SignatureError
        None of ``anchors`` made it.
    """
    head = 1 + KEY_ID_BYTES
    if len(data) <= head or data[0] not in list(Action):
        raise PackageError("not a trust statement")
    action = Action(data[0])
    name = data[1:head].hex()
    for anchor in anchors:
        if anchor.key_id != name:
            continue
        # Only the anchor's size tells where the payload ends.
        end = len(data) - len(anchor.modulus)
        payload = data[head : max(head, end)]
        if not anchor.verify(data[max(head, end) :], _DOMAIN + data[:1] + payload):
            raise SignatureError(f"trust statement: not made with key {name}")
        if action is Action.ADD:
            key = PublicKey(payload)
            return Statement(action, name, key.key_id, key)
        if len(payload) != KEY_ID_BYTES:
            raise PackageError("trust statement: no key id to revoke")
        return Statement(action, name, payload.hex())
    raise SignatureError(f"trust statement: signed with {name}, which is none of the given keys")
