# Trust statements and endorsed keys; every statement and block comes from trust_fixture.
import binascii
import hashlib
import os
import sys

import trust_fixture as fixture

from support import raises, temporary_root
from uscomo import package, trust

FIRST, SECOND, THIRD = (fixture.KEY_IDS[name] for name in ("first", "second", "third"))
DIGEST = hashlib.sha256(b"message").digest()


def modulus(name):
    return binascii.a2b_base64(fixture.MODULI[name])


def statement(name):
    return binascii.a2b_base64(fixture.STATEMENTS[name])


class Anchors:
    # A folder of keys.
    def __init__(self, *names):
        self.folder = temporary_root() + "/k"
        os.mkdir(self.folder)
        for name in names:
            self.write(fixture.KEY_IDS[name], modulus(name))

    def write(self, key_id, data):
        with open(self.folder + "/" + key_id, "wb") as file:
            file.write(data)

    def read(self):
        # What there is, by name.
        found = {}
        for name in os.listdir(self.folder):
            with open(self.folder + "/" + name, "rb") as file:
                found[name] = file.read()
        return found

    def apply(self, name):
        return trust.apply(statement(name), self.folder)

    def names(self):
        return trust.anchors(self.folder)


def test_anchor_is_added():
    keys = Anchors("first")
    assert keys.apply("first adds second") == 200
    assert keys.read() == {FIRST: modulus("first"), SECOND: modulus("second")}
    assert keys.names() == sorted([FIRST, SECOND])
    # It has the same rights.
    assert keys.apply("second adds third") == 200
    assert keys.apply("third revokes first") == 200
    assert keys.names() == sorted([SECOND, THIRD])


def test_known_already():
    keys = Anchors("first")
    assert keys.apply("first adds first") == 418
    assert keys.apply("first adds second") == 200
    before = keys.read()
    assert keys.apply("first adds second") == 418
    assert keys.apply("second adds second") == 418
    assert keys.read() == before


def test_nobody_else_may():
    keys = Anchors("first")
    for name in (
        "second adds second",
        "second adds third",
        "second revokes first",
        "second revokes third",
    ):
        assert keys.apply(name) == 403, name
    assert keys.read() == {FIRST: modulus("first")}
    assert Anchors().apply("first adds second") == 403


def test_revoked_for_ever():
    keys = Anchors("first")
    assert keys.apply("first adds second") == 200
    assert keys.apply("first revokes second") == 200
    assert keys.read() == {FIRST: modulus("first"), SECOND: b""}
    assert keys.names() == [FIRST]
    # Replays of all that was true once, and what the revoked key says.
    for name, status in (
        ("first adds second", 418),
        ("first revokes second", 418),
        ("second adds third", 403),
        ("second revokes first", 403),
        ("second adds second", 403),
    ):
        assert keys.apply(name) == status, name
    assert keys.read() == {FIRST: modulus("first"), SECOND: b""}


def test_revoked_signer_says_nothing_any_more():
    keys = Anchors("first", "second")
    assert keys.apply("second revokes first") == 200
    assert keys.apply("first adds third") == 403
    assert keys.apply("first revokes second") == 403
    assert keys.apply("second adds first") == 418
    assert keys.names() == [SECOND]


def test_key_that_never_was_an_anchor():
    # An endorsed one; and it can never become an anchor.
    keys = Anchors("first")
    assert keys.apply("first revokes third") == 200
    assert keys.read() == {FIRST: modulus("first"), THIRD: b""}
    assert keys.apply("first revokes third") == 418
    assert keys.apply("first adds third") == 418


def test_last_anchor_stays():
    keys = Anchors("first", "second")
    assert keys.apply("second revokes second") == 200
    assert keys.apply("first revokes first") == 403
    assert keys.names() == [FIRST]
    # Files that are no keys do not count as others.
    keys.write(THIRD, b"\xff" * 255)
    assert keys.apply("first revokes first") == 403
    assert keys.names() == [FIRST]


