"""Where boards may go: origins, and the addresses behind their names.

A board says scheme, host and port; what is not letter for letter on the list is refused, so that
no other spelling of an allowed or a private address gets through. A redirect is the board's own
affair: it opens another stream, and that is asked for here again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import RefusedError, UsageError

_HOST = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_STREAM = re.compile(rf"(https?)://({_HOST}):([0-9]{{1,5}})")
# What a resolver may take for an IPv4 address: 127.1, 0x7f.0.0.1, 2130706433.
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: (host, port) -> addresses as text.
Resolver = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True)
class Origin:
    """Scheme, host in lower case, port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """What stands in a Host header."""
        default = self.port == _DEFAULT_PORTS[self.scheme]
        return self.host if default else f"{self.host}:{self.port}"

    @classmethod
    def of_stream(cls, text: str) -> Origin | None:
        """The origin that a board's stream names; None where it is none."""
        found = _STREAM.fullmatch(text.lower())
        if found is None or not 0 < int(found[3]) < 0x10000:
            return None
        return cls(found[1], found[2], int(found[3]))

    @classmethod
    def of_operator(cls, text: str, path: bool = False) -> Origin:
        """The origin in a URL on the command line; `path` says whether it may have one.

        Raises
        ------
        UsageError
            It is none that a board could name.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{text!r}: {error}") from None
        host = parts.hostname or ""
        if parts.scheme not in _DEFAULT_PORTS or not re.fullmatch(_HOST, host):
            raise UsageError(f"{text!r}: http://HOST[:PORT] or https://HOST[:PORT]")
        if "@" in parts.netloc:
            raise UsageError(f"{text!r}: no user name, no password")
        if not path and (parts.path not in ("", "/") or parts.query or parts.fragment):
            raise UsageError(f"{text!r}: a whole host is allowed, not a path on it")
        if _NUMBER.fullmatch(host.rpartition(".")[2]) and not _literal(host):
            raise UsageError(f"{text!r}: an odd spelling of an address")
        if port == 0:
            raise UsageError(f"{text!r}: port 0")
        return cls(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme])


def _literal(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


async def _resolved(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class AllowList:
    """The server's own origin, and what the operator allows beside it.

    Parameters
    ----------
    server
        URL of the DM server; may have a path, which does not count.
    others
        URLs of other hosts that packages come from.
    private
        Whether those may have addresses that are not of the public Internet. The server may.
    resolve
        Looks names up.
    """

    def __init__(
        self,
        server: str,
        others: Iterable[str] = (),
        private: bool = False,
        resolve: Resolver = _resolved,
    ) -> None:
        self.server = Origin.of_operator(server, path=True)
        self.origins = {self.server, *(Origin.of_operator(url) for url in others)}
        self._private = private
        self._resolve = resolve

    def permits(self, origin: Origin) -> bool:
        """Whether streams to it are allowed at all."""
        return origin in self.origins

    async def addresses(self, origin: Origin) -> list[str]:
        """The addresses that may be connected to.

        Raises
        ------
        OSError
            The name is not known.
        RefusedError
            There are none but private ones.
        """
        found = await self._resolve(origin.host, origin.port)
        if self._private or origin.host == self.server.host or _literal(origin.host):
            return found
        public = [address for address in found if _is_public(address)]
        if not public:
            raise RefusedError(f"{origin.host} has a private address: {', '.join(found)}")
        return public


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast
