"""A scripted DM and content server on loopback: it says what a test's script tells it to.

It knows the wire (host codec) and the session skeleton of the digest (oma-dm.md, sections 6 and 7;
scomo.md, section 6), and decides nothing: every command that it sends is the test's.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from uscomo_tools.package.rules import PACKAGE_TYPE
from uscomo_tools.syncml.message import (
    CONTENT_TYPES,
    Command,
    Encoding,
    Header,
    Item,
    Message,
    Meta,
    decode,
    encode,
    encoding_of,
)

WBXML = CONTENT_TYPES["wbxml"]
COMPLETE = "urn:oma:at:scomo:1.0:OperationComplete"
SERVER_ID = "script"
_ABORT = "1223"
_REFUSALS = (401, 407)


@dataclass
class Turn:
    """One message of the server: its commands; a chunk's message is not final."""

    commands: list[Command]
    final: bool = True


@dataclass
class Session:
    """One session, as it went."""

    account: str
    turns: list[Turn]
    received: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    #: Where a command went: (MsgID, CmdID) by the command's identity.
    places: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: The last turn was one part of a large object: the client may not close its package.
    unfinished: bool = False
    #: What the last message of the server said.
    spoken: Turn | None = None
    #: The last message of the server closed the session.
    over: bool = False

    def commands(self, name: str) -> list[Command]:
        """The client's commands of that name, of all its messages."""
        return [c for message in self.received for c in message.commands if c.name == name]

    def alerts(self, kind: str = COMPLETE) -> list[Command]:
        """The client's generic alerts of a type; a prefix of the type does not count."""
        found = []
        for command in self.commands("Alert"):
            types = [item.meta.type if item.meta else None for item in command.items]
            if command.data == "1226" and any(t and t.endswith(kind) for t in types):
                found.append(command)
        return found

    def statuses(self, command: Command) -> list[int]:
        """The client's Statuses for a command, one for each of its Items at most."""
        place = self.places[id(command)]
        return [
            int(status.data or 0)
            for status in self.commands("Status")
            if (status.msg_ref, status.cmd_ref) == place
        ]

    def status(self, command: Command) -> int:
        """The client's only Status for a command."""
        found = self.statuses(command)
        assert len(found) == 1, f"{command.name}: Statuses {found}"
        return found[0]

    def results(self, command: Command) -> dict[str, Item]:
        """What a Get brought, by URI."""
        place = self.places[id(command)]
        return {
            str(item.source): item
            for result in self.commands("Results")
            if (result.msg_ref, result.cmd_ref) == place
            for item in result.items
        }

    def values(self, command: Command) -> dict[str, str]:
        """The texts that a Get brought, by URI."""
        return {uri: (i.data or b"").decode() for uri, i in self.results(command).items()}


@dataclass
class Content:
    """What is behind a URL of the content server."""

    body: bytes = b""
    status: int = 200
    type: str = PACKAGE_TYPE


