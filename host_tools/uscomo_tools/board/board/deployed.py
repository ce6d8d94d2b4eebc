# Prints what of ours lies on the board, as a dict. ROOT: the agent's folder; STORE: the store's;
# NEW: a file that a cut may have left.
import os


def kind(path):
    try:
        return os.stat(path)[0]
    except OSError:
        return 0


def walk(folder, files, folders):
    folders.append(folder)
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(path, files, folders)
        else:
            files.append(path)


files = []
folders = []
if kind(ROOT):
    walk(ROOT, files, folders)
if kind(NEW):
    files.append(NEW)
# What `mip` or somebody's copy has put into /lib.
library = []
if kind("/lib/uscomo"):
    walk("/lib/uscomo", library, [])
for name in ("/lib/uscomo_boot.py", "/lib/uscomo_boot.mpy"):
    if kind(name):
        library.append(name)
print(
    {
        "files": files,
        "library": library,
        "folders": folders,
        "store": bool(kind(STORE)),
        "boot": bool(kind("/boot.py")),
        "main": bool(kind("/main.py")),
        "home": os.getcwd(),
        "block": os.statvfs("/")[0],
    }
)
