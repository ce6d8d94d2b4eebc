"""A device behind a router is called: package 0 through the UDP way that it opened itself."""

from __future__ import annotations

import contextlib
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pairs import Pair

from uscomo_tools.errors import UscomoError
from uscomo_tools.package import SigningKey
from uscomo_tools.server.outward import proof
from uscomo_tools.server.runner import RunningServer, ServerSettings

HOST = "127.0.0.1"
_PATIENCE = 10.0


class Router:
    """Datagrams from inside go out from a port of its own; in comes what the server's port sends.

    Attributes
    ----------
    inside
        Port for the device.
    outside
        Where the server sees it; a new one after `forget`.
    """

    def __init__(self, server: int) -> None:
        self._server = (HOST, server)
        self._opened: list[socket.socket] = []
        self._device: tuple[str, int] | None = None
        self._in = self._bound()
        self._out = self._bound()
        self._ended = False
        self.kept = 0
        self.inside = int(self._in.getsockname()[1])
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _bound(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._opened.append(made)
        made.bind((HOST, 0))
        return made

    @property
    def outside(self) -> str:
        return f"out:{HOST}:{self._out.getsockname()[1]}"

    def forget(self) -> None:
        """As a router that was switched off and on."""
        self._out = self._bound()

    def _run(self) -> None:
        while not self._ended:
            out = self._out
            for ready in select.select([self._in, out], [], [], 0.05)[0]:
                data, sender = ready.recvfrom(1000)
                if ready is self._in:
                    self._device = sender
                    self.kept += 1
                    out.sendto(data, self._server)
                elif sender == self._server and self._device:
                    self._in.sendto(data, self._device)

    def stop(self) -> None:
        self._ended = True
        self._thread.join()
        for opened in self._opened:
            opened.close()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


@pytest.fixture
def routed(tmp_path: Path, key: SigningKey) -> Iterator[tuple[Pair, Router, int]]:
    """A device behind a router, and its server's UDP port."""
    port = free_port()
    settings = ServerSettings(tmp_path / "server", secrets.token_urlsafe(16), notify_port=port)
    with RunningServer(settings) as server, contextlib.ExitStack() as stack:
        router = Router(port)
        stack.callback(router.stop)
        kept = {"notify_out": str(router.inside), "notify_keep": "1"}
        pair = Pair.make(tmp_path / "device", server, key, settings=kept)
        stack.callback(pair.close)
        yield pair, router, port


def address(pair: Pair) -> str:
    return str(pair.api.get(f"/devices/{pair.device_id}").json()["notify"])


def wait(condition: Callable[[], bool], pair: Pair) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{address(pair)!r}; {pair.events}"
        time.sleep(0.05)


def beside(pair: Pair, operate: Callable[[], None]) -> None:
    """Run the device while somebody does this; then its power goes."""

    def run() -> None:
        try:
            operate()
        finally:
            pair.device.board.cut_power()

    thread = threading.Thread(target=run)
    thread.start()
    pair.run("run")
    thread.join()


def test_called_through_its_own_way(routed: tuple[Pair, Router, int]) -> None:
    pair, router, _ = routed
    done: list[str] = []

    def operate() -> None:
        # At its start; with the nonces of a session; and after the router has forgotten it.
        for number in range(3):
            if number == 2:
                router.forget()
            wait(lambda: address(pair) == router.outside, pair)
            answer = pair.api.post(f"/devices/{pair.device_id}/notify", json={})
            assert answer.status_code == 202, answer.text
            done.append(str(answer.json()["session_id"]))
            wait(lambda n=number: pair.events.count("session main done") > n, pair)

    beside(pair, operate)
    assert len(done) == 3, pair.events
    first = [m for m in pair.gateway.sent if m.header.msg_id == "1"]
    assert [m.header.session_id for m in first] == done
    assert [m.commands[0].data for m in first] == ["1200"] * 3


def test_strangers_are_nobody(routed: tuple[Pair, Router, int]) -> None:
    pair, _, port = routed
    name = pair.device_id.encode()
    trigger = b"USC1" + bytes((len(name),)) + name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((HOST, 0))
        stranger.settimeout(0.3)
        for data in (
            b"",
            b"x" * 2000,
            bytes(24) + b"USC1",
            bytes(24) + trigger,
            bytes(24) + trigger[:-1],
            proof("guessed", b"", trigger) + trigger,
            bytes(24) + b"USC1\x07nobody!",
        ):
            stranger.sendto(data, (HOST, port))
        with pytest.raises(TimeoutError):
            stranger.recv(10)  # nor is anything said to them
    assert address(pair) == ""


def test_what_the_operator_says_stays(routed: tuple[Pair, Router, int]) -> None:
    pair, router, _ = routed
    where = f"127.0.0.1:{free_port()}"
    answer = pair.api.patch(f"/devices/{pair.device_id}", json={"notify": where})
    assert answer.status_code == 200, answer.text

    beside(pair, lambda: wait(lambda: router.kept > 1, pair))
    assert address(pair) == where


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        settings = ServerSettings(tmp_path, "token", notify_port=port)
        with pytest.raises(UscomoError, match=f"UDP port {port}"), RunningServer(settings):
            raise AssertionError("it runs")
