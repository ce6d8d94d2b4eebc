"""The pytest plugin: tests that ask for a board and never know where it comes from.

Installed with the package, it adds options, markers and fixtures and does nothing until a test
uses one of them: neither boards nor emulators are imported before. See ``tests/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .agent_driver import Agent
    from .apps import AppBuilder
    from .dm_server import DmServer
    from .pool import Pool, Prepared
    from .providers.provided import Power, ProvidedBoard

_MARKER = (
    "board(features=..., state=..., settings=...): what the test's board has to have, the state "
    "it is in (bare, deployed, enrolled), and settings of its agent"
)
_DEFAULT = ["unix"]
_LEFT_OUT = "left out: "  # as in `skipping`, which imports more
# Characters of a log, its last ones: in a JUnit report, and shown when a test has failed.
_KEPT = 100_000
_SHOWN = 4_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--board`` and the ini option ``uscomo_boards``."""
    group = parser.getgroup("uscomo", "tests on boards")
    group.addoption(
        "--board",
        action="append",
        metavar="NAME",
        help="run tests that use a board on this one: unix, rp2, rp2w, microbit, serial:URL or "
        "labgrid:ENV; may be given more than once (default: uscomo_boards, or unix)",
    )
    parser.addini("uscomo_boards", "boards when --board is not given", "args", _DEFAULT)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how emulated Picos get faster, where they are slow and wanted."""
    wanted = config.getoption("board") or config.getini("uscomo_boards")
    if not any(name.startswith("rp2") for name in wanted):
        return None
    from . import rp2_native

    if not rp2_native.is_installed() or rp2_native.is_native():
        return None
    return f"emulated Picos: slow here; five times as fast after python -m {rp2_native.__name__}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses a board on each of the chosen ones."""
    if "uscomo_board" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("board") or metafunc.config.getini("uscomo_boards")
        metafunc.parametrize("uscomo_board", chosen, indirect=True)


@pytest.fixture
def uscomo_board(request: pytest.FixtureRequest) -> str:
    """What ``--board`` calls the test's board."""
    # A name that no other project has: a fixture `board` of its own goes before ours.
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def _uscomo_boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    from .pool import Pool

    pool = Pool(tmp_path_factory.mktemp("boards"))
    yield pool
    pool.close()


@pytest.fixture
def dm_server(
    _uscomo_boards: Pool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DmServer]:
    """The reference server, on a free loopback port in this process; each test has a new one."""
    from .dm_server import DmServer

    with DmServer(tmp_path_factory.mktemp("dm_server"), _uscomo_boards.key) as server:
        yield server


@pytest.fixture
def _uscomo_prepared(
    request: pytest.FixtureRequest, uscomo_board: str, _uscomo_boards: Pool
) -> Iterator[Prepared]:
    name = uscomo_board
    wanted, state, settings = _asked_for(request)
    missing = wanted - _uscomo_boards.features(name)
    if missing:
        pytest.skip(f"board {name} has no {', '.join(sorted(missing))}")
    if state == "enrolled":
        server: DmServer = request.getfixturevalue("dm_server")
        prepared = _uscomo_boards.enrolled(name, server, settings)
    else:
        prepared = _uscomo_boards.prepare(name, state)
    try:
        yield prepared
    finally:
        if request.config.getoption("xmlpath", None):
            for title, text in prepared.logs():
                request.node.user_properties.append((title, text[-_KEPT:]))
        prepared.board.stop()


def _asked_for(request: pytest.FixtureRequest) -> tuple[frozenset[str], str, dict[str, str]]:
    features: set[str] = set()
    settings: dict[str, str] = {}
    state = ""
    for marker in request.node.iter_markers("board"):  # the closest one comes first
        features.update(marker.kwargs.get("features", ()))
        settings = {**marker.kwargs.get("settings", {}), **settings}
        state = state or marker.kwargs.get("state", "")
    if "agent" in request.fixturenames:
        features.add("agent")
        state = state or "enrolled"
    if "power" in request.fixturenames:
        features.add("power")
    if state == "enrolled":
        features.add("sessions")
    return frozenset(features), state or "bare", settings


@pytest.fixture
def board(_uscomo_prepared: Prepared) -> ProvidedBoard:
    """A board: where it is, what it can, and `open` for its verbs."""
    return _uscomo_prepared.board


@pytest.fixture
def power(board: ProvidedBoard) -> Power:
    """The board's power supply."""
    return board.power


@pytest.fixture
def agent(_uscomo_prepared: Prepared, board: ProvidedBoard) -> Agent:
    """The agent on the board, which is enrolled at `dm_server` unless a marker says otherwise."""
    from .agent_driver import Agent
    from .cable_agent import CableAgent

    patience = 600.0 if "slow" in board.features else 30.0
    device, server = _uscomo_prepared.device_id, _uscomo_prepared.server
    if server is None or "network" in board.features:
        return Agent(board, device, patience)
    return CableAgent(board, device, patience, server)


@pytest.fixture
def app(request: pytest.FixtureRequest, dm_server: DmServer) -> AppBuilder:
    """Build and sign a package from a folder beside the test."""
    from .apps import AppBuilder

    return AppBuilder(request.path.parent, dm_server)


# -- logs


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the logs of a failed test's board."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    used = getattr(item, "funcargs", {})
    if report.failed and "_uscomo_prepared" in used:
        for title, text in used["_uscomo_prepared"].logs():
            report.sections.append((title, text[-_SHOWN:]))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was left out because something is missing here."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, found, reason = text.partition(_LEFT_OUT)
        if found:
            reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        words = "; ".join(f"{count} x {reason}" for reason, count in sorted(reasons.items()))
        terminalreporter.write_line(f"LEFT OUT: {words}", red=True, bold=True)
