# A permanent management object of texts: DevInfo, DevDetail. Imported when a server reads it.
from uscomo.constant import GET


class Leaves:
    """Leaves by their path as a text, possibly in permanent interior nodes."""

    def __init__(self, moid, values):
        self.moid = moid
        self.values = values

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return "node", self.moid, GET
        value = self.read(path)
        if value is not None:
            return "bool" if value in ("true", "false") else "chr", "", GET
        below = "/".join(path) + "/"
        for key, _ in self.values:
            if key.startswith(below):
                return "node", "", GET
        return None

    def children(self, path):
        """Names below a path."""
        names = []
        for key, _ in self.values:
            key = key.split("/")
            if key[: len(path)] == path and key[len(path)] not in names:
                names.append(key[len(path)])
        return names

    def read(self, path):
        """A leaf's value, None where none is."""
        name = "/".join(path)
        for key, value in self.values:
            if key == name:
                return value
        return None
