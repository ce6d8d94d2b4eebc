"""From what board/identify.py prints to an `Identity`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from .identity import Identity

#: Modules, and names in modules, of which a board says whether it has them.
FACTS = (
    *("binascii", "bluetooth", "deflate", "hashlib.md5", "hashlib.sha256", "machine.WDT"),
    *("network", "select", "socket", "ssl", "tls", "vfs", "asyncio", "cryptolib"),
    *("hashlib", "json", "machine", "micropython.kbd_intr", "mip", "os.sync", "requests"),
)
_ARCHITECTURES = (
    *("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)


def identified(facts: dict[str, Any]) -> Identity:
    """What the printed facts say."""
    mpy = facts["mpy"]
    architecture = mpy >> 10 & 0x0F
    return Identity(
        sysname=facts.get("sysname", facts["platform"]),
        machine=facts["machine"],
        release=tuple(part for part in facts["release"] if isinstance(part, int)),
        mpy=(mpy & 0xFF, mpy >> 8 & 3),
        arch=_ARCHITECTURES[architecture] if architecture < len(_ARCHITECTURES) else "",
        build=facts.get("build", ""),
        unique_id=facts.get("id", b"").hex(),
        heap_free=facts.get("heap_free", 0),
        heap_total=facts.get("heap_total", 0),
        platform=facts["platform"],
        modules=MappingProxyType(facts["modules"]),
        file_system=facts.get("file_system", ""),
        file_system_block=facts.get("file_system_block", 0),
        file_system_blocks=facts.get("file_system_blocks", 0),
    )
