"""Which ports have a board behind them: by USB id, and never by opening a port.

A USB id gives candidates only; what a board is, it says itself (`Board.identify`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from serial.tools import list_ports

from ..errors import UsageError
from . import description
from .errors import UnreachableError

_POLL = 0.1


@dataclass(frozen=True)
class Candidate:
    """A port that may have a board.

    Attributes
    ----------
    url
        What `Board.open` takes.
    serial_number
        The USB device's; stays when the port gets another name. Empty: it has none.
    vid, pid
        USB id.
    text
        What the system says of it.
    boards
        Keys of `boards/*.toml` that have this USB id.
    """

    url: str
    serial_number: str
    vid: int
    pid: int
    text: str
    boards: tuple[str, ...]

    def __str__(self) -> str:
        kinds = f" ({', '.join(self.boards)})" if self.boards else ""
        return f"{self.url} {self.vid:04x}:{self.pid:04x} {self.text}{kinds}"


def candidates() -> list[Candidate]:
    """Every serial port on USB; those with the id of a board that we know come first."""
    found = [
        Candidate(
            port.device,
            port.serial_number or "",
            port.vid,
            port.pid,
            port.product or port.description or "",
            tuple(board.key for board in description.by_usb(port.vid, port.pid)),
        )
        for port in list_ports.comports()
        if port.vid is not None
    ]
    return sorted(found, key=lambda candidate: (not candidate.boards, candidate.url))


def only() -> str:
    """The port of the only board.

    Raises
    ------
    UsageError
        There is none, or there are several: the message lists them.
    """
    known = [candidate for candidate in candidates() if candidate.boards]
    if len(known) == 1:
        return known[0].url
    if known:
        raise UsageError(
            "several boards: choose with --port\n" + "\n".join(f"  {one}" for one in known)
        )
    others = "\n".join(f"  {one}" for one in candidates())
    raise UsageError(
        "no board was found; is it plugged in, with a data cable? Or name its --port"
        + (f"; serial ports that no known board has:\n{others}" if others else "")
    )


def chosen(ports: Iterable[str]) -> list[str]:
    """The ports meant by ``--port``, several times or not at all; ``all`` is every board found.

    Raises
    ------
    UsageError
        None is meant, or one twice.
    """
    urls: list[str] = []
    for port in ports:
        if port == "all":
            found = [candidate.url for candidate in candidates() if candidate.boards]
            if not found:
                raise UsageError("--port all: no board was found")
            urls += found
        else:
            urls.append(port)
    if len(set(urls)) != len(urls):
        raise UsageError("a port is named twice")
    return urls or [only()]


def serial_number(url: str) -> str:
    """A port's USB serial number, by which it is known again; empty: it has none."""
    return next((one.serial_number for one in candidates() if one.url == url), "")


def again(url: str, number: str, seconds: float) -> str:
    """Wait for a port that has just been reset; its name, which may be another one.

    Raises
    ------
    UnreachableError
        It did not come back in time.
    """
    if not number:
        return url
    end = time.monotonic() + seconds
    while True:
        for one in candidates():
            if one.serial_number == number:
                return one.url
        if time.monotonic() >= end:
            raise UnreachableError(f"{url}: the board did not come back after its reset")
        time.sleep(_POLL)
