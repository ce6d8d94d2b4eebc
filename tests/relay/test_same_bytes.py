"""DM messages are the same, byte for byte, over a board's own socket and over a relay."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from relaying import Relay, settings_for
from tape import Tape

from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.package import SigningKey
from uscomo_tools.server.credentials import secret
from uscomo_tools.server.notify import package_0
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import ServedBoard
from uscomo_tools.testing.states import deployed_files, store_files

SECONDS = 60.0
CHANCE = Path(__file__).parent / "board" / "same_chance.py"
SESSION = 0x1A2B
NONCE = base64.b64encode(b"server's nonce").decode()


def wait(found: Callable[[], object], board: ServedBoard) -> None:
    end = time.monotonic() + SECONDS
    while not found():
        assert time.monotonic() < end, board.console_log[-2000:]
        time.sleep(0.05)


def board_of(folder: Path, spec: DeviceSpec, bearer: str, port: int) -> ServedBoard:
    settings = {**spec.settings, "bearer": bearer, "notify_port": str(port)}
    files = {**deployed_files(), **store_files(replace(spec, settings=settings))}
    # Nonces are made by chance: on these boards by one that has no choice.
    files["/os.py"] = CHANCE.read_bytes()
    return unix.start(folder, files=files)


@pytest.mark.parametrize("encoding", ["wbxml", pytest.param("xml", marks=pytest.mark.full)])
def test_a_session_over_a_socket_and_over_a_relay(tmp_path: Path, encoding: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with DmServer(tmp_path / "server", SigningKey.generate()) as server:
        tape = Tape(server.url)
        try:
            spec = DeviceSpec(
                device_id="urn:uscomo:same",
                url=tape.url + "/dm",
                user="same",
                password="the device's",
                server_password="the server's",
                server_nonce=NONCE,
                encoding=encoding,
                settings={"consent": "yes"},
            )
            names = ("device_id", "user", "password", "server_password", "type", "server_nonce")
            server.post("/devices", {name: getattr(spec, name) for name in names})
            kept = secret(spec.server_id, spec.server_password)
            call = package_0(spec.server_id, kept, base64.b64decode(NONCE), SESSION)

            def done(board: ServedBoard) -> bool:
                return "session main done" in board.console_log

            def begun(board: ServedBoard) -> bool:
                return "listens on port" in board.console_log

            with board_of(tmp_path / "socket", spec, "network", port) as board:
                wait(lambda: begun(board), board)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
                    caller.sendto(call, ("127.0.0.1", port))
                wait(lambda: done(board), board)
            over_socket = tape.play()

            with (
                board_of(tmp_path / "relay", spec, "relay", port) as board,
                Relay(settings_for(board.url, tape.url)) as relay,
            ):
                relay.wait_event("attached")
                host, _, notify_port = relay.notify_address.rpartition(":")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
                    caller.sendto(call, (host, int(notify_port)))
                wait(lambda: done(board), board)
                assert len(relay.heard.requests) == len(over_socket)
            over_relay = tape.play()
        finally:
            tape.close()
    # The server's answers were the same, so all that the board said is.
    assert len(over_socket) >= 3, "a session that reads the inventory"
    assert over_relay == over_socket
    assert f"{SESSION:X}".encode() in over_socket[0][1]
