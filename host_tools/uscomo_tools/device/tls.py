"""Certificates of a device: what it trusts, and what it shows; as files of its store, in DER."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ..errors import UsageError

#: Folder of the store, see uscomo.secure.
FOLDER = "s"
#: The longest certificate or key that a board reads.
MAX_DER = 2560
_MAX_AUTHORITIES = 4
_PEM = b"-----BEGIN "


@dataclass
class Tls:
    """What is to be written.

    Attributes
    ----------
    authorities
        Certificates in DER whose signature makes a server's certificate good.
    certificate, key
        DER: what the device shows to its account's server; empty for nothing.
    """

    authorities: list[bytes] = field(default_factory=list)
    certificate: bytes = b""
    key: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.authorities or self.certificate)

    @classmethod
    def load(
        cls, authorities: list[Path], certificate: Path | None = None, key: Path | None = None
    ) -> Tls:
        """Read PEM or DER files; a PEM file may hold several authorities.

        Raises
        ------
        UsageError
            A file is none of these, or certificate and key are no pair.
        """
        found = [one for path in authorities for one in _certificates(path)]
        if len(found) > _MAX_AUTHORITIES:
            raise UsageError(f"{len(found)} authorities: a board takes {_MAX_AUTHORITIES}")
        if (certificate is None) != (key is None):
            raise UsageError("a client certificate and its key go together")
        if certificate is None or key is None:
            return cls(found)
        own = _certificates(certificate)[0]
        private = _key(key)
        public = x509.load_der_x509_certificate(own).public_key()
        if public != serialization.load_der_private_key(private, None).public_key():
            raise UsageError(f"{key} is not the key of {certificate}")
        return cls(found, own, private)

    def check(self, url: str, settings: Mapping[str, str], there: Iterable[str] = ()) -> None:
        """Refuse an https account that its device would refuse.

        Parameters
        ----------
        there
            Names of the files that the device has already.

        Raises
        ------
        UsageError
            It trusts no authority; or a certificate has no account to be shown for.
        """
        if self.certificate and not url.startswith("https://"):
            raise UsageError("a client certificate is for an account with an https:// URL")
        known = self.authorities or any("." not in name for name in there)
        # A relay checks the certificates itself.
        needless = settings.get("tls") == "unchecked" or settings.get("bearer") == "relay"
        if url.startswith("https://") and not known and not needless:
            raise UsageError(
                "no authority's certificate for an https:// URL: give --ca FILE (or "
                "--setting tls=unchecked, which lets anybody be the server)"
            )

    def files(self, url: str) -> dict[str, bytes | None]:
        """Path below the store's root -> contents; the device's own are for that URL's host."""
        made: dict[str, bytes | None] = {
            f"{FOLDER}/{authority_name(one)}": one for one in self.authorities
        }
        if self.certificate:
            host = urlsplit(url).hostname or ""
            made[f"{FOLDER}/{host}.key"] = self.key
            made[f"{FOLDER}/{host}.crt"] = self.certificate
        return made


def authority_name(der: bytes) -> str:
    """What an authority's certificate is called on a board."""
    return hashlib.sha256(der).hexdigest()[:16]


def _certificates(path: Path) -> list[bytes]:
    data = _read(path)
    try:
        if _PEM in data:
            found = x509.load_pem_x509_certificates(data)
        else:
            found = [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise UsageError(f"{path} is no certificate, in PEM or DER: {error}") from None
    made = [one.public_bytes(serialization.Encoding.DER) for one in found]
    if max(map(len, made)) > MAX_DER:
        raise UsageError(f"{path}: a board takes certificates of up to {MAX_DER} bytes")
    return made


def _key(path: Path) -> bytes:
    data = _read(path)
    try:
        if _PEM in data:
            key = serialization.load_pem_private_key(data, None)
        else:
            key = serialization.load_der_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is no key without a password, in PEM or DER: {error}") from None
    # The form that every mbedTLS reads.
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
