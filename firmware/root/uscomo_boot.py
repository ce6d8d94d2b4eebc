# Stage 0: reads the record, chooses slots, sets sys.path. Only reads, imports nothing of uscomo,
# changes rarely, can be frozen. Lies outside the package so that a newer agent's slot can come
# first on sys.path. The record's layout stands here because this is who must never misread it.
#
# Record: a header, then component rows, then result rows, CRC-32 of all that; fixed file size.
# Two copies are written in turn; the valid one with the higher sequence counts.
import struct
import sys
from binascii import crc32

# Not "/uscomo": a folder of that name would be imported in the package's place.
ROOT = "/uscomo.d"

HEADER = "<4sIHIIHBBBB"  # magic, sequence, next slot, next operation, finished operation,
#                          nodes, abnormal starts, flags, component rows, result rows
ROW = "<BBBBHHII"  # component, state, attempts, flags, active, fall-back, release floor, signer
RESULT = "<IHBB"  # operation, result code, tries, component

MAGIC = b"usc1"
MAX_ROWS = 64
MAX_RESULTS = 8
_HEADER_SIZE = 24
_ROW_SIZE = 16
SIZE = _HEADER_SIZE + MAX_ROWS * _ROW_SIZE + MAX_RESULTS * 8 + 4

INACTIVE = 10
ACTIVE = 20

# Flags of a component row.
TRIAL = 1  # not confirmed yet: each start uses up an attempt, at zero the fall-back counts
AGENT = 2  # the agent itself: its slot comes first on the path

# Folders of the record's two copies; apart, because FAT rewrites a directory's sector as one.
COPIES = ("/r0", "/r1")


def sequence(data):
    """The record's sequence, or -1 where it is not valid."""
    fields = struct.unpack_from(HEADER, data, 0)
    end = _HEADER_SIZE + fields[8] * _ROW_SIZE + fields[9] * 8
    if fields[0] != MAGIC or fields[8] > MAX_ROWS or fields[9] > MAX_RESULTS:
        return -1
    if struct.unpack_from("<I", data, end)[0] != crc32(memoryview(data)[:end]):
        return -1
    return fields[1]


def load():
    """The newest valid record as a bytearray of SIZE, or None."""
    best = None
    newest = -1
    for copy in COPIES:
        data = bytearray(SIZE)
        try:
            with open(ROOT + copy + "/record", "rb") as file:
                if file.readinto(data) != SIZE:
                    continue
        except OSError:
            continue
        found = sequence(data)
        if found > newest:
            best = data
            newest = found
    return best


def rows(data):
    """The component rows as tuples in path order: (component, state, attempts, ...)."""
    for i in range(data[22]):
        yield struct.unpack_from(ROW, data, _HEADER_SIZE + i * _ROW_SIZE)


def chosen(row):
    """The slot that a component's row makes run now, 0 for none."""
    if row[1] != ACTIVE:
        return 0
    if row[3] & TRIAL and not row[2]:
        return row[5]
    return row[4]


def start():
    """Put the active slots on sys.path; True when the record can be trusted."""
    data = load()
    if not data:
        return False
    first = []
    rest = []
    for row in rows(data):
        slot = chosen(row)
        if slot:
            (first if row[3] & AGENT else rest).append("%s/c/%d" % (ROOT, slot))
    sys.path[:] = first + rest + [p for p in sys.path if not p.startswith(ROOT + "/c/")]
    return True
