"""Somebody's terminal on a served board's port, for the tests of providers."""

from __future__ import annotations

import subprocess
import sysconfig
import time
from pathlib import Path

import serial

TOOLS = Path(sysconfig.get_path("scripts"))
PROMPT = b"\r\n>>> "
RAW = b"raw REPL; CTRL-B to exit\r\n>"


class Line:
    """A terminal program, as far as tests need one."""

    def __init__(self, board, seconds=10):
        self.port = serial.Serial(board.url, timeout=seconds)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.port.close()

    def say(self, data, until):
        self.port.write(data)
        heard = self.port.read_until(until)
        assert heard.endswith(until), heard
        return heard

    def raw(self):
        self.say(b"\r\x03\x03\x01", RAW)

    def run(self, code):
        """Run code in the raw REPL: what it printed."""
        heard = self.say(code.encode() + b"\x04", b"\x04>")
        output, error = heard.removeprefix(b"OK").removesuffix(b"\x04>").split(b"\x04")
        assert not error, error
        return output.decode().replace("\r\n", "\n")


def tool(name, *arguments):
    done = subprocess.run(
        [TOOLS / name, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def mpremote(board, *arguments):
    return tool("mpremote", "connect", board.url, *arguments)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
