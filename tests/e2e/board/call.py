# On the board: call a function of uscomo with text arguments, and print what it returns.
import sys

import uscomo

print(getattr(uscomo, sys.argv[1])(*sys.argv[2:]))
