"""Notifications of the server: their bytes, who gets them, and when."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest
from scripted import DEVICE_ID
from served import Server

from uscomo_tools.server import notify
from uscomo_tools.server.credentials import secret
from uscomo_tools.server.notify import ZERO_NONCE, package_0
from uscomo_tools.server.storage import Storage

VECTORS = Path(__file__).parents[1] / "vectors" / "notification"
TRIGGER = bytes.fromhex("02d0000000123412") + b"com.mgmtsrv.manage"
SERVER = "com.mgmtsrv.manage"


@pytest.mark.parametrize(
    ("nonce", "by_server", "digest"),
    [
        (b"Nonce", False, "10369e83e3fc7103a4a21acce6e242ae"),
        (b"Nonce", True, "bc135af33d8bda335e2e634142e0b087"),
        (ZERO_NONCE, False, "e37fdc0f8e9070fc31b0967910b921af"),
        (b"0x00000000", False, "633b4d8fedca624711b33e36de5aaafb"),
    ],
)
def test_the_worked_example(nonce, by_server, digest):
    data = package_0(SERVER, secret(SERVER, "srvpwd"), nonce, 0x1234, 1, by_server)
    assert data[:16].hex() == digest
    assert data[18:] == TRIGGER[2:]
    assert data[16:18].hex() == ("02d8" if by_server else "02d0")


@pytest.mark.parametrize(
    ("file", "server", "password", "nonce", "version", "session", "ui", "by_server"),
    [
        ("session-0x1234", "funambol", "srvpwd", b"nonce123", 12, 0x1234, 0, False),
        ("session-0x1234-version11", "funambol", "srvpwd", b"nonce123", 11, 0x1234, 0, False),
        ("session-0x0001-zero-nonce", "com.example.dm", "secret", ZERO_NONCE, 12, 1, 0, False),
        ("session-0xffff-empty-nonce", "s", "p", b"", 12, 0xFFFF, 0, False),
        ("version11-empty-nonce", "funambol", "srvpwd", b"", 11, 0xBEEF, 2, True),
        ("resync-zero-nonce", "funambol", "srvpwd", ZERO_NONCE, 12, 0xBEEF, 2, True),
    ],
)
def test_recorded(file, server, password, nonce, version, session, ui, by_server):
    made = package_0(server, secret(server, password), nonce, session, ui, by_server, version)
    assert made == (VECTORS / f"{file}.bin").read_bytes()


def test_what_no_notification_can_carry():
    for name, session in (("x" * 256, 1), ("x", 0), ("x", 0x10000)):
        with pytest.raises(ValueError, match="no notification"):
            package_0(name, "", b"", session)


@pytest.fixture
def device_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)
        yield bound


@pytest.fixture
def address(device_socket) -> str:
    return f"127.0.0.1:{device_socket.getsockname()[1]}"


def parts(data: bytes, nonce: bytes) -> tuple[str, str, bool]:
    """Session id, server id, and whether the digest is right; computed on its own here."""

    def b64_md5(text: bytes) -> bytes:
        return b64encode(hashlib.md5(text).digest())

    trigger = data[16:]
    body = b64_md5(b"uscomo:srvpwd") + b":" + nonce + b":" + b64_md5(trigger)
    good = hashlib.md5(body).digest() == data[:16]
    return trigger[5:7].hex().upper().lstrip("0"), trigger[8:].decode(), good


def test_a_device_is_called(server, enrol, address, device_socket):
    enrol(notify=address, server_nonce=b64encode(b"first").decode())
    assert server.api("GET", f"/devices/{DEVICE_ID}")["notify"] == address
    answer = server.api("POST", f"/devices/{DEVICE_ID}/notify", json={"ui": "informative"})
    data = device_socket.recv(1000)
    assert parts(data, b"first") == (answer["session_id"], "uscomo", True)
    assert data[16:18].hex() == "02e8"
    server.api("POST", f"/devices/{DEVICE_ID}/notify", json={"zero_nonce": True})
    assert parts(device_socket.recv(1000), ZERO_NONCE)[2]


def test_who_cannot_be_called(server, enrol, address):
    enrol()
    path = f"/devices/{DEVICE_ID}/notify"
    assert server.api("POST", path) == 409
    for wrong in ("127.0.0.1", ":5", "host:", "host:0", "host:65536", "host:x", "a b:5"):
        assert server.api("PATCH", f"/devices/{DEVICE_ID}", json={"notify": wrong}) == 400
    assert server.api("PATCH", f"/devices/{DEVICE_ID}", json={"notify": address})["ok"]
    assert server.api("POST", path, json={"ui": "loud"}) == 400
    assert server.api("POST", path)["ok"]
    assert server.api("PATCH", f"/devices/{DEVICE_ID}", json={"notify": ""})["notify"] == ""
    assert server.api("POST", path) == 409
    assert server.api("POST", "/devices/nobody/notify") == 404
    enrol("other", server_auth="none", notify=address)
    assert server.api("POST", "/devices/other/notify") == 409
    body = {"device_id": "third", "notify": "nowhere"}
    assert server.api("POST", "/devices", json=body) == 400
    body = {"notify": "name.invalid:5"}
    assert server.api("PATCH", f"/devices/{DEVICE_ID}", json=body)["ok"]
    assert server.api("POST", path) == 502


def test_ipv6_addresses():
    assert notify.parse_address("[::1]:2948") == ("::1", 2948)
    assert notify.parse_address("board.example:2948") == ("board.example", 2948)


def test_a_queued_operation_calls_its_device(server, enrol, package, address, device_socket):
    enrol(notify=address)
    server.publish(package())
    server.api(
        "POST",
        f"/devices/{DEVICE_ID}/operations",
        json={"primitive": "install", "package": "com.example.blink"},
    )
    assert parts(device_socket.recv(1000), b"")[1:] == ("uscomo", True)
    # What is refused calls nobody, and neither does a look.
    assert server.api("POST", f"/devices/{DEVICE_ID}/operations", json={"primitive": "x"}) == 400
    server.api("GET", f"/devices/{DEVICE_ID}")
    device_socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        device_socket.recv(1000)


def test_an_operation_is_queued_where_nobody_can_be_called(server, enrol, package):
    enrol(notify="name.invalid:5")
    server.publish(package())
    body = {"primitive": "install", "package": "com.example.blink"}
    assert server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body)["ok"]


def test_calls_are_repeated_until_the_device_is_seen(
    server, enrol, address, device_socket, tmp_path
):
    device = enrol(notify=address, server_nonce=b64encode(b"first").decode())
    storage = Storage(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'server.sqlite'}")
    notifier = notify.Notifier(storage, (0.05, 0.1))
    call = notify.Call(DEVICE_ID, 0xABC)

    async def calling(seconds: float) -> None:
        await notifier.call(call)
        await asyncio.sleep(seconds)
        await notifier.stop()

    server.loop.run_until_complete(calling(0.5))
    found = [device_socket.recv(1000) for _ in range(3)]
    assert [parts(data, b"first")[2] for data in found] == [True, True, False]
    assert parts(found[2], ZERO_NONCE) == ("ABC", "uscomo", True)
    device_socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        device_socket.recv(1000)

    patient = notify.Notifier(storage, (2.0, 2.0))  # more than a session takes here

    async def seen() -> None:
        await patient.call(call)

    server.loop.run_until_complete(seen())
    device.session()
    server.loop.run_until_complete(asyncio.sleep(2.5))
    assert len(device_socket.recv(1000)) > 24
    with pytest.raises(TimeoutError):
        device_socket.recv(1000)
    server.loop.run_until_complete(patient.stop())
    server.loop.run_until_complete(storage.stop())


def test_a_database_of_an_older_release(tmp_path):
    folder = tmp_path / "old"
    older = Server(folder)
    assert older.api("POST", "/devices", json={"device_id": DEVICE_ID})["ok"]
    older.stop()
    with sqlite3.connect(folder / "server.sqlite") as db:
        db.execute("ALTER TABLE device DROP COLUMN notify")
    again = Server(folder)
    assert again.api("GET", f"/devices/{DEVICE_ID}")["notify"] == ""
    assert again.api("PATCH", f"/devices/{DEVICE_ID}", json={"notify": "127.0.0.1:9"})["ok"]
    again.stop()
