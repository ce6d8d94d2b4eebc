"""How many workers share the tests, and in which order: of the long checks the longest first."""

from __future__ import annotations

import os

import pytest

# Part of the time the tests wait for a board, a clock or a process of their own.
WORKERS_PER_CORE = 1.5


def pytest_xdist_auto_num_workers() -> int:
    return int(WORKERS_PER_CORE * (os.cpu_count() or 1))


def _minutes(item: pytest.Item) -> int:
    return max((mark.kwargs.get("minutes", 0) for mark in item.iter_markers("full")), default=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_minutes, reverse=True)
