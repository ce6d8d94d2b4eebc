"""Power cuts with a session around: an application is asked for, the power fails, it comes back.

Nothing is arranged here: the board is the `rp2` provider's with the agent as it is deployed, its
sessions go over the cable to the reference server, and the power fails anywhere from the request
to the server's last word. Then the board is switched on, and is asked to do what is left. In the
end the application runs, and the server knows it, from one operation that was reported once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from uscomo_tools.errors import UscomoError
from uscomo_tools.testing.apps import AppBuilder
from uscomo_tools.testing.cable_agent import CableAgent
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.pool import Pool, Prepared

APP = Path(__file__).parents[1] / "hil" / "example"
LANDED = (0.0, 0.5)
PATIENCE = 600.0
_ROUNDS = 4


@dataclass
class Played:
    """One cut: where, how many sessions were held after it, what was wrong."""

    number: int
    landed: float
    sessions: int
    wrong: str


def play(count: int) -> Iterator[Played]:
    """Cut at places spread over the whole of an installation; each on a board of its own."""
    with TemporaryDirectory(prefix="uscomo-nor-") as name:
        folder = Path(name)
        pool = Pool(folder)
        (folder / "server").mkdir()
        with DmServer(folder / "server", pool.key) as server:
            package = AppBuilder(APP, server).published("greeter")
            total, told = _cut(pool, server, package.id, package.component, 0, 0.0)
            if told.wrong:
                raise UscomoError(f"without a cut: {told.wrong}")
            for i in range(count):
                number = 1 + (2 * i + 1) * total // (2 * count)
                _, told = _cut(pool, server, package.id, package.component, number, LANDED[i % 2])
                yield told


def _cut(
    pool: Pool, server: DmServer, package: str, component: str, number: int, landed: float
) -> tuple[int, Played]:
    prepared = pool.enrolled("rp2", server, {})
    with prepared.board as board:
        agent = CableAgent(board, prepared.device_id, PATIENCE, server)
        before = board.power.operations
        told = Played(number, landed, 0, "")
        if number:
            board.power.cut(number, landed)
        try:
            agent.install(package)
        except UscomoError as error:
            if not number or board.power.is_on:
                told.wrong = str(error)
                return 0, told
        total = board.power.operations - before
        if number:
            if board.power.is_on:
                told.wrong = f"there was no flash operation {number}"
                return total, told
            board.power.on()
        try:
            told.wrong = _finished(agent, prepared, server, package, component, told)
        except UscomoError as error:
            told.wrong = f"{type(error).__name__}: {error}"
        return total, told


def _finished(
    agent: CableAgent,
    prepared: Prepared,
    server: DmServer,
    package: str,
    component: str,
    told: Played,
) -> str:
    """Have all done that is left; what is wrong in the end."""
    for _ in range(_ROUNDS):
        told.sessions += 1
        agent.run()
        operations = server.operations(prepared.device_id)
        if operations and operations[-1]["state"] == "done":
            break
        if not operations:
            # The request was lost with the power: whoever made it makes it again.
            agent.install(package)
    states = [operation["state"] for operation in operations]
    if states != ["done"]:
        return f"operations end as {states}"
    if server.inventory(prepared.device_id) != {component: ("1.0.0", "active")}:
        return f"the server believes in {server.inventory(prepared.device_id)}"
    status = agent.status()
    if status.get(component, {}).get("version") != "1.0.0":
        return f"the board has {status}"
    return ""
