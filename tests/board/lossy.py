"""A serial line in its own time that loses, changes, doubles and delays bytes, with both ends."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from uscomo_tools import resources
from uscomo_tools.board.stream import Closed, Event, Opened, Received, StreamEnd, Text

sys.path.append(str(resources.board_root()))  # stage 0 is no part of any package

from uscomo import link, platform

RING = 256
#: Seconds a byte takes, as at 115,200 baud.
BYTE = 10 / 115_200


class Line:
    """Both directions; `rate` is the share of bytes that something happens to.

    The board's side loses what does not fit its ring buffer.
    """

    def __init__(self, rate: float = 0.0, seed: int = 1, ring: int = RING) -> None:
        self.now = 0.0
        self.rate = rate
        self.ring = ring
        self.chance = random.Random(seed)
        self.host_side: deque[tuple[float, int]] = deque()
        self.board_side: deque[tuple[float, int]] = deque()
        self.overflowed = self.carried = self.spoiled = 0

    def carry(self, data: bytes, queue: deque[tuple[float, int]]) -> None:
        when = max(self.now, queue[-1][0] if queue else 0.0)
        for byte in data:
            when += BYTE
            fault = self.chance.random() / self.rate if self.rate else 1.0
            self.carried += 1
            self.spoiled += fault < 1.0
            if fault < 0.3:
                continue
            if fault < 0.6:
                byte = self.chance.randrange(256)
            if fault < 1.0 and fault >= 0.8:
                when += 0.05
            queue.append((when, byte))
            if 0.6 <= fault < 0.8:
                queue.append((when, byte))

    def arrived(self, queue: deque[tuple[float, int]]) -> int:
        return sum(1 for when, _ in queue if when <= self.now)


class Cable:
    """A board's `Link` and a host's `StreamEnd` on one line; the board's pauses drive the time."""

    def __init__(self, line: Line, answer: Callable[[str, bytes], bytes | None]) -> None:
        self.line = line
        self.answer = answer
        self.end = StreamEnd()
        self.events: list[Event] = []
        self.request = b""
        self.url = ""
        self.deaf = False
        self.link = link.Link(self._read, self._write, self._poll)

    # the board's side

    def _poll(self, ms: int) -> list[int]:
        queue = self.line.board_side
        return [1] if queue and queue[0][0] <= self.line.now else []

    def _read(self, byte: bytearray) -> int:
        byte[0] = self.line.board_side.popleft()[1]
        self.line.now += 30e-6  # what a board takes for a byte
        return 1

    def _write(self, view: memoryview) -> int:
        self.line.carry(bytes(view), self.line.host_side)
        return len(view)

    def _overflow(self) -> None:
        queue = self.line.board_side
        here = self.line.arrived(queue)
        if here > self.line.ring:
            late = list(queue)[here:]
            kept = list(queue)[: self.line.ring]
            self.line.overflowed += here - len(kept)
            queue.clear()
            queue.extend(kept + late)

    def print(self, text: bytes) -> None:
        """The board's program prints something."""
        self.line.carry(text, self.line.host_side)

    def pause(self, seconds: float) -> None:
        """The board's time passes; the host works meanwhile."""
        until = self.line.now + seconds
        while self.line.now < until:
            self.line.now = min(until, self.line.now + 0.002)
            self._overflow()
            self.host()

    # the host's side

    def host(self) -> None:
        queue = self.line.host_side
        data = bytearray()
        while queue and queue[0][0] <= self.line.now:
            data.append(queue.popleft()[1])
        if self.deaf:
            return
        for event in self.end.receive(bytes(data), self.line.now):
            self.events.append(event)
            if isinstance(event, Opened):
                self.url, self.request = event.url, b""
                self.end.accept(event.stream)
            elif isinstance(event, Received):
                self.request += event.data
                given = self.answer(self.url, self.request)
                if given is not None:
                    self.end.send(event.stream, given, end=True)
        out = self.end.outgoing(self.line.now)
        self.line.carry(out, self.line.board_side)
        lost = self.end.lost(self.line.now)
        if lost is not None:
            self.events.append(lost)

    @property
    def text(self) -> bytes:
        """Console text that came to the host."""
        return b"".join(event.data for event in self.events if isinstance(event, Text))

    @property
    def closed(self) -> list[Closed]:
        """Streams that are over, as the host sees it."""
        return [event for event in self.events if isinstance(event, Closed)]


@contextmanager
def running(cable: Cable) -> Iterator[None]:
    """The board's clock is the line's."""

    def ticks() -> int:
        return int(cable.line.now * 1000)

    with (
        mock.patch.object(platform, "ticks", ticks),
        mock.patch.object(platform, "elapsed", lambda since: ticks() - since),
        mock.patch("time.sleep", cable.pause),
    ):
        yield
