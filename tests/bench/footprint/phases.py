"""The phases, as lists of modules, and the budgets (blueprint, section 10)."""

from __future__ import annotations

KB = 1024

# What both phases stand on: always there, there while the agent is awake, and http, which is
# used by both and let go with either.
RESIDENT = ("platform", "supervisor")
SHARED = (*RESIDENT, "store", "nodes", "consent", "agent", "lifecycle", "http")

# What a phase alone brings in, in the order in which they import each other; never both phases
# are in memory.
TALK = (
    "wbxml",
    "syncml",
    "digest",
    "md5",
    "session",
    "commands",
    "tree",
    "devinfo",
    "devdetail",
    "dmacc",
    "inventory",
    "scomo",
    "talk",
)
INSTALL = ("rsa", "rules", "package", "trust", "download", "change", "operation")

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
