# `?list=` of Get: a subtree as items, or as one TNDS document. Imported when a server asks for it.
# Rules: OMA DM Tree and Description 1.2, section 8.
from uscomo.constant import GET, TNDS, const

# What may be left out of a document, or asked for alone; Name and Size are no part of one.
_PARTS = ("ACL", "Format", "TStamp", "Title", "Type", "Value", "VerNo")
# A document is one value in one message.
_MAX_TNDS = const(1536)


def get(tree, uri, path, node, what):
    """A status, or an iterator of (uri, format, type, data)."""
    if not node[2] & GET:
        return 405
    if what in ("Struct", "StructData"):
        return _items(tree, path, what != "Struct")
    parts = _chosen(what)
    if parts is None:
        return 406
    from uscomo import tnds
    from uscomo.wbxml import Full

    try:
        data = tnds.document(tree, path, parts, bytearray(_MAX_TNDS))
    except Full:
        return 413
    return ((uri, "xml", TNDS + "wbxml", data),)


def _chosen(what):
    # The parts of "TNDS", "TNDS+ACL+Value" or "TNDS-Format"; None where it is none of them.
    if what[:4] != "TNDS":
        return None
    sign = what[4:5]
    names = what[5:].split(sign) if sign else []
    if sign not in ("", "+", "-") or [name for name in names if name not in _PARTS]:
        return None
    if sign == "+":
        return names
    return [name for name in _PARTS if name not in names]


def _items(tree, path, with_data):
    # What the server may not read is left out, not what it may read below that.
    waiting = [path]
    while waiting:
        path = waiting.pop()
        node = tree.node(path)
        if not node:
            continue
        if node[0] == "node":
            for name in reversed(tree.children(path)):
                waiting.append(path + [name])
        if not node[2] & GET or not tree.allowed(path, GET):
            continue
        uri = "./" + "/".join(path) if path else "."
        if node[0] == "node":
            yield uri, "node", node[1], None
        elif with_data:
            yield tree.row(uri, path, node)
        else:
            yield uri, "" if node[0] == "chr" else node[0], node[1], None
