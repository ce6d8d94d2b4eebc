"""The emulated Pico W cannot reach anything but this machine."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import socket
import subprocess
import sys
import threading

import pytest
from ports import Line

from uscomo_tools.board import firmware_cache
from uscomo_tools.testing.providers import rp2w
from uscomo_tools.testing.rp2_emulator import Emulator
from uscomo_tools.testing.rp2_errors import EmulatorError
from uscomo_tools.testing.rp2_network import ConfinedNetwork
from uscomo_tools.testing.skipping import image_or_skip

#: Addresses for documentation: nobody is there, and nobody would be meant.
ELSEWHERE = ("192.0.2.1", "198.51.100.7")

SPEAK = """
import asyncio, socket, sys
from uscomo_tools.testing.rp2_network import wall_in

seen = wall_in()
here = socket.create_server(("127.0.0.1", 0))
socket.create_connection(here.getsockname()).close()

def refused(speak):
    try:
        speak()
    except PermissionError:
        return True
    return False

def datagram(*arguments):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"x", *arguments)

print(refused(lambda: socket.create_connection(("192.0.2.1", 80), 1)))
print(refused(lambda: datagram(("192.0.2.1", 53))))
print(refused(lambda: datagram(0, ("192.0.2.1", 53))))
print(refused(lambda: socket.getaddrinfo("example.org", 80)))
print(refused(lambda: asyncio.run(asyncio.open_connection("192.0.2.1", 80))))
print(refused(lambda: datagram(("127.0.0.1", here.getsockname()[1]))))
"""

JOIN = """
import network, socket, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect("RP2040PY-GUEST", "key")
while not w.isconnected(): time.sleep_ms(20)
"""
REFUSED = """
s = socket.socket()
s.settimeout(5)
try:
    s.connect(("%s", 80))
    print("connected")
except OSError as error:
    print("refused", error.errno)
s.close()
"""
DATAGRAM = """
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(%g)
u.sendto(b"ping", ("%s", %d))
try:
    print(u.recv(10))
except OSError as error:
    print("lost", error.errno)
u.close()
"""
FETCH = """
s = socket.socket()
s.connect(socket.getaddrinfo("%s", %d)[0][-1])
s.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
n = 0
while True:
    d = s.recv(1000)
    if not d: break
    n += len(d)
s.close()
print(n)
"""


def test_a_walled_process_speaks_to_itself_alone():
    done = subprocess.run(
        [sys.executable, "-c", SPEAK], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True"] * 5 + ["False"]


def test_the_bridge_refuses_foreign_addresses():
    network = ConfinedNetwork()
    for host in (*ELSEWHERE, "127.0.0.1", "10.0.0.2", "example.org"):
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(network._connect(host, 80))
    assert [attempt.allowed for attempt in network.attempts] == [False] * 5


def test_a_board_with_radio_does_not_run_without_a_cage():
    path = image_or_skip(firmware_cache.PICO_W)
    with pytest.raises(EmulatorError, match="cage"):
        Emulator(path, "pico_w", (1, 23, 0), realtime=False)


def test_another_emulator_is_refused(monkeypatch):
    path = image_or_skip(firmware_cache.PICO_W)
    monkeypatch.setattr("rp2040py.external.cyw43.nat.UdpRelay._relay", None)
    monkeypatch.delattr("rp2040py.external.cyw43.nat.UdpRelay._relay")
    with pytest.raises(EmulatorError, match="_relay"):
        Emulator(path, "pico_w", (1, 23, 0), realtime=False, network=ConfinedNetwork())


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(bytes(3000))

    def log_message(self, format, *args):
        pass


@contextlib.contextmanager
def page():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.full
def test_nothing_leaves(tmp_path):
    image_or_skip(firmware_cache.PICO_W)
    echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    echo.bind(("127.0.0.1", 0))

    def answer():
        data, sender = echo.recvfrom(10)
        echo.sendto(data[::-1], sender)

    thread = threading.Thread(target=answer)
    thread.start()
    with rp2w.start() as joined, page() as port, echo:
        with Line(joined, 120) as line:
            line.raw()
            line.run(JOIN)
        board = joined.copy()  # the radio's start takes ten seconds; this one is for the others
        with Line(board, 60) as line:
            line.raw()
            for host in ELSEWHERE:
                assert line.run(REFUSED % host).startswith("refused")
                assert line.run(DATAGRAM % (0.5, host, 123)).startswith("lost")
            assert line.run(DATAGRAM % (20, "10.0.0.1", echo.getsockname()[1])) == "b'gnip'\n"
            thread.join()
            assert int(line.run(FETCH % ("anything.example", port))) > 3000
            # So many frames that the radio's credit wraps around, which hung it.
            for _ in range(40):
                assert int(line.run(FETCH % ("10.0.0.1", port))) > 3000
        found = board.attempts()
        board.stop()
    wanted = {(kind, host, allowed) for kind, host, _port, allowed in found["guest"]}
    assert {("tcp", host, False) for host in ELSEWHERE} <= wanted
    assert {("udp", host, False) for host in ELSEWHERE} <= wanted
    assert ("dns", "anything.example", True) in wanted
    spoken = {host for host, *_ in found["process"]}
    assert spoken == {"127.0.0.1"}
