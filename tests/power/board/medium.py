# Block devices in RAM that write down what was written, so that the power can go at each write.
import hashlib

import vfs

ERASE = 4096
PROGRAM = 256
SECTOR = 512
SIZE = 80 * ERASE

# A record changes in its first half only: its write is torn within its header too.
_RECORD = b"usc1"
_HEAD = 20


class Medium:
    """Flash as littlefs and FAT see it; `image` is its content, `trace` what was written."""

    def __init__(self):
        self.image = bytearray(b"\xff" * SIZE)
        self.trace = []

    def write(self, at, data):
        """One write: it lands as a whole, or the power goes while it does."""
        self.trace.append((at, data))
        self.image[at : at + len(data)] = data


class Littlefs(Medium):
    """NOR flash: erased by 4 KB, programmed by 256 bytes."""

    _erased = b"\xff" * ERASE

    def readblocks(self, number, buffer, offset=0):
        start = number * ERASE + offset
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        for at in range(0, len(buffer), PROGRAM):
            self.write(number * ERASE + offset + at, bytes(buffer[at : at + PROGRAM]))

    def ioctl(self, operation, argument):
        if operation == 4:
            return SIZE // ERASE
        if operation == 5:
            return ERASE
        if operation == 6:
            self.write(argument * ERASE, self._erased)
        return 0

    def format(self):
        vfs.VfsLfs2.mkfs(self, readsize=PROGRAM, progsize=PROGRAM)

    def mount(self):
        vfs.mount(vfs.VfsLfs2(self, readsize=PROGRAM, progsize=PROGRAM), "/flash")


class Fat(Medium):
    """A card or a chip with sectors of 512 bytes: whole or torn over the old content."""

    def readblocks(self, number, buffer):
        start = number * SECTOR
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, number, buffer):
        for at in range(0, len(buffer), SECTOR):
            self.write(number * SECTOR + at, bytes(buffer[at : at + SECTOR]))

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


MEDIA = {"littlefs": Littlefs, "fat": Fat}


class Marks:
    """An image's mark, equal for equal images; only what a write touched is hashed again."""

    def __init__(self, image):
        self.image = image
        self.blocks = [b""] * (SIZE // ERASE)
        self.touch(0, SIZE)

    def touch(self, at, size):
        """So many bytes have changed."""
        view = memoryview(self.image)
        for block in range(at // ERASE, (at + max(size, 1) - 1) // ERASE + 1):
            sha256 = hashlib.sha256(view[block * ERASE : (block + 1) * ERASE])
            self.blocks[block] = sha256.digest()[:12]

    def mark(self):
        """The mark of the image as it is."""
        return hashlib.sha256(b"".join(self.blocks)).digest()[:16]


def landings(data):
    """How much of a write can land when the power goes in it: [(name, bytes)], all last.

    The rest of its place keeps its former content.
    """
    found = [("none", 0), ("half", len(data) // 2), ("all", len(data))]
    if data[:4] == _RECORD:
        found.insert(1, ("head", _HEAD))
    return found


def cuts(image, base, trace, step):
    """Yield (write, torn, mark) for each way in which the power can go during a trace.

    Each is made in `image`, of what was there before in `base`; every `step`-th write is taken.
    """
    image[:] = base
    marks = Marks(image)
    for number, (at, data) in enumerate(trace):
        taken = not number % step
        for torn, landed in landings(data) if taken else (("all", len(data)),):
            image[at : at + landed] = data[:landed]
            marks.touch(at, landed)
            if taken:
                yield number + 1, torn, marks.mark()
