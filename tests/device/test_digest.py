from binascii import a2b_base64, hexlify

from uscomo import digest
from uscomo.md5 import md5

FUNAMBOL = b"funambol"

# oma-dm.md section 5.3, and the vectors that two foreign implementations agree on.
VECTORS = (
    (b"Bruce2", b"OhBehave", b"Nonce", b"Zz6EivR3yeaaENcRN6lpAQ=="),
    (b"Bruce2", b"OhBehave", a2b_base64(b"LG3iZQhhdmKNHg=="), b"LAK2i25Fh0nxxGGaAzRRpg=="),
    (b"Bruce2", b"OhBehave", bytes(range(16)), b"ClaA48A1VYROr4FUwjaBYw=="),
    (b"Bruce2", b"OhBehave", b"", b"lEf25jyjHbCcTbj4p/1pUw=="),
    (b"Bruce2", b"OhBehave", b"\0\0\0\0", b"cnPI6nO9RgujiHU0y58kNA=="),
    (
        b"funambol",
        b"funambol",
        a2b_base64(b"LUIkVTItIzojWDYhPEAmUA=="),
        b"z81bUzqR4YVYwKIYli8RnQ==",
    ),
    (b"funambol", b"funambol", b"abc", b"DwbFKkzYRVNOnH3qyDEgLQ=="),
    (b"funambol", b"srvpwd", b"", b"Lx7CSZp0iHRedCEbryGJuw=="),
    (b"funambol", b"srvpwd", a2b_base64(b"IoRIuRU3kSsbMSRQoIF7uQ=="), b"wg6B0ez0Vg86hA6SbF4RMw=="),
)


def test_md5_credentials():
    for user, password, nonce, expected in VECTORS:
        assert digest.credential(user, password, nonce) == expected


def test_basic_credential():
    assert digest.basic(b"Bruce2", b"OhBehave") == b"QnJ1Y2UyOk9oQmVoYXZl"


def test_own_md5_by_rfc_1321():
    for text, expected in (
        (b"", b"d41d8cd98f00b204e9800998ecf8427e"),
        (b"abc", b"900150983cd24fb0d6963f7d28e17f72"),
        (b"message digest", b"f96b697d7cb7938d525a2f31aaf161d0"),
        (b"1234567890" * 8, b"57edf4a22be3c955ac49da2e2107b67a"),
    ):
        assert hexlify(md5(text)) == expected


def test_own_md5_at_every_length_around_a_block():
    for size in range(130):
        data = bytes(range(size))
        assert md5(data) == digest.md5(data)


def test_equal():
    assert digest.equal(b"abc", b"abc")
    assert not digest.equal(b"abc", b"abd")
    assert not digest.equal(b"abc", b"ab")


def test_a_firmware_without_md5():
    # What official images of a Pico up to 1.25 have: hashlib, but no md5 in it.
    import sys

    from test_mac import SPEC_BODY, beside

    class Hashlib:
        pass

    kept = sys.modules.get("hashlib")
    sys.modules["hashlib"] = Hashlib()
    try:
        import hashlib

        assert not hasattr(hashlib, "md5")
        test_md5_credentials()
        made = beside(b"Bruce2", b"OhBehave", b"Nonce", SPEC_BODY)
        assert made.endswith(" mac=91o6k7iTz9rwVedoZ8A0PQ==")
    finally:
        del sys.modules["hashlib"]
        if kept:
            sys.modules["hashlib"] = kept
