"""The main job on a board, whichever it is: sessions, applications, trials, what goes wrong."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.board(state="enrolled")

TOOLS = Path(sysconfig.get_path("scripts"))
HEAP = Path(__file__).parent / "board" / "heap.py"


def installed(agent):
    """Component id -> version and whether it is active and on trial."""
    return {
        id: (row["version"], row["state"] == 20, bool(row["trial"]))
        for id, row in agent.status().items()
    }


def last(dm_server, agent):
    """State and code of the newest operation."""
    operation = dm_server.operations(agent.device_id)[-1]
    return operation["state"], operation["code"]


def test_a_session(agent, dm_server):
    assert agent.session() == "done"
    assert agent.status() == {}
    trace = dm_server.trace(agent.device_id)
    assert trace.count("<Alert>") >= 1


def test_an_application_comes_is_updated_and_goes(agent, dm_server, app):
    # One life for all of it: an emulated board takes half a minute for each session.
    hello = app.published("apps/hello")
    assert agent.install(hello.id) == "done"
    assert f"request {hello.id} installing" in agent.events
    assert "hello" in agent.output
    assert installed(agent) == {hello.component: ("1.0.0", True, False)}
    assert last(dm_server, agent) == ("done", 1200)

    app.published("apps/hello", version="2.0.0", release=2)
    assert agent.update(hello.component) == "done"
    assert installed(agent) == {hello.component: ("2.0.0", True, False)}
    assert dm_server.inventory(agent.device_id)[hello.component][0] == "2.0.0"

    # A version that crashes is rolled back.
    app.published("apps/crash", version="3.0.0", release=3)
    agent.update(hello.component)
    assert f"component {hello.component} rolled back" in agent.events
    assert installed(agent)[hello.component][:2] == ("2.0.0", True)
    assert last(dm_server, agent) == ("failed", 1472)

    dm_server.operate(agent.device_id, "remove", hello.component)
    assert agent.session() == "done"
    assert installed(agent) == {}
    assert last(dm_server, agent) == ("done", 1200)


@pytest.mark.board(features={"power"}, settings={"confirm_after": "10"})
def test_safe_mode_after_three_starts_that_were_cut(agent, app, power):
    hello = app.published("apps/hello")
    assert agent.install(hello.id) == "done"
    with agent.listening():
        # A greeting of before the cut may come late: then that start was cut too early to count.
        said = []
        while len(said) < 8 and "SAFE MODE" not in "".join(said):
            power.restart()
            said.append(agent.wait_for("^hello$|SAFE MODE"))
        assert "SAFE MODE" in said[-1]
        assert len(said) > 3
    # The agent alone runs, and a board with a network holds its sessions by itself.
    agent.call("check")
    with agent.started():
        agent.wait_for("session main done" if "network" in agent.board.features else "SAFE MODE")
        agent.listen(3)
        assert "hello" not in agent.output
    with agent.board.open() as board:
        board.soft_reset()
        # A planned restart: the call does not return.
        board.exec("import uscomo; uscomo.leave_safe_mode()")
    with agent.started():
        agent.wait_for("^hello$")


# A board at a cable opens no session by itself: what follows is for those with a network.


@pytest.mark.board(features={"network"}, settings={"confirm_after": "1000"})
def test_tools_on_the_cable_use_up_no_attempt(agent, app):
    hello = app.published("apps/hello")
    agent.request_install(hello.id)
    with agent.started():
        agent.wait_for("^hello$")
    before = record(agent)
    for _ in range(3):
        assert installed(agent) == {hello.component: ("1.0.0", True, True)}
        subprocess.run(
            [TOOLS / "mpremote", "connect", agent.board.url, "ls"],
            capture_output=True,
            timeout=60,
            check=True,
        )
    assert record(agent) == before
    with agent.started():
        agent.wait_for("^hello$")
    assert record(agent) != before


def record(agent):
    with agent.board.open() as board:
        return [board.read(f"/uscomo.d/r{copy}/record") for copy in (0, 1)]


@pytest.mark.board(features={"network"})
@pytest.mark.parametrize("at", [5, 20, 40])
def test_power_fails_while_an_application_comes(agent, app, power, at):
    hello = app.published("apps/hello")
    agent.request_install(hello.id)
    with agent.started():
        power.cut(at)
        while power.is_on:
            agent.listen(0.05)
            assert "hello" not in agent.output, f"done before operation {at}"
    power.on()
    assert agent.run() == "done"
    agent.run()  # it may have been asked before the request was durable
    assert installed(agent) in ({hello.component: ("1.0.0", True, False)}, {})
    assert agent.install(hello.id) == "done"
    assert installed(agent) == {hello.component: ("1.0.0", True, False)}


@pytest.mark.board(features={"network"})
def test_many_sessions_do_not_eat_the_heap(agent, board):
    sessions = 20 if "slow" in board.features else 100
    with board.open() as opened:
        opened.soft_reset()
        said = opened.run_script(HEAP, {"SESSIONS": sessions}, 600)
    heap = [int(used) for used in re.findall(r"^heap (\d+)$", said, re.MULTILINE)]
    assert len(heap) == sessions
    # The first ones intern names and fill caches.
    assert max(heap[sessions // 2 :]) <= max(heap[5 : sessions // 2]) + 64
    assert said.count("session main done") == sessions
