# Prints what decides how files are sent to this board. ImportError: only in the REPL's own way.
import gc
import sys

try:
    import deflate

    inflates = hasattr(deflate, "DeflateIO")
except ImportError:
    inflates = False
gc.collect()
found = sys.implementation
machine = getattr(found, "_machine", "")
build = getattr(found, "_build", "")
print((sys.platform, machine, build, inflates, gc.mem_free()))
