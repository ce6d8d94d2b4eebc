# The component store: the record (what runs), slots (what it runs from), operations (what the
# server asked for) and their results. Knows nothing of DM. One record write switches everything.
# Layout below ROOT: c/<slot>/ files of a component version, d/<operation> a spooled package,
# o/<operation> an accepted operation, a/<component id>/ an app's own files, k/<key id> trust
# anchors, r0/ r1/ the record's copies.
import json
import os
import struct
from binascii import crc32

import uscomo_boot
from uscomo import platform
from uscomo.constant import const

_HEADER_SIZE = const(24)
_ROW_SIZE = const(16)
# Starts that a new version gets before its predecessor comes back.
ATTEMPTS = const(3)
# A server that never cleans up must not fill the nodes: of each kind.
MAX_PACKAGES = const(8)
# An operation is started this often before it is given up as interrupted.
_MAX_STARTS = const(3)
# The first line of a slot's component file.
_MAX_LINE = const(1280)

# Places in a component row.
COMPONENT = const(0)
STATE = const(1)
TRIES = const(2)
FLAGS = const(3)
SLOT = const(4)
FALL_BACK = const(5)
FLOOR = const(6)
SIGNER = const(7)

# Result codes: SCOMO, section 7 of the digest, and of the vendor's range.
OK = const(1200)
INTERRUPTED = const(1412)
# Installed, on trial: becomes the code of the trial's end, see conclude().
ON_TRIAL = const(1250)

# Of a result row's third field: how often it was started, until it is finished (and then how
# often it was reported) in the lower bits, and above them
POSTPONED = const(0x10)  # how often the user was to be asked again, two bits
FETCHED = const(0x40)  # not finished: its package is whole
RESTARTED = const(0x80)  # the restart that was wanted before it has been
TOLD = const(0x40)  # finished: that the trial goes on was reported
TRIED = const(0x80)  # finished: what the trial came to was not said yet
COUNT = const(15)


class Record(Exception):
    """Both copies of the record are unreadable: safe mode, nothing is written."""


