"""`uscomo board` with a board's files, on the unix VM: what is printed, and the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from uscomo_tools.board import connection
from uscomo_tools.board.lock import PortLock
from uscomo_tools.cli import board as board_cli
from uscomo_tools.errors import UnreachableError
from uscomo_tools.testing.providers import unix

ENOUGH = 60


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("uscomo")), "board", *arguments]


def board_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ENOUGH,
        check=False,
    )


def hears_ctrl_c() -> None:
    # A process that was started in the background may have inherited that nobody hears it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def told(*arguments: str) -> tuple[int, dict]:
    done = board_command(*arguments, "--json")
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def board():
    with unix.start() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "app"
    (top / "lib").mkdir(parents=True)
    (top / "__pycache__").mkdir()
    (top / "main.txt").write_text("hello")
    (top / "lib" / "data.bin").write_bytes(bytes(range(256)) * 4)
    (top / "__pycache__" / "x.pyc").write_bytes(b"x")
    return top


def test_there_and_back(board, folder, tmp_path):
    assert told("put", str(folder), "--to", "/there", "-p", board.url)[1]["written"] == [
        "/there/app/lib/data.bin",
        "/there/app/main.txt",
    ]
    again = told("put", str(folder), "--to", "/there", "-p", board.url)[1]
    assert (again["written"], len(again["there"])) == ([], 2)
    code, listed = told("ls", "/there", "-r", "-p", board.url)
    assert code == 0
    assert {entry["name"]: entry["size"] for entry in listed["entries"]} == {
        "app": 0,
        "app/lib": 0,
        "app/lib/data.bin": 1024,
        "app/main.txt": 5,
    }
    target = tmp_path / "back"
    assert board_command("get", "/there/app", "--to", str(target), "-p", board.url).returncode == 0
    assert (target / "app" / "lib" / "data.bin").read_bytes() == bytes(range(256)) * 4
    assert board_command("cat", "/there/app/main.txt", "-p", board.url).stdout == "hello"
    kept = board_command("get", "/there/app", "--to", str(target), "-p", board.url)
    assert kept.returncode == 2
    assert "--force" in kept.stderr


def test_what_is_there_is_not_removed_by_mistake(board, folder):
    board_command("put", str(folder), "--to", "/gone", "-p", board.url)
    code, answer = told("rm", "/gone", "-p", board.url)
    assert (code, answer["ok"]) == (1, False)
    assert "/gone" in answer["error"]
    assert told("rm", "-r", "/gone", "-p", board.url)[0] == 0
    code, answer = told("ls", "/gone", "-p", board.url)
    assert code == 1
    assert "ENOENT" in answer["error"]


@pytest.mark.parametrize("path", ["", "/", "/.", "."])
def test_all_of_a_board_is_not_removed(board, folder, path):
    board_command("put", str(folder), "--to", "/stays", "-p", board.url)
    assert told("rm", "-r", path, "-p", board.url)[0] == 2
    assert told("ls", "/stays/app", "-p", board.url)[0] == 0


def test_two_files_of_one_name_are_not_one(board, folder, tmp_path):
    for place in ("/one", "/two"):
        board_command("put", str(folder), "--to", place, "-p", board.url)
    paths = ["/one/app/main.txt", "/two/app/main.txt"]
    code, answer = told("get", *paths, "--to", str(tmp_path / "here"), "-p", board.url)
    assert code == 2
    assert "twice" in answer["error"]
    assert not (tmp_path / "here").exists()


def test_a_terminal_is_put_right_where_nobody_may_type_to_it(monkeypatch):
    from serial.tools import miniterm

    from uscomo_tools.cli import board_console

    done = []

    class Terminal:
        def setup(self):
            done.append("setup")

        def getkey(self):
            return ""

        def cancel(self):
            raise OSError(5, "Input/output error")

        def cleanup(self):
            done.append("cleanup")

        def write_bytes(self, data):
            raise AssertionError(data)

    monkeypatch.setattr(miniterm, "Console", Terminal)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(board_console, "_follow", lambda *arguments: None)
    board_console.console("nowhere")
    assert done == ["setup", "cleanup"]


def test_a_heap_in_pieces_gets_files_too():
    from uscomo_tools.board.connection import Board

    data = os.urandom(20_000)
    with unix.start(heap="640k") as served, Board.open(served.url) as opened:
        pieces = "held = []\ntry:\n    while True:\n        held.append(bytearray(9500))\n"
        opened.exec(pieces + "except MemoryError:\n    held = held[::2]\n")
        free = "import gc\ngc.collect()\nprint(gc.mem_free())"
        assert int(opened.exec(free)) > 150_000
        opened.write("/data", data)
        assert opened.lane().is_large
        assert opened.read("/data") == data


def test_a_single_file_gets_a_name(board, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a")
    assert told("put", str(file), "--as", "b.txt", "-p", board.url)[1]["written"] == ["/b.txt"]
    wrong = board_command("put", str(file), str(file), "--as", "c", "-p", board.url)
    assert (wrong.returncode, "--as" in wrong.stderr) == (2, True)


def test_the_board_says_what_it_is(board):
    code, answer = told("info", "-p", board.url)
    assert code == 0
    assert (answer["board"], answer["file_system"]) == ("unix", "littlefs")
    assert answer["heap_free"] > 60_000
    assert answer["flash_free"] > 1_000_000


def test_a_board_that_is_slow_is_not_taken_for_a_small_one(board, monkeypatch, tmp_path):
    small = tmp_path / "small.py"  # the unix VM has no uname
    small.write_text("print({'heap_total': 190000})\n")
    path = connection.scripts.path
    monkeypatch.setattr(
        connection.scripts, "path", lambda name: small if name == "identify_small" else path(name)
    )
    script, asked = connection.Board.script, []

    def slow(self, name, values, path="", timeout=60):
        asked.append(name)
        if len(asked) == 1:
            raise UnreachableError("no answer in time")
        return script(self, name, values, path, timeout)

    monkeypatch.setattr(connection.Board, "script", slow)
    with connection.Board.open(board.url) as opened:
        identity = opened.identify()
    assert asked == ["identify", "identify"]
    assert identity.mpy[0] == 6
    assert identity.modules["socket"] is True


def test_one_of_several_fails(board, tmp_path):
    file = tmp_path / "several.txt"
    file.write_text("several")
    with unix.start() as second:
        ports = ("-p", board.url, "-p", str(tmp_path / "nothing"), "-p", second.url)
        code, answer = told("put", str(file), *ports)
        assert code == 3
        assert [one["ok"] for one in answer["boards"]] == [True, False, True]
        assert str(tmp_path / "nothing") in answer["error"]
        assert board_command("cat", "/several.txt", "-p", second.url).stdout == "several"
        twice = board_command("info", "-p", board.url, "-p", board.url)
        assert twice.returncode == 2


def test_a_board_in_use_names_who_has_it(board):
    with PortLock(board.url):
        code, answer = told("info", "-p", board.url)
    assert code == 3
    assert f"process {os.getpid()}" in answer["error"]
    assert told("info", "-p", board.url)[0] == 0


def test_ctrl_c_leaves_the_board_usable(board, tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(1_500_000))
    before = board.console_log.count("raw REPL")
    with subprocess.Popen(
        command("put", str(file), "-p", board.url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=hears_ctrl_c,
    ) as copying:
        until = time.monotonic() + ENOUGH
        # Looked at from outside: another command would have the board's lock.
        while board.console_log.count("raw REPL") == before and time.monotonic() < until:
            time.sleep(0.05)
        copying.send_signal(signal.SIGINT)
        assert copying.wait(ENOUGH) in (0, 130)  # 0: it was faster than we
    assert board_command("rm", "/large.bin.part", "-p", board.url).returncode in (0, 1)
    assert told("info", "-p", board.url)[0] == 0


def test_a_reset_starts_the_programs(board, tmp_path):
    main = tmp_path / "main.py"
    main.write_text("print('started', 6 * 7)\n")
    board_command("put", str(main), "-p", board.url)
    for options in ((), ("--soft",)):
        before = board.console_log.count("started 42")
        assert board_command("reset", *options, "-p", board.url).returncode == 0
        until = time.monotonic() + ENOUGH
        while board.console_log.count("started 42") == before and time.monotonic() < until:
            time.sleep(0.05)
        assert board.console_log.count("started 42") > before
    assert board_command("rm", "/main.py", "-p", board.url).returncode == 0


def test_the_console_shows_what_a_program_prints(board, tmp_path):
    main = tmp_path / "main.py"
    main.write_text("import time\nwhile True:\n    print('tick')\n    time.sleep(0.1)\n")
    board_command("put", str(main), "-p", board.url)
    board_command("reset", "-p", board.url)
    assert "tick" in board_command("console", "--seconds", "1", "-p", board.url).stdout
    assert board_command("rm", "/main.py", "-p", board.url).returncode == 0


def test_names_of_a_board_lead_nowhere_else(tmp_path):
    from uscomo_tools.cli.board_files import _local
    from uscomo_tools.errors import UsageError

    for name in ("../x", "a/../../x", "/etc/x", "a\\b", "c:x", ""):
        with pytest.raises(UsageError):
            _local(tmp_path, name)


@pytest.mark.parametrize(("module", "commands"), board_cli._COMMANDS.items())
def test_a_command_imports_the_module_that_has_it(module, commands):
    found = typer.main.get_group(board_cli.application(commands[0]))
    assert set(found.commands) == set(commands), module


def test_an_unknown_command_sees_all():
    everything = {name for commands in board_cli._COMMANDS.values() for name in commands}
    assert set(typer.main.get_group(board_cli.application("nix")).commands) == everything
