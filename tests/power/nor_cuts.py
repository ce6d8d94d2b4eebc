"""Where the power fails on NOR flash, and what that leaves.

Made from what an operation did to the flash, one erase or page after the other: up to a cut it is
the same whatever comes after it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from uscomo_tools.testing.rp2_flash import FlashOperation

#: What lands of the operation that the power fails in: nothing, its first half, bits of it.
LANDINGS = ("none", "half", "bits")
SEED = 20


@dataclass(frozen=True)
class Cut:
    """Where the power fails: in the `number`-th flash operation (from 1), and what lands of it."""

    operation: str
    number: int
    landing: str


@dataclass
class Trace:
    """What an operation did to the flash, from where only the store's work was left."""

    flash: bytes
    writes: list[tuple[FlashOperation, bytes]]
    end: bytes

    def image(self, cut: Cut) -> bytes:
        """The flash that a cut leaves."""
        flash = bytearray(self.flash)
        for operation, data in self.writes[: cut.number - 1]:
            _land(flash, operation, data)
        operation, data = self.writes[cut.number - 1]
        at, size = operation.address, operation.size
        before = bytes(flash[at : at + size])
        _land(flash, operation, data)
        if cut.landing == "half":
            flash[at + size // 2 : at + size] = before[size // 2 :]
        elif cut.landing == "none":
            flash[at : at + size] = before
        else:
            chance = random.Random(f"{SEED} {cut.operation} {cut.number}")
            for i in range(size):
                changed = before[i] ^ flash[at + i]
                flash[at + i] = before[i] ^ (changed & chance.getrandbits(8))
        return bytes(flash)


def _land(flash: bytearray, operation: FlashOperation, data: bytes) -> None:
    at, size = operation.address, operation.size
    if operation.kind == "erase":
        flash[at : at + size] = b"\xff" * size
    else:
        old = int.from_bytes(flash[at : at + size], "big")
        flash[at : at + size] = (old & int.from_bytes(data, "big")).to_bytes(size, "big")


def chosen(traces: dict[str, Trace], count: int) -> list[Cut]:
    """Cuts over all operations: in each one its first write, its last, and between by chance."""
    chance = random.Random(SEED)
    found: list[Cut] = []
    for i, operation in enumerate(traces):
        share = count * (i + 1) // len(traces) - count * i // len(traces)
        total = len(traces[operation].writes)
        erases = [
            number
            for number, (write, _) in enumerate(traces[operation].writes, 1)
            if write.kind == "erase"
        ]
        # Each place in each way once, until there are no more; erases are few, and come first.
        places = [(number, way) for number in range(1, total + 1) for way in LANDINGS]
        chance.shuffle(places)
        first = [(1, "bits"), (total, "half"), *((n, "bits") for n in erases[: share // 3])]
        wanted = list(dict.fromkeys([*first, *places]))[:share]
        found += [Cut(operation, *place) for place in sorted(wanted)]
    return found
