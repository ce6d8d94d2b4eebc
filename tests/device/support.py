# What device tests share, on CPython and on MicroPython.
import os
import sys

import uscomo_boot
from uscomo import platform

MICROPYTHON = sys.implementation.name == "micropython"
_made = []
_device = None


# Tests and what stands in for modules hold on to them: what the agent lets go of stays.
let_go = platform.let_go
platform.let_go = lambda names: None


def raises(kind, function, *args):
    """Call and return the exception of that kind; fail when there is none."""
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


class RamDevice:
    """A block device in memory with littlefs' extended interface."""

    def __init__(self, block=512, count=512):
        self.block = block
        self.count = count
        self.data = bytearray(block * count)

    def readblocks(self, number, buffer, offset=0):
        start = number * self.block + offset
        for i in range(len(buffer)):
            buffer[i] = self.data[start + i]

    def writeblocks(self, number, buffer, offset=None):
        start = number * self.block + (offset or 0)
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.count
        if operation == 5:
            return self.block
        return 0


def temporary_root():
    """A fresh writable folder, the store's root from now on; an earlier one is gone."""
    clean()
    if MICROPYTHON:
        import vfs

        global _device
        if _device:
            vfs.umount("/ram")
        else:
            _device = RamDevice()
        vfs.VfsLfs2.mkfs(_device)
        vfs.mount(vfs.VfsLfs2(_device), "/ram")
        path = "/ram"
    else:
        import tempfile

        path = tempfile.mkdtemp(prefix="uscomo-test-")
        _made.append(path)
    uscomo_boot.ROOT = path + "/uscomo.d"
    os.mkdir(uscomo_boot.ROOT)
    return uscomo_boot.ROOT


def clean():
    """Remove what temporary_root made (CPython; the VM's RAM goes with the VM)."""
    if not MICROPYTHON:
        import shutil

        for path in _made:
            shutil.rmtree(path, ignore_errors=True)
    _made.clear()


def step(agent):
    """Do what is due, beside the agent; in how many milliseconds it wants to be asked again."""
    from uscomo.supervisor import perform

    due = agent.step()
    if not isinstance(due, tuple):
        return due
    result = perform(agent.store, agent.nodes, agent.settings, agent.feed, agent.say, due)
    agent.ended(due, result)
    return 0
