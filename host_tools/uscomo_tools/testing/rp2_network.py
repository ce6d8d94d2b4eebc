"""The emulated Pico W's network, confined to this machine.

rp2040py's access point opens real connections to wherever its guest asks, and has every name
looked up by a public resolver. Here the guest's gateway, 10.0.0.1, is this machine's loopback,
each name has that address, and nothing else can be reached: a connection is refused, a datagram is
lost. That is done twice. The bridge asks us where to connect (`ConfinedNetwork`); and a process
that called `wall_in` cannot open a connection to any other machine at all, whatever the emulator
does.

Repaired, too: rp2040py adds one to the radio's credit for each frame to the guest and never
relates it to what the guest has sent. Every 256 such frames both numbers meet, the guest believes
that it must not send, and loses a frame for which nobody has a timer: TCP hangs after some dozen
transfers. A real radio grants credit relative to the last frame that it saw. And a guest that ends
a connection which the other side has reset ends the emulator with an OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ipaddress
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from rp2040py.external.bootsel_button import BootselButton
from rp2040py.external.cyw43 import Cyw43439, net
from rp2040py.external.cyw43.bus import GSPIBus

from .rp2_errors import EmulatorError, check_names

#: This machine's loopback, as the guest calls it.
GATEWAY = "10.0.0.1"
LOOPBACK = "127.0.0.1"

_GATEWAY_BYTES = bytes((10, 0, 0, 1))
_DNS = 53
_DNS_ANSWERED = b"\x81\x80\0\1\0\1\0\0\0\0"  # flags, one question, one answer
_DNS_ADDRESS = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4"  # the name asked for, A, IN, 60 s, four bytes
_DNS_HEADER = 12
_CREDIT = 9  # frames that the radio takes ahead of the last that it saw
_SDPCM_HEADER = 12
_SEQUENCE = 4  # place of the guest's number in that header

_RELIED_ON = (
    "bus.nat_bridge._tcp._connect_fn",
    "bus.nat_bridge._tcp._flows",
    "bus.nat_bridge._udp._relay",
    "bus.nat_bridge._udp._gateway_mac",
    "bus.nat_bridge._udp._queue_ethernet_frame",
    "bus._bus_data_credit",
    "bus._write_wlan",
    "bus.power_off",
)
_SPEAKING = ("socket.connect", "socket.sendto", "socket.sendmsg")


class Attempt(NamedTuple):
    """Something that the guest wanted to reach: ``tcp``, ``udp`` or ``dns``; may it?"""

    kind: str
    host: str
    port: int
    allowed: bool


class ConfinedNetwork:
    """The cage around one emulated board's radio.

    Attributes
    ----------
    attempts
        All that the guest wanted to reach.
    """

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self._radio: Any = Cyw43439()

    def built_into(self, spec: Any) -> Any:
        """rp2040py's description of a board, with this radio on it."""
        _credit_as_a_radio_grants_it()
        return dataclasses.replace(spec, extras=(BootselButton, lambda: self._radio))

    def confine(self) -> None:
        """Close the cage, once the board is built and before it runs.

        Raises
        ------
        EmulatorError
            The emulator is not the one that this cage is made for.
        """
        check_names(self._radio, _RELIED_ON)
        bridge = self._radio.bus.nat_bridge
        if bridge._tcp._connect_fn is not asyncio.open_connection:
            raise EmulatorError("this rp2040py connects its guest in another way than 0.3.6 does")
        bridge._tcp._connect_fn = self._connect
        self._udp: Any = bridge._udp
        self._relay: Callable[..., Awaitable[None]] = bridge._udp._relay
        bridge._udp._relay = self._relay_confined

    @property
    def connections(self) -> int:
        """How many TCP connections are open."""
        return len(self._radio.bus.nat_bridge._tcp._flows)

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        allowed = host == GATEWAY
        self.attempts.append(Attempt("tcp", host, port, allowed))
        if not allowed:
            raise ConnectionRefusedError(f"{host} is not this machine")
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        end = writer.write_eof

        def write_eof() -> None:
            with contextlib.suppress(OSError):
                end()

        writer.write_eof = write_eof  # type: ignore[method-assign]
        return reader, writer

    async def _relay_confined(
        self,
        guest_mac: bytes,
        guest_ip: bytes,
        guest_port: int,
        query: bytes,
        upstream: tuple[str, int],
        reply_ip: bytes,
        reply_port: int,
    ) -> None:
        if reply_port == _DNS:
            self.attempts.append(Attempt("dns", _asked_name(query), _DNS, True))
            datagram = net.pack_udp(reply_ip, guest_ip, _DNS, guest_port, _dns_answer(query))
            packet = net.pack_ipv4(reply_ip, guest_ip, net.IP_PROTO_UDP, datagram)
            mac = self._udp._gateway_mac
            frame = net.pack_ethernet(guest_mac, mac, net.ETHERTYPE_IPV4, packet)
            self._udp._queue_ethernet_frame(frame)
            return
        host, port = upstream
        allowed = host == GATEWAY
        self.attempts.append(Attempt("udp", host, port, allowed))
        if allowed:
            there = (LOOPBACK, port)
            await self._relay(guest_mac, guest_ip, guest_port, query, there, reply_ip, reply_port)


def _question_end(query: bytes) -> int:
    return query.index(0, _DNS_HEADER) + 5  # the name's last byte, type and class


def _asked_name(query: bytes) -> str:
    at, labels = _DNS_HEADER, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    return ".".join(labels)


def _dns_answer(query: bytes) -> bytes:
    question = query[_DNS_HEADER : _question_end(query)]
    return query[:2] + _DNS_ANSWERED + question + _DNS_ADDRESS + _GATEWAY_BYTES


def wall_in() -> list[tuple[Any, ...]]:
    """Keep this whole process on this machine, from now on and for good.

    Returns
    -------
    list
        All addresses that anything in the process wanted to speak to, as they come.
    """
    addresses: list[tuple[Any, ...]] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SPEAKING:
            address = arguments[1]
        elif event == "socket.getaddrinfo":
            address = arguments[:2]
        else:
            return
        if address is None or not isinstance(address, tuple):
            return  # a connected datagram socket, or no network at all: a path
        addresses.append(address)
        if not _is_here(str(address[0])):
            raise PermissionError(f"{address[0]} is not this machine")

    sys.addaudithook(watch)
    return addresses


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: whoever looks it up has left already


def _credit_as_a_radio_grants_it() -> None:
    if isinstance(GSPIBus.__dict__.get("_bus_data_credit"), property):
        return
    check_names(GSPIBus, ("_write_wlan", "power_off"))
    write_wlan, power_off = GSPIBus._write_wlan, GSPIBus.power_off

    def credit(bus: Any) -> int:
        sent: int = bus.__dict__.get("_sent", 0)
        return (sent + _CREDIT) & 0xFF

    def write(bus: Any, data: bytes) -> Any:
        if len(data) >= _SDPCM_HEADER:
            bus._sent = data[_SEQUENCE]
        return write_wlan(bus, data)

    def off(bus: Any) -> Any:
        bus._sent = 0
        return power_off(bus)

    GSPIBus._bus_data_credit = property(credit, lambda bus, value: None)
    GSPIBus._write_wlan = write
    GSPIBus.power_off = off
