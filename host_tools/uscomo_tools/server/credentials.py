"""Who is speaking: credentials, challenges and nonces of OMA DM 1.2 (RepPro 6.1, Security 5.3).

Pure functions; nothing is stored here. A scheme is one row of ``SCHEMES``: how a challenge of it
looks and how its credential is checked. auth-MAC lives in the transport's header and not in
SyncHdr: here are its name and its nonces, the rest is :mod:`uscomo_tools.server.mac`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from uscomo_tools.syncml.message import Challenge, Credential

BASIC = "syncml:auth-basic"
MD5 = "syncml:auth-md5"
MAC = "syncml:auth-MAC"
NONCE_SIZE = 16  # Security 5.3.3 recommends at least 128 bits

ACCEPTED_MESSAGE, ACCEPTED_SESSION, WRONG, MISSING = 200, 212, 401, 407


def _hash(data: bytes) -> str:
    # MD5 is the standard's choice, not ours: it protects nothing without TLS.
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def secret(name: str, password: str) -> str:
    """B64(H(name ":" password)): what is kept instead of the password."""
    return _hash(f"{name}:{password}".encode())


def md5_digest(kept_secret: str, nonce: bytes) -> bytes:
    """The Data of an auth-md5 credential.

    Parameters
    ----------
    kept_secret
        Of :func:`secret`.
    nonce
        The bytes of NextNonce after base64 decoding, never its text.
    """
    return _hash(kept_secret.encode() + b":" + nonce).encode()


def new_nonce() -> bytes:
    """A nonce nobody can predict."""
    return secrets.token_bytes(NONCE_SIZE)


def _text(credential: Credential) -> bytes:
    return credential.data.strip(b" \t\r\n\0")


def _check_basic(credential: Credential, kept_secret: str, nonce: bytes) -> bool:
    try:
        pair = base64.b64decode(_text(credential), validate=True)
    except binascii.Error:
        return False
    return hmac.compare_digest(_hash(pair), kept_secret)


def _check_md5(credential: Credential, kept_secret: str, nonce: bytes) -> bool:
    return hmac.compare_digest(_text(credential), md5_digest(kept_secret, nonce))


@dataclass(frozen=True, slots=True)
class Scheme:
    """One authentication type: its name on the wire, whether it has nonces, its check.

    A Cred of auth-MAC is never right.
    """

    wire_name: str
    has_nonce: bool
    check: Callable[[Credential, str, bytes], bool]


SCHEMES = {
    "basic": Scheme(BASIC, False, _check_basic),
    "md5": Scheme(MD5, True, _check_md5),
    "mac": Scheme(MAC, True, lambda credential, kept_secret, nonce: False),
}
#: What a client may ask the server for: both need no more than what is kept of its password.
OF_SERVER = {scheme.wire_name: name for name, scheme in SCHEMES.items() if name != "basic"}


def verify(auth: str, kept_secret: str, nonce: bytes, credential: Credential | None) -> int:
    """Judge a client's credential.

    Returns
    -------
    int
        The Status of SyncHdr: 200 when the account asks for none, 212 accepted, 407 missing,
        401 wrong, also of another type than the account's.
    """
    if auth == "none":
        return ACCEPTED_MESSAGE
    if credential is None:
        return MISSING
    scheme = SCHEMES[auth]
    good = credential.type == scheme.wire_name and scheme.check(credential, kept_secret, nonce)
    return ACCEPTED_SESSION if good else WRONG


def challenge(auth: str, nonce: bytes) -> Challenge:
    """Ask for a credential of the account's type."""
    scheme = SCHEMES[auth]
    return Challenge(
        type=scheme.wire_name, format="b64", next_nonce=nonce if scheme.has_nonce else None
    )


def md5_credential(kept_secret: str, nonce: bytes) -> Credential:
    """The server's own credential."""
    return Credential(type=MD5, format="b64", data=md5_digest(kept_secret, nonce))
