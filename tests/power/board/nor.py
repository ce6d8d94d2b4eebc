# On an emulated Pico: the verbs of verbs.py on the board's own flash, see tests/power/nor.py. A
# line "at the store" says that nothing but the store's work is left of what was begun.
import os
import sys

import verbs

import uscomo_boot
from uscomo import download, http, operation, package

PACKAGES = "/packages/"
MARK = "at the store"


class Stream:
    """A package as an HTTP server sends it, off the flash."""

    def __init__(self, name):
        size = os.stat(PACKAGES + name)[6]
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.uscomo.package+gzip\r\n"
        self.head = (head + "Content-Length: %d\r\n\r\n" % size).encode()
        self.file = open(PACKAGES + name, "rb")

    def readinto(self, view):
        if self.head:
            count = min(len(view), len(self.head))
            view[:count] = self.head[:count]
            self.head = self.head[count:]
            return count
        return self.file.readinto(view)

    def write(self, view):
        return len(view)

    def close(self):
        self.file.close()


def unpack(held, *given):
    """The package is whole, known and trusted."""
    print(MARK)
    return unpacked(held, *given)


def downloaded():
    """What downloads first."""
    package.Package.unpack = unpack
    verbs.work()


def marked(function):
    """What downloads nothing."""

    def both():
        print(MARK)
        function()

    return both


ACTS = {
    "install": downloaded,
    "update": downloaded,
    "agent-update": downloaded,
    "rollback": marked(verbs.work),
    "trial-failed": marked(verbs.attempt),
}


def mount():
    """Other flash has come under the firmware."""
    import rp2
    import vfs

    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(rp2.Flash(), progsize=256), "/")


def recovered(name):
    """What a start finds; and, all work done, what is found then."""
    first = verbs.state()
    (verbs.attempt if name == "trial-failed" else verbs.work)()
    return repr((first, verbs.state()))


verbs.ROOT = uscomo_boot.ROOT = "/uscomo.d"
unpacked = package.Package.unpack
http.connect = lambda host, port: Stream(host)
# So that from the mark on nothing is imported.
assert download
assert operation
assert sys.platform == "rp2"
