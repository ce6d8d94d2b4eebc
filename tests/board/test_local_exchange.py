"""The in-process server takes what a board sends over the cable, and nothing makes it fall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from uscomo_tools.board.local.server import LocalServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    with LocalServer(tmp_path / "server") as started:
        yield started


def status(server: LocalServer, request: bytes, pieces: int = 7) -> int:
    exchange = server.exchange()
    for at in range(0, len(request), pieces):
        answer = exchange.receive(request[at : at + pieces])
        if answer is not None:
            return int(answer.split()[1])
    raise AssertionError("no answer")


def test_what_is_no_request_is_refused(server: LocalServer) -> None:
    head = b" HTTP/1.1\r\nHost: local\r\nContent-Length: 0\r\n\r\n"
    assert status(server, b"GET /packages/none" + head) in (401, 404)
    assert status(server, b"GET /\xc3\xa4\xff" + head) in (400, 404)
    assert status(server, b"GET http://elsewhere/dm" + head) == 400
    assert status(server, b"GET //elsewhere:0x/dm" + head) in (400, 404)
    assert status(server, b"\x00\x01\x02 nothing of HTTP\r\n\r\n") == 400


def test_a_body_has_a_limit(server: LocalServer) -> None:
    size = server.max_body + 1
    head = b"POST /dm HTTP/1.1\r\nHost: local\r\nContent-Length: %d\r\n\r\n" % size
    assert status(server, head + bytes(size), 4096) == 413
