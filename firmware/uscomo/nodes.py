# Small persistent values by key: accounts, ACLs, nodes that a server added, queues. Never holds
# them in RAM: a sorted immutable snapshot t/<n>, and an append-only log t/<n>d of what changed
# since. A log group counts when its CRC trailer is whole: that is the commit. Compaction writes
# snapshot n + 1 and switches through the record.
#
# Item: key length, value length (0xFFFF = removed), key, value. Trailer: a zero byte, CRC-32.
import os
import struct
from binascii import crc32

import uscomo_boot
from uscomo import platform
from uscomo.constant import const

MAX_KEY = const(127)
MAX_VALUE = const(1024)
# What servers may fill, and what the device's own beside that has room in.
MAX_NODES = const(512)
_RESERVE = const(64)
_REMOVED = const(0xFFFF)
# A longer log is folded into a new snapshot: reading scans all of it.
_MAX_LOG = const(4096)
_BUFFER = const(256)


class Nodes:
    """get, children, set, remove; then commit() or discard()."""

    def __init__(self, store):
        self.store = store
        self.pending = {}
        self._buffer = bytearray(_BUFFER)
        self._log_end = 0
        self._torn = False
        self._logged = 0  # a bit for each key in the log: most are not there
        self._file = None
        # A key, and where in the snapshot those begin that are not before it: who lists a tree
        # asks for one after the other.
        self._mark = b"", 0
        self._room = -_RESERVE - 1  # not counted yet
        for _ in self._items(self._path() + "d", True):
            pass

    def get(self, key):
        """A value as bytes, or None."""
        key = key.encode()
        if key in self.pending:
            return self.pending[key]
        changed = None
        if self._logged & _bit(key):
            for found, _, size in self._items(self._path() + "d"):
                if found == key:  # the last one counts
                    changed = size, size != _REMOVED and self._value(size)
        if changed:
            return None if changed[0] == _REMOVED else changed[1]
        items = self._sorted(key)
        for found, _, size in items:
            value = self._value(size) if found == key else None
            items.close()
            return value
        return None

    def _value(self, size):
        # Of the item that was just found, whose file is still open.
        value = bytearray(size)
        self._file.readinto(value)
        return bytes(value)

    def keys(self, prefix):
        """All keys that start with a prefix, sorted, as str."""
        return sorted(key.decode() for key in self._live(prefix))

    def children(self, prefix):
        """The names directly below "A/B": sorted, each once; no more than those are in memory."""
        names = set()
        start = len(prefix.encode()) + 1
        for key in self._live(prefix + "/"):
            end = key.find(b"/", start)
            names.add(key[start : end if end > 0 else len(key)].decode())
        return sorted(names)

    def room(self):
        """Whether a server may add a node. At least: a value that is written again counts too."""
        if self._room <= 0:
            self._room = MAX_NODES
            for _ in self._live(""):
                self._room -= 1
        return self._room > 0

    def set(self, key, value):
        """Remember a value for commit(); ValueError where a limit is passed."""
        key = key.encode()
        if not 0 < len(key) <= MAX_KEY or len(value) > MAX_VALUE:
            raise ValueError
        self.pending[key] = bytes(value)
        self._room -= 1

    def remove(self, key):
        """Forget a key at commit()."""
        self.pending[key.encode()] = None

    def remove_tree(self, key):
        """Forget a key and all below it."""
        for name in self.keys(key):
            if name == key or name.startswith(key + "/"):
                self.remove(name)

    def discard(self):
        """Forget what is not committed."""
        self.pending = {}

    def commit(self):
        """Make the pending changes durable, all or none."""
        if not self.pending:
            return
        # Before anything is written: what is too much would be too much for ever.
        if self._room < -_RESERVE and not self.room() and self._room < -_RESERVE:
            raise OSError(28)
        if self._torn or self._log_end > _MAX_LOG or not self.store.nodes:
            self._compact()
        else:
            self._torn = True  # until the group is whole
            with open(self._path() + "d", "ab") as file:
                check = 0
                for key, value in self.pending.items():
                    self._logged |= _bit(key)
                    check = _write(file, key, value, check)
                file.write(struct.pack("<BI", 0, check))
                end = file.tell()
            platform.sync()
            self._log_end = end
            self._torn = False
        self.pending = {}

    # -- files

    def _path(self):
        return "%s/t/%d" % (uscomo_boot.ROOT, self.store.nodes)

    def _items(self, path, whole=False, at=0):
        # Yields (key, offset of value, size). In the log only what a whole group ends; `whole`
        # is the first pass, which finds where the last whole group ends.
        limit = None if whole or not path.endswith("d") else self._log_end
        platform.feed()
        try:
            file = open(path, "rb")
        except OSError:
            return
        try:
            head = memoryview(self._buffer)[:3]
            check = end = 0
            while limit is None or at < limit:
                file.seek(at)
                if file.readinto(head) < 3:
                    break
                key_size, size = struct.unpack("<BH", head)
                if not key_size:
                    trailer = memoryview(self._buffer)[:5]
                    file.seek(at)
                    if whole:
                        if file.readinto(trailer) < 5:
                            break
                        if struct.unpack("<BI", trailer)[1] != check:
                            break
                        check = 0
                        end = at + 5
                    at += 5
                    continue
                stored = 0 if size == _REMOVED else size
                if key_size > MAX_KEY or stored > MAX_VALUE:
                    break
                key = memoryview(self._buffer)[3 : 3 + key_size]
                if file.readinto(key) < key_size:
                    break
                if whole:
                    self._logged |= _bit(key)
                    check = crc32(memoryview(self._buffer)[: 3 + key_size], check)
                    check = self._crc(file, stored, check)
                    if check is None:
                        break
                else:
                    self._file = file
                    yield bytes(key), at + 3 + key_size, size
                at += 3 + key_size + stored
            if whole:
                self._log_end = end
                file.seek(0, 2)
                self._torn = file.tell() != end
        finally:
            self._file = None
            file.close()

    def _crc(self, file, size, check):
        part = memoryview(self._buffer)[131:]
        while size:
            got = file.readinto(part[: min(size, len(part))])
            if not got:
                return None
            check = crc32(part[:got], check)
            size -= got
        return check

    def _sorted(self, prefix):
        # The snapshot's items from a key or prefix on, as long as they begin so, and one more.
        mark, start = self._mark
        items = self._items(self._path(), False, start if mark <= prefix else 0)
        try:
            for item in items:
                key, at, _ = item
                if key >= prefix:
                    if start is not None:
                        self._mark = prefix, at - len(key) - 3
                        start = None
                    yield item
                    if not key.startswith(prefix):
                        break
        finally:
            items.close()

    def _live(self, prefix):
        # Keys that begin so, as octets, in no order. What has changed since the snapshot is held,
        # and no more.
        prefix = prefix.encode()
        changed = {}
        for key, _, size in self._items(self._path() + "d") if self._logged else ():
            if key.startswith(prefix):
                changed[key] = size != _REMOVED
        for key, value in self.pending.items():
            if key.startswith(prefix):
                changed[key] = value is not None
        for key, _, _ in self._sorted(prefix):
            if key.startswith(prefix) and key not in changed:
                yield key
        for key in changed:
            if changed[key]:
                yield key

    def _compact(self):
        # A new snapshot: the old one, streamed, with what has changed since merged into it; only
        # the changed keys are held in RAM. It counts when the record names it.
        old = self._path()
        changed = {key for key, _, _ in self._items(old + "d")}
        changed.update(self.pending)
        changed = sorted(changed)
        number = self.store.nodes + 1 & 0xFFFF or 1
        with open("%s/t/%d" % (uscomo_boot.ROOT, number), "wb") as file:
            at = 0
            for key, offset, size in self._items(old):
                while at < len(changed) and changed[at] < key:
                    self._merge(file, changed[at])
                    at += 1
                if at < len(changed) and changed[at] == key:
                    continue  # written by the next turn, in its place
                _copy(old, offset, size, key, file)
            for key in changed[at:]:
                self._merge(file, key)
        self.store.nodes = number
        self._mark = b"", 0
        self.store.commit()
        self._log_end = self._logged = 0
        self._torn = False
        for path in (old, old + "d"):
            try:
                os.remove(path)
            except OSError:
                pass

    def _merge(self, file, key):
        value = self.get(key.decode())
        if value is not None:
            _write(file, key, value, 0)


def _bit(key):
    return 1 << crc32(key) % 28


def _copy(path, offset, size, key, file):
    value = bytearray(size)
    with open(path, "rb") as source:
        source.seek(offset)
        source.readinto(value)
    _write(file, key, value, 0)


def _write(file, key, value, check):
    platform.feed()
    size = _REMOVED if value is None else len(value)
    head = struct.pack("<BH", len(key), size) + key
    file.write(head)
    check = crc32(head, check)
    if value:
        file.write(value)
        check = crc32(value, check)
    return check
