"""Deploying from beginning to end: who is refused, in which order, and whether the agent lives.

The order keeps the board usable wherever it ends early: the agent first (one switch), then what
it is provisioned with, written by its own modules, then main.py, which starts it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..device.provision import SCRIPT, TELL
from ..errors import RefusedError, UscomoError
from ..package.agent import agent_version
from . import adoption, deploy, provisioning
from .connection import Board
from .deployment import Data, Main, Plan, Remove
from .description import by_identity, refusal
from .identity import Identity
from .layout import NEW, ROOT, Found
from .local.account import local_provisioning
from .local.keys import developer_key
from .provisioning import Agent, Wishes

#: The agent's peak above what it keeps while idle, and that; see the budgets of the blueprint.
LEAST_HEAP = 64 * 1024
_MPY = 6
_STATUS = TELL.with_name("status.py")
_WATCH_SECONDS = 2.0
_BECOMES = {Main.KEEP: "kept", Main.ADOPT: "adopted", Main.REPLACE: "replaced"}
_PROMPT = b"\r\n>>> "


@dataclass
class Report:
    """What was done.

    Attributes
    ----------
    version
        The agent's.
    written
        Bytes that went over the cable; 0 where all was there.
    switched
        Whether another agent runs now.
    main
        What became of main.py: ``ours``, ``kept``, ``adopted`` or ``replaced``.
    alive
        Whether the agent runs, as far as the console shows; None where main.py is not ours.
    board
        What the board is provisioned with.
    components
        What is installed.
    """

    version: str
    written: int
    switched: bool
    main: str
    alive: bool | None = None
    board: dict[str, Any] = field(default_factory=dict)
    components: list[dict[str, Any]] = field(default_factory=list)


def check_board(identity: Identity) -> None:
    """Refuse a board that cannot have the agent, with the reason and what to do instead.

    Raises
    ------
    RefusedError
        As its description says, or for what it says of itself.
    """
    known = by_identity(identity)
    refused = refusal(known) if known else None
    if refused:
        raise RefusedError(str(refused))
    name = identity.machine or "this board"
    if identity.mpy[0] != _MPY:
        takes = f"takes .mpy version {identity.mpy[0]}" if identity.mpy[0] else "takes no .mpy"
        raise RefusedError(
            f"{name} {takes}, and the agent is compiled for version {_MPY}: put MicroPython 1.23 "
            "or later on it, `uscomo board flash`"
        )
    if identity.modules.get("hashlib.sha256") is False:
        raise RefusedError(f"{name} has no SHA-256, without which no package can be checked")
    if 0 < identity.heap_total < LEAST_HEAP:
        raise RefusedError(
            f"{name} has a heap of {identity.heap_total} bytes, and the agent needs "
            f"{LEAST_HEAP} at least"
        )


def deploy_board(
    board: Board,
    wishes: Wishes,
    choice: Main | None = None,
    tell: deploy.Tell = lambda what, done, total: None,
    ask: Callable[[Wishes, dict[str, Any]], None] = lambda wishes, there: None,
) -> Report:
    """Bring a board this release's agent and what it is provisioned with; start it.

    Parameters
    ----------
    ask
        Called with what is wished and what is there, before that is written: for what is missing.

    Raises
    ------
    RefusedError
        The board cannot have it, or has no room.
    ForeignMainError
        See `deployment.plan`.
    UscomoError
        The board did not keep what was written, or the agent does not run.
    """
    identity = board.identify()
    check_board(identity)
    wishes.check(identity)
    with board.programs_again():  # those of the old agent or of the new one
        # What has run is in memory still, all over the heap.
        board.soft_reset()
        found = deploy.look(board)
        plan = deploy.planned(found, choice)
        deploy.check_room(board, plan, found)
        if not found.store:
            ask(wishes, {})  # before anything is written
        deploy.switch(board, plan, tell)
        # A fresh heap, and stage 0 of the new agent.
        board.soft_reset()
        report = _bring(board, found, plan, choice, wishes, identity, tell, ask)
    report.alive = restart(board) if report.main != "kept" else None
    if report.main == "kept":
        board.soft_reset(run_main=True)
    if report.alive is False:
        raise UscomoError(
            "the agent was deployed and does not go on running: `uscomo board console` shows what "
            "it says, `uscomo board doctor` what may be wrong"
        )
    return report


def _bring(
    board: Board,
    found: Found,
    plan: Plan,
    choice: Main | None,
    wishes: Wishes,
    identity: Identity,
    tell: deploy.Tell,
    ask: Callable[[Wishes, dict[str, Any]], None],
) -> Report:
    agent = Agent(f"{ROOT}/{plan.generation}", True)
    tell("account", 0, 1)
    ask(wishes, agent.told(board))
    provisioning.provision(board, agent, wishes, identity, planned=found.store)
    # Who holds the cable manages the board, whatever servers it is enrolled with. The developer's
    # anchor is among the wishes, or not wanted.
    local = replace(local_provisioning(), anchors=[])
    agent.run(board, SCRIPT, local.script_values(agent.home))
    there = agent.told(board)
    board.soft_reset()  # what is still to be written wants a heap with room
    foreign = None if found.main_is_ours(deploy.our_main()) else found.main
    main = "ours"
    if foreign is not None and foreign != deploy.our_main():
        main = _BECOMES[choice or Main.REPLACE]
    if main == "adopted" and foreign:
        account = "local" if "local" in there["accounts"] else ""
        adoption.adopt(board, agent, foreign, developer_key(), account)
    deploy.finish(board, plan, tell)
    tell("account", 1, 1)
    return Report(
        agent_version(),
        plan.upload,
        bool(plan.switch),
        main,
        board=agent.told(board),
        components=_status(board),
    )


def provision_board(
    board: Board,
    wishes: Wishes,
    ask: Callable[[Wishes, dict[str, Any]], None] = lambda wishes, there: None,
) -> dict[str, Any]:
    """Write what is wished on a board that has the agent; what it is provisioned with then."""
    identity = board.identify()
    check_board(identity)
    with board.programs_again(always=True):
        board.soft_reset()
        found = deploy.look(board)
        agent = Agent.of(found, board)
        ask(wishes, agent.told(board))
        return provisioning.provision(board, agent, wishes, identity, planned=found.store)


def _status(board: Board) -> list[dict[str, Any]]:
    # As an app's author would ask: the agent is there, and answers.
    said = board.run_script(_STATUS)
    rows: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
    return rows


def restart(board: Board, seconds: float = _WATCH_SECONDS) -> bool:
    """Start the board's programs, and watch the console: whether they go on running."""
    board.soft_reset(run_main=True)
    console = board.console()
    seen = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen += console.read(0.1)
        if seen.endswith(_PROMPT) or b"Traceback" in seen:
            return False
    return True


def undeploy_board(
    board: Board, data: Data, tell: deploy.Tell = lambda what, done, total: None
) -> list[str]:
    """Give a board back as it was before; what was taken away or put back, by path."""
    with board.programs_again(always=True):
        # What runs is stopped, and nothing of it is in memory any more.
        board.soft_reset()
        found = deploy.look(board)
        steps = deploy.undeploy(board, found, data, tell)
    changed = [step.path for step in steps if isinstance(step, Remove)]
    changed += [step.target for step in steps if hasattr(step, "target")]
    return sorted({path for path in changed if path != NEW})
