# Prints what this board is, as a dict. NAMES: the modules and names in modules to look for.
import sys


def first(*ways):
    for way in ways:
        try:
            return way()
        except Exception:
            pass
    return None


def has(name):
    module, _, inside = name.partition(".")
    try:
        found = __import__(module)
        return not inside or hasattr(found, inside)
    except Exception:
        return False


def flash():
    # Where the root's first block can be seen.
    def rp2():
        import rp2

        return rp2.Flash()

    def esp():
        import flashbdev

        return flashbdev.bdev

    def stm():
        import pyb

        return pyb.Flash(start=0)

    def samd():
        import samd

        return samd.Flash()

    def nrf():
        import nrf

        return nrf.Flash()

    def mimxrt():
        import mimxrt

        return mimxrt.Flash()

    return first(rp2, esp, stm, samd, nrf, mimxrt)


def kind():
    def mounted():
        # From 1.25 on the mounts can be listed.
        import vfs

        return {p: v for v, p in vfs.mount()}["/"].__class__.__name__

    found = first(mounted) or ""
    for mark, name in (("Lfs", "littlefs"), ("Fat", "fat"), ("Posix", "posix")):
        if mark in found:
            return name
    device = flash()
    if device is None:
        return ""
    block = bytearray(512)
    device.readblocks(0, block)
    if b"littlefs" in block:
        return "littlefs"
    return "fat" if block[510:512] == b"\x55\xaa" else ""


def facts():
    found = {
        "platform": sys.platform,
        "release": tuple(sys.implementation[1]),
        "mpy": getattr(sys.implementation, "_mpy", 0),
        "machine": getattr(sys.implementation, "_machine", ""),
        "build": getattr(sys.implementation, "_build", ""),
        "modules": {name: has(name) for name in NAMES},
    }
    os = first(lambda: __import__("os"), lambda: __import__("uos"))
    uname = first(lambda: os.uname())
    if uname:
        found["sysname"] = uname[0]
        found["machine"] = found["machine"] or uname[4]
    machine = first(lambda: __import__("machine"), lambda: __import__("microbit"))
    identity = first(lambda: machine.unique_id())
    if identity:
        found["id"] = bytes(identity)
    stat = first(lambda: os.statvfs("/"))
    if stat:
        found["file_system_block"], found["file_system_blocks"] = stat[1], stat[2]
        found["file_system"] = first(kind) or ""
    gc = first(lambda: __import__("gc"))
    if gc:
        gc.collect()
        found["heap_free"] = gc.mem_free()
        found["heap_total"] = gc.mem_free() + gc.mem_alloc()
    return found


print(facts())
