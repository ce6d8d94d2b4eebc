"""Agent and server back to back: what an operator orders beyond the plain installation."""

from __future__ import annotations

import pytest
from ends import codes

BLINK, LIB = "com.example.blink", "com.example.lib"


def agree(board):
    return board.inventory() == board.wire.server.inventory()


def test_an_inactive_installation_and_then_active(board, server):
    server.publish("blink")
    server.command("install-inactive", package=BLINK)
    board.check()
    board.settle()
    assert board.inventory() == {BLINK: ("1.0", "10")}
    server.command("activate", component=BLINK)
    board.check()
    board.settle()
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert agree(board)
    assert {state for _, state, _ in server.states()} == {"done"}


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_required_comes_first(board, server, asked):
    server.publish("lib")
    server.publish("blink", requires=(LIB,))
    if asked:
        board.agent.request("install", BLINK, "User")
    else:
        server.command("install", package=BLINK)
        board.check()
    board.settle()
    # The first package's session may have been the request's; the second follows its report.
    assert board.inventory() == {LIB: ("1.0", "20"), BLINK: ("1.0", "20")}
    assert [operation.subject for operation in server.operations()] == [LIB, BLINK]
    assert [state for _, state, _ in server.states()] == ["done", "done"]
    assert agree(board)


def test_what_is_required_and_fails(board, server):
    server.publish("lib")
    server.publish("blink", requires=(LIB,))
    board.install_code = 1407
    server.command("install", package=BLINK)
    board.check()
    board.settle()
    first, second = server.operations()
    assert (first.state, first.code, second.state) == ("failed", 1407, "failed")
    assert "signature" in first.reason
    assert second.reason == f"it needs {LIB}, which failed: {first.reason}"
    assert board.inventory() == {}


def test_params_and_the_question_reach_the_device(board, server):
    server.publish("blink", ask="server")
    [correlator] = server.command("install", package=BLINK, install_params="pin=25")
    board.check()
    place = f"SCOMO/Download/{correlator}"
    assert board.nodes.get(f"{place}/InstallParams") == b"pin=25"
    board.settle()
    server.publish("blink", 2, ask="server")
    server.command("install", package=BLINK)
    board.check()
    questions = [
        item.data
        for message in board.wire.received()
        for command in message.commands
        for child in command.children
        if child.name == "Alert"
        for item in child.items[1:]
    ]
    assert [question[:16] for question in questions] == [b"Update Blink 2.0"]


def test_an_agent_without_a_node_is_asked_once(board, server):
    """What a device does not have, be it Delivered or Ext, costs one question in its life."""
    server.publish("blink")
    board.check()
    asked = [c.items[0].target for m in board.wire.received() for c in m.commands if c.items]
    missing = [code for m in board.wire.sent() for cmd, code in codes(m) if code == "404"]
    board.agent.request("install", BLINK, "User")
    board.step()
    again = [c.items[0].target for m in board.wire.received() for c in m.commands if c.items]
    device = server.device()
    for node, known in (("Delivered", device.has_delivered), ("Ext", device.has_ext)):
        assert any(node in (uri or "") for uri in asked)
        assert any(f"/{node}" in (uri or "") for uri in again) is known
    assert len(missing) == (not device.has_delivered) + (not device.has_ext)
