# A session in which nobody wants anything: the no-change check.
import board_session


def prepare():
    board_session.FOLDER = "/bench/check/"
    board_session.prepare()


def run():
    return board_session.run(())
