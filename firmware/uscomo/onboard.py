# Bootstrap: a message that gives the device an account, from whoever knows its PIN or the secret
# of its network. All of it counts or nothing does, and no answer is sent. Imported for a message.
# Rules: OMA DM Bootstrap 1.2, section 5; OMA DM Security 1.2, section 5.7.
#
# The message comes as on a push bearer: "Content-Type: ...; SEC=...; MAC=...", an empty line, the
# body. MAC is the HMAC-SHA1 of the body in hexadecimal. A DM message is put into the tree as if it
# came in a session, by somebody who may do all; of a provisioning document the accounts are.
from binascii import hexlify

from uscomo import digest, syncml, tree, wbxml
from uscomo.accounts import Accounts
from uscomo.constant import const
from uscomo.inbox import Inbox

# What a message brings in, for platform.end_phase().
MODULES = (
    "onboard",
    "accounts",
    "cp",
    "digest",
    "dmacc",
    "inbox",
    "md5",
    "properties",
    "listing",
    "syncml",
    "tnds",
    "tree",
    "wbxml",
)

_MAX_SIZE = const(4096)
_DM = b"application/vnd.syncml.dm+wbxml"
_CP = b"application/vnd.wap.connectivity-wbxml"
_BLOCK = const(64)


def take(nodes, message, pin):
    """Put a message's accounts into the tree: their names. ValueError where it is no good."""
    if len(message) > _MAX_SIZE:
        raise ValueError("too long")
    message = bytes(message)
    at = message.find(b"\n\r\n") + 3
    if at < 3:
        at = message.find(b"\n\n") + 2
    if at < 2:
        raise ValueError("no bootstrap message")
    kind, given, secure = _head(message[:at])
    body = message[at:]
    key = _key(nodes, secure, pin)
    if not key or not digest.equal(hexlify(mac(key, body)), given.lower()):
        raise ValueError("wrong MAC")
    known = nodes.children("DMAcc")
    held = tree.Tree((("Inbox", Inbox()), ("DMAcc", Accounts(nodes))), nodes, None)
    held.mounts[1][1].tree = held
    before = held.save()
    done = False
    try:
        if kind == _CP:
            _provision(held, body)
        elif kind == _DM:
            _execute(held, body)
        names = [name for name in nodes.children("DMAcc") if name not in known]
        for name in names:
            _complete(held, name)
        # It brings accounts, and takes none over.
        for key, value in nodes.pending.items():
            parts = key.decode().replace("?", "").split("/")
            old = parts[0] == "DMAcc" and [name for name in parts[1:2] if name in known]
            if old and before[0].get(key) != value:
                raise ValueError
        if not names:
            raise ValueError
        held.commit()
        done = True
    except (ValueError, wbxml.WbxmlError):
        raise ValueError("not accepted")
    finally:
        # Whatever went wrong, nothing of it waits for somebody else's commit.
        if not done:
            held.restore(before)
    return names


def _head(text):
    # Type, MAC and SEC of the Content-Type line.
    found = {}
    kind = b""
    for line in text.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            kind, *parameters = value.split(b";")
            for parameter in parameters:
                name, _, value = parameter.partition(b"=")
                found[name.strip().upper()] = value.strip().strip(b'"')
    return kind.strip().lower(), found.get(b"MAC", b""), found.get(b"SEC", b"").upper()


def _key(nodes, secure, pin):
    secret = nodes.get("~set/network_id") or b""
    pin = pin.encode()
    if secure in (b"NETWORKID", b"NETWPIN"):
        return secret
    if secure == b"USERPIN":
        return pin
    if secure in (b"USERPIN_NETWORKID", b"USERNETWPIN") and pin and secret:
        return pin + b":" + secret
    return b""


def mac(key, data):
    """HMAC-SHA1."""
    if len(key) > _BLOCK:
        key = _sha1(key)
    key += bytes(_BLOCK - len(key))
    inner = _sha1(bytes([b ^ 0x36 for b in key]) + data)
    return _sha1(bytes([b ^ 0x5C for b in key]) + inner)


def _sha1(data):
    import hashlib

    if not hasattr(hashlib, "sha1"):
        raise ValueError("no SHA-1 in this firmware")
    return hashlib.sha1(data).digest()


def _execute(held, body):
    reader = syncml.MessageReader(bytearray(body))
    reader.begin(len(body))
    command = reader.next()
    while command:
        # All or nothing anyway: containers say nothing. Nor is there anybody to read to.
        if command.more:
            raise ValueError
        for item in command.items if command.tag == syncml.ADD else ():
            format = bytes(item.format or command.format or b"").decode()
            type = bytes(item.type or command.type or b"").decode()
            if item.more or item.foreign or not item.target:
                raise ValueError
            if held.add(item.target, format, type, item.data or b"") != 200:
                raise ValueError
        command = reader.next()


def _provision(held, body):
    from uscomo import cp

    for parts in cp.accounts(body):
        number = 1
        while held.node(["DMAcc", str(number)]):
            number += 1
        for path, data in parts:
            format = "bin" if path[-4:] == "Data" else "chr"
            uri = "./DMAcc/%d/%s" % (number, path)
            # A part that the object does not have is passed over (BOOT 5.3).
            if held.add(uri.encode(), format, "", data) not in (200, 405, 418):
                raise ValueError


def _complete(held, name):
    # What makes an account of it: the server's rights, and a session soon.
    nodes = held.nodes
    base = "DMAcc/" + name
    server_id = nodes.get(base + "/ServerID")
    addresses = nodes.children(base + "/AppAddr")
    if not server_id or not addresses:
        raise ValueError
    for place in addresses:
        if not nodes.get("%s/AppAddr/%s/Addr" % (base, place)):
            raise ValueError
    root = (nodes.get(base + "/Ext/ScomoRoot") or b"SCOMO").decode()
    for key, wanted in ((base, ("Delete", "Get", "Replace")), (root, tree.RIGHTS)):
        # On what has an owner already it gets no rights by itself.
        if key not in held.acls:
            text = "&".join([right + "=" for right in wanted]).encode()
            text = text.replace(b"=", b"=" + server_id)
            if held.set_acl(key, text) != 200:
                raise ValueError
    nodes.set("~check/" + name, b"")
