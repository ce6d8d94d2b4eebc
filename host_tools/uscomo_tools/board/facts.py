"""What a board's file says, as values: unknown numbers are None, unknown words empty."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UsbId:
    """A USB id under which a board appears.

    Attributes
    ----------
    vid, pid
        16 bits each.
    role
        ``console``, ``bridge`` (a USB-to-serial chip) or ``bootloader``.
    shared
        Other boards have it too.
    """

    vid: int
    pid: int
    role: str
    shared: bool

    def __str__(self) -> str:
        return f"{self.vid:04x}:{self.pid:04x}"


@dataclass(frozen=True)
class Medium:
    """What a board's file system lies on; sizes in bytes, None where unknown.

    Attributes
    ----------
    kind
        ``spi-nor``, ``mcu-flash`` or ``host-file``.
    file_system
        As the official image makes it: ``littlefs``, ``fat`` or ``microbit``.
    start
        Offset in the flash.
    block, erase
        The file system's block; the largest erase that one write may cause.
    survives_power_cut
        Whether a power cut at any write leaves old or new. FAT in flash that erases more than a
        sector at once does not, and no software can help that.
    """

    kind: str
    file_system: str
    survives_power_cut: bool
    start: int | None
    size: int | None
    block: int | None
    erase: int | None


@dataclass(frozen=True)
class Flashing:
    """How MicroPython itself gets onto a board.

    Attributes
    ----------
    method
        ``uf2``, ``esptool``, ``dfu`` or ``none``.
    bootloader
        What the prompt calls to enter the bootloader; empty: not from the prompt.
    by_hand
        How a person enters it.
    keeps_files
        Writing an image leaves the file system alone.
    family, extra_families, info_ids, start, end
        UF2: family id, families of further blocks, Board-ID of the drive, range of addresses.
    target, chip_id, offset
        esptool: its name of the chip, the id in an image's header, where the image goes.
    usb
        DFU: USB id of the bootloader, ``vid:pid``.
    """

    method: str
    bootloader: str
    by_hand: str
    keeps_files: bool
    family: int
    extra_families: tuple[int, ...]
    info_ids: tuple[str, ...]
    start: int
    end: int
    target: str
    chip_id: int | None
    offset: int
    usb: str


@dataclass(frozen=True)
class Watchdog:
    """Limits of ``machine.WDT`` in milliseconds; None: no limit known."""

    minimum: int | None
    maximum: int | None
    stoppable: bool


@dataclass(frozen=True)
class Image:
    """One firmware image.

    Attributes
    ----------
    name
        File name, as published.
    version
        MicroPython version.
    source
        URL where it is published; empty: not known.
    sha256
        Hash of the file, 64 hexadecimal digits; empty: not known.
    port
        micropython.org's name of the board it is built for.
    key
        Name of that board's description.
    board
        The emulator's board that runs it; empty: none.
    """

    name: str
    version: tuple[int, int, int]
    source: str
    sha256: str
    port: str
    key: str
    board: str


@dataclass(frozen=True)
class BoardDescription:
    """What is known of one kind of board. Unknown numbers are None, unknown words empty.

    Attributes
    ----------
    key
        Name of its file, which commands take: ``pico_w``.
    name, chip
        For people; ``rp2040``.
    port
        micropython.org's name; empty: no official image.
    support
        ``full``, ``frozen`` (the agent only as part of the image) or ``refused``; with `why`
        and `advice` unless full. See `refusal`.
    platforms, machines
        ``sys.platform``; how ``os.uname().machine`` begins.
    mpy, mpy_since, arch
        Version of .mpy, the MicroPython release since when, architecture of native code.
    ram, heap, flash
        Bytes; the heap is all of the official image's.
    console, ring_buffer, baudrate
        Kind of console; size of the port's input buffer, of which one byte stays free.
    reset, renumbers
        What restarts it; whether its port may get another name by that.
    md5
        ``yes``, ``no``, or the first release known to have it; empty: not known.
    tls, tls_heap
        ``none``, ``verified``, ``unverified`` or empty; bytes that a connection takes.
    tested
        Pairs of what was tested, and how.
    """

    key: str
    name: str
    port: str
    chip: str
    support: str
    why: str
    advice: str
    quirks: tuple[str, ...]
    platforms: tuple[str, ...]
    machines: tuple[str, ...]
    usb: tuple[UsbId, ...]
    mpy: str
    mpy_since: str
    arch: str
    ram: int | None
    heap: int | None
    flash: int | None
    medium: Medium
    console: str
    ring_buffer: int | None
    baudrate: int | None
    reset: str
    renumbers: bool
    flashing: Flashing
    watchdog: Watchdog | None
    sha256: bool
    md5: str
    tls: str
    tls_heap: int | None
    images: tuple[Image, ...]
    tested: tuple[tuple[str, str], ...]

    def has_md5(self, release: tuple[int, ...]) -> bool | None:
        """Whether ``hashlib.md5`` is in an official image of that release; None: not known."""
        if self.md5 in ("", "yes", "no"):
            return {"": None, "yes": True, "no": False}[self.md5]
        return release >= tuple(map(int, self.md5.split(".")))
