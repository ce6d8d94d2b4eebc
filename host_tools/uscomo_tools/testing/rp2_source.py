"""What is changed in rp2040py's sources before they are compiled: its slow places, no behaviour.

Found with ``perf`` in an emulated Pico that computes: what one emulated instruction costs most is
asking a Python object whether to stop, a call of the clock, and passing whole memory views to
functions that read two bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from ..errors import UscomoError

#: The release that is known.
RELEASE = "0.3.6"
#: The module that is told which changes it was compiled with, and the name there.
MARKED, MARK = "_simulator", "changed"


class Change(NamedTuple):
    """Text in a file of the folder `native`, where it stands once, and what takes its place."""

    file: str
    before: str
    after: str


def _bytes(memory: str, count: int) -> str:
    return " | ".join(f"<unsigned int> {memory}[offset + {n}] << {8 * n}" for n in range(count))


_WRITTEN = "\n            ".join(
    f"self._sram[offset + {n}] = val >> {8 * n} & 0xFF" for n in range(4)
)
_NOT_ZERO = "except? 0x5A5A5A5A"  # a word that is 0 looked for an exception each time

CHANGES = (
    # While it computes, whether to stop is asked after every 16th instruction. A cut of the power
    # does not wait for that: its flash takes nothing more at once.
    Change(
        "_simulator.pyx",
        "while i < BATCH_INSTRUCTION_CEILING and not simulator.stopped:",
        "while i < BATCH_INSTRUCTION_CEILING and (\n"
        "        (i & 15 and not core.waiting) or not simulator.stopped\n    ):",
    ),
    # The clock is called when an alarm is due.
    Change(
        "_simulator.pyx",
        "                clock.tick(delta_nanos)\n",
        "                if clock._next_alarm is None or (\n"
        "                    clock._next_alarm.nanos > clock._nanos_counter + delta_nanos\n"
        "                ):\n"
        "                    clock._nanos_counter += delta_nanos\n"
        "                else:\n"
        "                    clock.tick(delta_nanos)\n",
    ),
    # No look at PIO blocks where none is in use.
    Change(
        "_simulator.pyx",
        "    pios = rp2040.pio\n",
        "    pios = rp2040.pio\n    cdef bint has_pios = len(pios) > 0\n",
    ),
    Change(
        "_simulator.pyx",
        "        for pio in pios:\n"
        "            if not pio.stopped:\n"
        "                pio.advance(cycles)\n"
        "        i += 1\n",
        "        i += 1\n"
        "        if has_pios:\n"
        "            for pio in pios:\n"
        "                if not pio.stopped:\n"
        "                    pio.advance(cycles)\n",
    ),
    # A branch's condition without a call through Python.
    Change(
        "_cortex_m0_core.pyx",
        "    def check_condition(self, cond) -> bool:",
        "    cpdef bint check_condition(self, unsigned int cond) noexcept:",
    ),
    Change(
        "_cortex_m0_core.pxd",
        "    cpdef int execute_instruction(self) except -1\n",
        "    cpdef int execute_instruction(self) except -1\n"
        "    cpdef bint check_condition(self, unsigned int cond) noexcept\n",
    ),
    # Nothing replaces the chip's methods: no look for one that does at each access.
    Change(
        "_rp2040.pyx",
        "\ncdef class RP2040:",
        "\ncimport cython\n@cython.final\ncdef class RP2040:",
    ),
    Change(
        "_rp2040.pxd",
        "\ncdef class RP2040:",
        "\ncimport cython\n@cython.final\ncdef class RP2040:",
    ),
    Change("_rp2040.pyx", "except? 0:\n", f"{_NOT_ZERO}:\n"),
    Change("_rp2040.pxd", "except? 0\n", f"{_NOT_ZERO}\n"),
    # A peripheral is found without a call through Python.
    Change(
        "_rp2040.pyx",
        "    def find_peripheral(self, address):\n"
        "        return self.peripherals.get((u32(address) >> 14) << 2)\n",
        "    cpdef find_peripheral(self, unsigned int address):\n"
        "        return (<dict> self.peripherals).get((address >> 14) << 2)\n",
    ),
    Change(
        "_rp2040.pxd",
        "    cpdef unsigned int read_uint16(self, long long address)\n",
        "    cpdef unsigned int read_uint16(self, long long address)\n"
        "    cpdef find_peripheral(self, unsigned int address)\n",
    ),
    # Memory without a call that takes the whole view.
    Change("_rp2040.pyx", "read_uint16_le(self._flash, offset)", _bytes("self._flash", 2)),
    Change("_rp2040.pyx", "read_uint16_le(self._sram, offset)", _bytes("self._sram", 2)),
    Change("_rp2040.pyx", "read_uint32_le(self._flash, offset)", _bytes("self._flash", 4)),
    Change(
        "_rp2040.pyx",
        "            return read_uint32_le(self._sram, addr - RAM_START)",
        f"            offset = addr - RAM_START\n            return {_bytes('self._sram', 4)}",
    ),
    Change(
        "_rp2040.pyx",
        "            write_uint32_le(self._sram, addr - RAM_START, val)",
        f"            offset = addr - RAM_START\n            {_WRITTEN}",
    ),
)

#: What tells these changes from others.
DIGEST = hashlib.sha256(repr(CHANGES).encode()).hexdigest()[:12]


def change(native: Path) -> None:
    """Make the changes in the folder `native` of rp2040py's sources.

    Raises
    ------
    UscomoError
        They are not the sources that are known.
    """
    for file, before, after in CHANGES:
        path = native / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(before) != 1:
            raise UscomoError(
                f"{file} is not that of rp2040py {RELEASE}, whose slow places are known: "
                f"pip install rp2040py=={RELEASE}"
            )
        path.write_text(text.replace(before, after), encoding="utf-8")
    with (native / f"{MARKED}.pyx").open("a", encoding="utf-8") as source:
        source.write(f'\n{MARK} = "{DIGEST}"\n')
