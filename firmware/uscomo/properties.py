# What is known of a node beside its value: `?prop=` of Get and Replace, rename, and the Copy of a
# value. Imported when a server asks for it. Never decides who may read a node: `tree` has done so.
# Rules: OMA DM Tree and Description 1.2, section 7.
#
# VerNo and TStamp are counted for nodes that a server may replace, from the first time that a
# server reads one of them; before that nobody can know what they were. They are kept with the
# title in one record, stored beside the ACLs: version, time (year 0: unknown), title.
import struct
import time

from uscomo.constant import GET, REPLACE, ROOT_ACL, const

_NAMES = ("Format", "Size", "TStamp", "Type", "VerNo")
_RIGHTS = ("Add", "Delete", "Exec", "Get", "Replace")

_MAX_ACL = const(255)
_MAX_TITLE = const(255)
_RECORD = "<HHBBBBB"
_RECORD_SIZE = const(9)
# A clock that says an earlier year was never set.
_EARLIEST = const(2024)


def get(tree, path, node, query):
    """A property's value, or a status."""
    name = query[5:] if query[:5] == "prop=" else ""
    key = "/".join(path)
    if name == "ACL":
        return tree.acls.get(key, b"" if path else ROOT_ACL)
    if name == "Format":
        return node[0]
    if name == "Name":
        return path[-1] if path else "."
    if name == "Type":
        return node[1] or ("" if node[0] == "node" else "text/plain")
    if name == "Size" and node[0] != "node":
        if not node[2] & GET:
            return 405
        value = tree.row(key, path, node)[3]
        return str(len(value.encode() if isinstance(value, str) else value))
    if name in ("TStamp", "Title", "VerNo") and node[2] & REPLACE:
        key += "?"
        known = key in tree.acls
        record = tree.nodes.get("?" + key) if known else bytes(_RECORD_SIZE)
        if name == "Title":
            return record[_RECORD_SIZE:]
        if not known and _keep(tree, key, record) != 200:
            return 406
        fields = struct.unpack_from(_RECORD, record)
        if name == "VerNo":
            return str(fields[0])
        return "%04d%02d%02dT%02d%02d%02dZ" % fields[1:] if fields[1] else ""
    return 406


def touch(tree, key, title=None):
    """A node has changed: count it; `key` is its record's."""
    record = tree.nodes.get("?" + key) if key in tree.acls else bytes(_RECORD_SIZE)
    now = time.gmtime()[:6]
    if now[0] < _EARLIEST:
        now = (0, 0, 0, 0, 0, 0)
    version = struct.unpack_from(_RECORD, record)[0] + 1 & 0xFFFF
    title = record[_RECORD_SIZE:] if title is None else bytes(title)
    return _keep(tree, key, struct.pack(_RECORD, version, *now) + title)


def _keep(tree, key, record):
    # Only that there is a record is held in memory.
    if key in tree.acls:
        tree.nodes.set("?" + key, record)
        return 200
    code = tree.set_acl(key, record)
    if code == 200:
        tree.acls[key] = b""
    return code


def replace(tree, path, node, query, data):
    """Change a property: a status."""
    name = query[5:] if query[:5] == "prop=" else ""
    if query[:5] == "list=" or name in _NAMES:
        return 405
    if name == "ACL":
        # A leaf's ACL is its parent's matter, an interior node's also its own (TND 7.7.1.3).
        allowed = tree.allowed(path[:-1], REPLACE)
        if not allowed and not (node[0] == "node" and tree.allowed(path, REPLACE)):
            return 425
        if len(data) > _MAX_ACL:
            return 413
        text = _acl(bytes(data))
        return 500 if text is None else tree.set_acl("/".join(path), text)
    if name not in ("Name", "Title"):
        return 406
    if not node[2] & REPLACE:
        return 405
    if not tree.allowed(path, REPLACE):
        return 425
    try:
        text = bytes(data).decode()
    except ValueError:
        return 500
    if name == "Title":
        return 413 if len(data) > _MAX_TITLE else touch(tree, "/".join(path) + "?", data)
    return _rename(tree, path, text)


def _rename(tree, path, name):
    mounted, rest = tree.mounted(path)
    if not hasattr(mounted, "key"):
        return 405
    target = path[:-1] + [name]
    if target == path:
        return 200
    # As a URI it must be the same path, of a length that can be asked for.
    parsed, code = tree.parse("/".join(target).encode())
    if parsed != target or code:
        return 414 if code == 414 else 500
    if tree.node(target):
        return 418
    key = mounted.key(rest)
    if isinstance(key, int):
        return key
    before = tree.save()
    old = "/".join(path)
    new = "/".join(target)
    try:
        _move(tree.nodes, key, key[: len(key) - len(path[-1])] + name)
        _move(tree.nodes, "?" + old, "?" + new)
    except ValueError:
        tree.restore(before)
        return 414
    for key in list(tree.acls):
        if key.startswith(old) and key[len(old) : len(old) + 1] in ("", "/", "?"):
            tree.acls[new + key[len(old) :]] = tree.acls.pop(key)
    if new + "?" in tree.acls:
        touch(tree, new + "?")
    return 200


def _move(nodes, old, new):
    # A key, all below it, and its record; ValueError where one becomes too long.
    for key in nodes.keys(old):
        rest = key[len(old) :]
        if rest[:1] in ("", "/", "?"):
            nodes.set(new + rest, nodes.get(key))
            nodes.remove(key)


def _acl(data):
    # An ACL as it is kept: each right once, "*" alone, none without ids; None where it is none.
    rights = []
    try:
        text = data.decode()
    except ValueError:
        return None
    for entry in text.split("&") if text else ():
        right, sign, ids = entry.partition("=")
        if right not in _RIGHTS or not sign:
            return None
        known = None
        for other in rights:
            if other[0] == right:
                known = other
        if not known:
            known = [right]
            rights.append(known)
        for id in ids.split("+") if ids else ():
            if not id or "=" in id or "*" in id[len(id) == 1 :] or _blank(id):
                return None
            if id not in known[1:]:
                known.append(id)
    parts = []
    for entry in rights:
        if entry[1:]:
            ids = "*" if "*" in entry else "+".join(entry[1:])
            parts.append(entry[0] + "=" + ids)
    return "&".join(parts).encode()


def _blank(id):
    return [c for c in id if c <= " " or c == "\x7f"]


def forget(tree, server_id):
    """A server is no more: take its rights out of all ACLs (TND 7.7.1.5)."""
    for key in list(tree.acls):
        parts = []
        for entry in tree.acls[key].split(b"&") if key[-1:] != "?" else ():
            right, _, ids = entry.partition(b"=")
            ids = [id for id in ids.split(b"+") if id != server_id]
            if not ids and not key and right + b"=*" in ROOT_ACL.split(b"&"):
                ids = [b"*"]  # what everybody has at first is never nobody's
            if ids:
                parts.append(right + b"=" + b"+".join(ids))
        text = b"&".join(parts)
        if key[-1:] != "?" and text != tree.acls[key]:
            tree.set_acl(key, text)


def copy(tree, source, target):
    """Put a leaf's value into a leaf, which is made where there is none."""
    found = tree.found(source, GET)
    if isinstance(found, int):
        return found
    path, query, node = found
    if query or node[0] == "node" or b"?" in target:
        return 405
    _, _, type, data = tree.row(source, path, node)
    data = data.encode() if isinstance(data, str) else data
    code = tree.replace(target, node[0], type, data)
    return tree.add(target, node[0], type, data) if code == 404 else code
