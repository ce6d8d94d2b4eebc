# Credentials of OMA DM: basic and MD5. Never stores anything and knows no message.
# Formula: OMA DM Security 1.2, section 5.3: B64(H(B64(H(user ":" password)) ":" nonce)).
from binascii import b2a_base64


def md5(data):
    """MD5 of some bytes, by the firmware's own hashlib where it has one."""
    import hashlib

    if hasattr(hashlib, "md5"):
        return hashlib.md5(data).digest()
    from uscomo.md5 import md5

    return md5(data)


def base64(data):
    """Base64 text with padding and no line break, as bytes."""
    return b2a_base64(data)[:-1]


def basic(user, password):
    """The data of a basic credential, as bytes."""
    return base64(user + b":" + password)


def credential(user, password, nonce):
    """The data of an MD5 credential over a nonce's octets, as bytes."""
    return base64(md5(base64(md5(user + b":" + password)) + b":" + nonce))


def equal(one, other):
    """Compare two credentials in a time that does not tell where they differ."""
    if len(one) != len(other):
        return False
    difference = 0
    for i in range(len(one)):
        difference |= one[i] ^ other[i]
    return not difference
