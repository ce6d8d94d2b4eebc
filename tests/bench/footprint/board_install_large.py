# The same installation with a package fifteen times as large.
import board_install

prepare = board_install.prepare


def run():
    board_install.SIZE = "300"
    return board_install.run()
