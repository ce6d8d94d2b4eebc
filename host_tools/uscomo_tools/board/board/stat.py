# Prints (size, is it a folder) of PATH, or raises OSError.
try:
    import os
except ImportError:
    import uos as os

if hasattr(os, "stat"):
    found = os.stat(PATH)
    print((found[6], found[0] == 0x4000))
else:
    print((os.size(PATH), False))
