"""Sessions that the server asked for, and reports with several Items, against the real server."""

from __future__ import annotations

from typing import Any

from ends import codes

from uscomo import agent, session

ID = b"1A2B"


def first(board) -> tuple[str, Any]:
    message = board.wire.sent()[0]
    return message.header.session_id, message.commands[0].data


def test_a_called_device_answers_with_the_id_of_the_call(board, server):
    assert board.step() is None
    board.agent.notified("main", ID)
    board.step()
    assert board.agent.outcome == session.DONE
    assert first(board) == ("1A2B", "1200")
    assert codes(board.wire.received()[0])[1] == ("Alert", "200")
    # Once.
    assert board.step() is None
    assert board.check() == session.DONE
    identity, code = first(board)
    assert code == "1201"
    assert identity != "1A2B"


def test_a_call_survives_a_restart_and_a_lost_message(board, server):
    board.agent.notified("main", ID)
    board.agent.check()
    board.start()
    board.wire.lose = {("up", 1)}
    board.step()
    assert first(board) == ("1A2B", "1200")
    board.wire.lose = {("down", 1)}
    board.step()
    board.wire.lose = set()
    board.step()
    assert board.agent.outcome == session.DONE
    assert first(board) == ("1A2B", "1200")
    assert board.step() is None


def test_a_call_is_given_up_after_some_tries(board):
    board.agent.notified("main", ID)
    board.wire.lose = {("up", 1)}
    for _ in range(3):
        assert board.step() is not None
    assert board.step() is None


def test_the_server_writes_what_the_device_takes(board, server):
    from uscomo import notify
    from uscomo_tools.server.notify import ZERO_NONCE, package_0

    assert board.check() == session.DONE
    device = server.device()
    for nonce, session_id in ((device.server_nonce, 0xA), (ZERO_NONCE, 0xFFFF)):
        data = package_0(device.server_name, device.server_secret, nonce, session_id)
        assert notify.verify(data, board.nodes) == ("main", nonce == ZERO_NONCE)
    data = package_0(device.server_name, device.server_secret, b"old", 1)
    assert notify.verify(data, board.nodes) == (None, False)


def test_a_report_of_many_components(board, server, monkeypatch):
    """More Items than a message holds: all reach the server, and the report is answered."""
    one = agent.Agent._report
    count = 12

    def many(self: agent.Agent, *details: Any) -> agent.Alert:
        alert = one(self, *details)
        ((target, data),) = alert.items
        alert.items = [
            (f"{target}{at}", data.replace("blink", f"blink{at}")) for at in range(count)
        ]
        return alert

    server.publish("blink")
    board.agent.request("install", "com.example.blink", "User")
    board.step()
    board.step()
    monkeypatch.setattr(agent.Agent, "_report", many)
    board.step()
    told = [
        item.target
        for message in board.wire.sent()
        for command in message.commands
        if command.data == "1226"
        for item in command.items
    ]
    base = "./SCOMO/Inventory/Deployed/com.example.blink"
    assert told == [f"{base}{at}" for at in range(count)]
    assert len(board.wire.up) > 1
    assert board.store.results == []
    assert server.states() == [("install", "done", 1200)]
