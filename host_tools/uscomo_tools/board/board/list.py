# Prints (name, size, is it a folder) for each entry of the folder PATH.
try:
    import os
except ImportError:
    import uos as os


def entries():
    if hasattr(os, "ilistdir"):
        for entry in os.ilistdir(PATH):
            folder = entry[1] == 0x4000
            if len(entry) > 3:
                size = entry[3]
            else:
                size = 0 if folder else os.stat(PATH.rstrip("/") + "/" + entry[0])[6]
            yield entry[0], size, folder
    else:  # flat file system of the micro:bit
        for name in os.listdir():
            yield name, os.size(name), False


print(list(entries()))
