"""The `manifest.sig` entry: which key signed the manifest, and how."""

from __future__ import annotations

from collections.abc import Iterable

from .keys import PublicKey, SigningKey
from .rules import PackageError, SignatureError

RSA_SHA256 = 1
_KEY_ID = 8


def sign_manifest(manifest: bytes, key: SigningKey) -> bytes:
    """The content of `manifest.sig`: type, key id, signature."""
    return bytes([RSA_SHA256]) + bytes.fromhex(key.public.key_id) + key.sign(manifest)


def signer_of(block: bytes) -> str:
    """The key id, in hex, that `manifest.sig` names."""
    if len(block) <= 1 + _KEY_ID or block[0] != RSA_SHA256:
        raise PackageError("manifest.sig: not an RSA signature with SHA-256")
    return block[1 : 1 + _KEY_ID].hex()


def verify_manifest(manifest: bytes, block: bytes, keys: Iterable[PublicKey]) -> PublicKey:
    """The key among ``keys`` that signed.

    Raises
    ------
    SignatureError
        None of them has the id that the signature names, or that one did not make it.
    """
    signer = signer_of(block)
    for key in keys:
        if key.key_id == signer:
            if not key.verify(block[1 + _KEY_ID :], manifest):
                raise SignatureError(f"manifest.sig: not made with key {signer}")
            return key
    raise SignatureError(f"manifest.sig: signed with {signer}, which is none of the given keys")
