import binascii
import hashlib

import package_fixture as fixture

from uscomo import rsa

DIGEST = hashlib.sha256(b"message").digest()


def modulus():
    return bytearray(binascii.a2b_base64(fixture.RSA_MODULUS))


def right():
    return bytearray(binascii.a2b_base64(fixture.RSA_SIGNATURES[0][1]))


def test_only_the_one_right_block_counts():
    for name, signature, good in fixture.RSA_SIGNATURES:
        signature = memoryview(binascii.a2b_base64(signature))
        assert rsa.verify(modulus(), signature, DIGEST) == good, name


def test_any_other_digest_or_bit_is_refused():
    assert not rsa.verify(modulus(), right(), hashlib.sha256(b"Message").digest())
    assert not rsa.verify(modulus(), right(), DIGEST[:31])
    for at in (0, 1, 128, 255):
        signature = right()
        signature[at] ^= 1
        assert not rsa.verify(modulus(), signature, DIGEST)


def test_lengths_and_range():
    n = modulus()
    assert not rsa.verify(n, right()[:255], DIGEST)
    assert not rsa.verify(n, bytes(1) + right(), DIGEST)
    assert not rsa.verify(n[1:], right()[1:], DIGEST)
    assert not rsa.verify(bytes(512) + n, bytes(512) + right(), DIGEST)
    assert not rsa.verify(n, b"", DIGEST)


def test_modulus_without_top_bit_or_even():
    for at, bit in ((0, 0x80), (255, 1)):
        n = modulus()
        n[at] ^= bit
        assert not rsa.verify(n, right(), DIGEST)


def test_large_key():
    n = binascii.a2b_base64(fixture.LARGE_MODULUS)
    signature = bytearray(binascii.a2b_base64(fixture.LARGE_SIGNATURE))
    assert rsa.verify(n, signature, DIGEST)
    signature[300] ^= 1
    assert not rsa.verify(n, signature, DIGEST)


def test_any_bit_of_the_key():
    for at in range(1, 255, 23):
        n = modulus()
        n[at] ^= 4
        assert not rsa.verify(n, right(), DIGEST)


def test_usable():
    for size, usable in ((0, False), (255, False), (256, True), (512, True), (513, False)):
        assert bool(rsa.usable(b"\xff" * size)) == usable, size
    assert not rsa.usable(b"\x7f" + b"\xff" * 255)
    assert not rsa.usable(b"\xff" * 255 + b"\xfe")


def test_load():
    from support import temporary_root

    root = temporary_root()
    for size in (0, 1, 256, 512, 513, 2000):
        with open(root + "/key", "wb") as file:
            file.write(b"\xff" * size)
        assert bool(rsa.usable(rsa.load(root, "key"))) == (size in (256, 512)), size
    assert len(rsa.load(root, "none")) == 0
    assert len(rsa.load(root + "/none", "key")) == 0
