"""Servers behind TLS on loopback, the certificates of both sides, and a time server."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from uscomo_tools.server.runner import RunningServer, ServerSettings
from uscomo_tools.testing.certificates import Authority, Issued

_WBXML = {"content-type": "application/vnd.syncml.dm+wbxml"}
_TO_1970 = 2208988800

#: A POST of a body, with a client certificate or none: the HTTP status, None where TLS fails.
Post = Callable[[bytes, Issued | None], int | None]


@contextmanager
def secured(authority: Authority) -> Iterator[Post]:
    """A server that asks clients for certificates of this authority, while a block lasts."""
    shown = authority.issue("127.0.0.1")
    with TemporaryDirectory() as folder:
        settings = ServerSettings(
            Path(folder),
            "operator-token",
            tls_certificate=shown.certificate,
            tls_key=shown.key,
            client_ca=authority.pem,
        )
        with RunningServer(settings) as server:
            assert server.dm_url.startswith("https://"), server.dm_url

            def post(body: bytes, own: Issued | None) -> int | None:
                context = ssl.create_default_context(cafile=str(authority.pem))
                if own:
                    context.load_cert_chain(own.certificate, own.key)
                try:
                    with httpx.Client(verify=context, timeout=10) as client:
                        return client.post(server.dm_url, content=body, headers=_WBXML).status_code
                except httpx.TransportError:
                    return None

            yield post


@contextmanager
def certificates() -> Iterator[tuple[Authority, Authority]]:
    """Two authorities, while a block lasts."""
    with TemporaryDirectory(prefix="uscomo-certificates-") as folder:
        yield Authority(Path(folder), "ours"), Authority(Path(folder), "other")


@contextmanager
def time_server() -> Iterator[int]:
    """Tell the time by NTP, while a block lasts: the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                question, sender = bound.recvfrom(100)
                if not question:
                    return
                head = bytes((0x24, 2)) + bytes(22) + question[40:48] + bytes(8)
                now = struct.pack(">II", int(time.time()) + _TO_1970, 0)
                bound.sendto(head + now, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(bound.getsockname()[1])
        finally:
            bound.sendto(b"", bound.getsockname())
            thread.join()
