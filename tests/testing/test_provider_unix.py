"""The unix board on a port: what mpremote and ampy rely on, its power, its restarts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ports import PROMPT, RAW, Line, mpremote, tool, until

from uscomo_tools.testing.providers import unix


@pytest.fixture
def board():
    with unix.start() as started:
        yield started


def put(board, tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    names = [str(tmp_path / f"{name}.py") for name in files]
    mpremote(board, "cp", *names, ":")


class TestTools:
    def test_mpremote(self, board, tmp_path):
        put(board, tmp_path, greet="TEXT = 'hello'\n")
        assert "greet.py" in mpremote(board, "ls")
        assert mpremote(board, "exec", "import greet; print(greet.TEXT)") == "hello\n"
        mpremote(board, "cp", ":greet.py", str(tmp_path / "back.py"))
        assert (tmp_path / "back.py").read_text() == "TEXT = 'hello'\n"
        mpremote(board, "soft-reset")
        mpremote(board, "rm", ":greet.py")
        assert "greet.py" not in mpremote(board, "ls")

    def test_mpremote_mounts_a_folder(self, board, tmp_path):
        (tmp_path / "far.py").write_text("print('from the host')\n")
        assert "from the host" in mpremote(board, "mount", str(tmp_path), "exec", "import far")

    def test_ampy(self, board, tmp_path):
        (tmp_path / "app.py").write_text("print('app')\n")
        line = ("ampy", "-p", board.url, "-d", "0")
        tool(*line, "put", str(tmp_path / "app.py"))
        assert tool(*line, "ls") == "/app.py\n"
        assert tool(*line, "get", "app.py") == "print('app')\n\n"
        assert tool(*line, "run", str(tmp_path / "app.py")) == "app\n"


def test_a_file_that_a_program_dropped_is_closed_without_a_word(board):
    dropped = "import gc\nf = open('dropped', 'wb')\nf.write(b'x' * 100)\nf = None\ngc.collect()\n"
    assert mpremote(board, "exec", dropped + "print(len(open('dropped').read()))") == "100\n"


class TestStarts:
    def test_a_program_at_boot_runs_until_ctrl_c(self, board, tmp_path):
        put(
            board,
            tmp_path,
            boot="early = 1\n",
            main="import time\nlate = 2\nprint('running')\nwhile True:\n    time.sleep(1)\n",
        )
        with Line(board) as line:
            line.say(b"\r\x04", b"running\n")
            line.say(b"\x03", PROMPT)
            line.raw()
            assert line.run("print(early, late)") == "1 2\n"

    def test_a_soft_reset_of_the_raw_repl_runs_boot_alone(self, board, tmp_path):
        put(board, tmp_path, boot="print('booted')\n", main="print('main ran')\n")
        with Line(board) as line:
            line.raw()
            line.run("left = 1")
            heard = line.say(b"\x04", RAW)
            assert heard.count(b"soft reboot\r\n") == 1
            assert b"booted" in heard
            assert b"main ran" not in heard
            assert b">>>" not in heard
            assert line.run("print('left' in globals())") == "False\n"

    def test_a_restart_from_the_program_is_a_soft_reset(self, board, tmp_path):
        put(board, tmp_path, main="print('main ran')\n")
        with Line(board) as line:
            line.raw()
            heard = line.say(b"import machine\nmachine.soft_reset()\x04", RAW)
            assert b"main ran" not in heard

    def test_a_hard_reset_leaves_the_raw_repl(self, board, tmp_path):
        put(board, tmp_path, main="print('main ran')\n")
        with Line(board) as line:
            line.raw()
            heard = line.say(b"import machine\nmachine.reset()\x04", PROMPT)
            assert b"main ran" in heard
            assert b"soft reboot" not in heard

    def test_an_error_in_main_leaves_the_repl(self, board, tmp_path):
        put(board, tmp_path, main="1 / 0\n")
        board.power.restart()
        with Line(board) as line:
            line.raw()
            assert line.run("print(6 * 7)") == "42\n"
        assert "ZeroDivisionError" in board.console_log

    def test_names_are_those_of_the_programs(self, board):
        with Line(board) as line:
            line.raw()
            assert line.run("print(sorted(n for n in globals() if n[0] != '_'))") == "[]\n"

    def test_ctrl_c_while_compiling_interrupts_what_follows(self, board):
        code = b"x = 1\n" * 1500 + b"import time\ntime.sleep(20)\n"
        with Line(board) as line:
            line.raw()
            for start in range(0, len(code), 2048):
                line.port.write(code[start : start + 2048])
            line.say(b"\x04", b"OK")
            assert b"KeyboardInterrupt" in line.say(b"\x03", b"\x04>")
            assert board.state()["starts"] == 1

    def test_ctrl_c_can_be_data(self, board):
        with Line(board) as line:
            line.raw()
            code = (
                "import micropython, sys\nmicropython.kbd_intr(-1)\nprint('go')\n"
                "data = sys.stdin.buffer.read(256)\nmicropython.kbd_intr(3)\nprint(sum(data))"
            )
            line.say(code.encode() + b"\x04", b"go\n")
            assert b"%d\n" % sum(range(256)) in line.say(bytes(range(256)), b"\x04>")
            started = time.monotonic()
            line.say(code.encode() + b"\x04", b"go\n")
            assert b"1024\n" in line.say(b"\x04" * 256, b"\x04>")
            assert time.monotonic() - started < 5
            line.say(b"import time\ntime.sleep(20)\x04", b"OK")
            assert b"KeyboardInterrupt" in line.say(b"\x03", b"\x04>")

    def test_ctrl_c_while_files_are_written_leaves_the_file_system_at_work(self, board):
        writing = (
            "import time\nn = 0\nprint('go')\nwhile True:\n"
            "    for _ in range(4):\n"
            "        with open('f%d' % (n % 8), 'wb') as f:\n            f.write(bytes(600))\n"
            "        n += 1\n"
            "    time.sleep_ms(1)\n"
        )
        with Line(board) as line:
            line.raw()
            for turn in range(60):
                line.say(writing.encode() + b"\x04", b"go\n")
                time.sleep(0.003 + turn % 7 / 1000)
                assert b"KeyboardInterrupt" in line.say(b"\x03", b"\x04>")
            assert line.run("import os; print(len(os.listdir()) <= 8)") == "True\n"
        assert board.state()["starts"] == 1


class TestPower:
    WRITE = "with open('/file', 'wb') as file:\n    file.write(b'x' * 5000)\n"

    def test_it_fails_where_it_was_told_to(self, board):
        with Line(board) as line:
            line.raw()
            line.run("with open('/old', 'w') as file:\n    file.write('kept')\n")
            before = board.power.operations
            line.run(self.WRITE)
            needed = board.power.operations - before
            line.run("import os\nos.remove('/file')")
            board.power.cut(needed // 2)
            line.port.write(self.WRITE.encode() + b"\x04")
            until(lambda: not board.power.is_on)
            board.power.on()
            line.raw()
            listed = "import os\nprint(open('/old').read(), sorted(os.listdir()))"
            assert line.run(listed) in ("kept ['file', 'old']\n", "kept ['old']\n")
            assert line.run("print(os.stat('/file')[6] if 'file' in os.listdir() else 0)") == "0\n"

    def test_the_flash_outlives_the_board(self, tmp_path):
        with unix.start(tmp_path / "board") as first, Line(first) as line:
            line.raw()
            line.run(self.WRITE)
        with unix.start(tmp_path / "board") as second, Line(second) as line:
            line.raw()
            assert line.run("print(len(open('/file').read()))") == "5000\n"

    def test_a_hungry_watchdog_restarts_the_board(self, board):
        with Line(board) as line:
            line.raw()
            heard = line.say(
                b"import machine\nmachine.WDT(timeout=100)\nwhile True:\n    pass\x04", PROMPT
            )
            assert b"soft reboot" not in heard
        assert board.state()["bites"] == 1

    def test_what_nobody_reads_stops_nobody(self, board):
        with Line(board) as line:
            line.raw()
            line.port.write(
                b"for i in range(20000):\n    print('nobody reads this')\nopen('/done', 'w')\x04"
            )
        until(lambda: board.power.operations > 0)
        assert "done" in mpremote(board, "ls")


class TestFiles:
    def test_they_are_there_before_the_first_start(self):
        with unix.start(files={"main.py": b"print('first')\n", "lib/a.py": b"B = 1\n"}) as board:
            with Line(board) as line:
                line.raw()
                assert line.run("import a; print(a.B)") == "1\n"
            assert "first" in board.console_log
            assert board.files() == {"/main.py": b"print('first')\n", "/lib/a.py": b"B = 1\n"}

    def test_they_are_written_behind_its_back(self, board):
        with Line(board) as line:
            line.raw()
            line.run("open('/kept', 'w').close()")
            board.write({"/new/file": b"data"})
            line.raw()
            assert line.run("import os; print(os.listdir(), os.listdir('new'))") == (
                "['kept', 'new'] ['file']\n"
            )


class TestProcess:
    def test_it_starts_fast(self):
        started = time.monotonic()
        with unix.start() as board, Line(board) as line:
            line.raw()
            assert time.monotonic() - started < 3  # 0.15 s where nothing else runs

    def test_it_ends_with_its_board(self):
        with unix.start() as board:
            assert board.folder.exists()
        assert not board.folder.exists()
        assert not Path(board.url).exists()

    def test_it_ends_with_its_parent(self, tmp_path):
        script = tmp_path / "parent.py"
        script.write_text(
            "import os\n"
            "from pathlib import Path\n"
            "from uscomo_tools.testing.providers import unix\n"
            f"print(unix.start(Path({str(tmp_path / 'board')!r})).url, flush=True)\n"
            "os._exit(0)\n"
        )
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=True
        )
        until(lambda: not os.path.exists(done.stdout.strip()))
