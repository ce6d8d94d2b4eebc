"""Certificates for tests of TLS: an authority, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, one file each, in PEM."""

    certificate: Path
    key: Path

    def server_context(self, clients: Path | None = None) -> ssl.SSLContext:
        """For a server that shows this; with `clients` it demands a certificate of theirs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Authority:
    """Signs certificates; `pem` is its own.

    Parameters
    ----------
    kind
        Of all keys: ``"ec"`` (P-256) or ``"rsa"`` (2048 bits).
    """

    def __init__(self, folder: Path, name: str = "authority", kind: str = "ec") -> None:
        self._folder = folder
        self._name = name
        self._kind = kind
        self._key = self._new_key()
        made = self._signed(name, self._key.public_key(), (), True, 1)
        self.certificate = made
        self.pem = folder / f"{name}.pem"
        self.pem.write_bytes(made.public_bytes(_PEM))
        self.der = made.public_bytes(serialization.Encoding.DER)

    def issue(self, *hosts: str, name: str = "server", days: int = 1) -> Issued:
        """Sign a certificate for hosts, for so many days from now; it began three days ago."""
        key = self._new_key()
        made = self._signed(name, key.public_key(), hosts, False, days)
        stem = f"{self._name}-{name}-{len(list(self._folder.iterdir()))}"
        issued = Issued(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        issued.certificate.write_bytes(made.public_bytes(_PEM))
        issued.key.write_bytes(
            key.private_bytes(
                _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return issued

    def _new_key(self) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
        if self._kind == "rsa":
            return rsa.generate_private_key(65537, 2048)
        return ec.generate_private_key(ec.SECP256R1())

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        hosts: tuple[str, ...],
        is_ca: bool,
        days: int,
    ) -> x509.Certificate:
        today = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self._name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - 3 * _DAY)
            .not_valid_after(today + days * _DAY)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
