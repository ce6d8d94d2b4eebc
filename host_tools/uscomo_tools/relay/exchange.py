"""One HTTP exchange of a board: what it asks goes to a server, the answer goes back as it comes.

The request is read, checked and written anew: its method, its path, and headers from a list, to
the host that the stream was opened to, whatever the request itself names. No redirect is followed,
nothing is kept between two exchanges, no proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import h11
import httpx

from ..errors import RefusedError, UsageError
from .allowed import AllowList, Origin

_METHODS = (b"GET", b"HEAD", b"POST")
# What goes on of a board's request, and what the board reads of an answer (`uscomo.http`).
_ASKED = (b"accept", b"content-type", b"if-range", b"range", b"user-agent", b"x-syncml-hmac")
_ANSWERED = (
    *(b"content-length", b"content-range", b"content-type", b"etag", b"location"),
    b"x-syncml-hmac",
)
# Seconds. A board gives an answer up that does not move for 30.
_TIMES = {"connect": 10.0, "read": 25.0, "write": 25.0, "pool": 25.0}
# Octets that may wait for the line before more of an answer is read.
_AHEAD = 2048


@dataclass(frozen=True)
class Limits:
    """What one board may ask for.

    Attributes
    ----------
    request, answer
        Octets of one body.
    per_minute
        Requests, and as many at once after a pause.
    at_once
        Requests of all boards together that servers are asked at the same time.
    """

    request: int = 64 * 1024
    answer: int = 16 * 1024 * 1024
    per_minute: int = 120
    at_once: int = 64


class Rate:
    """So many a minute, and so many at once after a pause."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._since: float | None = None

    def take(self, now: float) -> bool:
        """Take one; False where there is none left."""
        if self._since is not None:
            more = (now - self._since) * self._per_minute / 60
            self._left = min(self._left + more, self._per_minute)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass
class Outcome:
    """What came of an exchange, for the log.

    Attributes
    ----------
    status
        Of the answer; 0: none came.
    sent, received
        Octets of the two bodies, of the answer's as far as it went to the board.
    problem
        What went wrong; empty when nothing did.
    """

    method: str = ""
    url: str = ""
    status: int = 0
    sent: int = 0
    received: int = 0
    size: int | None = None
    seconds: float = 0.0
    problem: str = ""


class Gate:
    """The way to the servers, shared by all boards of a relay; a context manager.

    Parameters
    ----------
    ca
        PEM file of the authorities that servers' certificates are checked against, in place of
        the system's.
    """

    def __init__(self, allowed: AllowList, limits: Limits, ca: Path | None = None) -> None:
        self.allowed = allowed
        self.limits = limits
        try:
            context = ssl.create_default_context(cafile=str(ca) if ca else None)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"--ca {ca}: {error}") from None
        self.transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        self.slots = asyncio.Semaphore(limits.at_once)

    async def __aenter__(self) -> Gate:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.transport.aclose()


