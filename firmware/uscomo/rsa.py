# RSA signatures with SHA-256, PKCS#1 v1.5 (RFC 8017, 8.2.2): verification only; and the keys.
#
# Never parses what came out of the signature: the one block that may stand there is built
# anew and compared whole, so there is no padding to be forgiving about.

from uscomo.constant import const

_MIN_MODULUS = const(256)  # 2048 bits, the least that is still taken for safe
_MAX_MODULUS = const(512)  # 4096 bits, about half a second on an RP2040
_EXPONENT = const(65537)
# DER of DigestInfo{SHA-256, NULL, OCTET STRING of 32 bytes}, up to the digest itself.
_DIGEST_INFO = b"010\r\x06\t`\x86H\x01e\x03\x04\x02\x01\x05\x00\x04 "


def load(folder, key_id):
    """The modulus in a key's file; no usable one where there is no file, or a revoked key's."""
    # One byte more than a key has, so that a longer file is none.
    modulus = memoryview(bytearray(_MAX_MODULUS + 1))
    try:
        with open(folder + "/" + key_id, "rb") as file:
            return modulus[: file.readinto(modulus)]
    except OSError:
        return modulus[:0]


def usable(modulus):
    """Whether it may be a key's modulus: 2048 to 4096 bits, odd."""
    size = len(modulus)
    return _MIN_MODULUS <= size <= _MAX_MODULUS and modulus[0] & 0x80 and modulus[size - 1] & 1


def verify(modulus, signature, digest):
    """Whether `signature` over a SHA-256 `digest` was made with the key of this modulus."""
    size = len(modulus)
    if not usable(modulus) or len(signature) != size or len(digest) != 32:
        return False
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if s >= n:
        return False
    filler = b"\xff" * (size - 3 - len(_DIGEST_INFO) - 32)
    expected = b"\x00\x01" + filler + b"\x00" + _DIGEST_INFO + digest
    return pow(s, _EXPONENT, n).to_bytes(size, "big") == expected
