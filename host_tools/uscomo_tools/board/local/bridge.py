"""Between the streams that a board opens over its console and the server in this process."""

from __future__ import annotations

from ..stream import Closed, Opened, Received, StreamEnd, Text
from .server import Exchange, LocalServer

_LONGEST_PAUSE = 0.05  # seconds


class Bridge:
    """Streams of the board on one side, exchanges with the server on the other."""

    def __init__(self, server: LocalServer | None, patience: float = 1.0) -> None:
        self.end = StreamEnd(patience=patience)
        self._server = server
        self._exchange: Exchange | None = None

    def receive(self, data: bytes, now: float) -> bytes:
        """Take what the line brought; the console text in it."""
        text = b""
        for event in self.end.receive(data, now):
            if isinstance(event, Text):
                text += event.data
            elif isinstance(event, Opened):
                # Nothing but the server in here, whatever the board asks for.
                if self._server is None or event.url != "http://local:80":
                    self.end.refuse(event.stream)
                else:
                    self._exchange = self._server.exchange()
                    self.end.accept(event.stream)
            elif isinstance(event, Received) and self._exchange is not None:
                answer = self._exchange.receive(event.data)
                if answer is not None:
                    self.end.send(event.stream, answer, end=True)
                    self._exchange = None
            elif isinstance(event, Closed):
                self._exchange = None
        if self.end.lost(now):
            self._exchange = None
        return text

    def pause(self, now: float) -> float:
        """How long the line may be waited for."""
        wait = self.end.wait(now)
        return _LONGEST_PAUSE if wait is None else min(wait, _LONGEST_PAUSE)
