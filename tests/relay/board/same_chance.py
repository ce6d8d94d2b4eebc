# On a board as /os.py: the same random octets at each start.
from uos import *  # noqa: F403

_asked = 0


def urandom(count):
    global _asked
    _asked += 1
    return bytes([_asked & 0xFF]) * count
