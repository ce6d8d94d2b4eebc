"""A server behind TLS on loopback, and the certificates of both sides."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from uscomo_tools.server.runner import RunningServer, ServerSettings

_DAY = datetime.timedelta(days=1)
_WBXML = {"content-type": "application/vnd.syncml.dm+wbxml"}

#: A POST of a body, with a client certificate or none: the HTTP status, None where TLS fails.
Post = Callable[[bytes, Path | None], int | None]


class Authority:
    """Signs a certificate for 127.0.0.1 and one for a client; each file has its key, too."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self._write(folder / f"{name}.pem", self._name, self._key, True)
        self.server = self._made(folder / f"{name}-server.pem", "server")
        self.client = self._made(folder / f"{name}-client.pem", "urn:peer:1")

    def _made(self, path: Path, name: str) -> Path:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._write(path, subject, ec.generate_private_key(ec.SECP256R1()), False)

    def _write(
        self, path: Path, subject: x509.Name, key: ec.EllipticCurvePrivateKey, is_ca: bool
    ) -> Path:
        today = datetime.datetime.now(datetime.timezone.utc)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - _DAY)
            .not_valid_after(today + _DAY)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(pem))
        return path


@contextmanager
def secured(authority: Authority) -> Iterator[Post]:
    """A server that asks clients for certificates of this authority, while a block lasts."""
    with TemporaryDirectory() as folder:
        settings = ServerSettings(
            Path(folder),
            "operator-token",
            tls_certificate=authority.server,
            tls_key=authority.server,
            client_ca=authority.file,
        )
        with RunningServer(settings) as server:
            assert server.dm_url.startswith("https://"), server.dm_url

            def post(body: bytes, certificate: Path | None) -> int | None:
                context = ssl.create_default_context(cafile=str(authority.file))
                if certificate:
                    context.load_cert_chain(certificate)
                try:
                    with httpx.Client(verify=context, timeout=10) as client:
                        return client.post(server.dm_url, content=body, headers=_WBXML).status_code
                except httpx.TransportError:
                    return None

            yield post
