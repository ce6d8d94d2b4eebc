"""A user's own tests of an application: copy this folder to begin with.

pytest test_greeter.py --board unix --board rp2
"""

import pytest

from uscomo_tools.errors import UnreachableError


def test_the_function_on_the_board(board):
    """The module alone, on a board with nothing else on it."""
    with board.open() as opened:
        opened.write("/uscomo.py", b"")  # what greeter imports
        opened.write("/greeter.py", SOURCE)
        assert opened.eval("__import__('greeter').greeting('you', 3)") == "Good day, you: start 3"


def test_it_is_installed_and_starts(agent, app):
    """The package, asked for by the board's user and sent by a server."""
    package = app.published("greeter")
    assert agent.install(package.id) == "done"
    assert agent.status()[package.component]["version"] == "1.0.0"
    assert any(line.startswith("Good day, board") for line in agent.output)


def test_its_data_survive_an_update(agent, app, board):
    package = app.published("greeter")
    agent.install(package.id)
    app.published("greeter", version="1.1.0", release=2)
    assert agent.update(package.component) == "done"
    with board.open() as opened:
        assert len(opened.read("/uscomo.d/a/com.example.greeter/starts")) >= 2


@pytest.mark.board(state="deployed")
def test_a_power_cut_leaves_the_file_system_whole(board, power):
    board.exec("with open('/starts', 'w') as file: file.write('.')")
    power.cut(2)  # at the second flash operation from now
    with board.open() as opened, pytest.raises(UnreachableError):
        opened.exec("with open('/starts', 'a') as file: file.write('.' * 2000)", timeout=10)
    power.on()
    assert board.exec("print(open('/starts').read())") == ".\n"


with open(__file__.replace("test_greeter.py", "greeter/greeter.py"), "rb") as file:
    SOURCE = file.read()
