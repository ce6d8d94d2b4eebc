"""Power cuts with a session around: an application is asked for, the power fails, it comes back.

Nothing is arranged here: the board is the `rp2` provider's with the agent as it is deployed, its
sessions go over the cable to the reference server, and the power fails anywhere from the request
to the server's last word. Then the board is switched on, and is asked to do what is left. In the
end the application runs, and the server knows it, from one operation that was reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from uscomo_tools.errors import UscomoError
from uscomo_tools.testing.apps import AppBuilder, BuiltApp
from uscomo_tools.testing.cable_agent import CableAgent
from uscomo_tools.testing.dm_server import CABLE, DmServer
from uscomo_tools.testing.pool import Pool, Prepared
from uscomo_tools.testing.states import DEPLOYED, store_files

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


def on_pico(pool: Pool, server: DmServer) -> Prepared:
    """A Pico enrolled at the server, over its cable."""
    return pool.enrolled("rp2", server, {})


def on_vm(pool: Pool, server: DmServer) -> Prepared:
    """The unix board in the Pico's place."""
    spec = server.enrol("unix", CABLE)
    prepared = pool.prepare("unix", DEPLOYED)
    prepared.board.write(store_files(spec))
    return Prepared(prepared.board, spec.device_id, server)


def play(count: int, start: Callable[[Pool, DmServer], Prepared] = on_pico) -> Iterator[Played]:
    """Cut at places spread over the whole of an installation; each on a board of its own."""
    with TemporaryDirectory(prefix="uscomo-nor-") as name:
        folder = Path(name)
        pool = Pool(folder)
        (folder / "server").mkdir()
        with DmServer(folder / "server", pool.key) as server:
            package = AppBuilder(APP, server).published("greeter")
            played = _Installing(server, package)
            total, told = played.cut(start(pool, server), 0, 0.0)
            if told.wrong:
                raise UscomoError(f"without a cut: {told.wrong}")
            for i in range(count):
                number = 1 + (2 * i + 1) * total // (2 * count)
                _, told = played.cut(start(pool, server), number, LANDED[i % 2])
                yield told


class _Installing:
    def __init__(self, server: DmServer, package: BuiltApp) -> None:
        self._server = server
        self._package = package

    def cut(self, prepared: Prepared, number: int, landed: float) -> tuple[int, Played]:
        """Install, with the power failing in a flash operation; how many there were in all."""
        told = Played(number, landed, 0, "")
        with prepared.board as board:
            agent = CableAgent(board, prepared.device_id, PATIENCE, self._server)
            board.exec("pass")  # what the start wrote is written
            before = board.power.operations
            if number:
                board.power.cut(number, landed)
            try:
                agent.install(self._package.id)
            except UscomoError as error:
                if board.power.is_on:
                    told.wrong = str(error)
            if number and board.power.is_on:
                told.wrong = told.wrong or f"there was no flash operation {number}"
            total = board.power.operations - before
            board.power.on()
            if not told.wrong:
                try:
                    told.wrong = self._finished(agent, told)
                except UscomoError as error:
                    told.wrong = f"{type(error).__name__}: {error}"
        return total, told

    def _finished(self, agent: CableAgent, told: Played) -> str:
        """Have all done that is left; what is wrong in the end."""
        server, package = self._server, self._package
        operations: list[dict[str, Any]] = []
        for _ in range(_ROUNDS):
            told.sessions += 1
            agent.run()
            operations = server.operations(agent.device_id)
            if operations and operations[-1]["state"] == "done":
                break
            if not operations:
                # The request was lost with the power: whoever made it makes it again.
                agent.install(package.id)
        states = [operation["state"] for operation in operations]
        if states != ["done"]:
            return f"operations end as {states}"
        status = agent.status().get(package.component, {})
        if status.get("version") != package.version:
            return f"the board has {status}"
        inventory = server.inventory(agent.device_id)
        if not inventory:
            # What has confirmed itself meanwhile is told with the next session.
            agent.run()
            inventory = server.inventory(agent.device_id)
        if inventory != {package.component: (package.version, "active")}:
            return f"the server believes in {inventory}"
        return ""
