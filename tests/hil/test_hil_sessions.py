"""The main job on a board, whichever it is: enrol, ask for an application, update, remove."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.board(state="enrolled")


def test_an_enrolled_board_holds_a_session(agent, dm_server):
    assert agent.session() == "done"
    assert agent.status() == {}
    assert "Alert" in dm_server.trace(agent.device_id)


def test_its_user_asks_for_an_application(agent, dm_server, app):
    hello = app.published("apps/hello")
    assert agent.install(hello.id) == "done"
    assert f"request {hello.id} installing" in agent.events
    assert "hello" in agent.output
    assert agent.status()[hello.component]["version"] == "1.0.0"
    (operation,) = dm_server.operations(agent.device_id)
    assert (operation["state"], operation["code"]) == ("done", 1200)
