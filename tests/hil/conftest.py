"""Which part of the suite runs when: on fast boards always, on slow ones with the long checks."""

from __future__ import annotations

import pytest

FAST = ("unix", "microbit")
#: What a slow board does within seconds: that it works at all is seen by every run.
QUICK = ("test_code_runs_and_errors_come_back", "test_power")
#: Minutes there of what takes longer than one.
LONG = {"test_an_application_comes_is_updated_and_goes": 4, "test_deploy_and_undeploy": 2}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("uscomo_board") if callspec else None
        if not name or name in FAST:
            continue
        item.add_marker(pytest.mark.timeout(3600))
        if config.getoption("board"):
            continue  # somebody wants exactly this
        test = getattr(item, "originalname", "")
        if test not in QUICK:
            item.add_marker(pytest.mark.full(minutes=LONG.get(test, 1)))
