"""Which part of the suite runs when: on fast boards always, on slow ones with the long checks.

What takes ten minutes there is left out, in one loud line, until somebody asks for that board.
"""

from __future__ import annotations

import pytest

from uscomo_tools.testing.skipping import LEFT_OUT

FAST = ("unix", "microbit")
#: What a slow board does within seconds: that it works at all is seen by every run.
QUICK = ("test_code_runs_and_errors_come_back", "test_power")
#: What takes up to ten minutes there.
LONG = ("test_an_application_comes_is_updated_and_goes", "test_deploy_and_undeploy")


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
        if getattr(item, "originalname", "") not in QUICK:
            item.add_marker(pytest.mark.full(minutes=1))
            if getattr(item, "originalname", "") in LONG:
                reason = f"{LEFT_OUT}takes minutes: pytest -m 'full or not full' --board {name}"
                item.add_marker(pytest.mark.skip(f"{reason} tests/hil"))
