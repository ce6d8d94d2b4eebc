"""Devices behind a router: a UDP port to which they open a way, and through which they are called.

A device says who it is every half minute (``uscomo.reach`` says how, and with what proof); where
that came from is the device's address from then on, and package 0 goes back from this same port,
which is all that a router lets in. Nothing is answered: this port tells strangers nothing.

A proof holds until the next session's nonce. Whoever overhears one can send it from elsewhere and
have the calls until the device speaks again, after half a minute; what he hears are notifications,
which are no secret, and no operation is lost by one that is.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from typing import Any

from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device
from uscomo_tools.server.storage import Storage, device_named

#: What stands before such an address where a device's is kept.
OUTWARD = "out:"
_MARK = b"USC1"
_PROOF = 24
_LONGEST = _PROOF + len(_MARK) + 1 + 255
_AT_ONCE = 100  # datagrams that are looked at; more are lost, as datagrams are


def proof(kept_secret: str, nonce: bytes, trigger: bytes) -> bytes:
    """What a device shows in front of its trigger."""
    told = base64.b64encode(_md5(trigger))
    return base64.b64encode(_md5(b":".join((kept_secret.encode(), nonce, told))))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


class OutwardPort(asyncio.DatagramProtocol):
    """The port; `open` and `close` it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> None:
        """Listen; several processes of a host may listen at one port, and send from it.

        Raises
        ------
        OSError
            The port is taken.
        """
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(host, port), reuse_port=True
        )

    async def close(self) -> None:
        """Listen no more."""
        if self._transport:
            self._transport.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, host: str, port: int, data: bytes) -> bool:
        """Send from this port; False where none is open."""
        if self._transport is None:
            return False
        self._transport.sendto(data, (host, port))
        return True

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Look who it is, unless it is nobody's for sure."""
        trigger = data[_PROOF:]
        size = len(_MARK) + 1
        known = trigger.startswith(_MARK) and len(trigger) > size
        if len(data) > _LONGEST or not known or len(trigger) != size + trigger[size - 1]:
            return
        if len(self._tasks) < _AT_ONCE:
            found = self._heard(data[:_PROOF], trigger, trigger[size:], addr)
            task = asyncio.get_running_loop().create_task(found)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _heard(
        self, shown: bytes, trigger: bytes, name: bytes, addr: tuple[Any, ...]
    ) -> None:
        device_id = name.decode(errors="replace")
        host = f"[{addr[0]}]" if ":" in addr[0] else addr[0]
        there = f"{OUTWARD}{host}:{addr[1]}"
        async with self._storage.reading() as db:
            device = await device_named(db, device_id)
        if device is None or device.notify == there or not _is(device, shown, trigger):
            return
        async with self._storage.writing() as db:
            device = await device_named(db, device_id)
            # Where the operator has said so the device listens elsewhere.
            if device and (not device.notify or device.notify.startswith(OUTWARD)):
                device.notify = there
                event("reachable", device_id, address=there)


def _is(device: Device, shown: bytes, trigger: bytes) -> bool:
    if device.server_auth == "none":
        return False
    made = proof(device.server_secret, device.server_nonce, trigger)
    return hmac.compare_digest(made, shown)
