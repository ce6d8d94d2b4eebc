# Removes the file or folder PATH; RECURSIVE: with all that is in it.
import os


def remove(path):
    if hasattr(os, "stat") and os.stat(path)[0] == 0x4000:
        if RECURSIVE:
            for entry in list(os.ilistdir(path)):
                remove(path.rstrip("/") + "/" + entry[0])
        os.rmdir(path)
    else:
        os.remove(path)


remove(PATH)
