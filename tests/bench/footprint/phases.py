"""The phases, as lists of files, and the budgets (blueprint, section 10)."""

from __future__ import annotations

KB = 1024

# Names are those of files, of which some are bundles or parts (uscomo_tools.device.layout).
# What both phases stand on: always there, there while the agent is awake, and http with answer,
# which are used by both and let go with either.
RESIDENT = ("supervisor",)
SHARED = (
    *RESIDENT,
    *("store", "record", "console", "consent", "agent", "lifecycle", "http", "answer"),
)

# What a phase alone brings in, in the order in which they import each other; never both phases
# are in memory.
TALK = ("digest", "md5", "devinfo", "account", "dmacc", "scomo", "talk")
INSTALL = ("rsa", "change", "operation", "package", "trust", "download")

# What a server may ask for: imported when it does, and let go between two of its messages.
RARE = ("values", "delivery", "leaves", "listing", "properties", "reports", "split", "chunks")

# What no workload of the bench asks for.
UNUSED = frozenset(
    {
        *("cable", "clock", "cp", "inbox", "link", "mac", "net", "notify", "onboard", "relay"),
        *("secure", "tnds", "xml"),
    }
)

TALK_SIZE = 24 * KB
INSTALL_SIZE = 24 * KB
BOOT_SIZE = 4 * KB
ALL_SIZE = 56 * KB

IDLE_HEAP = 16 * KB
NEW_NAMES = 500
PEAK = 44 * KB
SESSION_HOLE = 2 * KB
INSTALL_HOLE = 6 * KB
NO_CHANGE_BYTES = 400
