# The management tree: URIs, ACLs; management objects are mounted in it. This is the dispatcher
# that a session acts through. Never parses a message, never knows what an object does. What is
# rarely asked for is in `properties`, `listing` and `tnds`, which are imported then.
# Rules: OMA DM Tree and Description 1.2, sections 5 to 8. The order of checks is: URI 414/404,
# existence 404/418, access type 405, ACL 425, then the object itself.
#
# A management object has node(path) -> (format, type, access) or None, children(path), read(path)
# and, where its access says so, add(path, format, data), write(path, data), remove(path),
# run(path, uri, correlator, data) -> status; key(path), where a node is stored that may get
# another name; commit(). Paths are lists of names below its root.
# One that takes octets in parts has begin(path, size, type), append(data), end() -> status, and
# drop(). What is carried was counted by the caller; of base64 the size is only an upper limit.
# 405 or 413 of begin() means "not this node": what came in one part goes to add() or write().
from uscomo import store
from uscomo.constant import (
    ADD,
    DELETE,
    EXEC,
    GET,
    MAX_DEPTH,
    MAX_SEGMENT,
    MAX_TOTAL,
    REPLACE,
    ROOT_ACL,
    TNDS,
    const,
)

RIGHTS = ("Add", "Delete", "Exec", "Get", "Replace")

# The tag of an Add command, see syncml.
_ADD_COMMAND = const(5)
_TNDS_SIZE = const(30)

# ACLs are held in RAM during a session: texts that differ are few, nodes with one are as many as
# there are components. One that was left out would give its node to everybody.
MAX_ACLS = const(32)
MAX_KEYS = const(128)

INTERIOR = "node", "", GET


