"""The emulated Pico on a port: official firmware, power cuts, copies."""

from __future__ import annotations

import pytest
from ports import RAW, Line, mpremote, until

from uscomo_tools.board import firmware_cache
from uscomo_tools.errors import UscomoError
from uscomo_tools.testing.providers import rp2
from uscomo_tools.testing.skipping import image_or_skip

image_or_skip(firmware_cache.PICO, module=True)

SECONDS = 60


@pytest.fixture(scope="module")
def original():
    """One board for the module; a test gets a copy of it."""
    with rp2.start(files={"/lib/greet.py": b"TEXT = 'hello'\n"}) as started:
        yield started


@pytest.fixture
def board(original):
    copied = original.copy()
    yield copied
    copied.stop()


def test_mpremote(board, tmp_path):
    (tmp_path / "app.py").write_text("print('app')\n")
    mpremote(board, "cp", str(tmp_path / "app.py"), ":")
    assert mpremote(board, "exec", "import greet, app; print(greet.TEXT)") == "app\nhello\n"


def test_a_copy_leaves_the_original_alone(board, original):
    with Line(board, SECONDS) as line:
        line.raw()
        line.run("with open('/mine', 'w') as file: file.write('x')")
    assert set(board.files()) == {"/lib/greet.py", "/mine"}
    assert set(original.files()) == {"/lib/greet.py"}


def test_a_soft_reset_keeps_the_raw_repl(board):
    with Line(board, SECONDS) as line:
        line.raw()
        assert b"soft reboot\r\n" in line.say(b"\x04", RAW)


def test_power_fails_where_it_was_told_to(board):
    with Line(board, SECONDS) as line:
        line.raw()
        line.run("with open('/old', 'w') as file: file.write('kept')")
        board.power.cut(2, 0.5)
        line.port.write(b"with open('/new', 'wb') as file: file.write(b'x' * 3000)\x04")
        until(lambda: not board.power.is_on, SECONDS)
        with pytest.raises(UscomoError, match="off"):
            board.power.cut(1)
        board.power.on()
        line.raw()
        printed = line.run("import os; print(open('/old').read(), os.listdir())")
    assert printed in (
        "kept ['lib', 'old']\n",
        "kept ['lib', 'new', 'old']\n",
    )
    assert board.files().get("/new", b"") == b""


def test_a_program_at_boot_and_a_reset(board):
    board.write({"/main.py": b"import time\nwhile True:\n    print('on')\n    time.sleep(0.1)\n"})
    until(lambda: board.console_log.count("on\r\n") > 2, SECONDS)
    starts = board.state()["starts"]
    mpremote(board, "reset")
    until(lambda: board.state()["starts"] > starts, SECONDS)
    seen = board.console_log.count("on\r\n")
    until(lambda: board.console_log.count("on\r\n") > seen, SECONDS)


def test_emulated_time_is_not_ahead_of_the_wall(board):
    before = board.state()["seconds"]
    with Line(board, SECONDS) as line:
        line.raw()
        line.run("import time; time.sleep(0.5)")
    assert board.state()["seconds"] - before >= 0.5


def test_the_flash_outlives_the_board(tmp_path):
    with rp2.start(tmp_path / "board", files={"/kept": b"42"}):
        pass
    with rp2.start(tmp_path / "board") as second, Line(second, SECONDS) as line:
        line.raw()
        assert line.run("print(open('/kept').read())") == "42\n"


def test_an_original_at_rest_stands_still_and_its_copies_do_not():
    with rp2.start() as resting:
        resting.rest()
        until(lambda: resting.state()["seconds"] > 3, SECONDS)
        stood = resting.state()["seconds"]
        copied = resting.copy()
        try:
            with Line(copied, SECONDS) as line:
                line.raw()
                assert line.run("print(6 * 7)") == "42\n"
        finally:
            copied.stop()
        assert resting.state()["seconds"] == stood
