"""A board that a test plays: the board's own link at the other end of a pseudo terminal."""

from __future__ import annotations

import os
import pty
import select
import sys
import threading
import time
import tty
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from uscomo_tools import resources

sys.path.append(str(resources.board_root()))  # stage 0 is no part of any package

from uscomo import link


class Puppet:
    """A port with nothing but a link behind it; `url` is what a relay opens."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.url = os.ttyname(self._slave)
        self.heard: list[tuple[int, bytes]] = []
        self.link = link.Link(self._read, self.write, self._poll)
        self.link.heard = self._take

    def _read(self, buffer: bytearray) -> int:
        buffer[:1] = os.read(self._master, 1)
        return 1

    def write(self, view: bytes | memoryview) -> int:
        return os.write(self._master, view)

    def _poll(self, ms: int) -> list[int]:
        return list(select.select([self._master], [], [], ms / 1000)[0])

    def _take(self, kind: int, data: bytes) -> bool:
        self.heard.append((kind, bytes(data)))
        return chr(kind) == "N"

    def idle(self, seconds: float) -> None:
        """Do nothing but listen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.link.listen()
            time.sleep(0.005)

    def ask(self, origin: bytes, request: bytes, seconds: float = 15) -> bytes:
        """Send raw octets over a stream; all that comes back. OSError where it is refused."""
        stream = self.link.open(origin)
        end = time.monotonic() + seconds
        view = memoryview(request)
        found = b""
        buffer = memoryview(bytearray(256))
        while time.monotonic() < end:
            count = stream.write(view) if view else stream.readinto(buffer)
            if count is None:
                time.sleep(0.002)
            elif view:
                view = view[count:]
            elif count:
                found += buffer[:count]
            else:
                stream.close()
                return found
        raise AssertionError(f"no end of the answer: {found!r}")

    def get(self, url: str, head: str = "", method: str = "GET", body: bytes = b"") -> bytes:
        """A request as boards make them."""
        scheme, _, rest = url.partition("://")
        authority, _, path = rest.partition("/")
        text = f"{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{head}"
        if body:
            text += f"Content-Length: {len(body)}\r\n"
        return self.ask(f"{scheme}://{authority}".encode(), text.encode() + b"\r\n" + body)

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    def __enter__(self) -> Puppet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Site:
    """An HTTP server on loopback that keeps what it was asked."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"content"
        #: Octets after which the connection breaks.
        self.breaks_after: int | None = None
        self.promised: int | None = None
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                site.seen.append((self.command, self.path, dict(self.headers), body))
                self.send_response(site.status)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(site.promised or len(site.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(site.body[: site.breaks_after])
                self.close_connection = site.breaks_after is not None

            do_POST = do_HEAD = do_CONNECT = do_OPTIONS = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        scheme = "http"
        if certificate is not None:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
