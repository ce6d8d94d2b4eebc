"""The order of the long checks: with several workers the longest begin first."""

from __future__ import annotations

import pytest


def _minutes(item: pytest.Item) -> int:
    return max((mark.kwargs.get("minutes", 0) for mark in item.iter_markers("full")), default=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_minutes, reverse=True)
