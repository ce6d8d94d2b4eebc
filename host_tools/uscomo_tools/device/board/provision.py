# Writes what a device is provisioned with, in one commit of its nodes; prints a line of JSON. Runs
# on a board, through the names that its agent has there, and on CPython for a device that is
# still a folder. What stands in front of it:
#   HOME        folder of the agent whose store this is, for sys.path; "" for the one that is there
#   SET         key -> value; None removes the key
#   DEFAULTS    key -> value, for keys that have none
#   ACCOUNT     name of the account that is (re)written, or ""
#   FRESH       whether what the account was is to be forgotten
#   ANCHORS     key id -> modulus
#   FILES       path below the store's root -> contents; None removes the file
#   PLANNED     the start that was interrupted for this is nobody's fault
import json
import os
import sys

if HOME:
    sys.path.insert(0, HOME)
import uscomo_boot
from uscomo import nodes, store

RIGHTS = (b"Add", b"Delete", b"Exec", b"Get", b"Replace")
# Of uscomo.trust: anchors in use, and with the revoked ones.
MAX_ANCHORS = 16
MAX_FILES = 64


def entries(acl):
    found = {}
    for entry in acl.split(b"&") if acl else ():
        right, _, ids = entry.partition(b"=")
        found[right] = ids.split(b"+")
    return found


def text(found):
    return b"&".join([right + b"=" + b"+".join(found[right]) for right in sorted(found)])


def rename_server(opened, former, server):
    # An account whose server is called otherwise now: its rights go with it.
    for key in opened.keys("?"):
        found = entries(opened.get(key))
        for right in found:
            if former in found[right]:
                ids = [server if id == former else id for id in found[right]]
                found[right] = [id for at, id in enumerate(ids) if id not in ids[:at]]
        if text(found) != opened.get(key):
            opened.set(key, text(found))


def grant(opened, root, server):
    # Beside the servers that have rights there already: two accounts may share a root.
    found = entries(opened.get("?" + root))
    for right in RIGHTS:
        ids = found.setdefault(right, [])
        if server not in ids:
            ids.append(server)
    opened.set("?" + root, text(found))


def write_account(opened, name):
    base = "DMAcc/" + name
    former = opened.get(base + "/ServerID")
    if FRESH:
        opened.remove_tree(base)
    fill(opened)
    server = opened.get(base + "/ServerID")
    others = [
        opened.get("DMAcc/" + other + "/ServerID")
        for other in opened.children("DMAcc")
        if other != name
    ]
    if former and former != server and former not in others:
        rename_server(opened, former, server)
    grant(opened, opened.get(base + "/Ext/ScomoRoot").decode(), server)
    opened.set("?" + base, b"Get=" + server + b"&Replace=" + server)
    # What was learnt of a server, and nonces that go with the former secrets.
    opened.remove("~unknown/" + name)
    return uscomo_boot.ROOT + "/n/" + name


def fill(opened):
    for key, value in SET.items():
        if value is None:
            opened.remove(key)
        else:
            opened.set(key, value)
    for key, value in DEFAULTS.items():
        if opened.get(key) is None:
            opened.set(key, value)


def anchor(name, modulus):
    # "known", "added", "revoked" or "full"; what was revoked stays so.
    folder = uscomo_boot.ROOT + "/k/"
    names = os.listdir(folder[:-1])
    if name in names:
        return "known" if os.stat(folder + name)[6] else "revoked"
    used = [other for other in names if os.stat(folder + other)[6]]
    if len(names) >= MAX_FILES or len(used) >= MAX_ANCHORS:
        return "full"
    # Whole before it has its name: an empty file is a revoked key.
    with open(folder + "new", "wb") as file:
        file.write(modulus)
    os.rename(folder + "new", folder + name)
    return "added"


def put(path, data):
    # Whole before it has its name.
    folder = uscomo_boot.ROOT + "/" + path.partition("/")[0]
    path = uscomo_boot.ROOT + "/" + path
    try:
        os.mkdir(folder)
    except OSError:
        pass
    if data is None:
        try:
            os.remove(path)
        except OSError:
            pass
        return
    with open(folder + "/new", "wb") as file:
        file.write(data)
    os.rename(folder + "/new", path)


stored = store.Store()
opened = nodes.Nodes(stored)
stale = None
if ACCOUNT:
    stale = write_account(opened, ACCOUNT)
else:
    fill(opened)
opened.commit()
if PLANNED:
    safe = stored.flags & uscomo_boot.SAFE  # it is left when what runs has changed
    stored.plan_restart()
    stored.flags |= safe
    stored.commit()
if stale:
    store.remove_tree(stale)
for path in sorted(FILES):
    put(path, FILES[path])
print(
    json.dumps(
        {
            "device_id": (opened.get("DevInfo/DevId") or b"").decode(),
            "accounts": opened.children("DMAcc"),
            "anchors": {name: anchor(name, ANCHORS[name]) for name in ANCHORS},
        }
    )
)