def test_malformed_and_unsigned():
    keys = Anchors("first")
    tried = 0
    for name in fixture.STATEMENTS:
        for start, status in (("malformed", 400), ("unsigned", 403)):
            if name.startswith(start):
                assert keys.apply(name) == status, name
                tried += 1
    assert tried == 16
    for data in (b"", b"\x01", b"\x01" + bytes(8), b"\x02" + bytes(9)):
        assert trust.apply(data, keys.folder) in (400, 403)
    assert keys.read() == {FIRST: modulus("first")}


def test_damaged_anywhere():
    keys = Anchors("first")
    for name in ("first adds second", "first revokes second"):
        right = statement(name)
        for cut in range(0, len(right), 7):
            assert trust.apply(right[:cut], keys.folder) in (400, 403), cut
            assert trust.apply(right[cut + 1 :], keys.folder) in (400, 403), cut
        for at in range(0, len(right), 3 if len(right) < 300 else 5):
            damaged = bytearray(right)
            damaged[at] ^= 1 << at % 8
            assert trust.apply(memoryview(damaged), keys.folder) in (400, 403), at
    assert keys.read() == {FIRST: modulus("first")}


def test_room():
    keys = Anchors("first")
    for number in range(15):
        keys.write("%016x" % number, b"\xff" * 256)
    assert len(keys.names()) == 16
    assert keys.apply("first adds second") == 420
    assert keys.apply("first revokes third") == 200  # the revoked are no anchors
    assert keys.apply("first adds second") == 420
    keys.write("%016x" % 0, b"")
    assert keys.apply("first adds second") == 200
    for number in range(16, 62):
        keys.write("%016x" % number, b"")
    assert len(keys.read()) == 64
    keys.write("%016x" % 1, b"")
    assert len(keys.names()) == 15
    assert keys.apply("first adds third") == 418  # told before there is no room
    os.remove(keys.folder + "/" + THIRD)
    keys.write("%016x" % 62, b"")
    assert keys.apply("first adds third") == 420
    assert keys.apply("first revokes third") == 420
    assert keys.apply("first revokes second") == 200
    os.remove(keys.folder + "/%016x" % 62)
    assert keys.apply("first revokes third") == 200


def test_cut_off_while_adding():
    # Before its name: whole or torn, it is no key and in nobody's way.
    for left in (b"", modulus("second")[:100], modulus("second")):
        keys = Anchors("first")
        keys.write("new", left)
        assert keys.names() == [FIRST]
        assert keys.apply("first revokes first") == 403
        assert keys.apply("first adds second") == 200
        assert keys.read() == {FIRST: modulus("first"), SECOND: modulus("second")}


def test_power_cut():
    # At every write of a statement: it counts or it does not, and can be sent again.
    if sys.implementation.name != "micropython":
        return  # littlefs lives there
    import vfs

    from support import RamDevice

    class Cut(RamDevice):
        left = 1000

        def writeblocks(self, number, buffer, offset=None):
            if self.left <= 0:
                raise OSError(5)
            self.left -= 1
            super().writeblocks(number, buffer, offset)

    keys = Anchors("first")
    keys.folder = "/cut"
    for name, before, after in (
        ("first adds second", {FIRST: modulus("first")}, {SECOND: modulus("second")}),
        ("first revokes third", {FIRST: modulus("first")}, {THIRD: b""}),
        (
            "first revokes second",
            {FIRST: modulus("first"), SECOND: modulus("second")},
            {SECOND: b""},
        ),
    ):
        outcomes = []
        for writes in range(40):
            device = Cut(512, 32)
            vfs.VfsLfs2.mkfs(device)
            vfs.mount(vfs.VfsLfs2(device), "/cut")
            for key_id in before:
                keys.write(key_id, before[key_id])
            device.left = writes
            status = keys.apply(name)
            vfs.umount("/cut")
            device.left = 1000
            vfs.mount(vfs.VfsLfs2(device), "/cut")
            found = keys.read()
            found.pop("new", None)
            done = found != before
            if done:
                expected = dict(before)
                expected.update(after)
                assert found == expected, writes
            assert done or status != 200, writes
            assert keys.apply(name) == (418 if done else 200), writes
            vfs.umount("/cut")
            outcomes.append(done)
        assert outcomes[0] is False and outcomes[-1] is True
        assert outcomes == sorted(outcomes)