class Store:
    """The record in memory; change it through the verbs, then commit()."""

    def __init__(self):
        data = uscomo_boot.load()
        # The second copy is created last: before it is whole nothing was ever committed.
        if size(uscomo_boot.ROOT + uscomo_boot.COPIES[1] + "/record") != uscomo_boot.SIZE:
            data = self._create()
        elif data is None:
            raise Record
        fields = struct.unpack_from(uscomo_boot.HEADER, data, 0)
        self.restart = False  # what runs has changed in a session: start over after it
        self.sequence, self.next_slot, self.next_operation, self.finished = fields[1:5]
        self.nodes, self.abnormal, self.flags = fields[5:8]
        self.rows = [list(row) for row in uscomo_boot.rows(data)]
        start = _HEADER_SIZE + len(self.rows) * _ROW_SIZE
        self.results = [
            list(struct.unpack_from(uscomo_boot.RESULT, data, start + i * 8))
            for i in range(fields[9])
        ]

    # -- the record

    def _create(self):
        root = uscomo_boot.ROOT
        for folder in ("", "/c", "/d", "/o", "/k", "/t", "/n", "/r0", "/r1"):
            if not _exists(root + folder):
                os.mkdir(root + folder)
        self.sequence = self.finished = self.nodes = self.abnormal = self.flags = 0
        self.next_slot = self.next_operation = 1
        self.rows = []
        self.results = []
        data = self._pack()
        uscomo_boot.seal(data)
        for copy in uscomo_boot.COPIES:
            with open(root + copy + "/record", "wb") as file:
                file.write(data)
        return data

    def _pack(self):
        if len(self.rows) > uscomo_boot.MAX_ROWS or len(self.results) > uscomo_boot.MAX_RESULTS:
            raise OSError(28)
        data = bytearray(uscomo_boot.SIZE)
        struct.pack_into(
            uscomo_boot.HEADER,
            data,
            0,
            *(uscomo_boot.MAGIC, self.sequence, self.next_slot, self.next_operation),
            *(self.finished, self.nodes, self.abnormal, self.flags),
            *(len(self.rows), len(self.results)),
        )
        at = _HEADER_SIZE
        for row in self.rows:
            struct.pack_into(uscomo_boot.ROW, data, at, *row)
            at += _ROW_SIZE
        for result in self.results:
            struct.pack_into(uscomo_boot.RESULT, data, at, *result)
            at += 8
        return data

    def commit(self):
        """Make the changes count: one write of the older copy, read back."""
        self.sequence = uscomo_boot.write(self._pack())

    # -- components

    def new_slot(self):
        """A fresh, empty slot folder: its number. It is garbage until a row names it."""
        used = [row[SLOT] for row in self.rows] + [row[FALL_BACK] for row in self.rows]
        slot = self.next_slot
        while slot in used or not slot:
            slot = slot + 1 & 0xFFFF
        self.next_slot = slot + 1 & 0xFFFF
        path = slot_path(slot)
        remove_tree(path)
        os.mkdir(path)
        return slot

    def install(self, slot, signer, active):
        """Let a component's row point at a filled slot, on trial; returns its component number."""
        about = manifest(slot)
        row = self.find(about["id"])
        if row is None:
            if len(self.rows) >= uscomo_boot.MAX_ROWS:
                raise OSError(28)
            # A result that waits for its report names a component by its number.
            used = [row[COMPONENT] for row in self.rows] + [result[3] for result in self.results]
            number = 1
            while number in used:
                number += 1
            row = [number, 0, 0, 0, 0, 0, 0, 0]
            self.rows.append(row)
        row[SIGNER] = signer
        # Whatever it was tried for, another version has come.
        self.conclude(row[COMPONENT], OK)
        # What has not proved itself is nothing to fall back on.
        if not row[FLAGS] & uscomo_boot.TRIAL:
            row[FALL_BACK] = row[SLOT] if row[STATE] == uscomo_boot.ACTIVE else 0
        row[SLOT] = slot
        row[STATE] = uscomo_boot.ACTIVE if active else uscomo_boot.INACTIVE
        row[FLAGS] = uscomo_boot.TRIAL | (uscomo_boot.AGENT if about.get("agent") else 0)
        row[TRIES] = ATTEMPTS
        return row[COMPONENT]

    def find(self, id):
        """The row of a component id, or None."""
        for row in self.rows:
            if manifest(row[SLOT])["id"] == id:
                return row
        return None

    def confirm(self, row):
        """A component has proved itself: its trial is over, its release is the new floor.

        What it replaced is retained: the slot that a manual roll-back goes to.
        """
        row[FLAGS] &= uscomo_boot.AGENT
        row[FLOOR] = max(row[FLOOR], manifest(row[SLOT]).get("release", 0))

    def plan_restart(self):
        """The next start is ours: no abnormal one, no attempt of what is on trial; safe mode ends.

        Called where what runs has changed, or its run has ended well. A new agent gets no attempt
        back: a start without a good session is what it is tried for. Nor does what has crashed.
        """
        for row in self.rows:
            if row[FLAGS] & 7 == uscomo_boot.TRIAL and row[TRIES] < ATTEMPTS:
                row[TRIES] += 1
        self.abnormal = 0
        self.flags &= ~uscomo_boot.SAFE & 0xFF

    def collect(self, kept=()):
        """Remove what no row, operation or generation names any more; `kept` are the numbers of
        delivered packages."""
        slots = [row[SLOT] for row in self.rows] + [row[FALL_BACK] for row in self.rows]
        waiting = [number for number in self.pending() if self.operation(number)]
        reported = waiting + [result[0] for result in self.results]
        kept = waiting + list(kept)
        for folder, wanted in (("/c", slots), ("/d", kept), ("/o", reported)):
            folder = uscomo_boot.ROOT + folder
            for name in os.listdir(folder):
                if not name.isdigit() or int(name) not in wanted:
                    remove_tree(folder + "/" + name)
        folder = uscomo_boot.ROOT + "/a"
        if _exists(folder):
            ids = [manifest(row[SLOT])["id"] for row in self.rows]
            for name in os.listdir(folder):
                if name not in ids:
                    remove_tree(folder + "/" + name)
        folder = uscomo_boot.ROOT + "/k"
        for name in os.listdir(folder):
            if len(name) != 16:  # an anchor that was not whole yet
                os.remove(folder + "/" + name)
        folder = uscomo_boot.ROOT + "/t"
        for name in os.listdir(folder):
            if name.rstrip("d") != str(self.nodes):
                os.remove(folder + "/" + name)

    # -- operations

    def accept(self, operation):
        """Keep an operation (a dict of texts) on flash before it is answered: its number."""
        number = self.new_number()
        line = json.dumps(operation).encode()
        try:
            with open(operation_path(number), "wb") as file:
                file.write(struct.pack("<I", crc32(line)) + line)
        except OSError:
            # A torn one would wait to be run; only a power cut may leave it, for collect().
            remove_tree(operation_path(number))
            raise
        platform.sync()
        return number

    def new_number(self):
        """A number that no operation and no package has."""
        number = self.next_operation
        while _exists(operation_path(number)) or _exists(package_path(number)):
            number += 1
        self.next_operation = number + 1
        return number

    def operation(self, number):
        """What accept() kept, or None where it was never whole."""
        line = bytearray(_MAX_LINE)
        try:
            with open(operation_path(number), "rb") as file:
                size = file.readinto(line)
        except OSError:
            return None
        line = memoryview(line)[:size]
        if size < 4 or struct.unpack_from("<I", line, 0)[0] != crc32(line[4:]):
            return None
        return json.loads(bytes(line[4:]))

    def pending(self):
        """Numbers of operations that are accepted and not finished, oldest first."""
        # One that the user wants to be asked for again is overtaken by later ones.
        begun = [result[0] for result in self.results if not result[1]]
        numbers = os.listdir(uscomo_boot.ROOT + "/o")
        numbers = [int(name) for name in numbers if name.isdigit()]
        return sorted(n for n in numbers if n > self.finished or n in begun)

    def begin(self, number):
        """Count a start of an operation: its result row; None where it has had too many, and is to
        be finished as interrupted."""
        for result in self.results:
            if result[0] == number:
                break
        else:
            result = [number, 0, 0, 0]
            self._append(result)
        result[2] += 1
        starts = result[2] & COUNT
        if starts > 2 * _MAX_STARTS:
            # Not even giving it up comes to its end.
            self.finish(number, INTERRUPTED, ())
        self.commit()
        return result if starts <= _MAX_STARTS else None

    def hold(self, result, flag):
        """An operation goes on later, and that is no interruption; durable at once."""
        result[2] += flag - 1
        self.commit()

    def finish(self, number, code, components):
        """Set an operation's result, one row a component; it counts with the next commit()."""
        self.results = [result for result in self.results if result[0] != number]
        self.finished = max(self.finished, number)
        self.next_operation = max(self.next_operation, number + 1)
        if len(components) > 1 and len(components) > self.room():
            components = ()
        for component in components or (0,):
            tried = code == OK and self._tried(component)
            row = [number, ON_TRIAL, TRIED, component] if tried else [number, code, 0, component]
            self._append(row)

    def _tried(self, component):
        # Whether time will tell how its installation ended.
        for row in self.rows:
            if row[COMPONENT] == component and row[FLAGS] & uscomo_boot.TRIAL:
                able = row[FLAGS] & uscomo_boot.AGENT or manifest(row[SLOT]).get("entry")
                return able and row[STATE] == uscomo_boot.ACTIVE
        return False

    def conclude(self, component, code):
        """A component's trial has ended: what waiting reports of it say."""
        for result in self.results:
            if result[3] == component and result[1] == ON_TRIAL:
                result[1] = code
                result[2] &= TRIED

    def room(self):
        """How many more operations can be accepted: each will need a result row."""
        waiting = [result[0] for result in self.results]
        waiting += [number for number in self.pending() if number not in waiting]
        return uscomo_boot.MAX_RESULTS - len(waiting)

    def _append(self, result):
        # room() keeps this from happening; a row too many would make the record invalid.
        if len(self.results) >= uscomo_boot.MAX_RESULTS:
            self.results.pop(0)
        self.results.append(result)

    def reported(self, number):
        """The server has answered the report of an operation."""
        self.results = [result for result in self.results if result[0] != number]
        self.commit()
        remove_tree(operation_path(number))


