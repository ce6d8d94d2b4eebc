"""The server calls, the device comes: package 0 over loopback UDP, into real MicroPython."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from typing import Any

from pairs import Pair

from uscomo_tools.server.reports import text


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listening(new_pair: Callable[..., Pair], **account: Any) -> tuple[Pair, int]:
    port = free_port()
    pair = new_pair(
        settings={"notify_port": str(port)}, account={"notify": f"127.0.0.1:{port}", **account}
    )
    return pair, port


def call(pair: Pair, **wish: Any) -> str:
    """Let the operator call the device: the session id of the call."""
    answer = pair.api.post(f"/devices/{pair.device_id}/notify", json=wish)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["session_id"])


def begun(pair: Pair) -> list[tuple[str, str]]:
    """(SessionID, code of the first alert) of each session."""
    return [
        (message.header.session_id, text(message.commands[0].data))
        for message in pair.gateway.sent
        if message.header.msg_id == "1"
    ]


def test_an_operation_is_fetched_at_once(new_pair: Callable[..., Pair]) -> None:
    pair, _ = listening(new_pair)
    package = pair.publish()
    called: list[str] = []

    def react(words: list[str]) -> None:
        if words[0] == "listens" and not called:
            called.append("by the operation")
            body = {"primitive": "install", "package": package}
            answer = pair.api.post(f"/devices/{pair.device_id}/operations", json=body)
            assert answer.status_code == 201, answer.text
        elif words[0] == "report":
            # Nonces have changed since the first call.
            called.append(call(pair))
        elif words[0] == "session" and words[-1] == "done" and begun(pair)[-1][0] in called[1:]:
            pair.device.board.cut_power()

    pair.on_event = react
    pair.run("run")
    assert pair.outcome() == ("done", 1200)
    sessions = begun(pair)
    assert sessions[0][1] == "1200"
    assert sessions[-1] == (called[1], "1200")
    # What the device has to say in between it says by itself.
    assert {code for _, code in sessions[1:-1]} == {"1201"}
    assert pair.events.count("notified by main") == 2


def test_stale_nonces_and_strangers(new_pair: Callable[..., Pair]) -> None:
    stale = base64.b64encode(b"not the device's").decode()
    pair, port = listening(new_pair, server_nonce=stale)
    called: list[str] = []

    def react(words: list[str]) -> None:
        if words[0] == "listens":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for data in (b"", b"x", bytes(300), b"\xff" * 2000):
                    stranger.sendto(data, ("127.0.0.1", port))
            called.append(call(pair))
            called.append(call(pair, zero_nonce=True))
        elif words[0] == "session" and words[-1] == "done":
            pair.device.board.cut_power()

    pair.on_event = react
    pair.run("run")
    # The stale one was not heard, the zero nonce was; a challenge put the nonces right.
    assert begun(pair) == [(called[1], "1200")]
    assert pair.events == [
        f"listens on port {port}",
        "notified by main",
        "session main begins",
        "session main done",
    ]
