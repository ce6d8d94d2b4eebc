# Package 0: what is accepted and from whom, over a real socket.
from binascii import a2b_base64, unhexlify

import support
from support import temporary_root
from uscomo import digest, dmacc, nodes, notify, platform, store

VECTORS = __file__.replace("\\", "/").rsplit("/", 2)[0] + "/vectors/notification/"
ZERO = bytes(4)

# The worked example of the digest, section 10.2.
TRIGGER = unhexlify("02d0000000123412") + b"com.mgmtsrv.manage"
EXAMPLE = unhexlify("10369e83e3fc7103a4a21acce6e242ae") + TRIGGER
SERVER_INITIATED = unhexlify("bc135af33d8bda335e2e634142e0b087") + b"\x02\xd8" + TRIGGER[2:]
WITH_ZERO = unhexlify("e37fdc0f8e9070fc31b0967910b921af") + TRIGGER
WITH_TEXT = unhexlify("633b4d8fedca624711b33e36de5aaafb") + TRIGGER


class Sock:
    """A socket with datagrams in it."""

    def __init__(self, *datagrams):
        self.datagrams = list(datagrams)

    def poll(self, timeout):
        return self.datagrams

    def recv(self, size):
        return self.datagrams.pop(0)[:size]


def vector(name):
    with open(VECTORS + name + ".bin", "rb") as file:
        return file.read()


def account(opened, name, server_id, secret, nonce, kind=b"DIGEST"):
    base = "DMAcc/" + name + "/"
    opened.set(base + "ServerID", server_id)
    if kind:
        opened.set(base + "AppAuth/2/AAuthLevel", b"SRVCRED")
        opened.set(base + "AppAuth/2/AAuthType", kind)
        opened.set(base + "AppAuth/2/AAuthSecret", secret)
        opened.set(base + "AppAuth/2/AAuthData", nonce)


def prepared(*accounts):
    temporary_root()
    opened = nodes.Nodes(store.Store())
    for at, entry in enumerate(accounts):
        account(opened, "a%d" % at, *entry)
    opened.commit()
    return opened


def listener(*datagrams):
    made = notify.Listener(0)
    made.close()
    made._socket = made._poll = Sock(*datagrams)
    return made


def heard(opened, *datagrams):
    """What poll() says of each of them, without its pauses."""
    made = listener(*datagrams)
    found = []
    for _ in datagrams:
        found.append(made.poll(opened))
        made._refused = None
    return found


def test_the_worked_example():
    opened = prepared((b"com.mgmtsrv.manage", b"srvpwd", b"Nonce"))
    assert heard(opened, EXAMPLE) == [("a0", b"1234")]
    assert heard(opened, SERVER_INITIATED) == [("a0", b"1234")]
    assert heard(opened, WITH_ZERO) == [("a0", b"1234")]
    assert heard(opened, WITH_TEXT) == [None]
    opened.set("~set/zero_nonce", b"text")
    assert heard(opened, WITH_TEXT) == [("a0", b"1234")]


def test_vectors():
    funambol = (b"funambol", b"srvpwd", b"nonce123")
    for name, held, verdict in (
        ("session-0x1234", funambol, b"1234"),
        ("session-0x1234-version11", funambol, b"1234"),
        ("session-0x0001-zero-nonce", (b"com.example.dm", b"secret", b"stale"), b"1"),
        ("session-0xffff-empty-nonce", (b"s", b"p", b""), b"FFFF"),
        ("version11-empty-nonce", (b"funambol", b"srvpwd", b""), b"BEEF"),
        ("resync-zero-nonce", funambol, b"BEEF"),
        ("resync-ascii-nonce", funambol, None),
        ("truncated", funambol, None),
    ):
        opened = prepared(held)
        wanted = [verdict and ("a0", verdict)]
        assert heard(opened, vector(name)) == wanted, name
        # Another secret, another server.
        for other in ((held[0], b"x", held[2]), (b"x" + held[0][1:], held[1], held[2])):
            assert heard(prepared(other), vector(name)) == [None], name
    opened = prepared(funambol)
    opened.set("~set/zero_nonce", b"text")
    assert heard(opened, vector("resync-ascii-nonce")) == [("a0", b"BEEF")]


def test_the_nonce_of_the_last_session_counts():
    opened = prepared((b"funambol", b"srvpwd", b"first"))
    kept = dmacc.Account(opened, "a0")
    kept.server_nonce = b"nonce123"
    kept.save_nonces()
    assert heard(opened, vector("session-0x1234")) == [("a0", b"1234")]


