"""What stands between a device and its server: passes everything on, and breaks what it is told.

The server makes its URLs from the Host it is asked by, so descriptor and package are fetched
through here as well. Credentials do not cover a message's body: a message may be changed on its
way, which makes a server of another mind out of the real one.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from uscomo_tools.syncml.message import Command, Item, Message, decode, encode, encoding_of

COMPLETE = "urn:oma:at:scomo:1.0:OperationComplete"
_PASSED_ON = ("content-type", "content-range", "etag", "location")


@dataclass
class Answer:
    """An HTTP answer; ``pieces``, where given, are sent instead of ``body``, one by one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Iterable[bytes] | None = None


class Gateway:
    """A server on a port of its own, until `stop`; with a context, behind TLS.

    Attributes
    ----------
    gone
        Connections end without an answer.
    lose
        Asked with each message of the device: ``"before"`` loses it on its way, ``"after"``
        loses the server's answer.
    up, down
        Change messages of the device, or of the server, on their way.
    content
        Changes the answer to a GET: gets path and answer, gives an answer, or None for a
        connection that breaks.
    requests
        (method, path) of everything that was asked.
    sent, received
        The messages of the device, and the answers, as they went over the wire on its side.
    encodings
        ``wbxml`` or ``xml`` of each of them, in order.
    """

    def __init__(self, upstream: str, context: ssl.SSLContext | None = None) -> None:
        self.upstream = upstream.removeprefix("http://")
        self.gone = False
        self.lose: Callable[[Message], str] = lambda message: ""
        self.up: Callable[[Message], None] | None = None
        self.down: Callable[[Message], None] | None = None
        self.content: Callable[[str, Answer], Answer | None] = lambda path, answer: answer
        self.requests: list[tuple[str, str]] = []
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self.encodings: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gateway = self
        if context:
            # The handshake takes a slow board its time: it is the connection's own thread's.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """From now on nobody listens at this address."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    # -- what a test asks afterwards

    def fetched(self) -> list[str]:
        """The ends of the content's paths that were asked for, ``dd`` and ``pkg``, in order."""
        return [path.rpartition(".")[2] for method, path in self.requests if "/content/" in path]

    def statuses(self, name: str) -> list[str]:
        """What the device answered to the server's commands of a name."""
        return [
            command.data or ""
            for message in self.sent
            for command in message.commands
            if command.name == "Status" and command.cmd == name
        ]

    def reports(self) -> list[tuple[str | None, Item]]:
        """(correlator, item) of each OperationComplete that the device sent."""
        return [
            (alert.correlator, item)
            for message in self.sent
            for alert in message.commands
            for item in alert.items
            if item.meta and item.meta.type == COMPLETE
        ]

    # -- the way through

    def answer(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> Answer | None:
        """What the device gets; None when the connection just ends."""
        self.requests.append((method, path))
        if self.gone:
            return None
        if method != "POST":
            return self.content(path, self._forward(method, path, None, headers))
        kind = next(value for name, value in headers.items() if name.lower() == "content-type")
        encoding = encoding_of(body, kind)
        message = decode(body, kind)
        self.sent.append(message)
        self.encodings.append(encoding)
        lost = self.lose(message)
        if lost == "before":
            return None
        if self.up:
            changed = decode(body, kind)
            self.up(changed)
            body = encode(changed, encoding)
        answer = self._forward(method, path, body, headers)
        if lost:
            return None
        if answer.status == 200:
            kind = answer.headers["content-type"]
            encoding = encoding_of(answer.body, kind)
            reply = decode(answer.body, kind)
            if self.down:
                self.down(reply)
                answer.body = encode(reply, encoding)
            self.encodings.append(encoding)
            self.received.append(reply)
        return answer

    def _forward(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection(self.upstream, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            kept = {
                name: response.headers[name] for name in _PASSED_ON if name in response.headers
            }
            return Answer(response.status, kept, response.read())


class _Server(ThreadingHTTPServer):
    gateway: Gateway
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A device that loses its power in the middle is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("content-length", "connection")
        }
        answer = self.server.gateway.answer(self.command, self.path, body, headers)
        if answer is None:
            return
        self.send_response(answer.status)
        answer.headers.setdefault("content-length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in [answer.body] if answer.pieces is None else answer.pieces:
            self.wfile.write(piece)

    do_GET = do_POST = _pass

    def log_message(self, format: str, *arguments: object) -> None:
        """The tests keep what they need themselves."""


def is_report(message: Message) -> bool:
    """Whether a message of the device has an OperationComplete in it."""
    return any(
        item.meta is not None and item.meta.type == COMPLETE
        for command in message.commands
        for item in command.items
    )


def every(commands: Iterable[Command]) -> Iterable[Command]:
    """Commands and those inside them."""
    for command in commands:
        yield command
        yield from every(command.children)


def set_leaf(name: str, value: str) -> Callable[[Message], None]:
    """A change of a server's message: another value for the leaf of that name it Adds."""

    def change(message: Message) -> None:
        for command in every(message.commands):
            for item in command.items:
                if command.name == "Add" and (item.target or "").endswith("/" + name):
                    item.data = value.encode()

    return change
