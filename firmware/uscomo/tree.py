# The management tree: URIs, properties, ACLs; management objects are mounted in it. This is the
# dispatcher that a session acts through. Never parses a message, never knows what an object does.
# Rules: OMA DM Tree and Description 1.2, sections 5 to 8. The order of checks is: URI 414/404,
# existence 404/418, access type 405, ACL 425, then the object itself.
#
# A management object has node(path) -> (format, type, access) or None, children(path), read(path)
# and, where its access says so, add(path, format, data), write(path, data), remove(path),
# run(path, uri, correlator, data) -> status; commit(). Paths are lists of names below its root.
# One that takes octets in parts has begin(path, size, type), append(data), end() -> status, and
# drop(). What is carried was counted by the caller; of base64 the size is only an upper limit.
# 405 or 413 of begin() means "not this node": what came in one part goes to add() or write().
from uscomo.constant import const

# Access types, as bits; the names are those of an ACL.
ADD = const(1)
DELETE = const(2)
EXEC = const(4)
GET = const(8)
REPLACE = const(16)
_RIGHTS = ("Add", "Delete", "Exec", "Get", "Replace")

# The tag of an Add command, see syncml.
_ADD_COMMAND = const(5)

MAX_DEPTH = const(12)
MAX_TOTAL = const(127)
MAX_SEGMENT = const(64)
# ACLs are held in RAM during a session: texts that differ are few, nodes with one are as many as
# there are components. One that was left out would give its node to everybody.
MAX_ACLS = const(32)
_MAX_KEYS = const(128)
_MAX_ACL = const(255)

# The root's ACL where none is stored (TND 7.7.1.2).
_ROOT_ACL = b"Add=*&Get=*"

INTERIOR = "node", "", GET


