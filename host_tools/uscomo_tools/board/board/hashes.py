# Prints (size, SHA-256) of each of PATHS that is a file, else None. SIZES: hash only a file of
# that size; -1: of any. The hash is None where the board has none. PARTS: the same of what a
# transfer that was cut off has left beside each.
import os

try:
    from hashlib import sha256
except ImportError:
    sha256 = None


def digest(path):
    hash = sha256()
    with open(path, "rb") as file:
        while True:
            n = file.readinto(block)
            if not n:
                return hash.digest()
            hash.update(block[:n])


def tell(path, size):
    try:
        stat = os.stat(path)
    except OSError:
        stat = 0x4000, 0
    if stat[0] == 0x4000:
        print(None)
    elif sha256 and size in (-1, stat[6]):
        print((stat[6], digest(path)))
    else:
        print((stat[6], None))


block = memoryview(bytearray(1024))
for path, size in zip(PATHS, SIZES):
    tell(path, size)
    if PARTS:
        tell(path + ".part", -1)