class ScriptedServer:
    """Plays its `script`, a list of turns for each session to come, then sessions without work.

    ``answers`` gives the Status of a generic alert by its type, 200 for others. ``broken`` says of
    a client's message that the server fails to answer it. ``judge`` gives the Status of a
    message's header; where that is 401 or 407 nothing else is said. ``shape`` changes an answer
    before it is written, ``spoil`` its octets, ``beside`` gives what its transport says, by the
    octets. An answer is written as its message was, or as ``speaks`` says.
    """

    def __init__(self) -> None:
        self.script: list[list[Turn]] = []
        self.sessions: list[Session] = []
        self.contents: dict[str, Content] = {}
        self.requests: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, int] = {}
        self.broken: Callable[[Message], bool] = lambda message: False
        self.judge: Callable[[Session, Message], int] = lambda session, message: 200
        self.shape: Callable[[Session, Message], None] = lambda session, reply: None
        self.speaks: Callable[[Session, Encoding], Encoding] = lambda session, asked: asked
        #: How each message of the client was written.
        self.encodings: list[Encoding] = []
        self.spoil: Callable[[Session, bytes], bytes] = lambda session, body: body
        self.beside: Callable[[bytes], dict[str, str]] = lambda body: {}
        #: x-syncml-hmac of each message of the client.
        self.proofs: list[str | None] = []
        #: The last answer, before it was spoiled.
        self.said = b""
        self.failures: list[str] = []
        self._running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []
        self.url = f"http://127.0.0.1:{self._listen()}"

    def _listen(self, context: ssl.SSLContext | None = None) -> int:
        http = _Quiet(("127.0.0.1", 0), _handler(self))
        http.daemon_threads = True
        if context:
            # The handshake is the matter of the connection's own thread.
            http.socket = context.wrap_socket(
                http.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        self._running.append((http, thread))
        return int(http.server_address[1])

    def secure(self, context: ssl.SSLContext) -> str:
        """Listen at one more port, with TLS: its URL."""
        return f"https://localhost:{self._listen(context)}"

    def stop(self) -> None:
        for http, thread in self._running:
            http.shutdown()
            thread.join()
            http.server_close()

    def publish(self, name: str, body: bytes, status: int = 200, type: str = PACKAGE_TYPE) -> str:
        """Put something behind a URL, and give that."""
        self.contents["/" + name] = Content(body, status, type)
        return f"{self.url}/{name}"

    def describe(self, name: str, body: bytes) -> str:
        """Put a package and its download descriptor behind URLs, and give the descriptor's."""
        size = len(body)
        text = (
            f'<?xml version="1.0"?><media xmlns="http://www.openmobilealliance.org/xmlns/dd">'
            f"<DDVersion>1.0</DDVersion><type>{PACKAGE_TYPE}</type><size>{size}</size>"
            f"<objectURI>{self.publish(name, body)}</objectURI>"
            f"<installNotifyURI>{self.url}/notify</installNotifyURI></media>"
        )
        return self.publish(name + ".dd", text.encode(), type="application/vnd.oma.dd+xml")

    def fetched(self, name: str) -> int:
        """How often a URL was asked for."""
        return sum(path == "/" + name for _, path, _ in self.requests)

    # -- one message

    def answer(self, path: str, body: bytes, kind: str) -> tuple[bytes, str] | None:
        """The answer to a client's message, and its media type; None: the server is broken."""
        message = decode(body, kind)
        self.encodings.append(encoding_of(body, kind))
        if message.header.msg_id == "1":
            # A session that was never answered took nothing of the script.
            begun = [s for s in self.sessions if s.sent]
            turns = self.script[len(begun)] if len(begun) < len(self.script) else []
            self.sessions.append(Session(path, list(turns)))
        session = self.sessions[-1]
        session.received.append(message)
        if self.broken(message):
            return None
        reply = Message(
            Header(
                session_id=message.header.session_id,
                msg_id=str(len(session.sent) + 1),
                target=message.header.source,
                source=message.header.target,
            )
        )
        judged = self.judge(session, message)
        refused = judged if judged in _REFUSALS else 0
        reply.commands.append(_header_status(message, judged))
        for command in message.commands:
            if command.name == "Results" and any(item.more for item in command.items):
                reply.commands.append(_status(message, command, 213))
            if command.name not in ("Status", "Results"):
                code = refused or self._code(command)
                reply.commands.append(_status(message, command, code))
        aborted = any(c.name == "Alert" and c.data == _ABORT for c in message.commands)
        if _refuses(message) and session.spoken:
            # What a client did not believe is said again.
            session.turns.insert(0, session.spoken)
        session.spoken = None
        if aborted:
            session.over = True
        elif refused:
            reply.final = True
        elif message.final or session.unfinished:
            self._speak(session, reply)
        else:
            reply.commands.append(Command("Alert", data="1222"))
        self.shape(session, reply)
        _number(session, reply)
        limit = session.received[0].header.meta
        encoding = self.speaks(session, self.encodings[-1])
        encoded = encode(reply, encoding)
        if limit and limit.max_msg_size and len(encoded) > limit.max_msg_size:
            self.failures.append(f"{len(encoded)} bytes for a MaxMsgSize of {limit.max_msg_size}")
        session.sent.append(reply)
        self.said = encoded
        return self.spoil(session, encoded), CONTENT_TYPES[encoding]

    def _speak(self, session: Session, reply: Message) -> None:
        turn = session.turns.pop(0) if session.turns else Turn([])
        session.spoken = turn
        reply.commands += turn.commands
        reply.final = turn.final
        session.unfinished = not turn.final
        session.over = not turn.commands

    def _code(self, command: Command) -> int:
        if command.data != "1226" or not command.items or not command.items[0].meta:
            return 200
        kind = command.items[0].meta.type or ""
        return next((code for end, code in self.answers.items() if kind.endswith(end)), 200)


def _header_status(message: Message, code: int) -> Command:
    msg_id = message.header.msg_id
    return Command("Status", msg_ref=msg_id, cmd_ref="0", cmd="SyncHdr", data=str(code))


def _refuses(message: Message) -> bool:
    codes = [int(c.data or 0) for c in message.commands if c.cmd_ref == "0"]
    return any(code in _REFUSALS for code in codes)


def _status(message: Message, command: Command, code: int) -> Command:
    return Command(
        "Status",
        msg_ref=message.header.msg_id,
        cmd_ref=command.cmd_id,
        cmd=command.name,
        data=str(code),
    )


def _number(session: Session, reply: Message) -> None:
    waiting = list(reply.commands)
    number = 0
    while waiting:
        command = waiting.pop(0)
        number += 1
        command.cmd_id = str(number)
        session.places[id(command)] = reply.header.msg_id, command.cmd_id
        waiting[:0] = command.children


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not like our certificate is no error here."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            server.requests.append(("GET", self.path, b""))
            content = server.contents.get(self.path) or Content(status=404)
            first = 0
            begin = self.headers.get("Range", "")
            if begin.startswith("bytes=") and content.status == 200:
                first = int(begin[6:].rstrip("-"))
            status = 206 if first else content.status
            self._send(status, content.body[first:], content.type, first, len(content.body))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            server.proofs.append(self.headers.get("x-syncml-hmac"))
            server.requests.append(("POST", self.path, body))
            kind = self.headers.get("Content-Type", "")
            if kind not in CONTENT_TYPES.values():
                self._send(200, b"", "text/plain")
                return
            try:
                answer = server.answer(self.path, body, kind)
            except Exception as error:
                server.failures.append(repr(error))
                raise
            beside = server.beside(server.said)
            said, kind = answer or (b"", kind)
            self._send(503 if answer is None else 200, said, kind, beside=beside)

        def _send(
            self,
            status: int,
            body: bytes,
            type: str,
            first: int = 0,
            of: int = 0,
            beside: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in (beside or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(body)))
            if first:
                self.send_header("Content-Range", f"bytes {first}-{of - 1}/{of}")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    return Handler


# -- commands


def leaf(
    name: str, uri: str, value: str | bytes | None = None, format: str = "chr", **meta: object
) -> Command:
    """Add or Replace of one node; no value is an interior node."""
    about = Meta(format="node" if value is None else format, **meta)  # type: ignore[arg-type]
    data = value.encode() if isinstance(value, str) else value
    return Command(name, items=[Item(target=uri, meta=about, data=data)])


def get(*uris: str) -> Command:
    """Get of some nodes."""
    return Command("Get", items=[Item(target=uri) for uri in uris])


def delete(uri: str) -> Command:
    return Command("Delete", items=[Item(target=uri)])


def execute(uri: str, correlator: str | None = "c-1") -> Command:
    """Exec of an operation node."""
    return Command("Exec", correlator=correlator, items=[Item(target=uri)])


def confirm(text: str) -> Command:
    """The UI alert that asks for consent: options, then the text."""
    return Command("Alert", data="1101", items=[Item(data=b""), Item(data=text.encode())])


def sequence(*commands: Command) -> Command:
    return Command("Sequence", children=list(commands))


def atomic(*commands: Command) -> Command:
    return Command("Atomic", children=list(commands))


def chunks(uri: str, data: bytes, size: int, announced: int, type: str) -> Iterable[Turn]:
    """A large object as messages with one chunk each (oma-dm.md, section 7)."""
    for at in range(0, len(data), size):
        last = at + size >= len(data)
        meta = Meta(format="bin", type=type, size=None if at else announced)
        item = Item(target=uri, meta=meta, data=data[at : at + size], more=not last)
        yield Turn([Command("Add", items=[item])], final=last)
