"""rp2040py driven step by step: one emulated chip, its USB console, its clock.

The emulation runs only while somebody waits for something, in the caller's own thread. There is
no thread to leave behind, and no event loop but for a board with radio; emulated time is
reproducible, and a process can be forked with a running board inside.

Two things of rp2040py 0.3.6 are repaired here:

* Its USB host answers every armed console buffer with an empty packet after 10 us, which
  interrupts the firmware 100,000 times a second (``sleep(1)`` takes 15 s). A host that has nothing
  to say sends nothing; `_on_out_buffer` does that.
* Emulated time has no relation to the clock on the wall: an idle board races ahead and the
  time-outs of its programs fire early. `realtime` never lets it get ahead.

Both reach names that rp2040py does not promise; `check_names` says so when one is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rp2040py.boards import BOARDS, resolve_firmware
from rp2040py.device import MicroPythonDevice
from rp2040py.memory_map import FLASH_START_ADDRESS

from .rp2_errors import EmulatorError, check_names
from .rp2_flash import FLASH_SIZE, FileSystem, FlashChip
from .rp2_network import ConfinedNetwork
from .rp2_pio import RestingPio
from .rp2_sio import QuickSio

_RELIED_ON = (
    "simulator.stopped",
    "simulator._execute_batch",
    "simulator.clock.create_alarm",
    "simulator.clock.nanos",
    "mcu.flash",
    "mcu.on_break",
    "mcu.core.pc",
    "mcu.sio",
    "mcu.ssi._apply_command",
    "mcu.ssi._tx_buffer",
    "mcu.ssi._write_enabled",
    "mcu.usb_ctrl.on_endpoint_read",
    "mcu.usb_ctrl.endpoint_read_done",
    "mcu.usb_ctrl.on_reset",
    "cdc.on_serial_data",
    "cdc.on_device_connected",
    "hard_reset",
)

_MILLISECOND = 1_000_000  # in nanoseconds, the emulator's unit
_LEAD = 0.001  # seconds that emulated time may be ahead of the wall clock
_LAG = 0.05  # seconds behind it that are forgiven instead of caught up


class Emulator:
    """One emulated RP2040 board with official firmware.

    Parameters
    ----------
    image
        Path of the firmware's UF2 file.
    board
        rp2040py's name of the board. Without network: ``pico``.
    firmware
        MicroPython version of the image.
    realtime
        Never run faster than the clock on the wall.
    network
        For a board with radio: the cage around it.

    Attributes
    ----------
    sleep
        Called with the seconds, 0 included, that may pass before the next instructions.
    """

    def __init__(
        self,
        image: Path,
        board: str,
        firmware: tuple[int, int, int],
        *,
        realtime: bool,
        network: ConfinedNetwork | None = None,
    ) -> None:
        spec = BOARDS[board]
        if network is not None:
            spec = network.built_into(spec)
        elif board != "pico":
            raise EmulatorError(f"{board} has a radio: it is not run without a cage around it")
        spec = resolve_firmware(spec, "micropython", str(image))
        self._device: Any = MicroPythonDevice(board=spec)
        check_names(self._device, _RELIED_ON)
        if network is not None:
            network.confine()
        self.sleep: Callable[[float], None] = _sleep
        self._simulator = self._device.simulator
        self._clock = self._simulator.clock
        self._usb = self._device.mcu.usb_ctrl
        self._memory = memoryview(self._device.mcu.flash)
        self.received = bytearray()  # what the board wrote to its console
        self.boots = 0  # how often its console came up
        self._outbox = bytearray()
        self._armed: tuple[int, int] | None = None
        self._crash: int | None = None

        layout = spec.layout
        self.files = FileSystem(self._memory, layout.fs_start, layout.fs_blockcount, firmware)
        self.chip = FlashChip(self._device.mcu.ssi, self._memory, self._pause)
        if network is None:  # the radio's bus is a PIO
            RestingPio(self._device.mcu, self._pause)
        self._device.mcu.sio = QuickSio(self._device.mcu.sio)

        self._answer_control = self._usb.on_endpoint_read
        self._reset_host = self._usb.on_reset
        self._usb.on_endpoint_read = self._on_out_buffer
        self._usb.on_reset = self._on_usb_reset
        self._device.cdc.on_serial_data = self._on_output
        self._device.cdc.on_device_connected = self._on_connected
        self._device.mcu.on_break = self._on_break

        self._realtime = realtime
        self._pace = self._clock.create_alarm(self._on_pace)

    # -- state

    @property
    def seconds(self) -> float:
        """Emulated seconds since power-on."""
        return float(self._clock.nanos) / 1e9

    @property
    def flash(self) -> bytes:
        """The whole flash, firmware and file system."""
        return bytes(self._memory[:FLASH_SIZE])

    @flash.setter
    def flash(self, content: bytes) -> None:
        self._memory[: len(content)] = content

    # -- running

    def power_on(self) -> None:
        """Point the core at the firmware's entry; it runs in `run`."""
        self._device.mcu.core.pc = FLASH_START_ADDRESS

    def reset(self) -> None:
        """Pull the reset line: RAM is lost, flash stays."""
        self._device.hard_reset()

    def bind_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop that runs what the board's network waits for."""
        self._simulator.bind_loop(loop)

    def send(self, data: bytes) -> None:
        """Write to the board's console; it takes the bytes as it gets to read them."""
        self._outbox += data
        if self._armed is not None:
            endpoint, size = self._armed
            self._armed = None
            self._deliver(endpoint, size)

    def run(self, done: Callable[[], bool], timeout: float) -> bool:
        """Run until `done`, a power cut, or `timeout` seconds of the wall clock.

        Returns
        -------
        bool
            Whether `done`.

        Raises
        ------
        EmulatorError
            The firmware ran into a breakpoint: it has crashed for good.
        """
        started = time.monotonic()
        self._wall, self._emulated = started, self.seconds
        if self._realtime:
            self._pace.schedule(_MILLISECOND)
        while not done():
            if self.chip.is_cut or time.monotonic() - started > timeout:
                return False
            self._simulator.stopped = False
            self._simulator._execute_batch()
            if self._crash is not None:
                raise EmulatorError(f"the firmware crashed (breakpoint {self._crash:#x})")
            self.sleep(self._early() if self._realtime else 0)
        return True

    def _pause(self) -> None:
        self._simulator.stopped = True  # ends the batch, so that `done` is asked again

    # -- pace

    def _lead(self) -> float:
        return (self.seconds - self._emulated) - (time.monotonic() - self._wall)

    def _on_pace(self) -> None:
        self._pace.schedule(_MILLISECOND)
        if self._lead() > _LEAD:
            self._pause()

    def _early(self) -> float:
        lead = self._lead()
        if lead < -_LAG:
            self._wall -= lead
        return min(lead, _LAG) if lead > _LEAD else 0

    # -- the USB host's side of the console

    def _on_out_buffer(self, endpoint: int, size: int) -> None:
        # The firmware offers a buffer. Endpoint 0 is control traffic, which rp2040py knows how
        # to serve; the only other one that takes data is the console.
        if endpoint == 0:
            self._answer_control(endpoint, size)
        elif self._outbox:
            self._deliver(endpoint, size)
        else:
            self._armed = (endpoint, size)

    def _deliver(self, endpoint: int, size: int) -> None:
        packet = bytes(self._outbox[:size])
        del self._outbox[:size]
        self._usb.endpoint_read_done(endpoint, packet)

    def _on_usb_reset(self) -> None:
        self._armed = None
        self._outbox.clear()
        self._reset_host()

    def _on_output(self, data: bytes) -> None:
        self.received += data
        self._pause()

    def _on_connected(self) -> None:
        self.boots += 1
        self._pause()

    def _on_break(self, code: int) -> None:
        self._crash = code
        self._pause()


def _sleep(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)
