# The SCOMO management object: downloads that a server prepares, the inventory, the primitives.
# A primitive is written down here and run later: nothing is fetched or installed in a session.
# Source: SCOMO 1.0 and 1.1 as digested in the project's scomo notes, sections 3 and 4.
import json

import uscomo_boot
from uscomo import platform, store
from uscomo.constant import ADD, DELETE, GET, REPLACE, const
from uscomo.inventory import Deployed, Ext, operation_node
from uscomo.tree import INTERIOR

MOID = "urn:oma:mo:oma-scomo:"

# What a server may write below each parent; the longest value of each leaf.
_LIMITS = {
    "PkgID": 256,
    "Name": 128,
    "Description": 512,
    "EnvType": 128,
    "PkgType": 100,
    "InstallParams": 512,
    "Reboot": 6,
    "PkgURL": 512,
    "ID": 64,
    "Version": 32,
}
_PACKAGE = ("PkgID", "Name", "Description", "EnvType", "PkgType", "InstallParams", "Reboot")
_LISTED = ("ID", "Version"), (), ()
# Parent: leaves of the server, leaves of the client, primitives.
_KINDS = {
    "Download": (
        _PACKAGE + ("PkgURL",),
        ("Status",),
        ("Download", "DownloadInstall", "DownloadInstallInactive"),
    ),
    "Delivered": (
        _PACKAGE + ("Data",),
        ("Status", "State"),
        ("Install", "InstallInactive", "Remove"),
    ),
    "Whitelisted": _LISTED,
    "Blacklisted": _LISTED,
}
_OF_1_1 = ("CheckUpdateFreq", "Whitelisted", "Blacklisted")

# It is kept in an operation's file and sent back in its report.
_MAX_CORRELATOR = const(128)
_MAX_OPERATION = const(1200)
# What is taken by direct delivery, and what is kept free; as for what is fetched.
_MAX_PACKAGE = const(4194304)
_RESERVE = const(16384)
_TYPES = ("", "application/vnd.uscomo.package+gzip", "application/octet-stream")

_KEY = "SCOMO/"
_WRITABLE = ADD | DELETE | GET | REPLACE


