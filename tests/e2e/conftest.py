"""A server for each worker of the tests, and devices that have an account on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pairs import Pair

from uscomo_tools.package import SigningKey
from uscomo_tools.server.runner import RunningServer, ServerSettings


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests of a worker; what they make on it has names of its own."""
    folder = tmp_path_factory.mktemp("server")
    with RunningServer(ServerSettings(folder, secrets.token_urlsafe(16))) as running:
        yield running


@pytest.fixture
def new_pair(
    tmp_path: Path, server: RunningServer, key: SigningKey
) -> Iterator[Callable[..., Pair]]:
    """Make a device with an account; see `Pair.make`."""
    with ExitStack() as stack:

        def make(**options: Any) -> Pair:
            number = len(list(tmp_path.iterdir()))
            pair = Pair.make(tmp_path / f"device{number}", server, key, **options)
            stack.callback(pair.close)
            return pair

        yield make


@pytest.fixture
def pair(new_pair: Callable[..., Pair]) -> Pair:
    """A device that was never used, and its server."""
    return new_pair()
