# Trees in one value: a TNDS document in WBXML, put into the tree and made of it. Imported when a
# server sends one or asks for one. Rules: OMA DM TNDS 1.2, sections 5 and 6; tokens: OMA DM Tree
# and Description 1.2, section 10.2.
from binascii import a2b_base64

from uscomo import wbxml
from uscomo.constant import ADD, DELETE, GET, REPLACE, const

_PUBLIC_ID = b"-//OMA//DTD-DM-DDF 1.2//EN\0"

_ACL = const(0x206)
_DDFNAME = const(0x211)
_FORMAT = const(0x21C)
_MGMTTREE = const(0x220)
_MIME = const(0x221)
_NODE = const(0x224)
_NODENAME = const(0x226)
_PATH = const(0x22C)
_RTPROPERTIES = const(0x22F)
_TITLE = const(0x233)
_TSTAMP = const(0x234)
_TYPE = const(0x235)
_VALUE = const(0x236)
_VERDTD = const(0x237)
_VERNO = const(0x238)

_FORMATS = {
    0x208: "b64",
    0x209: "bin",
    0x20A: "bool",
    0x20B: "chr",
    0x210: "date",
    0x21B: "float",
    0x21E: "int",
    0x225: "node",
    0x227: "null",
    0x232: "time",
    0x239: "xml",
}

_FIELDS = {
    _ACL: "acl",
    _DDFNAME: "type",
    _MIME: "type",
    _NODENAME: "name",
    _PATH: "path",
    _TITLE: "title",
    _VALUE: "value",
}

# A document of empty nodes must not become thousands of objects; so many a message holds.
_MAX_NODES = const(64)


class Node:
    """One node of a document; texts as octets."""

    def __init__(self):
        self.name = self.path = self.acl = self.title = self.type = b""
        self.value = None
        self.format = ""
        self.done = False


def parse(data):
    """Yield a document's nodes, each as the list of nodes from the top one down to it."""
    data = bytes(data)
    reader = wbxml.Reader(data)
    reader.begin(len(data))
    above = []
    opened = []
    # References into a string table cost two bytes each: what they add up to is bounded.
    left = 4 * len(data)
    while True:
        kind = reader.next()
        if kind == wbxml.DONE:
            return
        tag = reader.tag
        if kind == wbxml.START:
            if not opened and tag != _MGMTTREE:
                raise ValueError
            if tag == _NODE:
                if above and not above[-1].done:
                    above[-1].done = True
                    above[-1].format = above[-1].format or "node"
                    yield above
                above.append(Node())
            elif above and tag in _FORMATS:
                above[-1].format = _FORMATS[tag]
            elif above and tag == _VALUE:
                above[-1].value = b""
            if not reader.empty:
                opened.append(tag)
            elif tag == _NODE:
                above.pop()
        elif kind == wbxml.END:
            if opened.pop() == _NODE:
                if not above[-1].done:
                    yield above
                above.pop()
        elif above and opened[-1] in _FIELDS:
            name = _FIELDS[opened[-1]]
            if kind == wbxml.ENTITY:
                text = chr(reader.code).encode()
            else:
                text = data[reader.offset : reader.offset + reader.length]
            left -= len(text)
            if left < 0:
                raise ValueError
            setattr(above[-1], name, getattr(above[-1], name) + text)


def put(tree, uri, type, data, right):
    """Add a document's nodes below a node, or in place of one: all of them or none; a status."""
    if type[-6:] != "+wbxml":
        return 415
    path, query = tree.parse(uri)
    if path is None:
        return query
    if query:
        return 405
    before = tree.save()
    try:
        code = _put(tree, path, data, right)
    except (wbxml.WbxmlError, ValueError):
        code = 400
    if code != 200:
        tree.restore(before)
    return code


def _put(tree, path, data, right):
    node = tree.node(path)
    if right == REPLACE:
        # As if what is there were deleted and then added; only its ACL stays (TNDS 5.2).
        if node is None:
            return 404
        if node[0] != "node" or not node[2] & DELETE:
            return 405
        if not tree.allowed(path, REPLACE):
            return 425
        key = "/".join(path)
        acl = tree.acls.get(key)
        code = tree.remove(path)
        if code == 200 and acl:
            code = tree.set_acl(key, acl)
        if code != 200:
            return code
        server_id = tree.server_id
        tree.server_id = None  # the right to replace it is all that this takes
        try:
            return _fill(tree, path, path[:-1], data)
        finally:
            tree.server_id = server_id
    return _fill(tree, path, path if node else path[:-1], data)


