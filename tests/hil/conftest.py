"""Which part of the suite runs when: on fast boards always, on slow ones with the long checks."""

from __future__ import annotations

import pytest

FAST = ("unix", "microbit")
#: What a slow board does within seconds: that it works at all is seen by every run.
QUICK = ("test_code_runs_and_errors_come_back", "test_power")

#: What takes several minutes there.
LONG = ("test_an_application_comes_is_updated_and_goes", "test_deploy_and_undeploy")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("board"):
        return  # somebody wants exactly this
    for item in items:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("uscomo_board") if callspec else None
        if name and name not in FAST and getattr(item, "originalname", "") not in QUICK:
            long = getattr(item, "originalname", "") in LONG
            item.add_marker(pytest.mark.full(minutes=9 if long else 1))
