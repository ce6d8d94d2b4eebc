"""The emulated Pico: what its verbs promise, with official firmware."""

from __future__ import annotations

import threading
import time

import pytest

from uscomo_tools.board import firmware_cache
from uscomo_tools.errors import UnreachableError, UscomoError
from uscomo_tools.testing.rp2 import BoardError, BoardResetError, PicoBoard, PowerCutError
from uscomo_tools.testing.skipping import image_or_skip

WRITE_NEW = """
with open("/app.new", "wb") as file:
    for _ in range(4):
        file.write(b"N" * 512)
import os
os.rename("/app.new", "/app.bin")
"""
PIO = """
import rp2
from machine import Pin
@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def doubled():
    pull(block)
    set(pins, 1)
    mov(isr, osr)
    in_(null, 1)
    push(block)
machine_1 = rp2.StateMachine(0, doubled, freq=1_000_000, set_base=Pin(2))
machine_1.active(1)
machine_1.put(21)
print(hex(machine_1.get()))
"""
STATE = """
data = open("/app.bin", "rb").read()
print(len(data), data[:1] * len(data) == data and data[:1])
"""

image_or_skip(firmware_cache.PICO, module=True)


@pytest.fixture(scope="module")
def board():
    with PicoBoard(realtime=False) as running:
        yield running


class TestCode:
    def test_output_comes_back(self, board):
        assert board.exec("print(1 + 1)\nprint('two')") == "2\ntwo\n"

    def test_the_firmware_is_the_official_one(self, board):
        printed = board.exec("import sys; print(sys.platform, sys.implementation.version[:3])")
        assert printed == "rp2 (1, 24, 1)\n"

    def test_code_longer_than_every_buffer_on_the_way(self, board):
        text = "0123456789" * 150
        assert board.exec(f"print('{text}')") == f"{text}\n"

    def test_a_traceback_is_an_error(self, board):
        with pytest.raises(BoardError, match="divide by zero") as caught:
            board.exec("print('before')\n1 / 0")
        assert caught.value.output == "before\n"
        assert caught.value.traceback.startswith("Traceback")

    def test_a_hang_ends(self, board):
        with pytest.raises(UnreachableError, match="end of the code"):
            board.exec("while True: pass", timeout=0.2)
        assert board.exec("print('interrupted')") == "interrupted\n"

    def test_programmable_io_runs_when_it_is_used(self):
        with PicoBoard(realtime=False) as board:
            chip = board._emulator._device.mcu
            assert chip.pio == []  # rests
            assert board.exec(PIO) == "0x2a\n"
            assert len(chip.pio) == 2
            board.exec("machine_1.active(0)\nPin(2, Pin.IN)")
            assert len(chip.pio) == 0
            board.reset()
            assert board.exec(PIO) == "0x2a\n"

    def test_a_pin_may_be_given_to_a_pio_that_does_nothing(self):
        with PicoBoard(realtime=False) as board:
            board.exec("from machine import Pin\npin = Pin(3, Pin.ALT, alt=Pin.ALT_PIO0)")
            assert board.exec("print(pin.value())") == "0\n"

    def test_a_soft_reset_forgets_names(self, board):
        board.exec("forgotten = 1")
        board.soft_reset()
        with pytest.raises(BoardError, match="NameError"):
            board.exec("print(forgotten)")

    def test_a_reset_from_within_is_told(self, board):
        with pytest.raises(BoardResetError):
            board.exec("import machine; machine.reset()")
        assert board.exec("print('back')") == "back\n"

    def test_a_copy_leaves_the_board_alone(self, board):
        board.exec("value = 'original'")
        copied = board.forked(lambda copy: copy.exec("value += ' copied'; print(value)"))
        assert copied == "original copied\n"
        assert board.exec("print(value)") == "original\n"

    def test_code_is_copied_in_its_middle(self, board):
        board.begin("print('first'); import time; time.sleep(1); print('last')")
        board.reach("first")
        assert board.forked(lambda copy: copy.finish()) == "first\nlast\n"
        assert board.finish() == "first\nlast\n"

    def test_an_error_in_a_copy_comes_back(self, board):
        with pytest.raises(BoardError, match="KeyError"):
            board.forked(lambda copy: copy.exec("{}['missing']"))

    def test_nothing_runs_beside_the_caller(self, board):
        before = threading.enumerate()
        board.exec("pass")
        assert threading.enumerate() == before


class TestTime:
    def test_idle_time_costs_nothing_without_pacing(self, board):
        before, wall = board.emulated_seconds, time.monotonic()
        board.exec("import time; time.sleep(5)")
        assert board.emulated_seconds - before == pytest.approx(5, abs=0.1)
        assert time.monotonic() - wall < 4

    def test_a_paced_board_is_not_faster_than_the_wall(self):
        with PicoBoard() as paced:
            wall = time.monotonic()
            paced.exec("import time; time.sleep(0.5)")
            assert time.monotonic() - wall >= 0.45


