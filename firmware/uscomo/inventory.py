# Parts of the SCOMO object that a server only reads, or nearly so: what is deployed, and the
# extensions below the object's root. Never changes a component: its primitives are accepted by
# `scomo`. Source: SCOMO 1.0 and 1.1, section 3.4 of the project's digest; Ext is ours.
import os

import uscomo_boot
from uscomo import store
from uscomo.constant import EXEC, GET, REPLACE
from uscomo.tree import INTERIOR

_LEAVES = ("ID", "PkgIDRef", "Name", "Version", "EnvType", "Status", "State")
_EXT = ("Release", "OnTrial", "LastError", "Retained")
_INTEGERS = ("Status", "State", "Release")
_VERBS = ("Activate", "Deactivate", "Remove")


def operation_node(path, names):
    """The node of a path that begins with "Operations", or None."""
    if path == ["Operations"]:
        return INTERIOR
    if len(path) == 2 and path[0] == "Operations" and path[1] in names:
        return "null", "", EXEC
    return None


class Deployed:
    """Components: those of the store, and what came some other way, which is left alone."""

    def __init__(self, stored, nodes):
        self.store = stored
        self.nodes = nodes
        self._last = self._others = None

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return INTERIOR
        found = self._component(path[0])
        if not found:
            return None
        if len(path) == 1:
            return INTERIOR
        name = path[-1]
        format = "int" if name in _INTEGERS else "bool" if name == "OnTrial" else "chr"
        if len(path) == 2 and name in _LEAVES:
            return format, "", GET
        if found[0] is None:
            return None
        if path[1] == "Ext":
            if len(path) == 2:
                return INTERIOR
            return (format, "", GET) if len(path) == 3 and name in _EXT else None
        if path[1:] == ["Operations", "Ext"]:
            return INTERIOR
        if path[1:] == ["Operations", "Ext", "Rollback"]:
            return "null", "", EXEC
        return operation_node(path[1:], _VERBS)

    def children(self, path):
        """Names below a path."""
        if not path:
            names = [store.manifest(row[store.SLOT])["id"] for row in self.store.rows]
            return names + [name for name in self._found() if name not in names]
        if len(path) == 1:
            ours = self._component(path[0])[0]
            return list(_LEAVES) + (["Operations", "Ext"] if ours else [])
        if path[1] == "Ext":
            return list(_EXT)
        return ["Rollback"] if path[2:] else list(_VERBS) + ["Ext"]

    def read(self, path):
        """A leaf's value, but for Status."""
        name = path[-1]
        row, about = self._component(path[0])
        if path[1] == "Ext":
            return self._read_ext(name, row, about)
        if name == "State":
            return str(row[store.STATE] if row else uscomo_boot.ACTIVE)
        keys = {"ID": "id", "PkgIDRef": "package", "EnvType": "env"}
        return about.get(keys.get(name, name.lower()), "")

    def _read_ext(self, name, row, about):
        trial = row[store.FLAGS] & uscomo_boot.TRIAL
        if name == "Release":
            return str(about["release"])
        if name == "OnTrial":
            return "true" if trial else "false"
        if name == "LastError":
            return self.nodes.get("~error/" + about["id"]) or b""
        if trial or not row[store.FALL_BACK]:
            return ""
        return store.manifest(row[store.FALL_BACK])["version"]

    def _component(self, id):
        # (row, manifest): the last one found is kept, listings ask for the same one again.
        if self._last is None or self._last[1]["id"] != id:
            row = self.store.find(id)
            if row is not None:
                self._last = row, store.manifest(row[store.SLOT])
            elif id in self._found():
                about = {"id": id, "name": id, "package": "-1", "version": self._found()[id]}
                self._last = None, about
            else:
                return None
        return self._last

    def _found(self):
        # What is frozen or was copied by hand: names and versions.
        if self._others is None:
            try:
                from uscomo_frozen import COMPONENTS
            except ImportError:
                COMPONENTS = ()
            self._others = dict(COMPONENTS)
            base = uscomo_boot.ROOT.rsplit("/", 1)[0]
            for folder in (base + "/lib/", base + "/"):
                for name in _modules(folder):
                    self._others.setdefault(name, "")
        return self._others


def _modules(folder):
    # Names of what can be imported from a folder; not the agent's.
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        top, _, kind = name.partition(".")
        if not top or top in ("boot", "main", "lib") or top[:6] == "uscomo":
            continue
        if not kind:
            try:
                inside = os.listdir(folder + name)
            except OSError:
                continue  # a file
            if not [1 for file in inside if file[-3:] == ".py" or file[-4:] == ".mpy"]:
                continue
        elif kind not in ("py", "mpy"):
            continue
        yield top


class Ext:
    """Safe mode and trust anchors."""

    def __init__(self, stored):
        self.store = stored

    def node(self, path):
        """What a path is, or None."""
        if path == ["SafeMode"]:
            return "int", "", GET | REPLACE
        if path and not _trust():
            return None
        if path == ["Trust", "Statement"]:
            return "bin", "", REPLACE
        if path in ([], ["Trust"], ["Trust", "Anchors"]):
            return INTERIOR
        if path[:-1] == ["Trust", "Anchors"] and path[-1] in _anchors():
            return "chr", "", GET
        return None

    def children(self, path):
        """Names below a path."""
        if not path:
            return ["SafeMode"] + (["Trust"] if _trust() else [])
        return _anchors() if path[1:] else ["Statement", "Anchors"]

    def read(self, path):
        """A leaf's value: whether safe mode was entered, or an anchor's key id."""
        return path[-1] if path[1:] else str(self.store.flags & 1)

    def write(self, name, data):
        """Take a trust statement, or leave safe mode."""
        if name == "Statement":
            return _trust().apply(data, uscomo_boot.ROOT + "/k")
        if bytes(data) != b"0":
            return 405
        # With the next start, which is at the end of the session; no trial is blamed for it.
        self.store.plan_restart()
        self.store.restart = True
        self.store.commit()
        return 200


def _trust():
    # A feature whose file was left out is not there.
    try:
        from uscomo import trust
    except ImportError:
        return None
    return trust


def _anchors():
    return _trust().anchors(uscomo_boot.ROOT + "/k")
