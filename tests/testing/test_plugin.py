"""The pytest plugin as a user's project meets it."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import platformdirs
import pytest

from uscomo_tools.board import firmware_cache
from uscomo_tools.testing import rp2_native

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parents[1] / "hil" / "example"
# `pytester` gives each project a home of its own.
CACHE = platformdirs.user_cache_dir()
IMAGES = firmware_cache.folder()


@pytest.fixture
def project(pytester, monkeypatch):
    """Somebody's project, with pytest's own plugins and ours."""
    pytester.plugins = []
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(IMAGES))
    return pytester


def run(project, *arguments):
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=300)


def test_it_costs_nothing_where_no_board_is_used(project):
    project.makepyfile(
        """
        import sys

        def test_nothing_is_imported():
            assert "uscomo_tools.testing.plugin" in sys.modules
            heavy = ("littlefs", "rp2040py", "serial", "starlette", "httpx", "mpremote", "lxml")
            assert not [name for name in heavy if name in sys.modules]
            assert not [name for name in sys.modules if name.startswith("uscomo_tools.board")]
        """
    )
    result = run(project, "--strict-markers", "-W", "error")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*LEFT OUT*")


@pytest.mark.parametrize(("board", "native", "told"), [("rp2", False, 1), ("rp2w", True, 0)])
def test_slow_emulated_boards_are_told_of(project, monkeypatch, board, native, told):
    monkeypatch.setattr(rp2_native, "is_native", lambda: native)
    result = project.runpytest_inprocess("--board", board)
    assert sum("rp2_native" in line for line in result.outlines) == told


def test_a_fixture_called_board_of_somebody_elses_stays(project):
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def board():
            return "chess"

        def test_theirs(board):
            assert board == "chess"

        @pytest.mark.parametrize("board", ["surf", "black"])
        def test_their_parameters(board):
            assert board in ("surf", "black")
        """
    )
    run(project).assert_outcomes(passed=3)


def test_a_board_and_its_logs(project):
    project.makepyfile(
        """
        import pytest

        def test_passes(board):
            assert board.name == "unix"
            assert board.exec("print(6 * 7)") == "42\\n"

        def test_fails(board):
            board.exec("print('words of the board')")
            assert False

        @pytest.mark.board(features={"warp drive"})
        def test_wants_too_much(board):
            assert False
        """
    )
    result = run(project, "--strict-markers", "-rs", "--junitxml=report.xml")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*console of unix*", "*words of the board*"])
    result.stdout.fnmatch_lines(["*board unix has no warp drive*"])
    report = ElementTree.parse(project.path / "report.xml")
    logs = [
        found.get("value", "")
        for found in report.iter("property")
        if found.get("name") == "console of unix"
    ]
    assert len(logs) == 2
    assert any("words of the board" in log for log in logs)


def test_each_worker_has_a_board_of_its_own(project):
    project.makepyfile(
        """
        import os, pathlib, time, pytest

        @pytest.mark.parametrize("number", range(4))
        def test_alone(board, number, worker_id):
            mark = pathlib.Path("urls") / board.url.replace("/", "_")
            mark.parent.mkdir(exist_ok=True)
            mark.touch(exist_ok=False)  # nobody else has this port
            with board.open() as opened:
                opened.write("/number", str(number).encode())
                time.sleep(0.3)
            assert board.files() == {"/number": str(number).encode()}
            mark.unlink()
        """
    )
    result = run(project, "-n", "2")
    result.assert_outcomes(passed=4)


def test_a_trace_of_the_sessions_is_shown_on_failure(project):
    project.makepyfile(
        """
        def test_fails(agent, dm_server):
            assert agent.session() == "done"
            assert dm_server.url.startswith("http://127.0.0.1:")
            assert agent.session() == "this is wrong"
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*DM trace*", "*</SyncML>*"])


def test_a_missing_image_is_said_loudly(project, monkeypatch):
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(project.path / "nowhere"))
    project.makepyfile(
        "def test_on_a_pico(board): assert False\ndef test_again(board): assert False"
    )
    result = run(project, "--board", "rp2")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines([f"LEFT OUT: 2 x no {firmware_cache.PICO}*"])


def test_an_unknown_board_is_refused(project):
    project.makepyfile("def test_on_a_pico(board): pass")
    result = run(project, "--board", "rp3")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--board rp3: one of unix, rp2, rp2w, microbit, serial:URL*"])


def test_a_lab_wants_labgrid(project):
    project.makeconftest("import sys; sys.modules['labgrid'] = None  # not installed")
    project.makepyfile("def test_in_a_lab(board): pass")
    result = run(project, "--board", "labgrid:lab.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*needs labgrid*pip install 'uscomo[[]labgrid,test]'*"])


@pytest.mark.full
def test_a_served_board_is_as_good_as_a_real_one(project):
    from uscomo_tools.testing.providers import unix

    project.makepyfile(
        """
        import pytest

        def test_code(board):
            assert board.name.startswith("serial:")
            assert board.exec("print(1)") == "1\\n"

        @pytest.mark.board(state="deployed")
        def test_agent(board):
            assert board.exec("import uscomo; print(uscomo.status())") == "[]\\n"

        def test_session(agent, dm_server):
            assert agent.session() == "done"
            assert dm_server.inventory(agent.device_id) == {}

        def test_switch(power):
            assert False
        """
    )
    with unix.start() as somewhere:
        result = run(project, "--board", f"serial:{somewhere.url}", "-rs")
        result.assert_outcomes(passed=3, skipped=1)
        result.stdout.fnmatch_lines(["*has no power*"])


@pytest.mark.full
def test_a_board_that_somebody_uses_is_left_alone():
    from uscomo_tools.board import deploy, deployer
    from uscomo_tools.board.connection import Board
    from uscomo_tools.board.provisioning import Wishes
    from uscomo_tools.testing.providers import serial, unix

    with unix.start() as somewhere:
        fields = {"url": "http://127.0.0.1:9/dm", "auth": "none", "server_auth": "none"}
        with Board.open(somewhere.url) as board:
            deployer.deploy_board(board, Wishes("main", fields))
        with pytest.raises(pytest.skip.Exception, match="in use"):
            serial.start(somewhere.url, None)
        with Board.open(somewhere.url) as board:
            assert deploy.look(board).store


PICO = pytest.param("rp2", marks=pytest.mark.full(minutes=3))


@pytest.mark.parametrize("board", ["unix", PICO])
def test_the_example_for_users(project, board):
    shutil.copytree(EXAMPLE, project.path, dirs_exist_ok=True)
    result = run(project, "--board", board)
    assert result.parseoutcomes()["passed"] == 4, result.parseoutcomes()
