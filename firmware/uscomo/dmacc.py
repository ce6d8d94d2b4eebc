# The DMAcc management object: accounts with DM servers, stored as nodes; and an account's nonces,
# in a file of their own, because they change with every session.
# Source: OMA DM Standardized Objects 1.2, section 5.3.1.
import struct
from binascii import crc32

import uscomo_boot
from uscomo import platform, store
from uscomo.constant import const
from uscomo.tree import GET, REPLACE

MOID = "urn:oma:mo:oma-dm-dmacc:1.0"

# Kinds of credential by their DMAcc names; `session` numbers them alike.
_KINDS = (b"", b"BASIC", b"DIGEST", b"HMAC")

_MAX_NONCE = const(64)
# What a session has to put into one message with all the rest.
_MAX_ADDRESS = const(512)
_MAX_TEXT = const(128)
# Sequence, length and octets of the client's and the server's nonce, CRC-32.
_ROW = "<IB64sB64sI"
_ROW_SIZE = const(138)

_SECRETS = ("AAuthSecret", "AAuthData")
# Who the server is in ACLs, and where they stand: a server that wrote these could be another.
_FIXED = ("ServerID", "ScomoRoot")

# Of an account's Ext, where it says nothing: are results of short operations told at once, is the
# user never asked. The server may change the first; the second is the device's own.
_DEFAULTS = {"Report": b"async", "Silent": b"0"}


class Accounts:
    """Accounts in the tree: readable but for their secrets."""

    def __init__(self, nodes):
        self.nodes = nodes

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return "node", "", GET
        key = "DMAcc/" + "/".join(path)
        if path[1:2] == ["Ext"] and len(path) == 3 and path[2] in _DEFAULTS:
            return "chr", "", GET | REPLACE if path[2] == "Report" else GET
        if self.nodes.get(key) is not None:
            if path[-1] in _SECRETS:
                return "bin" if path[-1] == "AAuthData" else "chr", "", REPLACE
            return "chr", "", GET if path[-1] in _FIXED else GET | REPLACE
        if self.nodes.children(key):
            return "node", MOID if len(path) == 1 else "", GET
        return None

    def children(self, path):
        """Names below a path."""
        names = self.nodes.children("/".join(["DMAcc"] + path))
        if path[1:] == ["Ext"]:
            names += [name for name in sorted(_DEFAULTS) if name not in names]
        return names

    def read(self, path):
        """A leaf's value."""
        value = self.nodes.get("DMAcc/" + "/".join(path))
        return _DEFAULTS[path[-1]] if value is None else value

    def write(self, path, data):
        """Overwrite a leaf; what is changed counts from the next session on."""
        if path[-1] == "AAuthData":
            if len(data) > _MAX_NONCE:
                return 413
            # The new nonce counts, not the one that was kept.
            store.remove_tree(uscomo_boot.ROOT + "/n/" + path[0])
        elif len(data) > (_MAX_ADDRESS if path[-1] == "Addr" else _MAX_TEXT):
            return 413
        else:
            try:
                bytes(data).decode()
            except ValueError:
                return 415
        try:
            self.nodes.set("DMAcc/" + "/".join(path), data)
        except ValueError:
            return 413
        return 200


class Account:
    """One account as a session needs it; names and secrets as bytes."""

    def __init__(self, nodes, name):
        base = "DMAcc/" + name + "/"

        def text(key, default=b""):
            value = nodes.get(base + key)
            return default if value is None else value

        self.name = name
        self.server_id = text("ServerID")
        self.address = text("AppAddr/1/Addr")
        self.client_auth = self.server_auth = 0
        self.client_name = self.client_secret = self.server_secret = b""
        self.client_nonce = self.server_nonce = b""
        # The client's credentials: kind, name, secret; the preferred one is used, else the first.
        self._ways = []
        preferred = text("AAuthPref")
        for place in nodes.children(base + "AppAuth"):
            place = "AppAuth/" + place + "/"
            name = text(place + "AAuthType")
            kind = _KINDS.index(name) if name in _KINDS else 0
            level = text(place + "AAuthLevel")
            secret = text(place + "AAuthSecret")
            nonce = text(place + "AAuthData")
            if level == b"CLCRED":
                self._ways.append((kind, text(place + "AAuthName"), secret))
                if len(self._ways) == 1 or name == preferred:
                    self.choose(kind)
                    self.client_nonce = nonce
            elif level == b"SRVCRED":
                self.server_auth = kind
                self.server_secret = secret
                self.server_nonce = nonce
        self.scomo_root = text("Ext/ScomoRoot", b"SCOMO").decode()
        self.report = text("Ext/Report")
        self.scomo_version = text("Ext/ScomoVersion", b"1.0").decode()
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