class TestFlash:
    def test_preloaded_files_are_there(self):
        board = PicoBoard(realtime=False)
        board.preload({"/lib/greet.py": b"TEXT = 'hello'\n", "/data/deep/er.bin": bytes(5000)})
        board.start()
        printed = board.exec(
            "import greet; print(greet.TEXT, len(open('/data/deep/er.bin', 'rb').read()))"
        )
        assert printed == "hello 5000\n"
        with pytest.raises(UscomoError, match="before the board is started"):
            board.preload({"/late": b""})

    def test_main_runs_at_boot(self):
        board = PicoBoard(realtime=False)
        board.preload({"/main.py": b"import time\nwhile True:\n  print('on')\n  time.sleep(1)\n"})
        board.start()
        assert board.run(3.5).count("on") >= 3

    def test_flash_survives_a_new_board(self):
        with PicoBoard(realtime=False) as first:
            first.exec("with open('/kept', 'w') as file: file.write('42')")
        with PicoBoard(flash=first.flash, realtime=False) as second:
            assert second.exec("print(open('/kept').read())") == "42\n"
            assert second.files() == {"/kept": b"42"}

    def test_the_board_reads_what_it_wrote_after_a_reset(self, board):
        board.exec("lost = 1\nwith open('/stays', 'w') as file: file.write('yes')")
        board.reset()
        assert board.exec("print(open('/stays').read(), 'lost' in globals())") == "yes False\n"

    def test_what_is_written_is_told(self, board):
        writes = []
        before, seen = board.flash, len(board.flash_operations)
        board.watch_flash(lambda *write: writes.append(write))
        board.exec("with open('/told', 'wb') as file: file.write(b'x' * 2000)")
        board.watch_flash(lambda *write: None)
        assert [operation for operation, _ in writes] == board.flash_operations[seen:]
        flash = bytearray(before)
        for (kind, at, size), data in writes:
            if kind == "erase":
                flash[at : at + size] = b"\xff" * size
            else:
                old = flash[at : at + size]
                flash[at : at + size] = bytes(a & b for a, b in zip(old, data, strict=True))
        assert board.flash == bytes(flash)
        start, end = board.file_system
        assert before[:start] == flash[:start]
        assert before[start:end] != flash[start:end]

    def test_other_flash_comes_under_a_board(self, board):
        before = board.flash
        board.exec("open('/here', 'w').close()")

        def elsewhere(copy):
            copy.flash = before
            copy.reset()
            return copy.exec("import os; print('here' in os.listdir('/'))")

        assert board.forked(elsewhere) == "False\n"
        assert board.exec("import os; print('here' in os.listdir('/'))") == "True\n"

    def test_operations_are_seen(self, board):
        seen = len(board.flash_operations)
        board.exec("with open('/seen', 'wb') as file: file.write(b'x' * 2000)")
        fresh = board.flash_operations[seen:]
        assert {operation.kind for operation in fresh} == {"erase", "program"}
        assert sum(op.size for op in fresh if op.kind == "program") >= 2000

    def test_power_fails_where_it_was_told_to(self, board):
        _start_with_old_app(board)
        operations = board.forked(_count_operations)
        assert operations > 8
        assert board.forked(lambda copy: _state_after_cut(copy, 3, 0.5)) == "4096 b'O'\n"
        assert board.forked(lambda copy: _state_after_cut(copy, operations, 1)) == "2048 b'N'\n"

    @pytest.mark.full
    @pytest.mark.parametrize("landed", [0.0, 0.5, 1.0])
    def test_a_rename_is_old_or_new_at_every_cut(self, board, landed):
        _start_with_old_app(board)
        for at in range(1, board.forked(_count_operations) + 1):
            state = board.forked(lambda copy, at=at: _state_after_cut(copy, at, landed))
            assert state in ("4096 b'O'\n", "2048 b'N'\n"), f"cut {at} at {landed}"


def _start_with_old_app(board):
    board.exec("with open('/app.bin', 'wb') as file: file.write(b'O' * 4096)")


def _count_operations(copy):
    seen = len(copy.flash_operations)
    copy.exec(WRITE_NEW)
    return len(copy.flash_operations) - seen


def _state_after_cut(copy, at, landed):
    copy.cut_power(at, landed)
    with pytest.raises(PowerCutError):
        copy.exec(WRITE_NEW)
    with PicoBoard(flash=copy.flash, realtime=False) as rebooted:
        return rebooted.exec(STATE)
