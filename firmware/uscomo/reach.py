# Package 0 where a router lets nobody in: the device opens a UDP socket outward, to a port of its
# server's host, and says who it is again and again, so that the way back stays open. Stays in
# memory where the setting `notify_out` names that port; what proves who it is changes with the
# session's nonce, is made when there is a new one, and only sent in between.
#
# Datagram: B64(H(secret ":" nonce ":" B64(H(trigger)))) | trigger, which is "USC1" | length 1 |
# the device's id; secret is B64(H(server id ":" the server's password)). Nothing answers it.
import os
from binascii import crc32

import uscomo_boot
from uscomo import notify, platform
from uscomo.constant import const

_MARK = const(b"USC1")
_KEEP_S = const(25)  # routers forget a silent socket after 30 s
_LONGEST = const(3600000)  # between two tries to find the server
_NONCES = const(320)  # an account's file of nonces, and a little

# What opening a way brings in.
_MODULES = ("dmacc", "devinfo", "digest", "md5", "net", "clock")


class Outward(notify.Listener):
    """A socket to a port of the servers: poll() it as notify's."""

    def __init__(self, port, settings, say):
        super().__init__(0)
        self._port = port
        self._settings = settings
        self._say = say
        self._keep = self._rest = 1000 * int(settings.get("notify_keep", _KEEP_S))
        self._ways = ()  # (address, datagram) of each account
        self._nonces = self._sent = None

    def waiting(self):
        """Whether poll() has something to do; keeps the ways open."""
        if self._due():
            if not self._ways:
                return True
            self._send()
        return super().waiting()

    def poll(self, nodes):
        """The (account, session id) of a good notification, or None."""
        if nodes is not None:
            nonces = _nonces()
            if nonces != self._nonces or (self._due() and not self._ways):
                self._nonces = nonces
                self._open(nodes)
        return super().poll(nodes)

    def _due(self):
        return self._sent is None or platform.elapsed(self._sent) >= self._rest

    def _send(self):
        self._sent = platform.ticks()
        try:
            for address, datagram in self._ways:
                self._socket.sendto(datagram, address)
        except OSError:
            self._ways = ()

    def _open(self, nodes):
        # A way to each server that can prove its notifications; slower and slower where none is.
        self._find(nodes)
        if not self._ways and nodes.keys("~net/"):
            from uscomo import net

            if net.join(self._settings, self._say, nodes):
                self._find(nodes)
        self._rest = self._keep if self._ways else min(2 * self._rest, _LONGEST)
        platform.let_go(_MODULES)

    def _find(self, nodes):
        import socket

        from uscomo import devinfo, digest, dmacc

        id = devinfo.values(nodes)[0][1].encode()
        trigger = _MARK + bytes((len(id),)) + id
        told = b":" + digest.base64(digest.md5(trigger))
        self._ways = []
        for name in nodes.children("DMAcc"):
            account = dmacc.Account(nodes, name)
            if not account.server_auth or name == "local":
                continue
            host = account.address.partition(b"://")[2].partition(b"/")[0].partition(b":")[0]
            proof = digest.credential(
                account.server_id, account.server_secret, account.server_nonce + told
            )
            try:
                address = socket.getaddrinfo(host.decode(), self._port)[0][-1]
            except OSError:
                continue
            self._ways.append((address, proof + trigger))
        self._send()


def _nonces():
    # Changes when those of any account do.
    mark = 0
    folder = uscomo_boot.ROOT + "/n"
    for name in os.listdir(folder):
        with open(folder + "/" + name, "rb") as file:
            mark = crc32(file.read(_NONCES), mark)
    return mark