def test_flash_full():
    if sys.implementation.name != "micropython":
        return  # a disk cannot be filled in passing
    import vfs

    from support import RamDevice

    keys = Anchors("first")
    device = RamDevice(512, 8)
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), "/full")
    keys.folder = "/full"
    keys.write(FIRST, modulus("first"))
    try:
        for number in range(20):
            keys.write("%d" % number, b"\xff" * 500)
    except OSError:
        pass
    assert keys.apply("first adds second") == 420
    assert keys.names() == [FIRST]
    vfs.umount("/full")


def test_what_is_an_anchor():
    keys = Anchors("first")
    for key_id, data in (
        ("%016x" % 1, b""),
        ("%016x" % 2, b"\xff" * 255),
        ("%016x" % 3, b"\xff" * 513),
        ("%016x" % 4, b"\xff" * 255 + b"\x00"),
        ("%016x" % 5, b"\x00" + b"\xff" * 256),
        ("README", b"\xff" * 256),
    ):
        keys.write(key_id, data)
    assert keys.names() == [FIRST]


# -- endorsed keys


def test_endorsements():
    keys = Anchors("first")
    for name, block, good in fixture.ENDORSEMENTS:
        block = memoryview(binascii.a2b_base64(block))
        found = trust.endorser(keys.folder, block, DIGEST)
        assert found == (FIRST if good else None), name


def right():
    return memoryview(bytearray(binascii.a2b_base64(fixture.ENDORSEMENTS[0][1])))


def test_endorsement_and_revocation():
    keys = Anchors("first", "second")
    # An anchor may be endorsed too.
    assert trust.endorser(keys.folder, right(), DIGEST) == FIRST
    assert keys.apply("first revokes second") == 200
    assert trust.endorser(keys.folder, right(), DIGEST) is None
    keys = Anchors("first", "third")
    assert trust.endorser(keys.folder, right(), DIGEST) == FIRST
    assert keys.apply("third revokes first") == 200
    assert trust.endorser(keys.folder, right(), DIGEST) is None
    assert trust.endorser(Anchors("second").folder, right(), DIGEST) is None


def test_endorsement_damaged_anywhere():
    keys = Anchors("first")
    size = len(right())
    for cut in range(1, size, 13):
        assert trust.endorser(keys.folder, right()[:cut], DIGEST) is None, cut
    for at in range(1, size, 5):
        damaged = right()
        damaged[at] ^= 1 << at % 8
        assert trust.endorser(keys.folder, damaged, DIGEST) is None, at


def verify(keys, data):
    path = keys.folder + "/../package"
    with open(path, "wb") as file:
        file.write(data)
    return package.Package(path, bytearray(512)).verify(keys.folder, 0x1306, "unix")


def test_endorsed_package():
    data = binascii.a2b_base64(fixture.PACKAGE)
    keys = Anchors("first")
    # To the board it is the endorser's.
    assert verify(keys, data)["signer"] == FIRST
    assert raises(package.PackageError, verify, Anchors("second"), data).code == 1407
    keys = Anchors("first")
    assert keys.apply("first revokes second") == 200
    assert raises(package.PackageError, verify, keys, data).code == 1407


def test_endorsed_package_damaged_anywhere():
    data = binascii.a2b_base64(fixture.PACKAGE)
    keys = Anchors("first")
    for cut in range(0, len(data) // 2, 61):
        assert raises(package.PackageError, verify, keys, data[:cut]).code == 1402, cut
    refused = 0
    for at in range(12, len(data), 29):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        try:
            verify(keys, damaged)
        except package.PackageError as error:
            assert error.code in (1402, 1407), at
            refused += 1
    # What comes behind the signature is not looked at before it is unpacked.
    assert refused > 20
