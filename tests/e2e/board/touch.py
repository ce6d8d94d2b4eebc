# On the board: make an empty file, or remove it. Arguments: the path, and "remove".
import os
import sys

if sys.argv[2:]:
    os.remove(sys.argv[1])
else:
    open(sys.argv[1], "w").close()
