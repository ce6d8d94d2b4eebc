"""How many workers share the tests, and in which order: of the long checks the longest first."""

from __future__ import annotations

import os
from itertools import islice

import pytest

# Part of the time the tests wait for a board, a clock or a process of their own.
WORKERS_PER_CORE = 1.5


def pytest_xdist_auto_num_workers() -> int:
    return int(WORKERS_PER_CORE * (os.cpu_count() or 1))


def _minutes(item: pytest.Item) -> int:
    return max((mark.kwargs.get("minutes", 0) for mark in item.iter_markers("full")), default=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = sorted(filter(_minutes, items), key=_minutes, reverse=True)
    rest = iter([item for item in items if not _minutes(item)])
    # Each worker begins with a part of the list: its part begins with its share of the long ones.
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    left = len(items)
    items.clear()
    for worker in range(workers):
        share = left // (workers - worker)
        left -= share
        mine = long[worker::workers]
        items += mine + list(islice(rest, max(0, share - len(mine))))
    items += rest
