"""The serial provider: a real board on any pyserial URL.

It is brought to a state the only way there is, over the cable: deployed where it is not, or
undeployed. Nothing else that lies on it is touched, and a board that somebody uses, with accounts
or applications that are not a test's, is left alone. A board that several processes of a test run
share goes from one to the other: each holds its lock during a test.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs
from filelock import FileLock

from ...board import deploy, deployer, provisioning
from ...board.connection import Board
from ...board.deployment import Data
from ...board.identity import Identity
from ...board.layout import Found
from ...board.provisioning import Agent, Wishes
from ...device.provision import DeviceSpec
from ...errors import RefusedError
from ..skipping import leave_out
from .provided import ProvidedBoard

_PATIENCE = 600.0

#: The device type that real boards are enrolled as.
TYPE = "board"
_LOCAL = "local"  # the account of who holds the cable
_DEVICES = f"urn:uscomo:{TYPE}-"  # their ids, see `DmServer.enrol`


def features(url: str) -> frozenset[str]:
    """Ask the board what it has; a test is left out where it does not answer."""
    with _reached(url) as board:
        return _features(board.identify())


def _features(identity: Identity) -> frozenset[str]:
    found = {"hardware"}
    modules = identity.modules
    if identity.mpy != (0, 0) and modules.get("hashlib.sha256") is not False:
        found |= {"agent", "flash", "mpy", "sessions"}
    return frozenset(found)


def start(url: str, spec: DeviceSpec | None) -> ProvidedBoard:
    """Bring a board to a state; it is this process's until it is let go of.

    Parameters
    ----------
    spec
        None for a board without an agent; without a device id, an agent without an account.
    """
    lock = FileLock(_lock_path(url))
    lock.acquire(timeout=_PATIENCE)
    try:
        with _reached(url) as board:
            found = deploy.look(board)
            if found.generation and (spec is None or spec.device_id):
                if found.store and not found.had_store() and _is_used(board, found):
                    leave_out(
                        f"board {url} is in use, and what is on it would be lost: "
                        "`uscomo board undeploy` takes it away"
                    )
                deployer.undeploy_board(board, Data.AS_BEFORE)
            if spec is not None:
                if spec.device_id and deploy.look(board).store:
                    leave_out(
                        f"board {url} has data of its own that a test would mix with: "
                        "`uscomo board undeploy --remove-data` takes it away"
                    )
                equip(board, spec)
            return _SerialBoard(url, _features(board.identify()), lock)
    except BaseException:
        lock.release()
        raise


class _SerialBoard(ProvidedBoard):
    def __init__(self, url: str, features: frozenset[str], lock: FileLock) -> None:
        super().__init__("serial:" + url, url, features)
        self._lock = lock

    def stop(self) -> None:
        self._lock.release()


def _is_used(board: Board, found: Found) -> bool:
    board.soft_reset()
    try:
        told = Agent.of(found, board).told(board)
    except RefusedError:
        return True  # of another release: what it has cannot be read
    if told.get("device_id", "").startswith(_DEVICES):
        return False
    return bool(told.get("components") or set(told.get("accounts", ())) - {_LOCAL})


def equip(board: Board, spec: DeviceSpec) -> None:
    """Put the agent on a board, and a test's account; without a device id no account.

    Deploying makes the account `local` the developer's own. Where a test's sessions go over the
    cable, that is the name of its account: it is written once more, over the developer's.
    """
    if not spec.device_id:
        deployer.deploy_board(board, Wishes())
        return
    known = ("url", "server_id", "user", "password", "server_password", "auth", "server_auth")
    wishes = Wishes(
        account=spec.account,
        fields={name: getattr(spec, name) for name in known},
        device_id=spec.device_id,
        type=spec.type,
        settings=spec.settings,
        anchors=spec.anchors,
    )
    deployer.deploy_board(board, wishes)
    if spec.account == _LOCAL:
        identity = board.identify()
        board.soft_reset()
        agent = Agent.of(deploy.look(board), board)
        provisioning.provision(board, agent, wishes, identity, planned=True)
        board.soft_reset(run_main=True)


def _reached(url: str) -> Board:
    from ...errors import UnreachableError

    try:
        return Board.open(url, wait=_PATIENCE)
    except UnreachableError as error:
        leave_out(f"board {url}: {error}")


def _lock_path(url: str) -> Path:
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    folder = Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"test-board-{name}.lock"
