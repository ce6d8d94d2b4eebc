"""A place in a lab for one user at a time: reserved, waited for, acquired, released.

labgrid's own command line does it, whose words outlive its inner names. Who waits longest is next;
a reservation that nobody asks for any more goes after a minute.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import UnreachableError, UscomoError

_log = logging.getLogger(__name__)

_CLIENT = (sys.executable, "-m", "labgrid.remote.client")
_SECONDS = 60.0
_TOKEN = re.compile(r"LG_TOKEN=(\S+)")
_PAUSE = 0.1


class LabError(UscomoError):
    """The lab said no; the message has its words."""


@contextmanager
def reserved(
    coordinator: str,
    filters: str,
    patience: float,
    gone: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """Have a place to oneself; gives the reservation's token.

    While it lasts the environment variable LG_TOKEN makes ``RemotePlace`` ``+`` that place.

    Parameters
    ----------
    coordinator
        Where labgrid's coordinator is: ``HOST:PORT``.
    filters
        Which places will do: tags, ``kind=rpi_pico net=yes``; ``name=...`` for a certain one.
    patience
        Seconds to wait for one.
    gone
        Asked while waiting; True ends it.

    Raises
    ------
    LabError
        The lab said no.
    UnreachableError
        No place was free in time, or there is no coordinator.
    """
    client = _Client(coordinator)
    said = client.ask("reserve", "--shell", *filters.split())
    found = _TOKEN.search(said)
    if found is None:
        raise LabError(f"labgrid-client reserve {filters}: {said.strip()}")
    token = found[1]
    try:
        _wait(client, token, filters, patience, gone)
        client.ask("-p", "+" + token, "acquire")
        try:
            os.environ["LG_TOKEN"] = token
            yield token
        finally:
            del os.environ["LG_TOKEN"]
            client.ask("-p", "+" + token, "release")
            _log.info("released")
    finally:
        client.ask("cancel-reservation", token)


def _wait(
    client: _Client, token: str, filters: str, patience: float, gone: Callable[[], bool]
) -> None:
    _log.info("waiting for a board: %s", filters)
    started = time.monotonic()
    # It asks the coordinator every second, which is what keeps the reservation alive.
    waiting = client.begin("wait", token)
    try:
        while waiting.poll() is None:
            if gone():
                raise LabError("nobody waits for the board any more")
            if time.monotonic() - started > patience:
                raise UnreachableError(f"no board with {filters} was free in {patience:g} s")
            time.sleep(_PAUSE)
    finally:
        waiting.kill()
        said = waiting.communicate()[0]
    if waiting.returncode or "allocated" not in said:
        raise LabError(f"labgrid-client wait: {said.strip()}")
    _log.info("reserved after %.1f s", time.monotonic() - started)


class _Client:
    def __init__(self, coordinator: str) -> None:
        self._command = [*_CLIENT, "-x", coordinator]

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for who asks, who then releases in order
        )

    def ask(self, *arguments: str) -> str:
        process = self.begin(*arguments)
        try:
            said = process.communicate(timeout=_SECONDS)[0]
        except subprocess.TimeoutExpired as late:
            process.kill()
            process.communicate()
            raise UnreachableError(
                f"the lab's coordinator does not answer: labgrid-client {' '.join(arguments)}"
            ) from late
        if process.returncode:
            raise LabError(f"labgrid-client {' '.join(arguments)}: {said.strip()}")
        return said
