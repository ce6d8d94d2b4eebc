# On the board: take a bootstrap message that was put there. Arguments: its file, which goes, and
# the user's PIN.
import os
import sys

import uscomo

path, pin = sys.argv[1:]
message = bytearray(os.stat(path)[6])
with open(path, "rb") as file:
    file.readinto(message)
os.remove(path)
try:
    print("bootstrap " + ",".join(uscomo.bootstrap(message, pin)))
except ValueError as error:
    print("bootstrap : %s" % error)
