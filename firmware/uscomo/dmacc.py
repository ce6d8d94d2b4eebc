# An account with a DM server as a session needs it; and its nonces, in a file of their own: they
# change with every session. The object in the tree is in `accounts`.
# Source: OMA DM Standardized Objects 1.2, section 5.3.1.
import struct
from binascii import crc32

import uscomo_boot
from uscomo import platform
from uscomo.constant import const

KEY = const("DMAcc/")

# Kinds of credential by their DMAcc names; `session` numbers them alike.
_KINDS = (b"", b"BASIC", b"DIGEST", b"HMAC")

MAX_NONCE = const(64)
# Sequence, length and octets of the client's and the server's nonce, CRC-32.
_ROW = "<IB64sB64sI"
_ROW_SIZE = const(138)


class Account:
    """One account as a session needs it; names and secrets as bytes."""

    def __init__(self, nodes, name):
        base = KEY + name + "/"

        def text(key, default=b""):
            value = nodes.get(base + key)
            return default if value is None else value

        self.name = name
        # All is asked for in the order of the keys: there `nodes` goes on where it was.
        preferred = text("AAuthPref")
        # In the order of their names, which is that of preference.
        self.addresses = []
        for place in nodes.children(base + "AppAddr"):
            place = "AppAddr/" + place + "/"
            url = text(place + "Addr")
            for port in nodes.children(base + place + "Port")[:1]:
                url = _with_port(url, text(place + "Port/" + port + "/PortNbr"))
            self.addresses.append(url if b"://" in url else b"http://" + url)
        self.address = self.addresses[0] if self.addresses else b""
        self.client_auth = self.server_auth = 0
        self.client_name = self.client_secret = self.server_secret = b""
        self.client_nonce = self.server_nonce = b""
        # The client's credentials: kind, name, secret; the preferred one is used, else the first.
        self._ways = []
        for place in nodes.children(base + "AppAuth"):
            place = "AppAuth/" + place + "/"
            nonce = text(place + "AAuthData")
            level = text(place + "AAuthLevel")
            name = text(place + "AAuthName")
            secret = text(place + "AAuthSecret")
            kind = text(place + "AAuthType")
            if kind not in _KINDS[1:]:
                continue
            way = _KINDS.index(kind)
            if level == b"CLCRED":
                self._ways.append((way, name, secret))
                if len(self._ways) == 1 or kind == preferred:
                    self.choose(way)
                    self.client_nonce = nonce
            elif level == b"SRVCRED" and not self.server_auth:
                self.server_auth = way
                self.server_secret = secret
                self.server_nonce = nonce
        self.format = text("Ext/Form")
        self.report = text("Ext/Report")
        self.scomo_root = text("Ext/ScomoRoot", b"SCOMO").decode()
        self.scomo_version = text("Ext/ScomoVersion", b"1.0").decode()
        self.server_id = text("ServerID")
        self._sequence = 0
        self._load_nonces()
        self._kept = self.client_nonce, self.server_nonce

    def choose(self, kind):
        """Use a credential of that kind from now on; False where there is none."""
        for way in self._ways:
            if way[0] == kind:
                self.client_auth, self.client_name, self.client_secret = way
                return True
        return False

    def _load_nonces(self):
        row = bytearray(_ROW_SIZE)
        try:
            with open(self._path(), "rb") as file:
                for _ in range(2):
                    if file.readinto(row) < _ROW_SIZE:
                        return
                    found = struct.unpack(_ROW, row)
                    whole = found[5] == crc32(memoryview(row)[: _ROW_SIZE - 4])
                    if whole and found[0] > self._sequence:
                        self._sequence = found[0]
                        self.client_nonce = found[2][: found[1]]
                        self.server_nonce = found[4][: found[3]]
        except OSError:
            return

    def save_nonces(self):
        """Write the nonces where they have changed; a lost write is healed by a challenge."""
        if self._kept == (self.client_nonce, self.server_nonce):
            return
        self._kept = self.client_nonce, self.server_nonce
        self._sequence += 1
        row = bytearray(_ROW_SIZE)
        fields = [self._sequence]
        for nonce in self._kept:
            fields.append(len(nonce))
            fields.append(nonce)
        struct.pack_into(_ROW, row, 0, *(fields + [0]))
        struct.pack_into("<I", row, _ROW_SIZE - 4, crc32(memoryview(row)[: _ROW_SIZE - 4]))
        try:
            file = open(self._path(), "r+b")
        except OSError:
            file = open(self._path(), "wb")
            file.write(bytes(2 * _ROW_SIZE))
        file.seek(self._sequence % 2 * _ROW_SIZE)
        file.write(row)
        file.close()
        platform.sync()

    def _path(self):
        return uscomo_boot.ROOT + "/n/" + self.name


def _with_port(url, port):
    # An address with a port, where it has none of its own.
    scheme, sign, rest = url.rpartition(b"://")
    host, slash, path = rest.partition(b"/")
    return scheme + sign + (host if b":" in host else host + b":" + port) + slash + path
