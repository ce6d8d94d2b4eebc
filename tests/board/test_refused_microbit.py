"""A BBC micro:bit, emulated by QEMU: 9 KB of heap, known by what it says, refused politely."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from uscomo_tools.board import connection
from uscomo_tools.board.connection import Board
from uscomo_tools.board.description import by_identity, refusal
from uscomo_tools.board.line import Line
from uscomo_tools.cli import run
from uscomo_tools.testing.skipping import leave_out

QEMU = shutil.which("qemu-system-arm")
FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")


@pytest.fixture(scope="module")
def microbit() -> Iterator[str]:
    """The emulated board's terminal."""
    if QEMU is None or not FIRMWARE.is_file():
        leave_out("no qemu-system-arm, or no firmware-microbit-micropython")
    arguments = ["-M", "microbit", "-device", f"loader,file={FIRMWARE}", "-nographic"]
    process = subprocess.Popen(
        [QEMU, *arguments, "-monitor", "none", "-serial", "pty"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"/dev/\S+", process.stdout.readline())
        assert found is not None
        yield found.group()
    finally:
        process.kill()
        process.wait()


def test_it_says_what_it_is(microbit):
    with Board.open(microbit) as board:
        identity = board.identify()
    known = by_identity(identity)
    assert known is not None
    assert known.key == "microbit"
    assert known.heap is not None
    assert abs(identity.heap_total - known.heap) < 512
    assert refusal(known) is not None


def test_it_is_refused_politely(microbit, capsys):
    assert run(["board", "flash", "--port", microbit, "--yes", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert "9 KB of heap" in told["error"]
    assert "use a board with at least 64 KB" in told["error"]


def test_a_question_whose_end_got_lost_is_asked_in_parts(microbit, monkeypatch):
    monkeypatch.setattr(connection, "_IDENTIFY_SECONDS", 1.0)
    write, lost = Line.write, []

    def lossy(line, data):
        if data == b"\x04" and not lost:
            lost.append(data)
            return 1
        return write(line, data)

    monkeypatch.setattr(Line, "write", lossy)
    with Board.open(microbit) as board:
        assert board.identify().platform == "microbit"
    assert lost
