# Reading lines from the console, as far as it goes without a terminal.
import select
import sys

from uscomo import console


class Keyboard:
    """Stands in for stdin and for poll(): what was typed so far."""

    def __init__(self, typed):
        self.typed = typed

    def poll(self, ms=0):
        return self.typed

    def register(self, file, events):
        pass

    def read(self, count):
        character = self.typed[0]
        self.typed = self.typed[1:]
        return "" if character == "\0" else character


def read(*pieces):
    """What line() gives after each piece that is typed."""

    class Select:
        POLLIN = select.POLLIN
        poll = None

    class Sys:
        stdin = None

    real = sys.modules.get("select")
    console.sys = Sys
    sys.modules["select"] = Select
    found = []
    try:
        for piece in pieces:
            Sys.stdin = Keyboard(piece)
            Select.poll = lambda: Sys.stdin
            found.append(console.line())
        return found
    finally:
        console.sys = sys
        del sys.modules["select"]
        if real:
            sys.modules["select"] = real
        console._held = ""


def test_a_line_may_come_in_pieces():
    assert read("y\n") == ["y"]
    assert read("ye", "s", "\r") == [None, None, "yes"]
    assert read("\n") == [""]
    assert read("") == [None]


def test_the_end_of_the_input_is_no_line():
    assert read("\0") == [None]
    assert read("y\0") == ["y"]


def test_a_line_without_end_is_cut():
    assert read("x" * 100) == ["x" * 80]
