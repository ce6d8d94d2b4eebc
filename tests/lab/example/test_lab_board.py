"""What runs on a board of a lab, on any other as well: pytest --board labgrid:lab.yaml"""

import pytest


@pytest.mark.board(state="bare")
def test_nothing_of_the_one_before_is_there(board):
    with board.open() as opened:
        names = opened.eval("__import__('os').listdir('/')")
        assert not [name for name in names if name.startswith("uscomo")]


@pytest.mark.board(state="deployed")
def test_the_agent_is_there_and_has_no_account(board):
    with board.open() as opened:
        assert opened.exists("/uscomo.a/1/uscomo/__init__.mpy")
        opened.soft_reset()
        assert opened.eval("__import__('uscomo').status()") == []


def test_an_application_is_installed(agent, app):
    package = app.published("../../hil/example/greeter")
    assert agent.install(package.id) == "done"
    assert agent.status()[package.component]["version"] == "1.0.0"
