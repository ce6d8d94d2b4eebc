# A board on a cable, see unix_board.py. Arguments: IMAGE cable, and main where main.py is to run.
# Then comes the REPL, in whose names is what boot.py and main.py left there, and nothing else. A
# SystemExit ends the process: a soft reset, or a hard one.
import unix_board

unix_board.start(globals(), unix_board.with_main)