def test_accounts_that_share_a_server_and_accounts_without_its_secret():
    opened = prepared(
        (b"funambol", b"", b"", b""),
        (b"funambol", b"other", b"nonce123"),
        (b"funambol", b"srvpwd", b"nonce123", b"BASIC"),
    )
    assert heard(opened, vector("session-0x1234")) == [("a2", b"1234")]
    opened = prepared((b"funambol", b"srvpwd", b"nonce123", b""))
    assert heard(opened, vector("session-0x1234")) == [None]


def test_every_bit_of_it_is_signed():
    opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
    whole = vector("session-0x1234")
    for at in range(0, len(whole), 5):
        broken = bytearray(whole)
        broken[at] ^= 0x10
        assert heard(opened, bytes(broken)) == [None], at
    assert heard(opened, whole + b"vendor") == [None]


def test_what_cannot_be_one_wakes_nobody():
    good = vector("session-0x1234")
    for broken in (
        b"",
        good[:23],
        good[:24],
        good[:-1],
        good[:16] + b"\x02\x40" + good[18:],  # version 0.9
        good[:16] + b"\x03\x40" + good[18:],  # version 1.3
        good[:21] + b"\0\0" + good[23:],  # session 0
        good[:23] + b"\0" + good[24:],
    ):
        assert not listener(broken).waiting(), broken
    made = listener(good)
    assert made.waiting() and made.waiting()
    # It waits for nodes to be there.
    assert made.poll(None) is None and made.waiting()


def signed(session_id, nonce):
    trigger = b"\x02\xd8\0\0\0" + session_id.to_bytes(2, "big") + b"\x08funambol"
    data = nonce + b":" + digest.base64(digest.md5(trigger))
    return a2b_base64(digest.credential(b"funambol", b"srvpwd", data)) + trigger


def test_repetitions_are_dropped():
    opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
    first, second = signed(10, b"nonce123"), signed(0xABC, b"nonce123")
    assert heard(opened, first, first, second, first) == [("a0", b"A"), None, ("a0", b"ABC"), None]
    many = [signed(100 + i, b"nonce123") for i in range(12)]
    made = listener(*many)
    assert [made.poll(opened)[1] for _ in many] == [b"%X" % (100 + i) for i in range(12)]
    assert len(made._seen) == 8


def test_the_zero_nonce_works_once_a_minute():
    opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
    made = listener(signed(1, ZERO), signed(2, ZERO), signed(3, b"nonce123"), signed(4, ZERO))
    assert made.poll(opened) == ("a0", b"1")
    assert made.poll(opened) is None
    assert made.poll(opened) == ("a0", b"3")
    made._zero = platform.ticks() - 61000
    assert made.poll(opened) == ("a0", b"4")


def test_after_a_bad_one_there_is_a_pause():
    opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
    made = listener(signed(1, b"wrong"), signed(2, b"nonce123"))
    assert made.poll(opened) is None
    assert not made.waiting() and made.poll(opened) is None
    made._refused = platform.ticks() - 1100
    # Nothing was lost meanwhile.
    assert made.poll(opened) == ("a0", b"2")


def test_over_a_socket():
    import socket

    opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
    # A port that is free now.
    for port in range(45000, 45100):
        try:
            made = notify.Listener(port)
            break
        except OSError:
            continue
    assert not made.waiting() and made.poll(opened) is None
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    target = socket.getaddrinfo("127.0.0.1", port)[0][-1]
    # One by one, however many there are.
    for data in (b"", b"x" * 400, signed(1, b"nonce123"), b"y", signed(2, b"nonce123")):
        sender.sendto(data, target)
    found = [made.poll(opened) for _ in range(5)]
    assert found == [None, None, ("a0", b"1"), None, ("a0", b"2")]
    sender.close()
    made.close()


def test_a_check_leaves_nothing_behind():
    import sys

    kept = platform.let_go
    platform.let_go = support.let_go
    try:
        opened = prepared((b"funambol", b"srvpwd", b"nonce123"))
        assert heard(opened, vector("session-0x1234")) == [("a0", b"1234")]
    finally:
        platform.let_go = kept
    assert not [name for name in sys.modules if name in ("uscomo.dmacc", "uscomo.md5")]
