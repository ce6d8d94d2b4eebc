"""Signing keys: RSA, PEM files, and the ids by which boards know them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .files import read_bytes, write_whole
from .rules import PackageError

EXPONENT = 65537
KEY_SIZE = 2048  # bits; 142 ms for a check on an RP2040, four times as much with 4096
MODULUS_BYTES = range(256, 513)  # as `uscomo.rsa` takes them
KEY_ID_BYTES = 8


@dataclass(frozen=True)
class PublicKey:
    """What a board holds as a trust anchor.

    Parameters
    ----------
    modulus
        Big endian without a leading zero, 256 to 512 bytes; the exponent is always 65537.
    """

    modulus: bytes

    def __post_init__(self) -> None:
        if len(self.modulus) not in MODULUS_BYTES or not (
            self.modulus[0] & 0x80 and self.modulus[-1] & 1
        ):
            raise PackageError("not an RSA key of 2048 to 4096 bits (in whole bytes)")

    @property
    def key_id(self) -> str:
        """Hex of the first 8 bytes of the modulus' SHA-256: the trust anchor's file name."""
        return hashlib.sha256(self.modulus).digest()[:KEY_ID_BYTES].hex()

    @classmethod
    def load(cls, path: Path) -> PublicKey:
        """From a PEM file, of a public key or of a private one."""
        data = read_bytes(path)
        try:
            if b"PRIVATE KEY" in data:
                return SigningKey.load(path).public
            key = serialization.load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise PackageError(f"{path}: not a PEM key: {error}") from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise PackageError(f"{path}: not an RSA key")
        return cls._of(key)

    @classmethod
    def _of(cls, key: rsa.RSAPublicKey) -> PublicKey:
        numbers = key.public_numbers()
        if numbers.e != EXPONENT:
            raise PackageError(f"RSA exponent {numbers.e}: boards know {EXPONENT} only")
        return cls(numbers.n.to_bytes((key.key_size + 7) // 8, "big"))

    def save(self, path: Path) -> None:
        """As a PEM file."""
        write_whole(
            path,
            self._key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        )

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` (PKCS#1 v1.5, SHA-256) over ``data`` is this key's."""
        try:
            self._key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def _key(self) -> rsa.RSAPublicKey:
        return rsa.RSAPublicNumbers(EXPONENT, int.from_bytes(self.modulus, "big")).public_key()


class SigningKey:
    """A private key of a package's signer."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self.public = PublicKey._of(key.public_key())

    @classmethod
    def generate(cls, bits: int = KEY_SIZE) -> SigningKey:
        """A new key."""
        return cls(rsa.generate_private_key(EXPONENT, bits))

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """From an unencrypted PEM file."""
        try:
            key = serialization.load_pem_private_key(read_bytes(path), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise PackageError(f"{path}: not an unencrypted PEM private key: {error}") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise PackageError(f"{path}: not an RSA key")
        return cls(key)

    def save(self, path: Path) -> None:
        """As an unencrypted PEM file that only its owner may read; never over another one."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise PackageError(f"{path}: {error.strerror}") from error
        with os.fdopen(handle, "wb") as file:
            file.write(
                self._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )

    def sign(self, data: bytes) -> bytes:
        """RSA PKCS#1 v1.5 with SHA-256 over ``data``."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
