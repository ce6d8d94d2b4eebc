"""One board at the relay: its port, its streams, its console; found again after it was away.

The program on the board is never interrupted; where a spoiled byte was a Ctrl-C, it is started
again. On connecting, frames of before are thrown away and the board is told that it has no stream,
so that what was under way begins anew at once: a download goes on from what lies on the board.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..board import find
from ..board.errors import BoardBusyError, UnreachableError
from ..board.frames import Decoder
from ..board.stream import Closed, Event, Notified, Opened, Received, StreamEnd, Text
from .allowed import Origin
from .console import ConsoleText
from .exchange import Exchange, Gate, Outcome, Rate
from .port import Port, open_port
from .report import Reporter
from .shared import POSSIBLE, SharedConsole

# Seconds: the longest wait for the line, until what looked like a frame was none, between two
# tries to open a port, without a byte until draining is done and in all.
_LONGEST, _QUIET, _AGAIN, _DRAINED, _DRAIN = 0.5, 0.5, 0.5, 0.1, 1.0
# Seconds at a prompt that nobody asked for, until the program is started again. What leads from
# the raw REPL to the friendly one, and there: Ctrl-C out of a line that was begun, a soft reset.
_STOPPED = 3.0
_OUT_OF_RAW, _START = b"\r\x03\x02", b"\x03\x04"
# A server's notification at most so often, in seconds.
_NOTIFIED_EVERY = 1.0


@dataclass(frozen=True)
class BoardSettings:
    """What is the same for all boards of a relay.

    Attributes
    ----------
    consoles
        Folder of links to the shared consoles; None: they have no name that stays.
    share
        Whether consoles are shared at all.
    """

    baudrate: int = 115200
    consoles: Path | None = None
    share: bool = True


class RelayedBoard:
    """A board at a port; `run` serves it until it is cancelled.

    Attributes
    ----------
    name
        How the log calls it: the end of the port's name.
    console
        What stands on its console.
    is_there
        Whether its port is open.
    """

    def __init__(
        self, url: str, name: str, gate: Gate, reporter: Reporter, settings: BoardSettings
    ) -> None:
        self.name = name
        self.console = ConsoleText()
        self.is_there = False
        self._url = url
        self._gate = gate
        self._reporter = reporter
        self._settings = settings
        self._rate = Rate(gate.limits.per_minute)
        self._serial_number = ""
        self._port: Port | None = None
        self._end = StreamEnd()
        self._exchange: Exchange | None = None
        self._typed = bytearray()
        self._notified: float | None = None
        self._shared: SharedConsole | None = None
        self._said = ""
        self._by_hand = False  # somebody at the shared console has what runs in hand
        self._stopped: float | None = None

    # -- from outside

    def type(self, line: str) -> None:
        """Type a line to the board's program, or answer its question."""
        self.console.answered()
        # One end only: the second would be an empty answer to the next question.
        self._type(line.encode() + b"\n")

    def notify(self, data: bytes) -> None:
        """Hand a server's notification on; too many of them are dropped."""
        now = time.monotonic()
        if self._notified is not None and now - self._notified < _NOTIFIED_EVERY:
            return
        self._notified = now
        try:
            self._end.notify(data)
        except ValueError as error:
            self._event("notification refused", problem=str(error))
            return
        self._event("notification")
        self._stir()

    async def run(self) -> None:
        """Serve the board, and wait for it while it is not there."""
        self._serial_number = await asyncio.to_thread(find.serial_number, self._url)
        if POSSIBLE and self._settings.share:
            folder = self._settings.consoles
            self._shared = SharedConsole(self._from_shared, folder and folder / self.name)
            self._event("shares", path=self._shared.path)
        try:
            while True:
                await self._once()
        finally:
            if self._shared is not None:
                self._shared.close()

    # -- one connection

    async def _once(self) -> None:
        try:
            port = await open_port(self._url, self._serial_number, self._settings.baudrate)
        except UnreachableError as error:
            self._say("busy" if isinstance(error, BoardBusyError) else "waiting", str(error))
            await asyncio.sleep(_AGAIN)
            return
        self._port, self._url = port, port.url
        if not self._serial_number:
            self._serial_number = await asyncio.to_thread(find.serial_number, self._url)
        self.is_there = True
        self._said = ""
        try:
            await self._drain(port)
            self._event("attached", port=port.url)
            await self._serve(port)
        except UnreachableError as error:
            self._say("lost", str(error))
            await asyncio.sleep(_AGAIN)
        finally:
            self.is_there = False
            self._port = None
            self._break_off()
            self._show(self._end.flush())
            for line in self.console.rest():
                self._reporter.text(self.name, line)
            # Shielded: a port that stays open is locked for others.
            await asyncio.shield(self._close(port))

    async def _close(self, port: Port) -> None:
        try:
            if not self.console.at_prompt:
                self._end.forget()
                await port.write(self._end.outgoing(time.monotonic()))
        except UnreachableError:
            pass  # it is gone, and knows
        finally:
            await port.close()

    async def _drain(self, port: Port) -> None:
        """Show the text that has waited, and drop the frames: nobody waits for their answers."""
        decoder = Decoder()
        end = time.monotonic() + _DRAIN
        while time.monotonic() < end:
            data = await port.read(_DRAINED)
            if not data:
                break
            for item in decoder.feed(data):
                if isinstance(item, bytes):
                    self._show(item)
        self._show(decoder.abandon())

    async def _serve(self, port: Port) -> None:
        heard = time.monotonic()
        self._greet()
        self._stir()
        while True:
            now = time.monotonic()
            # Who is not to be sent anything does not wait for being due either.
            wait = self._end.wait(now) if self._listens else None
            data = await port.read(_LONGEST if wait is None else min(wait, _LONGEST))
            now = time.monotonic()
            if data:
                heard = now
            if self._is_raw:
                self._to_shared(data)
            else:
                for event in self._end.receive(data, now):
                    self._heard(event)
                if now - heard > _QUIET:
                    self._show(self._end.flush())
                lost = self._end.lost(now)
                if lost is not None:
                    self._heard(lost)
            if self._exchange is not None:
                self._exchange.moved()
            out = bytes(self._typed)
            self._typed.clear()
            frames = self._end.outgoing(now)
            if self._listens:
                out += frames
            if self._is_stopped(now):
                self._event("restarted", problem="it stood at a prompt that nobody asked for")
                out += _OUT_OF_RAW if self.console.is_raw else _START
            if out:
                await port.write(out)

    def _is_stopped(self, now: float) -> bool:
        if self._by_hand or not self.console.at_prompt:
            self._stopped = None
        elif self._stopped is None:
            self._stopped = now
        elif now - self._stopped > _STOPPED:
            self._stopped = None
            return True
        return False

    @property
    def _listens(self) -> bool:
        # At a prompt frames would be typed.
        return not self._is_raw and not self.console.at_prompt

    def _greet(self) -> None:
        self._end.forget()
        self._end.tell_time(time.time())

    def _heard(self, event: Event) -> None:
        if isinstance(event, Text):
            self._show(event.data)
        elif isinstance(event, Opened):
            self._opened(event)
        elif isinstance(event, Received):
            if self._exchange is not None:
                self._exchange.receive(event.data)
        elif isinstance(event, Notified):
            self._event("notified" if event.taken else "notification lost")
        elif isinstance(event, Closed):
            self._break_off()
            if event.lost:
                self._event("silent")

    def _opened(self, event: Opened) -> None:
        stream = event.stream
        self._by_hand = False
        problem = ""
        origin = Origin.of_stream(event.url)
        if origin is None or not self._gate.allowed.permits(origin):
            problem = "not allowed"
        elif not self._rate.take(time.monotonic()):
            problem = "too many requests"
        if origin is None or problem:
            self._end.refuse(stream)
            self._event("refused", url=event.url[:200], problem=problem)
            return

        def send(data: bytes, end: bool) -> None:
            self._end.send(stream, data, end)
            self._stir()

        def refuse() -> None:
            self._end.refuse(stream)
            self._stir()

        def tell(outcome: Outcome, ended: bool) -> None:
            self._reporter.exchange(self.name, outcome, ended)

        self._exchange = Exchange(
            self._gate, origin, send, refuse, lambda: self._end.backlog(stream), tell
        )
        # A board that has just started may not know what time it is.
        self._end.tell_time(time.time())
        self._end.accept(stream)

    def _break_off(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    # -- the console

    def _show(self, data: bytes) -> None:
        if not data:
            return
        self._to_shared(data)
        for line in self.console.take(data):
            self._reporter.text(self.name, line)

    def _to_shared(self, data: bytes) -> None:
        if data and self._shared is not None:
            self._shared.show(data)

    @property
    def _is_raw(self) -> bool:
        return self._shared is not None and self._shared.is_raw

    def _from_shared(self, data: bytes | None) -> None:
        if data is None:
            self._event("released")
            if self._port is not None:
                self._break_off()
                self._greet()
                self._stir()
            return
        self._by_hand = True
        if self._is_raw and self._exchange is not None:
            self._break_off()
        self._type(data)

    def _type(self, data: bytes) -> None:
        if self._port is not None:
            self._typed += data
            self._stir()

    # -- the rest

    def _stir(self) -> None:
        if self._port is not None:
            self._port.stirred.set()

    def _say(self, what: str, problem: str) -> None:
        # Once, not at each try.
        if self._said != problem:
            self._said = problem
            self._event(what, problem=problem)

    def _event(self, name: str, **fields: object) -> None:
        self._reporter.event(name, self.name, **fields)


def names_of(urls: list[str]) -> Callable[[str], str]:
    """How the boards at these ports are called: the ends of their names where those differ."""
    ends = {url: url.rstrip("/").rpartition("/")[2] or url for url in urls}
    if len(set(ends.values())) == len(urls):
        return lambda url: ends[url]
    return lambda url: url.strip("/").replace("/", "-").replace(":", "-")
