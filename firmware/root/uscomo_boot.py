# Stage 0: reads the record, chooses slots, sets sys.path: start(), which boot.py calls and which
# only reads. attempt() writes a start down; main.py calls it, nobody else. Imports nothing of
# uscomo, changes rarely, can be frozen. Lies outside the package so that a newer agent's slot can
# come first on sys.path. The record's layout and its writer stand here because this is who must
# never misread it.
#
# Record: a header, then component rows, then result rows, CRC-32 of all that; fixed file size.
# Two copies are written in turn; the valid one with the higher sequence counts.
import os
import struct
import sys
import time
from binascii import crc32

# Not "/uscomo": a folder of that name would be imported in the package's place.
ROOT = "/uscomo.d"

HEADER = "<4sIHIIHBBBB"  # magic, sequence, next slot, next operation, finished operation,
#                          nodes, abnormal starts, flags, component rows, result rows
ROW = "<BBBBHHII"  # component, state, attempts, flags, active, fall-back, release floor, signer
RESULT = "<IHBB"  # operation, result code, tries, component

MAGIC = b"usc1"
MAX_ROWS = 64
MAX_RESULTS = 16
_ABNORMAL = 20  # places in the header
_FLAGS = 21
_HEADER_SIZE = 24
_ROW_SIZE = 16
SIZE = _HEADER_SIZE + MAX_ROWS * _ROW_SIZE + MAX_RESULTS * 8 + 4

INACTIVE = 10
ACTIVE = 20

# Flags of a component row.
TRIAL = 1  # not confirmed yet: each start uses up an attempt, at zero the fall-back counts
AGENT = 2  # the agent itself: its slot comes first on the path
CRASHED = 4  # on trial, and the last start ended with an exception of its own

# Flags of the header.
SAFE = 1  # safe mode: no component is started, the agent is alone

# So many abnormal starts in a row, and the agent is alone; so many, and it is the deployed one.
_MAX_ABNORMAL = 3
_HOPELESS = 6

# What a reset is on unix: whoever started the process plays power supply.
RESET_EXIT = 42

# Folders of the record's two copies; apart, because FAT rewrites a directory's sector as one.
COPIES = ("/r0", "/r1")

# Set by attempt(): the components whose attempts had run out before this start, and whether this
# start is the agent's alone.
spent = []
lone = False
# Set with a watchdog: only a hard reset stops it.
hard = False


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


def alone(data):
    """Whether no component is to be started: safe mode, or too many abnormal starts for another.

    A trial that has used up its attempts explains them: its roll-back is tried first.
    """
    if data[_FLAGS] & SAFE:
        return True
    for row in rows(data):
        if row[1] == ACTIVE and row[3] & TRIAL and not row[2]:
            return False
    return data[_ABNORMAL] >= _MAX_ABNORMAL


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
    if alone(data):
        rest = []
    if data[_ABNORMAL] >= _HOPELESS:
        first = []
    sys.path[:] = first + rest + [p for p in sys.path if not p.startswith(ROOT + "/c/")]
    return True


def seal(data):
    """Set a record's CRC."""
    end = _HEADER_SIZE + data[22] * _ROW_SIZE + data[23] * 8
    struct.pack_into("<I", data, end, crc32(memoryview(data)[:end]))


def write(data):
    """Write a record over the older copy, with the next sequence, and read it back.

    Returns the sequence. After an error the next write hits the same copy: the other is good.
    """
    number = struct.unpack_from("<I", data, 4)[0] + 1
    struct.pack_into("<I", data, 4, number)
    seal(data)
    path = ROOT + COPIES[number & 1] + "/record"
    with open(path, "r+b") as file:
        file.write(data)
    sync()
    check = bytearray(SIZE)
    with open(path, "rb") as file:
        file.readinto(check)
    if check != data:
        raise OSError(5)
    return number


def sync():
    """Write out what a file system still holds back; littlefs has done so at close."""
    if sys.implementation.name == "micropython" and hasattr(os, "sync"):
        os.sync()


def attempt():
    """Write this start down, in one write: the attempts of what is on trial, abnormal starts."""
    global lone
    data = load()
    if not data:
        return
    lone = alone(data)
    del spent[:]
    for at in range(_HEADER_SIZE, _HEADER_SIZE + data[22] * _ROW_SIZE, _ROW_SIZE):
        if data[at + 1] == ACTIVE and data[at + 3] & TRIAL:
            if data[at + 2]:
                data[at + 2] -= 1
                data[at + 3] &= ~CRASHED & 0xFF
            else:
                spent.append(data[at])
    data[_ABNORMAL] = min(data[_ABNORMAL] + 1, 255)
    try:
        write(data)
    except OSError:
        pass  # a full flash must not keep the agent from making room


def interrupted():
    """Ctrl-C ended this start: no abnormal one. An attempt it was: what hangs is ended so, too."""
    data = load()
    if data and data[_ABNORMAL]:
        data[_ABNORMAL] -= 1
        write(data)


def failed(error):
    """The agent ended with an exception: show it, and start again after a pause."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    time.sleep(1)  # a loop of resets must leave room for a Ctrl-C
    reset()


def reset():
    """Start again; on boards a soft reset, which keeps USB, unless a watchdog would outlive it."""
    if sys.platform in ("linux", "darwin", "win32"):
        raise SystemExit(RESET_EXIT)
    import machine

    (machine.reset if hard else machine.soft_reset)()
