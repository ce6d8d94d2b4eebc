"""The fast lane on the unix VM: damaged bytes, cuts, resumption, what is there already."""

from __future__ import annotations

import random
import threading
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoiled import wire

from uscomo_tools.board import transfer
from uscomo_tools.board.connection import Board
from uscomo_tools.board.deflated import Stream
from uscomo_tools.board.errors import BoardError, CancelledError, UnreachableError
from uscomo_tools.board.transfer import Lane
from uscomo_tools.testing.providers import unix


@pytest.fixture(scope="module")
def served():
    with unix.start() as board:
        yield board


@pytest.fixture
def board(served):
    with Board.open(served.url, wait=10) as opened:
        yield opened
        opened.soft_reset()


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def text(size: int, seed: int = 1) -> bytes:
    source = random.Random(seed)
    words = ["value", "return", "self", "    ", "\n", "buffer", "(", ")", " = ", "if "]
    out = "".join(source.choice(words) for _ in range(size // 2))
    return out.encode()[:size]


class TestStream:
    @given(st.binary(max_size=3000), st.integers(8, 400), st.sampled_from([0, 9, 12, 15]))
    def test_what_a_frame_promises_can_be_inflated_with_it(self, plain, limit, wbits):
        stream = Stream(plain + b"end", wbits)
        inflate = zlib.decompressobj(-wbits) if wbits else None
        start = told = come = 0
        while start < stream.size:
            end = stream.cut(start, limit)
            assert start < end <= start + limit
            piece = stream.data[start:end]
            come += len(inflate.decompress(piece) if inflate else piece)
            told += stream.inflated(end) - stream.inflated(start)
            assert told == come
            start = end
        assert come == len(plain) + 3

    def test_nothing_follows_the_last_octet_that_is_needed(self):
        # Else the receiver ends while octets are under way, and the REPL gets them.
        for seed in range(50):
            stream = Stream(text(700, seed), 12)
            for limit in range(20, 40):
                start = 0
                while start < stream.size:
                    before, start = start, stream.cut(start, limit)
                    assert stream.inflated(start) > stream.inflated(before) or start < stream.size

    def test_a_frame_does_not_promise_more_than_it_can_say(self):
        stream = Stream(bytes(500_000), 15)
        start = 0
        while start < stream.size:
            end = stream.cut(start, 2048)
            assert stream.inflated(end) - stream.inflated(start) <= 0xFFFF
            start = end


class TestFiles:
    def test_small_large_and_empty_files(self, board):
        files = {
            "/f/empty": b"",
            "/f/one": b"1",
            "/f/sub/deep/text": text(20_000),
            "/f/noise": noise(9_000),
            "/f/zeros": bytes(100_000),
            "/f/\N{SNOWMAN}": b"snow",
        }
        assert board.write_all(files) == list(files)
        assert {path: board.read(path) for path in files} == files
        assert board.write_all(files) == []
        assert not [entry for entry in board.listdir("/f") if entry.name.endswith(".part")]

    def test_only_what_changed_is_sent(self, board):
        files = {f"/c/{number}": noise(3000, number) for number in range(5)}
        board.write_all(files)
        files["/c/3"] = noise(3000, 99)
        before = board.traffic[0]
        assert board.write_all(files) == ["/c/3"]
        assert board.traffic[0] - before < 7000
        assert board.read("/c/3") == files["/c/3"]

    def test_folders_that_are_new_are_not_searched(self, board, monkeypatch):
        asked = []
        run = board.run_script

        def run_script(path, values=None, *how):
            if path.stem == "hashes":
                asked.extend(values["PATHS"])
            return run(path, values or {}, *how)

        monkeypatch.setattr(board, "run_script", run_script)
        files = {"/new/a": noise(300), "/new/sub/b": noise(300, 2)}
        assert board.write_all(files) == list(files)
        assert asked == []
        files["/new/other/c"] = noise(300, 3)
        assert board.write_all(files) == ["/new/other/c"]
        assert asked == ["/new/a", "/new/sub/b"]
        assert {path: board.read(path) for path in files} == files

    def test_a_file_replaces_another(self, board):
        for data in (noise(20_000), noise(20_000, 2), b"short", noise(12_000, 3)):
            board.write("/same", data)
            assert board.read("/same") == data

    def test_progress_reaches_the_total(self, board):
        seen: list[tuple[int, int]] = []
        files = {"/p/a": noise(5000, 5), "/p/b": noise(5000, 6)}
        board.write_all(files, lambda done, total: seen.append((done, total)))
        assert seen[0] == (0, 10_000)
        assert seen[-1] == (10_000, 10_000)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)

    def test_a_name_that_is_a_folder(self, board):
        board.mkdir("/folder/inside")
        with pytest.raises(OSError, match=r"EISDIR|EEXIST|ENOTEMPTY"):
            board.write("/folder", b"x")
        assert board.exec("print(1)") == "1\n"

    @pytest.mark.full
    def test_no_room(self, board):
        blocks = board.free() // 4096 - 12
        write = f"for _ in range({blocks}):\n  file.write(bytes(4096))"
        board.exec(f"with open('/fill', 'wb') as file:\n {write}")
        with pytest.raises(OSError, match="ENOSPC"):
            board.write("/too_large", noise(90_000))
        assert not board.exists("/too_large")
        board.remove("/too_large.part")
        board.remove("/fill")
        assert board.free() > 1_000_000

    def test_a_program_that_soft_resets_takes_the_receiver_away(self, board):
        board.write("/r1", b"1")
        board.exec("import machine\nmachine.soft_reset()")
        board.write("/r2", b"2")
        assert board.read("/r2") == b"2"

    @pytest.mark.parametrize(
        "lane",
        [
            Lane(1024, 2, False, 0, 1024, 0),
            Lane(242, 1, True, 12, 1024, 0),
            Lane(64, 1, True, 9, 256, 256),
            Lane(512, 4, False, 15, 4096, 4096),
        ],
        ids=["not deflated", "a UART", "tiny", "four under way"],
    )
    def test_every_kind_of_port_and_board(self, board, lane):
        board.lane()
        files = {f"/lane/{n}": data for n, data in enumerate((b"", text(9000), noise(3000)))}
        board.remove("/lane", recursive=True) if board.exists("/lane") else None
        board.mkdir("/lane")
        board._lane = lane
        assert board.write_all(files) == list(files)
        assert {path: board.read(path) for path in files} == files

    def test_a_board_without_the_modules_gets_files_in_the_repls_way(self, board):
        board._lane_asked = True
        data = noise(600)
        assert board.write_all({"/plain": data}) == ["/plain"]
        assert board.read("/plain") == data


class TestWhichLane:
    def test_the_port_of_a_pico_makes_the_host_wait(self):
        lane = Lane.of(("rp2", "Raspberry Pi Pico with RP2040", "", True, 200_000))
        assert (lane.late, lane.frames, lane.wbits, lane.keep) == (False, 2, 15, 8192)

    def test_a_uart_gets_no_more_than_its_buffer_holds(self):
        lane = Lane.of(("esp32", "Generic ESP32 module with ESP32", "", True, 100_000))
        assert lane.late
        assert lane.frames * (lane.room + 13) <= 260
        unknown = Lane.of(("newport", "some board", "", False, 20_000))
        assert unknown.late
        assert unknown.frames * (unknown.room + 13) < 256
        assert (unknown.wbits, unknown.keep) == (0, 0)


class TestFaults:
    @pytest.mark.parametrize(("rate", "size"), [(0.0005, 20_000), (0.01, 800)])
    def test_spoiled_bytes_are_sent_again(self, served, rate, size):
        data = noise(size, 7)
        with wire(served.url) as line, Board.open(line.url) as board:
            board.write("/spoiled", b"before")  # the receiver is there now
            line.rate = rate
            board.write("/spoiled", data)
            line.rate = 0.0
            assert line.spoiled > 3
            assert board.read("/spoiled") == data

    def test_the_last_frame_is_lost(self, served):
        with wire(served.url) as line, Board.open(line.url) as board:
            line.lose_close = True
            board.write("/closed", noise(500, 8))
            assert board.exec("print(2)") == "2\n"
            assert not line.lose_close

    def test_a_cut_line_is_resumed(self, served, monkeypatch):
        data = noise(60_000, 9)
        with wire(served.url) as line:
            with Board.open(line.url) as board:
                line.cut_after = 40_000
                monkeypatch.setattr(transfer, "_GIVE_UP_SECONDS", 2.0)
                with pytest.raises(UnreachableError):
                    board.write("/cut", data)
            assert line.is_dead
        # The receiver ends by itself, also where it waits for the rest of a frame.
        with Board.open(served.url, wait=10) as board:
            kept = board.stat("/cut.part").size
            assert 20_000 < kept < 60_000
            assert not board.exists("/cut")
            before = board.traffic[0]
            board.write("/cut", data)
            assert board.traffic[0] - before < 60_000 - kept + 6_000
            assert board.read("/cut") == data
            assert not board.exists("/cut.part")

    def test_what_is_left_of_another_file_is_not_used(self, served):
        with Board.open(served.url, wait=10) as board:
            board.write("/other.part", noise(9_000, 10))
            data = noise(20_000, 11)
            board.write("/other", data)
            assert board.read("/other") == data

    def test_cancelled_from_another_thread(self, served):
        with Board.open(served.url, wait=10) as board:
            began = threading.Event()

            def told(done, total):
                if done > 20_000:
                    began.set()
                    time.sleep(0.05)

            def cancel():
                began.wait(30)
                board.cancel()

            thread = threading.Thread(target=cancel)
            thread.start()
            with pytest.raises(CancelledError):
                board.write("/cancelled", noise(400_000, 12), told)
            thread.join()
        with Board.open(served.url, wait=10) as board:
            started = time.monotonic()
            assert board.exec("print(3)") == "3\n"
            assert time.monotonic() - started < 10
            assert not board.exists("/cancelled")
            board.remove("/cancelled.part")

    def test_ctrl_c_in_the_middle(self, served):
        def told(done, total):
            if done > 10_000:
                raise KeyboardInterrupt

        with Board.open(served.url, wait=10) as board:
            with pytest.raises(KeyboardInterrupt):
                board.write("/interrupted", noise(100_000, 13), told)
            started = time.monotonic()
            assert board.exec("print(4)") == "4\n"
            assert time.monotonic() - started < 5
            # Ctrl-C is switched on again.
            with pytest.raises(UnreachableError):
                board.exec("while True: pass", timeout=0.3)
            assert board.exec("print(5)") == "5\n"

    def test_files_are_read_over_a_bad_line(self, served):
        data = noise(30_000, 14)
        with Board.open(served.url, wait=10) as board:
            board.write("/read", data)
        with wire(served.url) as line, Board.open(line.url) as board:
            line.rate = 0.0003
            line.begin = b"PATH='/read'"
            assert board.read("/read") == data
            assert line.spoiled > 3

    def test_a_wrong_hash_is_told(self, served, monkeypatch):
        with Board.open(served.url, wait=10) as board:
            board.write("/hash", b"old")
            right = transfer.File.entry

            def wrong(file):
                entry = bytearray(right(file))
                entry[9] ^= 1
                return bytes(entry)

            monkeypatch.setattr(transfer.File, "entry", wrong)
            for size in (100, 20_000):
                with pytest.raises(BoardError, match="ValueError: /hash"):
                    board.write("/hash", noise(size, 15))
                assert board.read("/hash") == b"old"
                assert not board.exists("/hash.part")
