"""What stands in front of a DM server and keeps what is said."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx


class Tape:
    """In front of a server: records its answers, then gives the same ones again."""

    def __init__(self, server: str, certificate: Path | None = None) -> None:
        self.asked: list[tuple[str, bytes, str]] = []
        self.answers: list[tuple[int, str, bytes]] = []
        self.plays = False
        tape = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                kind = self.headers["content-type"]
                number = len(tape.asked)
                tape.asked.append((self.path, body, kind))
                if not tape.plays:
                    found = httpx.post(
                        server + self.path, content=body, headers={"content-type": kind}
                    )
                    tape.answers.append(
                        (found.status_code, found.headers["content-type"], found.content)
                    )
                if number >= len(tape.answers):
                    self.send_error(500)
                    return
                status, kind, body = tape.answers[number]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def play(self) -> list[tuple[str, bytes, str]]:
        """Play from now on; what was asked until now."""
        self.plays = True
        asked, self.asked = self.asked, []
        return asked

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
