"""The board's rules of a delivery package; the host imports them from here and nowhere else.

They stand in the agent, where they are applied. Whoever moves them there changes this file only.
"""

from __future__ import annotations

from uscomo.package import (
    MAX_FILES,
    MAX_HEADER,
    MAX_LINE,
    MAX_MANIFEST,
    MAX_UNPACKED,
    write_header,
)
from uscomo.rules import (
    MAX_DEPTH,
    MAX_PATH,
    RESERVED_FILE,
    check_header,
    check_place,
    environment_fits,
    plain_name,
    reserved,
    safe_id,
    safe_path,
)
from uscomo.rules import PackageError as BoardError

#: Bytes of a tar block, which is also what a board's buffer has at least.
BLOCK = 512
#: The window of the gzip is 2 ** WINDOW_BITS bytes: what a board has for it.
WINDOW_BITS = 12
#: Type, two key ids, length, the largest modulus, and two signatures by the largest keys.
MAX_SIGNATURE = 1 + 8 + 2 + 512 + 8 + 512 + 512

__all__ = [
    "BLOCK",
    "MAX_DEPTH",
    "MAX_FILES",
    "MAX_HEADER",
    "MAX_LINE",
    "MAX_MANIFEST",
    "MAX_PATH",
    "MAX_SIGNATURE",
    "MAX_UNPACKED",
    "RESERVED_FILE",
    "WINDOW_BITS",
    "BoardError",
    "check_header",
    "check_place",
    "environment_fits",
    "plain_name",
    "reserved",
    "safe_id",
    "safe_path",
    "write_header",
]
