"""The agent on a board without a network: its sessions go over the cable, to the same server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import httpx

from ..board.connection import Board
from ..board.local.cable import Cable, Listener
from ..board.local.server import Exchange, LocalServer
from ..server.results import ON_TRIAL
from .agent_driver import Agent, AgentFailedError
from .dm_server import DmServer
from .providers.provided import ProvidedBoard

_MAX_ROUNDS = 10
_SILENCE = 600.0  # an emulated board shares its processor with others
_GLANCE = 0.5  # seconds between two looks whether the board has power
_IMPATIENT = 0.01  # a factor for what is waited for when it has none
_ENDED = ("done", "failed", "refused")


class CableAgent(Agent):
    """As `Agent`; each session is one that the host at the cable asks for.

    A board at a cable opens no session by itself, so `started` shows apps alone.
    """

    def __init__(
        self, board: ProvidedBoard, device_id: str, patience: float, server: DmServer
    ) -> None:
        super().__init__(board, device_id, patience)
        self._server = server

    def run(self, timeout: float | None = None) -> str:
        """Hold a session, and as many more as what comes of it takes; how the last one ended."""
        return self._work("check", "", timeout or self._patience)

    def session(self) -> str:
        """As `run`."""
        return self.run()

    def install(self, package: str) -> str:
        """Ask for an application, and do what comes of it; as `run`."""
        return self._work("install", package, self._patience)

    def update(self, component: str = "") -> str:
        """Ask for an update, and do what comes of it; as `run`."""
        return self._work("update", component, self._patience)

    def _work(self, kind: str, id: str, patience: float) -> str:
        with (
            self.board.open() as board,
            _Relay(self._server.url) as relay,
            _while_on(self.board, board),
        ):
            listener = Listener(self._on_event, self._on_output, lambda question: "y")
            cable = Cable(board, listener)
            cable.silence = _SILENCE
            for _ in range(_MAX_ROUNDS):
                board.soft_reset()
                told = cable.serve(cast(LocalServer, relay), kind, id)
                if told.sessions:
                    kind, id = "check", ""
                    if not self._waits():
                        return told.sessions[-1]
                elif not told.operations:
                    raise AgentFailedError(f"no session was held; {self.last_words()}")
                # Else what was left from before came first, and wants a start of its own.
                if ON_TRIAL in told.operations.values() or self._tries():
                    told.components.clear()
                    cable.follow(lambda told: _over(told.components), patience)
        raise AgentFailedError(f"{_MAX_ROUNDS} sessions were not enough; {self.last_words()}")

    def _tries(self) -> bool:
        # Interrupted too early, a trial goes on with the next start.
        return any(operation["on_trial"] for operation in self._server.operations(self.device_id))

    def _waits(self) -> bool:
        operations = self._server.operations(self.device_id)
        return any(operation["state"] not in _ENDED for operation in operations)


@contextmanager
def _while_on(provided: ProvidedBoard, opened: Board) -> Iterator[None]:
    """Nobody waits for a board that has lost its power: what goes on ends with an error."""
    if "power" not in provided.features:
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_GLANCE):
            if not provided.power.is_on:
                opened.be_patient(_IMPATIENT)
                opened.cancel()
                return

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def _over(components: dict[str, str]) -> bool:
    """Whether what was installed has proved itself, or has not."""
    return any(what in ("confirmed", "rolled") for what in components.values())


class _Relay:
    """Hands a board's HTTP requests on to a server; what `Cable` needs of a `LocalServer`."""

    max_body = 64 * 1024

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def __enter__(self) -> _Relay:
        return self

    def __exit__(self, *details: object) -> None:
        self._client.close()

    def exchange(self) -> Exchange:
        """Begin one exchange."""
        return Exchange(cast(LocalServer, self))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The server's answer."""
        return self._client.request(
            request.method,
            request.url.raw_path.decode(),
            content=request.content,
            headers=request.headers,
        )
