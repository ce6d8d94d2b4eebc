# What differs between ports: reset, watchdog, clock ticks, free space, the .mpy environment.
# Never decides anything.
import gc
import os
import sys
import time

import uscomo_boot
from uscomo.constant import const

# Bytes allocated between two collections; a collection takes some milliseconds.
_PHASE_THRESHOLD = const(4096)


# A restart is under way: an exception that apps must not be blamed for.
resetting = False
# A host is at the cable: it is its account that is served, and no other.
cable = False
# Set where a link carries HTTP: (whether TLS, host, port) -> stream.
carrier = None
# Set by a link, which reads the console: what takes a character of it that is of no frame.
character = None
_watchdog = None
# While something is done: the settings, what takes a line for the console, and the nodes. For what
# is imported in the depths of a phase.
phase = ()


def reset():
    """Begin a restart: run() stops what runs, and resets."""
    global resetting
    resetting = True
    raise SystemExit(uscomo_boot.RESET_EXIT)


def sleep(ms):
    """Sleep deeply and start anew; without deep sleep, wait and restart."""
    try:
        from machine import deepsleep
    except ImportError:
        for _ in range(ms // 1000):
            feed()
            time.sleep(1)
        time.sleep(ms % 1000 / 1000)
        uscomo_boot.reset()
    deepsleep(ms)


def watchdog(ms):
    """Arm the port's watchdog; False where there is none, or none with that time."""
    global _watchdog
    try:
        from machine import WDT

        _watchdog = WDT(timeout=ms)
    except (ImportError, ValueError, OSError):
        return False
    uscomo_boot.hard = True
    return True


def feed():
    """Keep the watchdog quiet; called in every loop that may take long."""
    if _watchdog:
        _watchdog.feed()


def sync():
    """Write out what a file system still holds back; littlefs has done so at close."""
    uscomo_boot.sync()


def free(path):
    """Free bytes of the file system that a path lies on."""
    facts = os.statvfs(path)
    # littlefs counts folders twice, so that a nearly full one tells less than nothing.
    return facts[0] * facts[3] if 0 <= facts[3] <= facts[2] else 0


def mpy():
    """The .mpy version and architecture of this interpreter as one number, 0 for none."""
    return getattr(sys.implementation, "_mpy", 0)


def ticks():
    """Milliseconds that wrap around; compare with elapsed()."""
    return time.ticks_ms() if hasattr(time, "ticks_ms") else int(time.monotonic() * 1000)


def elapsed(since):
    """Milliseconds since a ticks() value."""
    now = ticks()
    return time.ticks_diff(now, since) if hasattr(time, "ticks_diff") else now - since


def is_async(function):
    """Whether calling the function makes a coroutine."""

    async def probe():
        pass

    code = getattr(function, "__code__", None)
    if hasattr(code, "co_flags"):
        return bool(code.co_flags & 0x80)
    return type(function) is type(probe)


def begin_phase(*known):
    """Collect, and from now on often: what a phase drops must not scatter over the heap."""
    global phase
    phase = known
    gc.collect()
    if hasattr(gc, "threshold"):
        gc.threshold(_PHASE_THRESHOLD)


def end_phase(names):
    """Let a phase's modules go, and collect as usual."""
    global phase
    phase = ()
    if hasattr(gc, "threshold"):
        gc.threshold(-1)
    let_go(names)


def let_go(names):
    """Let modules go, from sys.modules and from their package."""
    package = sys.modules.get("uscomo")
    for name in names:
        sys.modules.pop("uscomo." + name, None)
        if hasattr(package, name):
            delattr(package, name)
    gc.collect()
