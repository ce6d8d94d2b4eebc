"""The emulated board's programmable I/O stands still until a program uses it.

rp2040py asks both PIO blocks after every instruction whether they run, which takes a third of its
time. Here they are in its list only while a state machine is enabled, a pin belongs to one of
them, or their registers or those of the pins are being written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .rp2_errors import check_names

_PIN_REGISTERS = 0x40014
_PIO_REGISTERS = (0x50200, 0x50300)
_PIO_FUNCTIONS = (6, 7)  # FUNCSEL in a pin's CTRL: RP2040 datasheet, 2.19.2
_FUNCTION = 0x1F

_RELIED_ON = ("pio", "peripherals", "gpio", "enter_reset")


class RestingPio:
    """Keeps the list of PIO blocks that an emulated chip steps.

    Parameters
    ----------
    mcu
        The emulator's chip; its list, its table of peripherals and its reset are replaced.
    on_use
        Called when a program begins or ends to use them: the emulator has to look anew.
    """

    def __init__(self, mcu: Any, on_use: Callable[[], None]) -> None:
        check_names(mcu, _RELIED_ON)
        self._mcu = mcu
        self._on_use = on_use
        self._blocks = mcu.pio
        self._enter_reset = mcu.enter_reset
        mcu.enter_reset = self._reset
        for place in (_PIN_REGISTERS, *_PIO_REGISTERS):
            mcu.peripherals[place] = _Watched(mcu.peripherals[place], self)
        mcu.pio = []

    @property
    def is_used(self) -> bool:
        """Whether a state machine runs, or a pin is a PIO's."""
        return any(not block.stopped for block in self._blocks) or any(
            pin.ctrl & _FUNCTION in _PIO_FUNCTIONS for pin in self._mcu.gpio
        )

    def during(self, work: Callable[[], None]) -> None:
        """Do something that may reach for the blocks, and see whether they are used then."""
        before = bool(self._mcu.pio)
        self._mcu.pio = self._blocks
        try:
            work()
        finally:
            if not self.is_used:
                self._mcu.pio = []
        if bool(self._mcu.pio) != before:
            self._on_use()

    def _reset(self, **how: bool) -> None:
        self.during(lambda: self._enter_reset(**how))


class _Watched:
    """A peripheral whose registers decide who uses a PIO."""

    def __init__(self, peripheral: Any, pio: RestingPio) -> None:
        self._peripheral = peripheral
        self._pio = pio

    def __getattr__(self, name: str) -> Any:
        return getattr(self._peripheral, name)

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        """Write to a register, as the emulator's bus does."""
        self._pio.during(lambda: self._peripheral.write_uint32_atomic(offset, value, kind))
