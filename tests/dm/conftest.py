"""A server and a board that talk without a socket."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

for folder in (
    Path(__file__).parents[2] / "firmware",
    Path(__file__).parents[2] / "firmware/root",
):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from ends import Board, Server, Wire, specification  # noqa: E402

from uscomo import consent  # noqa: E402
from uscomo_tools.package import SigningKey  # noqa: E402


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate(2048)


@pytest.fixture
def make(
    tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Board]]:
    """Make a server and a board with an account; `server` are its settings, the rest a spec's."""
    servers = []

    def made(server: dict[str, Any] | None = None, **fields: Any) -> Board:
        spec = specification(**fields)
        servers.append(Server(tmp_path / "server", key, **(server or {})))
        servers[-1].enrol(spec)
        return Board(tmp_path / "board", spec, Wire(servers[-1]), monkeypatch)

    yield made
    for server in servers:
        server.stop()


@pytest.fixture
def board(make: Callable[..., Board]) -> Board:
    return make()


@pytest.fixture
def server(board: Board) -> Server:
    return board.wire.server


@pytest.fixture(autouse=True)
def _the_users_mode() -> Iterator[None]:
    before = consent.mode
    yield
    consent.mode = before  # boards' settings have changed it, for all that runs here
