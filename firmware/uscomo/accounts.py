# The DMAcc management object in the tree: accounts with DM servers. Imported when a server asks
# for it; what a session needs of its own account is in `dmacc`.
# Source: OMA DM Standardized Objects 1.2, section 5.3.1.
import uscomo_boot
from uscomo import store
from uscomo.constant import ADD, DELETE, GET, REPLACE, const
from uscomo.dmacc import KEY, MAX_NONCE

MOID = "urn:oma:mo:oma-dm-dmacc:1.0"

# Below an account; + is a name that is chosen when the node is made. Then: longest value, and
# whether it is part of what it lies in (an account without an address is none).
_LEAVES = (
    ("AAuthPref", 32, False),
    ("AppAddr/+/Addr", 512, True),
    ("AppAddr/+/AddrType", 8, True),
    ("AppAddr/+/Port/+/PortNbr", 5, True),
    ("AppAuth/+/AAuthData", MAX_NONCE, False),
    ("AppAuth/+/AAuthLevel", 8, True),
    ("AppAuth/+/AAuthName", 128, False),
    ("AppAuth/+/AAuthSecret", 128, False),
    ("AppAuth/+/AAuthType", 16, True),
    ("AppID", 8, True),
    ("Ext/Form", 8, False),
    ("Ext/Report", 8, True),
    ("Ext/RequestTypes", 64, False),
    ("Ext/ScomoRoot", 64, True),
    ("Ext/ScomoVersion", 8, True),
    ("Ext/Silent", 1, True),
    ("Name", 128, False),
    ("PrefConRef", 127, False),
    ("ServerID", 128, True),
    ("ToConRef/+/ConRef", 127, True),
)
_SECRETS = ("AAuthSecret", "AAuthData")
# Who the server is in ACLs, where they stand, whether its user is asked: a server that wrote these
# could be another. Who makes the account says them once; of the last, only the device.
_FIXED = ("ServerID", "ScomoRoot", "ScomoVersion", "Silent")

# Of an account's Ext, where it says nothing: are results of short operations told at once, is the
# user never asked. The server may change the first; the second is the device's own.
_DEFAULTS = {"Report": b"async", "Silent": b"0"}

_MAX_ACCOUNTS = const(8)


class Accounts:
    """Accounts in the tree: readable but for their secrets."""

    def __init__(self, nodes, tree=None):
        self.nodes = nodes
        self.tree = tree
        # What goes with the commit; see `scomo`.
        self.garbage = []
        self.fresh = ()

    def commit(self):
        """What was written counts now."""
        while self.garbage:
            store.remove_tree(self.garbage.pop())

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return "node", "", ADD | GET
        pattern, leaf = _pattern(path)
        key = KEY + "/".join(path)
        name = path[-1]
        if leaf:
            if self.nodes.get(key) is None:
                # What an account says that says nothing; the device itself may say it.
                known = name in _DEFAULTS and self.nodes.children(KEY + path[0])
                known = known and not (self.tree and self.tree.trusted)
                if not known or pattern[:4] != "Ext/":
                    return None
            access = REPLACE if name in _SECRETS else GET if name in _FIXED else GET | REPLACE
            return _format(name), "", access if leaf[2] else access | DELETE
        if pattern is None:
            return None
        if self.nodes.get(key) is None and not self.nodes.children(key):
            return None
        access = ADD | DELETE | GET if pattern[-1:] in ("", "+") else ADD | GET
        return "node", MOID if not pattern else "", access

    def children(self, path):
        """Names below a path."""
        names = self.nodes.children("/".join(["DMAcc"] + path))
        if path[1:] == ["Ext"]:
            names += [name for name in sorted(_DEFAULTS) if name not in names]
        return names

    def read(self, path):
        """A leaf's value."""
        value = self.nodes.get(KEY + "/".join(path))
        return _DEFAULTS[path[-1]] if value is None else value

    def add(self, path, format, data):
        """A server or the bootstrap makes an account, or a part of one."""
        pattern, leaf = _pattern(path)
        if pattern is None or (format == "node") == bool(leaf):
            return 405
        if pattern == "Ext/Silent" and not (self.tree and self.tree.trusted):
            return 405
        known = self.nodes.children("DMAcc")
        if path[0] not in known and len(known) >= _MAX_ACCOUNTS:
            return 420
        # With another account's ServerID its rights would be this one's.
        if pattern == "ServerID" and (self._serves(bytes(data)) or not _plain(bytes(data))):
            return 405
        return self._set(path, data if leaf else b"")

    def write(self, path, data):
        """Overwrite a leaf; what is changed counts from the next session on."""
        return self._set(path, data)

    def _set(self, path, data):
        leaf = _pattern(path)[1]
        if leaf and len(data) > leaf[1]:
            return 413
        name = path[-1]
        if name == "AAuthData":
            # The new nonce counts, not the one that was kept.
            self.garbage.append(uscomo_boot.ROOT + "/n/" + path[0])
        try:
            text = bytes(data).decode() if leaf and name != "AAuthData" else ""
            if name == "PortNbr" and not text.isdigit():
                return 415
            if name == "Form" and text not in ("wbxml", "xml"):
                return 415
            if name == "ScomoRoot" and not _own_root(text):
                return 415
            self.nodes.set(KEY + "/".join(path), data)
        except UnicodeError:
            return 415
        except ValueError:
            return 414
        return 200

    def remove(self, path):
        """Close an account, or take a part of one away; not that of the server that asks."""
        if len(path) == 1:
            server_id = self.nodes.get(KEY + path[0] + "/ServerID")
            if self.tree and server_id == self.tree.server_id:
                return 405
            for key in ("~check/", "~unknown/"):
                self.nodes.remove(key + path[0])
            self.garbage.append(uscomo_boot.ROOT + "/n/" + path[0])
        self.nodes.remove_tree(KEY + "/".join(path))
        if len(path) == 1 and self.tree and server_id and not self._serves(server_id):
            from uscomo import properties

            properties.forget(self.tree, server_id)
        return 200

    def _serves(self, server_id):
        for name in self.nodes.children("DMAcc"):
            if self.nodes.get(KEY + name + "/ServerID") == server_id:
                return True
        return False


def _pattern(path):
    # A path below an account with + for chosen names, and its row of _LEAVES; None where the
    # object has no such node.
    names = path[1:]
    if names[:1] != ["Ext"]:
        for i in range(1, len(names), 2):
            names[i] = "+"
    pattern = "/".join(names)
    for leaf in _LEAVES:
        if leaf[0] == pattern:
            return pattern, leaf
    below = [1 for leaf in _LEAVES if not pattern or leaf[0].startswith(pattern + "/")]
    return pattern if below else None, None


def _plain(server_id):
    # Whether it can stand in an ACL.
    return server_id and not [c for c in server_id if c < 33 or c in b"&*+="]


def _own_root(text):
    # Who has an account has rights on what lies there.
    names = text.split("/")
    wrong = [1 for name in names if name in ("", ".", "..") or "?" in name]
    return not wrong and names[0] not in ("DMAcc", "DevDetail", "DevInfo", "Inbox")


def _format(name):
    return "bin" if name == "AAuthData" else "chr"
