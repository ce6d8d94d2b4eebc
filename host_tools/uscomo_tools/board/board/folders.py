# Makes the folders PATHS, a parent before what is in it, where they are not there; prints those.
import os

made = []
for path in PATHS:
    try:
        if os.stat(path)[0] != 0x4000:
            raise OSError(20)  # ENOTDIR
    except OSError as error:
        if error.errno != 2:
            raise
        os.mkdir(path)
        made.append(path)
print(made)
