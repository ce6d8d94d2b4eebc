# Prints what decides how files are sent to this board. ImportError: only in the REPL's own way.
import gc
import sys

try:
    import deflate

    wbits = 12 if hasattr(deflate, "DeflateIO") else 0
except ImportError:
    wbits = 0
gc.collect()
found = sys.implementation
print((sys.platform, getattr(found, "_machine", ""), getattr(found, "_build", ""), wbits))