class Tree:
    """The tree as one server sees it; `mounts` is a list of (path, object)."""

    def __init__(self, mounts, nodes, server_id):
        self.mounts = [(root.split("/"), mounted) for root, mounted in mounts]
        self.nodes = nodes
        self.server_id = server_id
        self._open = None
        self.acls = {}
        texts = {}
        for key in nodes.keys("?"):
            text = nodes.get(key)
            self.acls[key[1:]] = texts.setdefault(text, text)

    # -- the dispatcher's verbs

    def get(self, uri):
        """A status, a tuple with one (uri, format, type, data), or an iterator of them."""
        found = self._found(uri, GET)
        if isinstance(found, int):
            return found
        path, query, node = found
        if query.startswith("prop="):
            value = self._property(path, node, query[5:])
            return value if isinstance(value, int) else ((uri, "", "", value),)
        if query.startswith("list="):
            if query not in ("list=Struct", "list=StructData"):
                return 406
            return self._list(path, query == "list=StructData")
        if query:
            return 406
        if node[0] == "node":
            value = "/".join(self._children(path))
            return ((uri, "node", "", value),)
        return ((uri, _shown(node[0]), node[1], self._read(path)),)

    def add(self, uri, format, type, data):
        """Create a node, and what lies between it and its nearest ancestor."""
        code = self._place(uri, ADD)
        if isinstance(code, int):
            return code
        path, mounted, rest, above = code
        code = mounted.add(rest, format or "chr", data)
        # The creator must be able to finish what it began (TND 7.7.1.3).
        if code == 200 and format == "node" and not self._allowed(above, REPLACE):
            entry = self.server_id.decode()
            self._set_acl(path, "Add=%s&Delete=%s&Get=%s&Replace=%s" % ((entry,) * 4))
        return code

    def replace(self, uri, format, type, data):
        """Overwrite a leaf's value, or the ACL."""
        code = self._place(uri, REPLACE, data)
        return code if isinstance(code, int) else code[1].write(code[2], data)

    def begin(self, tag, uri, format, type, size):
        """Begin an object in parts, with the checks of add or replace."""
        code = self._place(uri, ADD if tag == _ADD_COMMAND else REPLACE)
        if isinstance(code, int):
            return code
        self._open = code[1]
        return self._open.begin(code[2], size, type) if hasattr(self._open, "begin") else 413

    def append(self, data):
        """The next part of the object."""
        return self._open.append(data)

    def end(self):
        """The object is whole."""
        return self._open.end()

    def drop(self):
        """The object will never be whole."""
        self._open.drop()

    def _place(self, uri, right, data=None):
        # Where a value may be put: (path, object, path in it, nearest ancestor), or a status.
        path, query = self._parse(uri)
        if path is None:
            return query
        node = self._node(path)
        above = path
        if right == ADD:
            if query:
                return 405
            if node:
                return 418
            while not node:
                above = above[:-1]
                node = self._node(above)
            if node[0] != "node":
                return 405
        elif node is None:
            return 404
        elif query:
            return 405 if data is None else self._replace_property(path, node, query, data)
        elif node[0] == "node" or not node[2] & REPLACE:
            return 405
        mounted, rest = self._mounted(path)
        if right == ADD and not hasattr(mounted, "add"):
            return 405
        if not self._allowed(above, right):
            return 425
        return path, mounted, rest, above

    def delete(self, uri):
        """Remove a node and all below it."""
        found = self._found(uri, DELETE)
        if isinstance(found, int):
            return found
        path = found[0]
        mounted, rest = self._mounted(path)
        code = mounted.remove(rest)
        if code == 200:
            below = "/".join(path)
            for key in list(self.acls):
                if key == below or key.startswith(below + "/"):
                    self._set_acl(key.split("/"), "")
        return code

    def copy(self, source, target):
        """Optional in DM 1.2, not offered yet."""
        return 406

    def exec(self, uri, correlator, data):
        """Start what a node stands for."""
        found = self._found(uri, EXEC)
        if isinstance(found, int):
            return found
        mounted, rest = self._mounted(found[0])
        return mounted.run(rest, bytes(uri).decode(), correlator, data)

    def commit(self):
        """Make a message's changes durable before its answer is sent."""
        self.nodes.commit()
        for _, mounted in self.mounts:
            if hasattr(mounted, "commit"):
                mounted.commit()

    # -- nodes

    def _found(self, uri, right):
        # What is there for a right: (path, query, node), or a status.
        path, query = self._parse(uri)
        if path is None:
            return query
        node = self._node(path)
        if node is None:
            return 404
        if not node[2] & right or (query and right != GET):
            return 405
        return (path, query, node) if self._allowed(path, right) else 425

    def _parse(self, uri):
        # A list of names and the query, or None and a status.
        if len(uri) > MAX_TOTAL:
            return None, 414
        try:
            uri = bytes(uri).decode()
        except ValueError:
            return None, 404
        uri, _, query = uri.partition("?")
        if uri.startswith("./"):
            uri = uri[2:]
        if uri in ("", "."):
            return [], query
        path = uri.split("/")
        if len(path) > MAX_DEPTH:
            return None, 414
        for name in path:
            if len(name) > MAX_SEGMENT:
                return None, 414
            if name in ("", ".", ".."):
                return None, 404
        return path, query

    def _mounted(self, path):
        for root, mounted in self.mounts:
            if path[: len(root)] == root:
                return mounted, path[len(root) :]
        return None, path

    def _node(self, path):
        mounted, rest = self._mounted(path)
        if mounted:
            return mounted.node(rest)
        for root, _ in self.mounts:
            if root[: len(path)] == path:
                return INTERIOR
        return None

    def _children(self, path):
        mounted, rest = self._mounted(path)
        if mounted:
            return mounted.children(rest)
        names = []
        for root, _ in self.mounts:
            if root[: len(path)] == path and root[len(path)] not in names:
                names.append(root[len(path)])
        return names

    def _read(self, path):
        mounted, rest = self._mounted(path)
        return mounted.read(rest)

    def _list(self, path, with_data):
        waiting = [path]
        while waiting:
            path = waiting.pop()
            node = self._node(path)
            if not node or not node[2] & GET or not self._allowed(path, GET):
                continue
            uri = "./" + "/".join(path) if path else "."
            if node[0] == "node":
                yield uri, "node", node[1], None
                for name in reversed(self._children(path)):
                    waiting.append(path + [name])
            else:
                yield uri, _shown(node[0]), node[1], self._read(path) if with_data else None

    # -- properties

    def _property(self, path, node, name):
        if name == "ACL":
            return self.acls.get("/".join(path), _ROOT_ACL if not path else b"")
        if name == "Format":
            return node[0]
        if name == "Name":
            return path[-1] if path else "."
        if name == "Type":
            return node[1] or ("" if node[0] == "node" else "text/plain")
        return 406

    def _replace_property(self, path, node, query, data):
        if query != "prop=ACL":
            return 405 if query in ("prop=Format", "prop=Name", "prop=Type") else 406
        # A leaf's ACL is its parent's matter, an interior node's also its own (TND 7.7.1.3).
        allowed = self._allowed(path[:-1], REPLACE)
        if not allowed and not (node[0] == "node" and self._allowed(path, REPLACE)):
            return 425
        if len(data) > _MAX_ACL:
            return 413
        try:
            text = bytes(data).decode()
        except ValueError:
            return 500
        for entry in text.split("&") if text else ():
            right, _, ids = entry.partition("=")
            if right not in _RIGHTS or not ids:
                return 500
        return self._set_acl(path, text)

    def _set_acl(self, path, text):
        key = "/".join(path)
        if text:
            texts = set(self.acls.values())
            if text.encode() not in texts and len(texts) >= MAX_ACLS:
                return 420
            if key not in self.acls and len(self.acls) >= _MAX_KEYS:
                return 420
            self.acls[key] = text = text.encode()
            self.nodes.set("?" + key, text)
        elif key in self.acls:
            del self.acls[key]
            self.nodes.remove("?" + key)
        return 200

    def _allowed(self, path, right):
        # The nearest ancestor with an ACL decides alone (TND 7.7.1.2).
        while True:
            acl = self.acls.get("/".join(path))
            if acl is None and not path:
                acl = _ROOT_ACL
            if acl:
                break
            path = path[:-1]
        name = _RIGHTS[(ADD, DELETE, EXEC, GET, REPLACE).index(right)].encode()
        for entry in acl.split(b"&"):
            right, _, ids = entry.partition(b"=")
            if right == name:
                ids = ids.split(b"+")
                if b"*" in ids or self.server_id in ids:
                    return True
        return False


class Leaves:
    """A permanent object whose leaves are texts, possibly in permanent interior nodes."""

    def __init__(self, moid, values):
        self.moid = moid
        self.values = values

    def node(self, path):
        """What a path is, or None."""
        if not path:
            return "node", self.moid, GET
        name = "/".join(path)
        for key, value in self.values:
            if key == name:
                return "bool" if value in ("true", "false") else "chr", "", GET
            if key.startswith(name + "/"):
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
        """A leaf's value."""
        return dict(self.values)["/".join(path)]


def _shown(format):
    return "" if format == "chr" else format