class Scomo:
    """The object as one account sees it; `asked` says that the user agreed in this session."""

    def __init__(self, stored, nodes, account):
        self.store = stored
        self.nodes = nodes
        self.account = account
        self.asked = False
        self._accepted = []
        self._others = {"Deployed": Deployed(stored, nodes), "Ext": Ext(stored)}
        self._coming = None  # a package: path of its Data, number, octets to come
        # What goes with the commit; what came since the last one. In an Atomic, which may be taken
        # back, what cannot be is `held`.
        self.garbage = []
        self.fresh = []
        self.held = False

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return "node", MOID + self.account.scomo_version, GET
        if path == ["Inventory"]:
            return INTERIOR
        kind, rest = _kind(path)
        if self._hidden(kind, rest):
            return None
        if path == ["CheckUpdateFreq"]:
            return "int", "", GET | REPLACE
        other = self._others.get(kind)
        if other:
            return other.node(rest)
        if kind not in _KINDS:
            return None
        if not rest:
            return "node", "", ADD | GET
        key = _KEY + "/".join(_place(path))
        if self.nodes.get(key) is None and not self.nodes.children(key):
            return None
        if len(rest) == 1:
            return "node", "", _WRITABLE
        leaves, own, verbs = _KINDS[kind]
        if len(rest) == 2:
            if rest[1] in own:
                return "int", "", GET
            if rest[1] in leaves:
                if self.nodes.get(_KEY + "/".join(path)) is None:
                    return None
                if rest[1] == "Data":
                    return "bin", "", ADD | REPLACE
                return "chr", "", _WRITABLE
        return operation_node(rest[1:], verbs)

    def _hidden(self, kind, rest=()):
        # Whether it came with SCOMO 1.1 and the account is of 1.0.
        new = kind in _OF_1_1 or "Reboot" in rest[1:]
        return new and self.account.scomo_version != "1.1"

    def children(self, path):
        """Names below a path."""
        if not path:
            more = [] if self._hidden(_OF_1_1[0]) else list(_OF_1_1)
            return ["Download", "Inventory", "Ext"] + more
        if path == ["Inventory"]:
            return ["Delivered", "Deployed"]
        kind, rest = _kind(path)
        other = self._others.get(kind)
        if other:
            return other.children(rest)
        if rest[1:]:
            return list(_KINDS[kind][2])
        names = self.nodes.children(_KEY + "/".join(path))
        if rest:
            _, own, verbs = _KINDS[kind]
            names = [name for name in names if name not in own] + list(own)
            if verbs:
                names.append("Operations")
        return names

    def read(self, path):
        """A leaf's value."""
        name = path[-1]
        kind, rest = _kind(path)
        value = self.nodes.get(_KEY + "/".join(path))
        if name == "Status":
            busy = self._busy(path[:-1])
            if busy:
                from uscomo.change import STEPS

                return b"%d" % STEPS[busy][0]
            return value or b"10"
        other = self._others.get(kind)
        if other:
            return other.read(rest)
        return (b"10" if rest else b"0") if value is None else value

    def add(self, path, format, data):
        """A server prepares a download, or delivers a package itself."""
        code = self._addable(path, format)
        return code or self._set(path, b"" if format == "node" else data)

    def _addable(self, path, format):
        # 0, or the status that refuses a new node.
        kind, rest = _kind(path)
        depth = len(rest)
        if kind not in _KINDS or not 1 <= depth <= 2 or (format == "node") != (depth == 1):
            return 405
        if self._hidden(kind, rest) or (depth == 2 and rest[1] not in _KINDS[kind][0]):
            return 405
        known = self.nodes.children(_KEY + "/".join(path[:-depth]))
        if rest[0] not in known and len(known) >= store.MAX_PACKAGES:
            return 420
        return 405 if self._busy(_place(path)) else 0

    def write(self, path, data):
        """A server changes a leaf."""
        if path[0] == "Ext":
            return 403 if self.held else self._others["Ext"].write(path[-1], data)
        return 405 if self._busy(path[:-1]) else self._set(path, data)

    def _set(self, path, data):
        name = path[-1]
        if name == "Data":
            code = self.begin(path, len(data), "")
            if code == 200:
                code = self.append(data)
            return self.end() if code == 200 else code
        if path == ["CheckUpdateFreq"]:
            if not bytes(data).isdigit() or len(data) > 5:
                return 415
        elif len(data) > _LIMITS.get(name, 0):
            return 413
        try:
            bytes(data).decode()  # whoever reads it takes it for a text
            self.nodes.set(_KEY + "/".join(path), data)
        except UnicodeError:
            return 415
        except ValueError:
            return 414
        return 200

    def remove(self, path):
        """A server clears something away."""
        place = _place(path)
        if self._busy(place):
            return 405
        key = _KEY + "/".join(path)
        self._forget(key)
        self.nodes.remove_tree(key)
        return 200

    def key(self, path):
        """Where a download or package is stored that may get another name, or a status."""
        named = len(path) == len(_place(path)) and not self._busy(path)
        return _KEY + "/".join(path) if named else 405

    # -- direct delivery: a package that comes in parts; who carries them sees to the exact size

    def begin(self, path, size, type):
        """Make room for a large value; nothing is stored before everything is known of it."""
        if path[-1] != "Data":
            return 413
        code = self._addable(path, "bin")
        if code:
            return code
        if not size:
            return 411
        if type not in _TYPES:
            return 415
        if size > _MAX_PACKAGE:
            return 413
        if size + _RESERVE > platform.free(uscomo_boot.ROOT):
            return 420
        self.drop()
        number = self.store.new_number()
        self._coming = path, number, size
        return self.append(b"")

    def append(self, data):
        """Keep the next part."""
        if not self._coming:
            return 500
        path, number, left = self._coming
        if len(data) > left:
            self.drop()
            return 424
        try:
            store.spool(number, data)
        except OSError:
            self.drop()
            return 420
        self._coming = path, number, left - len(data)
        return 200

    def end(self):
        """All parts have come: the package is delivered with commit()."""
        if not self._coming:
            return 500
        path, number, _ = self._coming
        self._coming = None
        self.fresh.append(store.package_path(number))
        platform.sync()
        key = _KEY + "/".join(path[:-1])
        self._forget(key)
        for name in ("/State", "/Status"):
            self.nodes.remove(key + name)
        self.nodes.set(key + "/Data", b"%d" % number)
        return 200

    def drop(self):
        """What has come of a package is not wanted any more."""
        if self._coming:
            store.remove_tree(store.package_path(self._coming[1]))
            self._coming = None

    def _forget(self, key):
        # A package file goes when the commit has made it garbage.
        number = self.nodes.get(key + "/Data")
        if number:
            self.garbage.append(store.package_path(int(number)))

    # -- primitives

    def run(self, path, uri, correlator, data):
        """Accept a primitive; it counts with commit() and runs after the session."""
        place = _place(path)
        if self._busy(place):
            return 405
        key = _KEY + "/".join(place)
        verb = path[-1]
        needed = "/PkgURL" if path[0] == "Download" else "/Data" if verb[:1] == "I" else ""
        if needed and not self.nodes.get(key + needed):
            return 405
        try:
            correlator = bytes(correlator or b"").decode()
            id = (self.nodes.get(key + "/PkgID") or place[-1].encode()).decode()
        except ValueError:
            return 400
        operation = {
            "account": self.account.name,
            "uri": uri,
            "correlator": correlator,
            "place": "/".join(place),
            "primitive": verb,
            "id": id,
            "asked": self.asked,
        }
        for result in self.store.results:
            known = self.store.operation(result[0]) or {}
            names = ("correlator", "uri", "account")
            if correlator and not [1 for name in names if known.get(name) != operation[name]]:
                # Our 202 was lost: it has run, and its report is still to come.
                return 202
        if place[1] == "Deployed" and place[2:] and self.account.report == b"sync":
            from uscomo import change

            self._others["Deployed"] = Deployed(self.store, self.nodes)
            # Its steps are told to nobody: `len` takes a text as well as the console.
            return change.Change(self.store, self.nodes, operation, len).at_once()
        if len(self._accepted) >= self.store.room():
            return 420
        # In octets: a longer file would be none.
        size = len(json.dumps(operation).encode())
        if size > _MAX_OPERATION or len(correlator.encode()) > _MAX_CORRELATOR:
            return 413
        self._accepted.append(operation)
        return 202

    def commit(self):
        """Write the accepted operations down, before their 202 is sent."""
        for operation in self._accepted:
            self.store.accept(operation)
        self._accepted = []
        self.fresh = []
        while self.garbage:
            store.remove_tree(self.garbage.pop())

    def _busy(self, place):
        # The primitive that waits for this place, or None.
        place = "/".join(place)
        for operation in self._accepted:
            if operation["place"] == place:
                return operation["primitive"]
        for number in self.store.pending():
            operation = self.store.operation(number)
            if operation and operation["place"] == place:
                return operation["primitive"]
        return None


def _place(path):
    # The part of a path that is a download, a package or a component.
    return path[: 3 if path[0] == "Inventory" else 2]


def _kind(path):
    # "Download", "Delivered", ... and what comes below that node.
    below = 2 if path[0] == "Inventory" else 1
    kind = path[below - 1]
    if (kind in ("Delivered", "Deployed")) != (below == 2):
        kind = ""
    return kind, path[below:]
