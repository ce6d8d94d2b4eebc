"""x-syncml-hmac: the credential beside a message, which proves it whole (Security 5.4).

In spite of its name not RFC 2104: B64(H(B64(H(user ":" password)) ":" nonce ":" B64(H(body)))).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from uscomo_tools.server.credentials import ACCEPTED_MESSAGE, MISSING, WRONG, md5_digest

HEADER = "x-syncml-hmac"

# An element of the list: a name, and a token or a quoted text.
_ELEMENT = re.compile(
    r'\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))\s*(?:,|\Z)', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Proof:
    """What stood beside a message, and the hash of that message in base64."""

    user: str
    mac: bytes
    body_hash: bytes


def hashed(body: bytes) -> bytes:
    """B64(H(body))."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest())


def read(header: str, body: bytes) -> Proof | None:
    """The header of a message as it came; None when it is absent or cannot be read.

    Parameters
    ----------
    header
        Its value, which may be folded over several lines.
    body
        The message as it came, whatever its encoding.
    """
    given: dict[str, str] = {}
    position = 0
    while position < len(header.rstrip()):
        found = _ELEMENT.match(header, position)
        if not found:
            return None
        name, quoted, token = found.groups()
        given[name.lower()] = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        position = found.end()
    if given.get("algorithm", "MD5").upper() != "MD5" or not given.get("mac"):
        return None
    try:
        # Header bytes reach an ASGI application as latin-1; names are UTF-8.
        user = given.get("username", "").encode("latin-1").decode()
        return Proof(user, given["mac"].encode("ascii"), hashed(body))
    except UnicodeError:
        return None


def write(user: str, kept_secret: str, nonce: bytes, body: bytes) -> str:
    """The header that proves a message of ours."""
    # A name must end neither the header nor the text in it.
    name = "".join(
        f"\\{letter}" if letter in '"\\' else letter if letter >= " " else "?" for letter in user
    )
    mac = made(kept_secret, nonce, hashed(body))
    return f'algorithm=MD5, username="{name}", mac={mac.decode()}'


def made(kept_secret: str, nonce: bytes, body_hash: bytes) -> bytes:
    """The mac itself."""
    return md5_digest(kept_secret, nonce + b":" + body_hash)


def verify(user: str, kept_secret: str, nonce: bytes, proof: Proof | None) -> int:
    """Judge a client's message: 200, never 212, because each message is proved by itself."""
    if proof is None:
        return MISSING
    good = hmac.compare_digest(proof.mac, made(kept_secret, nonce, proof.body_hash))
    return ACCEPTED_MESSAGE if good and proof.user == user else WRONG
