# Prints facts that only some boards have, as a dict; what a board does not know is left out.
import sys


def first(way):
    try:
        return way()
    except Exception:
        return None


def listed(folder):
    # (name, is a folder) of what lies there.
    try:
        return [(entry[0], bool(entry[1] & 0x4000)) for entry in os.ilistdir(folder)]
    except Exception:
        return None


def frozen():
    # Where uscomo comes from that is no file.
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    try:
        __import__("uscomo")
        return True
    except ImportError:
        return False
    finally:
        sys.path[:] = path
        for name in list(sys.modules):
            if name.split(".")[0] == "uscomo":
                del sys.modules[name]


found = {"path": list(sys.path)}
os = first(lambda: __import__("os")) or first(lambda: __import__("uos"))
stat = first(lambda: os.statvfs("/"))
if stat:
    found["free"], found["size"] = stat[0] * stat[3], stat[1] * stat[2]
clock = first(lambda: __import__("time").gmtime()[0])
if clock:
    found["year"] = clock
cause = first(lambda: __import__("machine").reset_cause())
if cause is not None:
    found["reset_cause"] = cause
for folder in ("/", "/lib", "/lib/uscomo", "/uscomo"):
    entries = listed(folder)
    if entries is not None:
        found[folder] = entries
found["frozen"] = first(frozen) or False
print(found)
