# What tests/power/nor.py has done in the VM, on images of a Pico's flash. Arguments: three
# folders for sys.path, then a file with JSON: packages (as sweep.py), work, and what that needs.
#   bases    image: the flash at the factory. Makes FOLDER/NAME.img, where operation NAME begins
#   recover  images: (operation, file). What a start finds on each, and what comes of it
import json
import sys

import vfs

sys.path[:] = sys.argv[1:4] + [".frozen"]

from binascii import unhexlify  # noqa: E402

import medium  # noqa: E402
import verbs  # noqa: E402

import uscomo_boot  # noqa: E402

with open(sys.argv[4]) as file:
    given = json.load(file)
for name in ("keys", "packages"):
    for key, text in given[name].items():
        getattr(verbs, name.upper())[key] = unhexlify(text)


class Flash(medium.Littlefs):
    """As much as a Pico has for files."""

    def __init__(self):
        self.trace = []
        self.image = bytearray(352 * medium.ERASE)

    def ioctl(self, operation, argument):
        return 352 if operation == 4 else super().ioctl(operation, argument)

    def started(self, function):
        """Mount, call, unmount."""
        self.trace = []
        self.mount()
        try:
            return function()
        finally:
            vfs.umount("/flash")

    def load(self, path):
        with open(path, "rb") as file:
            assert file.readinto(self.image) == len(self.image)


def fetch(name, id=verbs.ID):
    """A download has been accepted."""
    for function in verbs.prepared(name, id=id):
        function()


def settled():
    """The trial is over, and the server knows."""
    verbs.confirm()
    verbs.report()


def before_rollback():
    """A version that failed is not asked for again: the one after it is."""
    fetch("3")
    verbs.work()
    settled()
    verbs.accept("Rollback", verbs.DEPLOYED)


# In this order: what comes before, and the operation.
OPERATIONS = (
    ("install", (verbs.factory, lambda: fetch("1")), verbs.work),
    ("update", (settled, lambda: fetch("2")), verbs.work),
    ("trial-failed", (verbs.attempts,), verbs.attempt),
    ("rollback", (before_rollback,), verbs.work),
    ("agent-update", (settled, lambda: fetch("agent", verbs.AGENT)), verbs.work),
)


def again(name):
    """What a start does about it."""
    (verbs.attempt if name == "trial-failed" else verbs.work)()


def recover(operation):
    """What stage 0 chooses, whose agent; what a start finds, and what is there in the end."""
    assert uscomo_boot.start(), "no valid record"
    path = [place[len("/flash") :] for place in sys.path if place.startswith(verbs.ROOT)]
    record = uscomo_boot.load()
    agents = [row for row in uscomo_boot.rows(record) if row[3] & uscomo_boot.AGENT]
    slots = [uscomo_boot.chosen(row) for row in agents if uscomo_boot.chosen(row)]
    agent = "/uscomo.d/c/%d" % slots[0] if slots else "/lib"
    alone = uscomo_boot.alone(record)
    found = verbs.state()
    again(operation)
    return path, alone, agent, found, verbs.state()


def words(state):
    """What runs, the values that change together, and all of it."""
    return [repr(state[0]), repr(state[1]), repr(state)]


flash = Flash()
if given["work"] == "bases":
    flash.load(given["image"])
    chains = {}
    for name, before, act in OPERATIONS:
        for function in before:
            flash.started(function)
        with open("%s/%s.img" % (given["folder"], name), "wb") as file:
            file.write(flash.image)
        chain = [flash.started(verbs.state)]
        flash.started(act)
        chain.append(flash.started(verbs.state))
        kept = bytes(flash.image)
        while name == "trial-failed" and len(chain) < 4:
            flash.started(act)
            chain.append(flash.started(verbs.state))
        flash.image[:] = kept
        assert chain[0][0] != chain[1][0], (name, chain)
        chains[name] = [words(state) for state in chain]
    print(json.dumps(chains))
else:
    for operation, image in given["images"]:
        flash.load(image)
        place = list(sys.path)
        try:
            path, alone, agent, found, after = flash.started(
                lambda operation=operation: recover(operation)
            )
            told = {"path": path, "alone": alone, "agent": agent}
            told.update({"found": words(found), "after": words(after)})
        except Exception as error:
            told = {"error": repr(error)}
        sys.path[:] = place
        print(json.dumps(told))
