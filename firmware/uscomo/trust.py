# Trust anchors: how keys come and go, and the keys that an anchor vouches for.
#
# An anchor is a file with a modulus, named by its key id (hex of the first 8 bytes of the
# modulus' SHA-256). An empty file is a revoked key. Files never go, so that no statement counts
# twice: what was revoked stays revoked. Imported only when a statement or such a key comes.
#
# Statement: action, id of an anchor, payload, the anchor's signature over SHA-256 of
#   "uscomo trust\n", action, payload. Action 1 adds the modulus, action 2 revokes the key id.
# manifest.sig of type 2: type, key id, size of the modulus in two bytes, modulus, id of the
#   anchor that endorses it, its signature over SHA-256 of "uscomo endorse\n", modulus; then the
#   key's own signature of the manifest.
import hashlib
import os

from uscomo import platform, rsa
from uscomo.constant import const

_ADD = const(1)
_REVOKE = const(2)
_MAX_STATEMENT = const(1100)  # 1,033 with keys of 4096 bits
_MAX_ANCHORS = const(16)
_MAX_FILES = const(64)  # with the revoked ones
# An anchor is whole before it has its name: an empty file would be a revoked key.
_NEW = "new"

# DM status
_OK = const(200)
_MALFORMED = const(400)
_FORBIDDEN = const(403)
_KNOWN = const(418)
_NO_ROOM = const(420)


def _sha256(start, payload):
    digest = hashlib.sha256(start)
    digest.update(payload)
    return digest.digest()


def anchors(folder):
    """The key ids of the anchors in use, sorted."""
    return [
        name
        for name in sorted(os.listdir(folder))
        if len(name) == 16 and rsa.usable(rsa.load(folder, name))
    ]


def revoked(folder, name):
    """Whether a key was an anchor, or is none for ever: its file is there, with no usable key."""
    return name in os.listdir(folder) and not rsa.usable(rsa.load(folder, name))


def apply(data, folder):
    """Do what a trust statement says: DM status."""
    data = memoryview(data)
    if not 9 < len(data) <= _MAX_STATEMENT or not _ADD <= data[0] <= _REVOKE:
        return _MALFORMED
    adds = data[0] == _ADD
    anchor = rsa.load(folder, data[1:9].hex())
    if not rsa.usable(anchor):
        return _FORBIDDEN
    at = max(9, len(data) - len(anchor))
    payload = data[9:at]
    if not (rsa.usable(payload) if adds else len(payload) == 8):
        return _MALFORMED
    start = b"uscomo trust\n\x01" if adds else b"uscomo trust\n\x02"
    if not rsa.verify(anchor, data[at:], _sha256(start, payload)):
        return _FORBIDDEN
    name = (_sha256(b"", payload)[:8] if adds else payload).hex()
    known = anchors(folder)
    names = os.listdir(folder)
    if name in names:
        if adds or name not in known:
            return _KNOWN
        if len(known) == 1:  # nobody could add one any more
            return _FORBIDDEN
    elif len(names) >= _MAX_FILES or (adds and len(known) >= _MAX_ANCHORS):
        return _NO_ROOM
    try:
        with open(folder + "/" + (_NEW if adds else name), "wb") as file:
            if adds:
                file.write(payload)
        if adds:
            os.rename(folder + "/" + _NEW, folder + "/" + name)
    except OSError:
        return _NO_ROOM
    platform.sync()
    return _OK


def endorser(folder, block, digest):
    """The key id of the anchor behind a `manifest.sig` of type 2 for a manifest of this digest;
    None if not all of it is right, or one of the two keys is revoked."""
    name = block[1:9].hex()
    at = 11 + int.from_bytes(block[9:11], "big")
    modulus = block[11:at]
    signer = block[at : at + 8].hex()
    at += 8
    anchor = rsa.load(folder, signer)
    end = at + len(anchor)
    if (
        _sha256(b"", modulus)[:8].hex() == name
        and rsa.verify(anchor, block[at:end], _sha256(b"uscomo endorse\n", modulus))
        and rsa.verify(modulus, block[end:], digest)
        and not revoked(folder, name)
    ):
        return signer
    return None
