# A session over the real tree, with an object whose nodes answer with the code in their names.
from test_dm_session import Peer, codes  # noqa: F401
from test_tree import mounted, prepared

from uscomo import syncml
from uscomo.constant import ADD, DELETE, EXEC, GET, REPLACE

TAGS = {
    "Add": syncml.ADD,
    "Alert": syncml.ALERT,
    "Atomic": syncml.ATOMIC,
    "Copy": syncml.COPY,
    "Delete": syncml.DELETE,
    "Exec": syncml.EXEC,
    "Get": syncml.GET,
    "Replace": syncml.REPLACE,
    "Sequence": syncml.SEQUENCE,
    "Put": 0x1F,
    "?": 0x3D,
}
ALL = ADD | DELETE | EXEC | GET | REPLACE


class Vendor:
    """Leaves ./V/<name>; a name such as c403 answers all but Get with its code."""

    def __init__(self, nodes):
        self.nodes = nodes

    def node(self, path):
        if not path:
            return "node", "", GET | ADD
        if path in (["m"], ["n"]):
            return "node", "", ALL
        known = path[0][0] == "c" or self.nodes.get("V/" + path[0]) is not None
        return ("chr", "", ALL) if known and not path[1:] else None

    def children(self, path):
        return [] if path else self.nodes.children("V")

    def read(self, path):
        return self.nodes.get("V/" + path[0]) or b"value"

    def add(self, path, format, data):
        return self._code(path) or self._set(path, data)

    def write(self, path, data):
        return self._code(path) or self._set(path, data)

    def _set(self, path, data):
        self.nodes.set("V/" + path[0], data)
        return 200

    def remove(self, path):
        code = self._code(path)
        if not code:
            self.nodes.remove("V/" + path[0])
        return code or 200

    def run(self, path, uri, correlator, data):
        return self._code(path) or 200

    def _code(self, path):
        # c403 is there, x403 may be added.
        return int(path[0][1:]) if path[0][0] in "cx" and path[0][1:].isdigit() else 0


def device(**values):
    """A tree with ./V and, below it, leaves; ./V/p and ./V/m are another server's."""
    tree = prepared()
    nodes = tree.nodes
    rights = "&".join(r + "=srv" for r in ("Add", "Delete", "Exec", "Get", "Replace"))
    nodes.set("?V", rights.encode())
    nodes.set("?V/p", b"Get=other")
    nodes.set("?V/m", b"Get=other")
    for name, value in dict(values, a=b"1", b=b"2", p=b"3").items():
        nodes.set("V/" + name, value)
    nodes.commit()
    made = mounted(tree.nodes.store, nodes)
    made.mounts.append([["V"], Vendor(nodes)])
    return made


def item(uri, data=None, format=None, source=None, size=None, more=False, foreign=False):
    return uri, data, format, source, size, more, foreign


def write(writer, commands):
    """(name, items) or (name, commands), in order; an Alert is (name, code, texts)."""
    for command in commands:
        name, content = command[:2]
        if name == "Alert":
            writer.alert(content)
            for text in command[2:]:
                writer.item(None, None, None, None, text)
        elif name in ("Atomic", "Sequence"):
            writer.command(TAGS[name])
            write(writer, content)
        else:
            writer.command(TAGS[name])
            for entry in content:
                _item(writer, *entry)
        writer.end()


def _item(writer, uri, data, format, source, size, more, foreign):
    writer.start(syncml.ITEM)
    if uri:
        writer.location(0x2E, uri)
    if source:
        writer.location(syncml.SOURCE, source)
    if format or size is not None:
        writer.meta(format, None, None, None, size)
    if foreign:
        writer.start(syncml.DATA)
        writer.start(0x220)
        writer.end()
        writer.end()
    elif data is not None:
        writer.start(syncml.DATA)
        writer.opaque(data)
        writer.end()
    if more:
        writer.empty(syncml.MOREDATA)
    writer.end()


def told(commands):
    """(command, code) of the Statuses, without the header's."""
    found = [c for c in commands or () if c.tag == syncml.STATUS]
    return [(c.cmd.decode(), int(bytes(c.data))) for c in found if c.cmd != b"SyncHdr"]


def talk(commands, tree=None, credential=True, answer=200, final=True, **options):
    """What a server that says these commands is told; and the session."""
    made = Peer(tree or device(), answer=answer, **options)
    made.session.commands.max_obj_size = 1000

    def say(writer):
        made.accept(writer)
        write(writer, commands)

    proof = made.credential(secret=b"wrong" if credential is None else b"secret")
    made.say(say, proof if credential is not False else None, final)
    return told(made.sent), made


def go_on(made, **options):
    """The server asks for the next message."""

    def say(writer):
        made.accept(writer, 200)
        writer.alert(1222)
        writer.end()

    made.say(say, final=False, **options)
    return told(made.sent)
