"""Package 0: asking a device to open a session (OMA DM Notification 1.2, sections 5 and 6).

A notification is a datagram to the device's address, signed with the server's secret and nonce of
the account. UDP loses datagrams and nonces get stale, so a call is repeated until the device was
seen, the last time with the zero nonce. A call carries nothing but the wish: who loses all of
them has lost some time, not an operation.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event as sql_event
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from uscomo_tools.server.fields import Field, one_of, read_object
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device, Operation, now
from uscomo_tools.server.outward import OUTWARD, OutwardPort
from uscomo_tools.server.problems import Problem
from uscomo_tools.server.storage import Storage, device_named, last_session

#: The version that every known client takes, times ten.
VERSION = 11
#: Four octets of zero: for a device whose server nonce is not ours any more.
ZERO_NONCE = bytes(4)
UI_MODES = {"none": 0, "background": 1, "informative": 2, "interaction": 3}
#: Seconds after which a call is repeated where the device was not seen meanwhile.
REPEATED_AFTER = (4.0, 16.0)
MAX_SERVER_ID = 255
_ID_TRIES = 8

CALL_FIELDS = {"ui": one_of("background", *UI_MODES), "zero_nonce": Field(bool, False)}
ADDRESS_FIELDS = {"notify": Field(str)}


def package_0(
    server_id: str,
    kept_secret: str,
    nonce: bytes,
    session_id: int,
    ui: int = 1,
    by_server: bool = True,
    version: int = VERSION,
) -> bytes:
    """Build a notification.

    Parameters
    ----------
    kept_secret
        B64(H(server id ":" password)), see :func:`uscomo_tools.server.credentials.secret`.
    nonce
        The server nonce of the account, raw octets.
    session_id
        1 to 0xFFFF; the device's session gets it as upper-case hexadecimal text.
    ui
        A value of ``UI_MODES``.
    """
    name = server_id.encode()
    if len(name) > MAX_SERVER_ID or not 0 < session_id < 0x10000:
        raise ValueError("a server id or a session id that no notification can carry")
    first = (version << 6 | ui << 4 | by_server << 3).to_bytes(2, "big")
    trigger = first + bytes(3) + session_id.to_bytes(2, "big") + bytes((len(name),)) + name
    body = b":".join((kept_secret.encode(), nonce, base64.b64encode(_md5(trigger))))
    return _md5(body) + trigger


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[IPv6]:port``.

    Raises
    ------
    Problem
        400: it is none.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    usable = colon and host and port.isascii() and port.isdigit() and len(port) <= 5
    if not usable or not 0 < int(port) < 0x10000 or not host.isprintable() or " " in host:
        raise Problem(400, f"notify is {text!r}: HOST:PORT, or empty")
    return host, int(port)


async def send_udp(address: str, data: bytes) -> None:
    """The UDP bearer: one datagram.

    Raises
    ------
    OSError
        There is no way to that host.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=parse_address(address)
    )
    try:
        transport.sendto(data)
    finally:
        transport.close()


@dataclass(frozen=True, slots=True)
class Call:
    """A session asked for: of which device, with which id, in which mode."""

    device_id: str
    session_id: int
    ui: str = "background"


class Notifier:
    """Calls devices, again where needed; lives as long as the application.

    The repetitions are this process's own: when it ends they are lost, and so little with them.
    """

    def __init__(
        self, storage: Storage, repeated_after: tuple[float, ...] = REPEATED_AFTER
    ) -> None:
        self.storage = storage
        self.outward = OutwardPort(storage)
        self.repeated_after = repeated_after
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(self, call: Call, zero_nonce: bool = False) -> None:
        """Send now, and see to the repetitions.

        Raises
        ------
        OSError
            There is no way to the device's address.
        """
        since = now()
        try:
            await self._send(call, zero_nonce)
        finally:
            task = asyncio.get_running_loop().create_task(self._repeat(call, since))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def call_all(self, calls: list[Call]) -> None:
        """Send to each device, and only log where there is no way."""
        for call in calls:
            try:
                await self.call(call)
            except OSError as error:
                event("not notified", call.device_id, error=str(error))

    async def stop(self) -> None:
        """No more repetitions."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outward.close()

    async def _repeat(self, call: Call, since: float) -> None:
        for pause in self.repeated_after:
            await asyncio.sleep(pause)
            try:
                if not await self._send(call, pause == self.repeated_after[-1], since):
                    return
            except OSError as error:
                event("not notified", call.device_id, error=str(error))

    async def _send(self, call: Call, zero_nonce: bool, since: float | None = None) -> bool:
        """Send with the nonce of this moment; False when the device was seen since."""
        async with self.storage.reading() as db:
            device = await device_named(db, call.device_id)
        if device is None or not device.notify:
            return False
        if since is not None and (device.last_seen or 0) >= since:
            return False
        nonce = ZERO_NONCE if zero_nonce else device.server_nonce
        data = package_0(
            device.server_name,
            device.server_secret,
            nonce,
            call.session_id,
            UI_MODES[call.ui],
        )
        event("notify", call.device_id, session=f"{call.session_id:X}", address=device.notify)
        address = device.notify.removeprefix(OUTWARD)
        # A process without that port can only hope that the router lets it in.
        if address == device.notify or not self.outward.send(*parse_address(address), data):
            await send_udp(address, data)
        return True


async def new_call(db: AsyncSession, device: Device, ui: str = "background") -> Call:
    """A call whose session id none of the device's sessions had, as far as a few tries tell."""
    for _ in range(_ID_TRIES):
        session_id = 1 + secrets.randbelow(0xFFFF)
        if await last_session(db, device.device_id, f"{session_id:X}") is None:
            break
    return Call(device.device_id, session_id, ui)


class Queued:
    """Collects which devices get operations in a transaction."""

    def __init__(self, db: AsyncSession) -> None:
        self.devices: set[int] = set()
        sql_event.listen(db.sync_session, "after_flush", self._flushed)

    def _flushed(self, session: Any, context: object) -> None:
        self.devices |= {row.device_pk for row in session.new if isinstance(row, Operation)}

    async def calls(self, db: AsyncSession) -> list[Call]:
        """A call for each of them that can be called."""
        await db.flush()
        found = [await db.get(Device, key) for key in sorted(self.devices)]
        return [await new_call(db, device) for device in found if device and callable_(device)]


def callable_(device: Device) -> bool:
    """Whether a device has an address, and a secret to check a call with."""
    return bool(device.notify) and device.server_auth != "none"


# -- REST -------------------------------------------------------------------------------------


async def set_address(request: Request, db: AsyncSession, device: Device) -> tuple[Any, int]:
    """PATCH /api/devices/{id}: where the device listens; empty when it does not."""
    given = await read_object(request, ADDRESS_FIELDS)
    if given["notify"]:
        parse_address(given["notify"])
    device.notify = given["notify"]
    return {"ok": True, "device_id": device.device_id, "notify": device.notify}, 200


async def read_call(request: Request, db: AsyncSession, device: Device) -> tuple[Call, bool]:
    """POST /api/devices/{id}/notify: the call, and whether it is to have the zero nonce.

    Raises
    ------
    Problem
        409: the device cannot be called.
    """
    given = await read_object(request, CALL_FIELDS)
    if not device.notify:
        raise Problem(409, f"{device.device_id} has no address: set one (notify=HOST:PORT)")
    if not callable_(device):
        raise Problem(409, f"{device.device_id} has no server credential to check a call with")
    return await new_call(db, device, given["ui"]), given["zero_nonce"]