class Exchange:
    """Bytes of the request in, with `receive`; what goes to the board comes through `send`.

    Parameters
    ----------
    send
        Called with octets for the board, and whether they are the last.
    refuse
        Called where the stream is broken off: the board tries anew.
    backlog
        How many octets wait for the line.
    tell
        Called when some of the answer is there, and once at the end, with True.
    """

    def __init__(
        self,
        gate: Gate,
        origin: Origin,
        send: Callable[[bytes, bool], None],
        refuse: Callable[[], None],
        backlog: Callable[[], int],
        tell: Callable[[Outcome, bool], None],
    ) -> None:
        self.outcome = Outcome(url=str(origin))
        self._gate = gate
        self._origin = origin
        self._send = send
        self._refuse = refuse
        self._backlog = backlog
        self._tell = tell
        self._connection = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._began = time.monotonic()

    def receive(self, data: bytes) -> None:
        """Take octets of the request."""
        if self._ended or self._task is not None:
            return  # of a request that is whole, or was answered already
        self._connection.receive_data(data)
        try:
            self._read()
        except h11.RemoteProtocolError as error:
            self._answer_at_once(error.error_status_hint, str(error))

    def moved(self) -> None:
        """The line has taken something."""
        self._moved.set()

    def close(self) -> None:
        """The stream is over: nothing is sent any more."""
        if self._task is not None:
            self._task.cancel()
        self._end("the board broke off")

    def _read(self) -> None:
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Request):
                self._head = event
                self.outcome.method = event.method.decode()
                self.outcome.url = str(self._origin) + event.target.decode("latin-1")
                if event.method not in _METHODS:
                    return self._answer_at_once(405, "method")
                # Of no other host: neither a proxy's request nor one that a path could become.
                if not event.target.startswith(b"/"):
                    return self._answer_at_once(400, "not a path")
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._gate.limits.request:
                    return self._answer_at_once(413, "request too large")
            elif isinstance(event, h11.EndOfMessage):
                self.outcome.sent = len(self._body)
                self._task = asyncio.get_running_loop().create_task(self._forward())
                return None
            else:
                return None

    def _answer_at_once(self, status: int, problem: str) -> None:
        self.outcome.status = status
        head = b"HTTP/1.1 %d refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status
        self._send(head, True)
        self._end(problem)

    def _end(self, problem: str = "") -> None:
        if not self._ended:
            self._ended = True
            self.outcome.problem = problem
            self.outcome.seconds = time.monotonic() - self._began
            self._tell(self.outcome, True)

    # -- the server

    async def _forward(self) -> None:
        try:
            async with self._gate.slots:
                await self._carry(await self._ask())
        except RefusedError as error:
            self._answer_at_once(403, str(error))
        except (httpx.HTTPError, httpx.InvalidURL, h11.ProtocolError, OSError) as error:
            # A line that breaks is what a board knows how to go on from.
            self._refuse()
            self._end(str(error) or type(error).__name__)

    async def _ask(self) -> httpx.Response:
        assert self._head is not None
        addresses = await self._gate.allowed.addresses(self._origin)
        for left, address in enumerate(addresses, 1 - len(addresses)):
            host = f"[{address}]" if ":" in address else address
            request = httpx.Request(
                self._head.method.decode(),
                httpx.URL(f"{self._origin.scheme}://{host}:{self._origin.port}").copy_with(
                    raw_path=self._head.target
                ),
                headers=[(b"Host", self._origin.authority.encode()), *self._passed(_ASKED)],
                content=bytes(self._body) if self._head.method == b"POST" else None,
                # The certificate has to be the name's, not the address's.
                extensions={"timeout": dict(_TIMES), "sni_hostname": self._origin.host},
            )
            try:
                return await self._gate.transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not left:
                    raise
        raise OSError(f"{self._origin.host}: no address")

    def _passed(self, names: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        assert self._head is not None
        return [(name, value) for name, value in self._head.headers if name in names]

    async def _carry(self, response: httpx.Response) -> None:
        assert self._head is not None
        outcome = self.outcome
        try:
            outcome.status = response.status_code
            headers = [
                (name, value) for name, value in response.headers.raw if name.lower() in _ANSWERED
            ]
            size = response.headers.get("content-length", "")
            outcome.size = int(size) if size.isdecimal() else None
            if (outcome.size or 0) > self._gate.limits.answer:
                return self._answer_at_once(502, f"an answer of {size} octets")
            self._put(h11.Response(status_code=outcome.status, headers=headers))
            assert isinstance(response.stream, httpx.AsyncByteStream)
            came = 0
            async for piece in response.stream:
                came += len(piece)
                if came > self._gate.limits.answer:
                    raise httpx.ReadError("the answer is too large")
                if self._head.method != b"HEAD":
                    await self._put_slowly(piece)
            self._put(h11.EndOfMessage(), last=True)
        finally:
            await response.aclose()
        self._end()

    async def _put_slowly(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            part, view = view[:_AHEAD], view[_AHEAD:]
            self._put(h11.Data(data=bytes(part)))
            self.outcome.received += len(part)
            self._tell(self.outcome, False)
            while self._backlog() > _AHEAD:
                self._moved.clear()
                await self._moved.wait()

    def _put(self, event: h11.Event, last: bool = False) -> None:
        data = self._connection.send(event) or b""
        if data or last:
            self._send(data, last)
