# The SCOMO management object: downloads that a server prepares, the inventory, the primitives.
# A primitive is written down here and run later: nothing is fetched or installed in a session.
# Source: SCOMO 1.0 and 1.1 as digested in the project's scomo notes, sections 3 and 4.
from uscomo import store
from uscomo.constant import const
from uscomo.tree import ADD, DELETE, EXEC, GET, REPLACE

MOID = "urn:oma:mo:oma-scomo:"

IDLE = b"10"

# Leaves that a server may write below Download/<X>, and the longest value of each.
_WRITABLE = {
    "PkgID": 256,
    "Name": 128,
    "PkgURL": 512,
    "InstallParams": 512,
    "Description": 512,
    "EnvType": 128,
    "PkgType": 100,
}
_DOWNLOADS = ("DownloadInstall", "DownloadInstallInactive")
_DEPLOYED = ("ID", "PkgIDRef", "Name", "Version", "EnvType", "Status", "State")
_INTEGERS = ("Status", "State")
_VERBS = ("Activate", "Deactivate", "Remove")

# It is kept in an operation's file and sent back in its report.
_MAX_CORRELATOR = const(128)
# A server that never cleans up must not fill the nodes.
MAX_DOWNLOADS = const(8)

_KEY = "SCOMO/"


class Scomo:
    """The object as one account sees it; `asked` says that the user agreed in this session."""

    def __init__(self, stored, nodes, account):
        self.store = stored
        self.nodes = nodes
        self.account = account
        self.asked = False
        self._accepted = []
        self._last = None

    def node(self, path):
        """What a path is, or None."""
        depth = len(path)
        if not depth:
            return "node", MOID + self.account.scomo_version, GET
        if path[0] == "Download":
            return self._download_node(path, depth)
        if path[0] != "Inventory":
            return None
        if depth == 1:
            return "node", "", GET
        if path[1] != "Deployed":
            return None
        if depth == 2:
            return "node", "", GET
        if not self._component(path[2]):
            return None
        if depth == 3:
            return "node", "", GET
        if depth == 4 and path[3] in _DEPLOYED:
            return "int" if path[3] in _INTEGERS else "chr", "", GET
        return _operation(path[3:], _VERBS)

    def _download_node(self, path, depth):
        if depth == 1:
            return "node", "", ADD | GET
        key = _KEY + "/".join(path[:2])
        if self.nodes.get(key) is None and not self.nodes.children(key):
            return None
        if depth == 2:
            return "node", "", ADD | DELETE | GET | REPLACE
        if depth == 3:
            if path[2] == "Status":
                return "int", "", GET
            if path[2] in _WRITABLE:
                if self.nodes.get(_KEY + "/".join(path)) is None:
                    return None
                return "chr", "", ADD | DELETE | GET | REPLACE
        return _operation(path[2:], _DOWNLOADS)

    def children(self, path):
        """Names below a path."""
        depth = len(path)
        if not depth:
            return ["Download", "Inventory"]
        if path[-1] == "Operations":
            return list(_DOWNLOADS if path[0] == "Download" else _VERBS)
        if path == ["Inventory"]:
            return ["Deployed"]
        if path[0] == "Inventory":
            if depth == 2:
                return [store.manifest(row[store.SLOT])["id"] for row in self.store.rows]
            return list(_DEPLOYED) + ["Operations"]
        names = self.nodes.children(_KEY + "/".join(path))
        if depth == 2:
            names = [name for name in names if name != "Status"] + ["Status", "Operations"]
        return names

    def read(self, path):
        """A leaf's value."""
        if path[0] == "Download":
            value = self.nodes.get(_KEY + "/".join(path))
            if path[-1] != "Status":
                return value
            if self._busy(path[:2]):
                return b"30"
            return IDLE if value is None else value
        row, about = self._component(path[2])
        name = path[3]
        if name == "State":
            return str(row[store.STATE])
        if name == "Status":
            return self.nodes.get(_KEY + "/".join(path)) or IDLE
        keys = {"ID": "id", "PkgIDRef": "package", "EnvType": "env"}
        return about.get(keys.get(name, name.lower()), "")

    def add(self, path, format, data):
        """A server prepares a download."""
        depth = len(path)
        if path[0] != "Download" or depth > 3:
            return 405
        if (format == "node") != (depth == 2) or (depth == 3 and path[2] not in _WRITABLE):
            return 405
        known = self.nodes.children(_KEY + "Download")
        if path[1] not in known and len(known) >= MAX_DOWNLOADS:
            return 420
        if depth == 2:
            data = b""
        return self._set(path, data)

    def write(self, path, data):
        """A server changes a leaf of a download."""
        return 405 if self._busy(path[:2]) else self._set(path, data)

    def _set(self, path, data):
        if len(path) == 3 and len(data) > _WRITABLE[path[2]]:
            return 413
        try:
            self.nodes.set(_KEY + "/".join(path), data)
        except ValueError:
            return 414
        return 200

    def remove(self, path):
        """A server clears a download away."""
        if self._busy(path[:2]):
            return 405
        self.nodes.remove_tree(_KEY + "/".join(path))
        return 200

    def run(self, path, uri, correlator, data):
        """Accept a primitive; it counts with commit() and runs after the session."""
        place = path[:-2]
        if self._busy(place):
            return 405
        if place[0] == "Download" and not self.nodes.get(_KEY + "/".join(place) + "/PkgURL"):
            return 405
        if len(self._accepted) >= self.store.room():
            return 420
        try:
            correlator = bytes(correlator or b"").decode()
        except ValueError:
            return 400
        if len(correlator) > _MAX_CORRELATOR:
            return 413
        self._accepted.append(
            {
                "account": self.account.name,
                "uri": uri,
                "correlator": correlator,
                "place": "/".join(place),
                "primitive": path[-1],
                "asked": self.asked,
            }
        )
        return 202

    def commit(self):
        """Write the accepted operations down, before their 202 is sent."""
        for operation in self._accepted:
            self.store.accept(operation)
        self._accepted = []

    def _busy(self, place):
        place = "/".join(place)
        for operation in self._accepted:
            if operation["place"] == place:
                return True
        for number in self.store.pending():
            operation = self.store.operation(number)
            if operation and operation["place"] == place:
                return True
        return False

    def _component(self, id):
        # (row, manifest): the last one found is kept, listings ask for the same one again.
        if self._last is None or self._last[1]["id"] != id:
            row = self.store.find(id)
            if row is None:
                return None
            self._last = row, store.manifest(row[store.SLOT])
        return self._last


def _operation(path, names):
    if path == ["Operations"]:
        return "node", "", GET
    if len(path) == 2 and path[0] == "Operations" and path[1] in names:
        return "null", "", EXEC
    return None
