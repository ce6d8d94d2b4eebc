# The bench's hands on the board: looks at the heap, imports phases and lets them go, makes the
# heap small or full of holes and runs a workload in it. Answers are one line of JSON, last.
import gc
import json
import os
import sys
import time

import micropython
from micropython import const

# What the bench itself keeps is measured with the rest: where a name can be one that the firmware
# has, it is, and constants are none.
_RESIDENT = const("supervisor")  # for ever on the board
_HEAD = const(16)  # a bytearray's own block, apart from its data


def heap():
    # The names come after it, as micropython.qstr_info prints them.
    gc.collect()
    print(json.dumps({"used": gc.mem_alloc(), "free": gc.mem_free()}))
    micropython.qstr_info()


def load(names):
    for name in names:
        __import__("uscomo." + name)


def let_go():
    # Out of sys.modules and off the package, else the attribute keeps the module alive.
    package = sys.modules.get("uscomo")
    for name in list(sys.modules):
        if name.startswith("uscomo.") and name[7:] != _RESIDENT:
            del sys.modules[name]
            if hasattr(package, name[7:]):
                delattr(package, name[7:])
    gc.collect()


def prepare(name):
    # What happened before the workload, once; its modules are let go again.
    __import__(name).prepare()
    let_go()


def attempt(name, free=0, hole=0):
    # Runs a workload with `free` bytes of heap, or with free holes of `hole` bytes only; 0 is
    # the heap as it is. Running out of it is the workload's MemoryError.
    run = __import__(name).run
    gc.collect()
    before = gc.mem_alloc()
    ballast = pack(free) if free else _perforate(hole) if hole else None
    if hole:
        micropython.mem_info()
    started = time.ticks_us()
    result = run()
    elapsed = time.ticks_diff(time.ticks_us(), started)
    ballast = None
    gc.collect()
    held = gc.mem_alloc() - before
    modules = [name[7:] for name in sys.modules if name.startswith("uscomo.")]
    let_go()
    print(json.dumps({"us": elapsed, "held": held, "result": result, "modules": modules}))
    return ballast


def fresh_root():
    # A store as it leaves the factory: empty but for the trust anchors.
    import uscomo_boot

    remove(uscomo_boot.ROOT, "k")


def remove(folder, name=None):
    # All but the entry `name`; without one the folder, too.
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[0] == name:
            continue
        if entry[1] == 0x4000:
            remove(path)
        else:
            os.remove(path)
    if not name:
        os.rmdir(folder)


def pack(free):
    # One piece where the heap has one that large, else as few as it takes.
    gc.collect()
    held = []
    size = gc.mem_free()
    while size >= 64:
        spare = gc.mem_free() - free - _HEAD
        if spare < 64:
            break
        size = min(size, spare)
        try:
            held.append(bytearray(size))
        except MemoryError:
            size = size * 3 // 4
    return held


def _perforate(hole):
    # Fills the heap with pieces in address order, whatever is left over with smaller ones, and
    # frees every other piece. Where a piece's head lies beside its data, the hole is one block
    # larger.
    gc.collect()
    pieces = [None] * (gc.mem_free() // hole + 1)
    rest = [None] * 64
    fill(pieces, hole)
    size = hole
    while size > 16:
        size //= 2
        fill(rest, size)
    for i in range(0, len(pieces), 2):
        pieces[i] = None
    gc.collect()
    return pieces, rest


def fill(places, size):
    try:
        for i in range(len(places)):
            if places[i] is None:
                places[i] = bytearray(size)
    except MemoryError:
        pass
