"""Sessions and installations of real MicroPython over a relay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from relaying import Desk, desk


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as found:
        yield found


def test_a_server_calls_and_the_board_installs_at_once(here: Desk) -> None:
    app = here.app()
    with here.relay() as relay:
        relay.wait_event("attached")
        here.address(relay)
        here.install(app.id)
        relay.wait_for("^hello 1$")
        relay.wait(lambda: here.state() == ["done"])
    sessions = [line for line in relay.heard.agent() if line.startswith("session")]
    assert sessions[:2] == ["session main begins", "session main done"]
    assert "notified by main" in relay.heard.agent()
    requests = relay.heard.requests
    (package,) = [one for one in requests if one.method == "GET" and one.size == len(app.data)]
    assert (package.status, package.received) == (200, package.size)
    assert not [one for one in requests[:-1] if one.problem]  # the last may be under way
    assert relay.heard.all("notified")
