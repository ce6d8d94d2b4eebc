"""One host of a lab: a board on a network port, a switch for its power, something that flashes it.

The board is the unix one. Its port is what ser2net makes of a terminal, but on loopback alone; the
switch is the one that labgrid calls ``rest``.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import FLASH, ServedBoard
from uscomo_tools.testing.unix import make_image

BLOCK = 4096


class Bench:
    """A board, where it is and what was done to it.

    Attributes
    ----------
    port
        Of its console, on 127.0.0.1.
    switch
        URL of its power switch; `flasher` of what takes images.
    flashed
        The images that were put on it.
    """

    def __init__(self, board: ServedBoard) -> None:
        self.board = board
        self.flashed: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.switch, self.flasher = url + "/power", url + "/flash"
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._bridge),
            threading.Thread(target=self._http.serve_forever),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._ended.set()
        self._http.shutdown()
        for thread in self._threads:
            thread.join()
        self._http.server_close()
        self._listening.close()

    def flash(self, image: bytes) -> None:
        """Other firmware, on a flash that is empty."""
        self.board.power.off()
        make_image(self.board.folder / FLASH, {})
        self.flashed.append(image)
        self.board.power.on()

    # -- the port

    def _bridge(self) -> None:
        while not self._ended.is_set():
            if select.select([self._listening], [], [], 0.1)[0]:
                client, _ = self._listening.accept()
                terminal = os.open(self.board.url, os.O_RDWR | os.O_NOCTTY)
                with client, suppress(OSError):
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._carry(client, terminal)
                os.close(terminal)

    def _carry(self, client: socket.socket, terminal: int) -> None:
        while not self._ended.is_set():
            found = select.select([client, terminal], [], [], 0.1)[0]
            if terminal in found:
                client.sendall(os.read(terminal, BLOCK))
            if client in found:
                data = client.recv(BLOCK)
                if not data:
                    return
                while data:
                    data = data[os.write(terminal, data) :]

    # -- the switch, and what flashes

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bench = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(b"1" if bench.board.power.is_on else b"0")

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/flash":
                    bench.flash(body)
                elif body == b"1":
                    bench.board.power.on()
                else:
                    bench.board.power.off()
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                pass

        return Handler


@contextmanager
def bench() -> Iterator[Bench]:
    """A bench with a board that is on."""
    with unix.start() as board:
        made = Bench(board)
        try:
            yield made
        finally:
            made.close()
