# Block devices in RAM that lose power: after the cut no write lands, and the last one may be torn.
import vfs

ERASE = 4096
PROGRAM = 256
SECTOR = 512
SIZE = 48 * ERASE


class Medium:
    """Flash as littlefs and FAT see it; `image` is its content."""

    def __init__(self):
        self.image = bytearray(b"\xff" * SIZE)
        self.writes = 0
        self.cut_at = 0
        self.landed = 0
        self.dead = False

    def power_on(self, cut_at=0, landed=0):
        """Count from here, and lose power at the given write, of which so many bytes land."""
        self.writes = 0
        self.cut_at = cut_at
        self.landed = landed
        self.dead = False

    def write(self, at, data, size):
        """One write that lands as a whole, but for the one at which the power goes."""
        self.writes += 1
        if self.writes == self.cut_at:
            self.dead = True
            landed = min(self.landed, size)
            self.image[at : at + landed] = data[:landed]
            raise OSError(5)
        self.image[at : at + size] = data


class Littlefs(Medium):
    """NOR flash: erased by 4 KB, programmed by 256 bytes."""

    _erased = b"\xff" * ERASE

    def readblocks(self, number, buffer, offset=0):
        start = number * ERASE + offset
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        if self.dead:
            return -5  # no exception: a finaliser may ask while the heap is locked
        view = memoryview(buffer)
        for at in range(0, len(view), PROGRAM):
            self.write(number * ERASE + offset + at, view[at : at + PROGRAM], PROGRAM)

    def ioctl(self, operation, argument):
        if operation == 4:
            return SIZE // ERASE
        if operation == 5:
            return ERASE
        if operation == 6:
            if self.dead:
                return -5
            self.write(argument * ERASE, self._erased, ERASE)
        return 0

    def format(self):
        vfs.VfsLfs2.mkfs(self, readsize=PROGRAM, progsize=PROGRAM)

    def mount(self):
        vfs.mount(vfs.VfsLfs2(self, readsize=PROGRAM, progsize=PROGRAM), "/flash")


class Fat(Medium):
    """A card or a chip with sectors of 512 bytes, torn over the old content."""

    def readblocks(self, number, buffer):
        start = number * SECTOR
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, number, buffer):
        if self.dead:
            return -5
        view = memoryview(buffer)
        for at in range(0, len(view), SECTOR):
            self.write(number * SECTOR + at, view[at : at + SECTOR], SECTOR)

    def ioctl(self, operation, argument):
        if operation == 4:
            return SIZE // SECTOR
        if operation == 5:
            return SECTOR
        return 0

    def format(self):
        vfs.VfsFat.mkfs(self)

    def mount(self):
        vfs.mount(vfs.VfsFat(self), "/flash")


# How much of the last write lands: nothing, the head of a record, half a sector.
TORN = (0, 20, 256)

MEDIA = {"littlefs": Littlefs, "fat": Fat}
