"""What runs on a board of a lab, on any other as well: pytest --board labgrid:lab.yaml"""

import pytest


@pytest.mark.board(state="bare")
def test_nothing_of_the_one_before_is_there(board):
    with board.open() as opened:
        names = opened.eval("__import__('os').listdir('/')")
        assert not [name for name in names if name.startswith("uscomo")]


def test_an_application_is_installed(agent, app):
    package = app.published("../../hil/example/greeter")
    assert agent.install(package.id) == "done"
    assert agent.status()[package.component]["version"] == "1.0.0"