def slot_path(slot):
    """The folder of a slot."""
    return "%s/c/%d" % (uscomo_boot.ROOT, slot)


def operation_path(number):
    """The file of an operation."""
    return "%s/o/%d" % (uscomo_boot.ROOT, number)


def package_path(number):
    """The file that an operation's package is spooled to."""
    return "%s/d/%d" % (uscomo_boot.ROOT, number)


def spool(number, data):
    """Append to a package file; it is not held open, a session may leave it unfinished."""
    with open(package_path(number), "ab") as file:
        file.write(data)


def manifest(slot):
    """What a slot holds: the first line of its component file."""
    line = bytearray(_MAX_LINE)
    with open(slot_path(slot) + "/component", "rb") as file:
        size = file.readinto(line)
    end = line.find(b"\n", 0, size)
    return json.loads(bytes(memoryview(line)[: end if end >= 0 else size]))


def remove_tree(path):
    """Remove a file or a folder with all it holds; nothing happens where there is none."""
    try:
        mode = os.stat(path)[0]
    except OSError:
        return
    if mode & 0x4000:
        for name in os.listdir(path):
            platform.feed()
            remove_tree(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)


def size(path):
    """A file's size, 0 where there is none."""
    try:
        return os.stat(path)[6]
    except OSError:
        return 0


def _exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