class Tree:
    """The tree as one server sees it, None for the device itself.

    `mounts` is a list of (path, object); without an object, open(name of its root) makes it when
    it is asked for.
    """

    def __init__(self, mounts, nodes, server_id, open=None):
        self.mounts = [[root.split("/"), mounted] for root, mounted in mounts]
        self.nodes = nodes
        self.server_id = server_id
        # The device itself; a server that may do all for a moment is not.
        self.trusted = server_id is None
        self.open = open
        self._coming = self._path = self._mounted = None
        # What was asked last of an ACL, and the answer.
        self._acl = self._right = self._granted = None
        # By path; "path?" says that `properties` knows more of the node.
        self.acls = {}
        texts = {}
        for key in nodes.keys("?"):
            text = b"" if key[1:] and key[-1] == "?" else nodes.get(key)
            self.acls[key[1:]] = texts.setdefault(text, text)

    # -- the dispatcher's verbs

    def get(self, uri):
        """A status, a tuple with one (uri, format, type, data), or an iterator of them."""
        found = self.found(uri, GET)
        if isinstance(found, int):
            return found
        path, query, node = found
        if query:
            if query[:5] == "list=":
                from uscomo import listing

                return listing.get(self, uri, path, node, query[5:])
            from uscomo import properties

            value = properties.get(self, path, node, query)
            return value if isinstance(value, int) else ((uri, "", "", value),)
        if node[0] == "node":
            return ((uri, "node", "", "/".join(self.children(path))),)
        return (self.row(uri, path, node),)

    def row(self, uri, path, node):
        """What a Get says of a leaf."""
        mounted, rest = self.mounted(path)
        return uri, "" if node[0] == "chr" else node[0], node[1], mounted.read(rest)

    def add(self, uri, format, type, data):
        """Create a node, and what lies between it and its nearest ancestor."""
        if type[:_TNDS_SIZE] == TNDS:
            from uscomo import tnds

            return tnds.put(self, uri, type, data, ADD)
        code = self._place(uri, ADD)
        if isinstance(code, int):
            return code
        path, mounted, rest, above = code
        code = mounted.add(rest, format or "chr", data)
        # The creator must be able to finish what it began (TND 7.7.1.3).
        made = path[: len(above) + 1]
        interior = format == "node" or len(made) < len(path)
        if code == 200 and interior and not self.allowed(above, REPLACE):
            id = self.server_id
            text = b"Add=%s&Delete=%s&Get=%s&Replace=%s" % (id, id, id, id)
            self.set_acl("/".join(made), text)
        return code

    def replace(self, uri, format, type, data):
        """Overwrite a leaf's value, a property, or a whole subtree."""
        if type[:_TNDS_SIZE] == TNDS:
            from uscomo import tnds

            return tnds.put(self, uri, type, data, REPLACE)
        code = self._place(uri, REPLACE, data)
        if isinstance(code, int):
            return code
        return self._changed(code[0], code[1].write(code[2], data))

    def begin(self, tag, uri, format, type, size):
        """Begin an object in parts, with the checks of add or replace."""
        if type[:_TNDS_SIZE] == TNDS:
            return 413  # it is for many nodes, whatever is there
        code = self._place(uri, ADD if tag == _ADD_COMMAND else REPLACE)
        if isinstance(code, int):
            return code
        self._coming = code
        return code[1].begin(code[2], size, type) if hasattr(code[1], "begin") else 413

    def append(self, data):
        """The next part of the object."""
        return self._coming[1].append(data)

    def end(self):
        """The object is whole."""
        return self._changed(self._coming[0], self._coming[1].end())

    def drop(self):
        """The object will never be whole."""
        self._coming[1].drop()

    def _changed(self, path, code):
        # Whether somebody counts the versions of what has another value now.
        key = "/".join(path) + "?"
        if code == 200 and key in self.acls:
            from uscomo import properties

            properties.touch(self, key)
        return code

    def _place(self, uri, right, data=None):
        # Where a value may be put: (path, object, path in it, nearest ancestor), or a status.
        path, query = self.parse(uri)
        if path is None:
            return query
        node = self.node(path)
        above = path
        if right == ADD:
            if query:
                return 405
            if node:
                return 418
            while not node:
                above = above[:-1]
                node = self.node(above)
            if node[0] != "node":
                return 405
        elif node is None:
            return 404
        elif query:
            if data is None:
                return 405
            from uscomo import properties

            return properties.replace(self, path, node, query, data)
        elif node[0] == "node" or not node[2] & REPLACE:
            return 405
        mounted, rest = self.mounted(path)
        if right == ADD and not hasattr(mounted, "add"):
            return 405
        if not self.allowed(above, right):
            return 425
        if right == ADD and not self.nodes.room():
            return 420
        return path, mounted, rest, above

    def delete(self, uri):
        """Remove a node and all below it."""
        found = self.found(uri, DELETE)
        if isinstance(found, int):
            return found
        return self.remove(found[0])

    def remove(self, path):
        """Remove a node, all below it, and their ACLs."""
        mounted, rest = self.mounted(path)
        code = mounted.remove(rest)
        if code == 200:
            below = "/".join(path)
            for key in list(self.acls):
                if key.startswith(below) and key[len(below) : len(below) + 1] in ("", "/", "?"):
                    self.set_acl(key, b"")
        return code

    def copy(self, source, target):
        """Put a leaf's value into another leaf."""
        from uscomo import properties

        return properties.copy(self, source, target)

    def exec(self, uri, correlator, data):
        """Start what a node stands for."""
        found = self.found(uri, EXEC)
        if isinstance(found, int):
            return found
        mounted, rest = self.mounted(found[0])
        return mounted.run(rest, bytes(uri).decode(), correlator, data)

    def commit(self):
        """Make a message's changes durable before its answer is sent."""
        self.nodes.commit()
        for _, mounted in self.mounts:
            if hasattr(mounted, "commit"):
                mounted.commit()

    def save(self):
        """What restore() needs to forget all changes since now; files go with the commit."""
        sizes = []
        for _, mounted in self.mounts:
            known = hasattr(mounted, "garbage")
            sizes.append((len(mounted.garbage), len(mounted.fresh)) if known else (0, 0))
        return dict(self.nodes.pending), dict(self.acls), sizes

    def restore(self, state):
        """Forget the changes since a save(); also of an object that was opened meanwhile."""
        self.nodes.pending, self.acls, sizes = state
        for (_, mounted), (garbage, fresh) in zip(self.mounts, sizes):
            if hasattr(mounted, "garbage"):
                del mounted.garbage[garbage:]
                while len(mounted.fresh) > fresh:
                    store.remove_tree(mounted.fresh.pop())

    # -- nodes

    def found(self, uri, right):
        """What is there for a right: (path, query, node), or a status."""
        path, query = self.parse(uri)
        if path is None:
            return query
        node = self.node(path)
        if node is None:
            return 404
        # What may be done to a node says nothing of its properties.
        if right != GET if query else not node[2] & right:
            return 405
        return (path, query, node) if self.allowed(path, right) else 425

    def parse(self, uri):
        """A list of names and the query, or None and a status."""
        if len(uri) > MAX_TOTAL:
            return None, 414
        try:
            uri = str(uri, "utf-8")
        except ValueError:
            return None, 404
        query = ""
        if "?" in uri:
            uri, _, query = uri.partition("?")
        if uri in ("", ".", "./", "./."):
            return [], query
        path = uri.split("/")
        if path[0] == ".":
            path.pop(0)
        if len(path) > MAX_DEPTH:
            return None, 414
        if len(uri) > MAX_SEGMENT and max(len(name) for name in path) > MAX_SEGMENT:
            return None, 414
        if "" in path or "." in path or ".." in path:
            return None, 404
        return path, query

    def mounted(self, path):
        """The object that a path lies in, and the path in it; None and the path."""
        # Each verb asks two or three times for the same one.
        if path is not self._path:
            found = None, path
            for entry in self.mounts:
                root, mounted = entry
                if path[: len(root)] == root:
                    if mounted is None:
                        mounted = entry[1] = self.open(root[0])
                    found = mounted, path[len(root) :]
                    break
            self._path = path
            self._mounted = found
        return self._mounted

    def node(self, path):
        """What a path is: (format, type, access), or None."""
        mounted, rest = self.mounted(path)
        if mounted:
            return mounted.node(rest)
        for root, _ in self.mounts:
            if root[: len(path)] == path:
                return INTERIOR
        return None

    def children(self, path):
        """The names below an interior node."""
        mounted, rest = self.mounted(path)
        if mounted:
            return mounted.children(rest)
        names = []
        for root, _ in self.mounts:
            if root[: len(path)] == path and root[len(path)] not in names:
                names.append(root[len(path)])
        return names

    # -- ACLs

    def set_acl(self, key, text):
        """Give a node an ACL, or none; `key` is its path as a text, `text` octets."""
        if not text:
            if self.acls.pop(key, None) is not None:
                self.nodes.remove("?" + key)
            return 200
        if key not in self.acls and (len(self.acls) >= MAX_KEYS or not self.nodes.room()):
            return 420
        if text not in self.acls.values() and len(set(self.acls.values())) >= MAX_ACLS:
            return 420
        try:
            self.nodes.set("?" + key, text)
        except ValueError:
            return 414
        self.acls[key] = text
        return 200

    def allowed(self, path, right):
        """Whether the server has a right: the nearest ACL decides alone (TND 7.7.1.2)."""
        if self.server_id is None:
            return True
        acl = None if self.acls else ROOT_ACL
        while not acl:
            acl = self.acls.get("/".join(path))
            if not path:
                acl = acl or ROOT_ACL
            path = path[:-1]
        if acl != self._acl or right != self._right:
            self._acl = acl
            self._right = right
            self._granted = False
            name = RIGHTS[(ADD, DELETE, EXEC, GET, REPLACE).index(right)].encode()
            for entry in acl.split(b"&"):
                right, _, ids = entry.partition(b"=")
                if right == name:
                    ids = ids.split(b"+")
                    if b"*" in ids or self.server_id in ids:
                        self._granted = True
        return self._granted