def _fill(tree, path, place, data):
    moved = None
    count = passed = 0
    for above in parse(data):
        count += 1
        if count > _MAX_NODES:
            return 413
        top = above[0]
        if len(above) == 1:
            passed = 0
            if path == ["Inbox"]:
                from uscomo import inbox

                if not tree.allowed(path, ADD):
                    return 425
                found = inbox.place(tree, top)
                if not found:
                    # A message that nobody answers may bring what we do not have (BOOT 5.4).
                    if tree.server_id is None:
                        passed = count
                        continue
                    return 405
                moved = b"./Inbox/" + top.name, ("./" + "/".join(found)).encode()
                place, top.name, top.path = found[:-1], found[-1].encode(), b""
            elif place != path:
                # The URI is that of the first node itself. A path may say the same, as it does
                # in what was read there; any other would lead out of what the rights are for.
                where = "/".join(path[:-1])
                if top.name not in (b"", path[-1].encode()):
                    return 400
                if top.path.decode() not in ("", where, "./" + where):
                    return 400
                top.name = path[-1].encode()
                top.path = b""
        if passed:
            continue
        names = top.path.decode().split("/") + [part.name.decode() for part in above]
        names = place + [name for name in names if name not in ("", ".")]
        code = _set(tree, ("./" + "/".join(names)).encode(), above[-1], moved)
        if code != 200:
            return code
    return 200 if count else 400


def _set(tree, uri, node, moved):
    format = node.format or "chr"
    value = node.value or b""
    if moved and value.startswith(moved[0]):
        value = moved[1] + value[len(moved[0]) :]
    if format == "b64":
        format = "bin"
        value = a2b_base64(value)
    code = tree.add(uri, format, "", value)
    for name, text in ((b"?prop=ACL", node.acl), (b"?prop=Title", node.title)):
        if text and code == 200:
            code = tree.replace(uri + name, "", "", text)
    return code


def document(tree, path, parts, buffer):
    """Write a subtree into a buffer: the document. Full where it is too small."""
    writer = wbxml.Writer(buffer)
    writer.begin(0, _PUBLIC_ID)
    writer.start(_MGMTTREE)
    _text(writer, _VERDTD, b"1.2")
    _write(writer, tree, path, parts, True)
    writer.end()
    return bytes(memoryview(buffer)[: writer.position])


def _write(writer, tree, path, parts, first):
    node = tree.node(path)
    if not node or not node[2] & GET or not tree.allowed(path, GET):
        return
    writer.start(_NODE)
    _text(writer, _NODENAME, path[-1] if path else ".")
    if first and path[1:]:
        _text(writer, _PATH, "./" + "/".join(path[:-1]))
    known = _known(tree, path, node, parts)
    if known:
        writer.start(_RTPROPERTIES)
        for _, tag, inside, value in known:
            if inside:
                writer.start(tag)
                tag = inside
            if value is None:
                writer.empty(tag)
            else:
                _text(writer, tag, value)
            if inside:
                writer.end()
        writer.end()
    if node[0] == "node":
        for name in tree.children(path):
            _write(writer, tree, path + [name], parts, False)
    elif "Value" in parts:
        _text(writer, _VALUE, tree.row("", path, node)[3])
    writer.end()


def _known(tree, path, node, parts):
    # Properties to be written, in the order of the DTD: (name, tag, tag inside it, text).
    format = [tag for tag in _FORMATS if _FORMATS[tag] == node[0]]
    found = [("Format", _FORMAT, format[0], None)]
    if node[0] != "node":
        found.append(("Type", _TYPE, _MIME, node[1] or "text/plain"))
    elif node[1]:
        found.append(("Type", _TYPE, _DDFNAME, node[1]))
    key = "/".join(path)
    if tree.acls.get(key):
        found.insert(0, ("ACL", _ACL, 0, tree.acls[key]))
    if key + "?" in tree.acls:
        from uscomo import properties

        for name, tag in (("Title", _TITLE), ("TStamp", _TSTAMP), ("VerNo", _VERNO)):
            value = properties.get(tree, path, node, "prop=" + name)
            if value and name == "VerNo":
                found.append((name, tag, 0, value))
            elif value:
                found.insert(len(found) - 1, (name, tag, 0, value))
    return [entry for entry in found if entry[0] in parts]


def _text(writer, tag, value):
    value = value.encode() if isinstance(value, str) else value
    if not value:
        writer.empty(tag)
        return
    writer.start(tag)
    if b"\0" in value:
        writer.opaque(value)
    else:
        writer.string(value)
    writer.end()
