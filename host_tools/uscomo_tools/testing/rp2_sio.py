"""The emulated chip's single-cycle I/O block with its busiest registers asked first.

The firmware asks for its core's number and divides with this block all the time. rp2040py goes
through all registers one by one to find those, and divides twice for each quotient: a fifth of
the time of a Pico that computes.
"""

from __future__ import annotations

from typing import Any

from rp2040py import sio

from .rp2_errors import check_names

_RELIED_ON = ("div_csr", "div_dividend", "div_divisor", "div_quotient", "div_remainder")
_WORD = 0xFFFF_FFFF
# Of `div_csr`, RP2040 datasheet, 2.3.1.7.
_READY, _CHANGED = 0b01, 0b10
_CYCLES = 8


class QuickSio(sio.RPSIO):  # type: ignore[misc]  # rp2040py has no types
    """As what it takes the place of, in less time.

    Parameters
    ----------
    before
        rp2040py's own block of the chip.
    """

    def __init__(self, before: Any) -> None:
        check_names(before, _RELIED_ON)
        self.__dict__.update(before.__dict__)
        self._is_due = False  # the unsigned quotient has not been computed

    def reset(self) -> None:
        """As at power-on."""
        self._is_due = False
        super().reset()

    def read_uint32(self, offset: int) -> Any:
        """Read a register; its offset in bytes."""
        if offset == sio.CPUID:
            return 0  # there is one core
        if self._is_due:
            self._divide()
        if offset == sio.DIV_QUOTIENT:
            self.div_csr &= ~_CHANGED
            return self.div_quotient
        if offset == sio.DIV_REMAINDER:
            return self.div_remainder
        if offset == sio.DIV_CSR:
            return self.div_csr
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register; its offset in bytes."""
        if offset == sio.DIV_UDIVIDEND:
            self.div_dividend = value
        elif offset == sio.DIV_UDIVISOR:
            self.div_divisor = value
        else:
            if self._is_due:
                self._divide()
            super().write_uint32(offset, value)
            return
        self._is_due = True
        self.div_csr = _READY | _CHANGED
        self.rp2040.core.cycles += _CYCLES

    def _divide(self) -> None:
        self._is_due = False
        if self.div_divisor:
            self.div_quotient, self.div_remainder = divmod(
                self.div_dividend & _WORD, self.div_divisor & _WORD
            )
        else:
            self.div_quotient = -1 if self.div_dividend > 0 else 1
            self.div_remainder = self.div_dividend
