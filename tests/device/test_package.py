import binascii
import hashlib
import os
import sys

import package_fixture as fixture

from support import raises, temporary_root
from uscomo import package, rules

MPY = 0x1306  # 6.3, armv6m


class Place:
    # A root with the fixture's key as trust anchor and a spooled package.
    def __init__(self, name):
        self.root = temporary_root()
        for folder in ("/k", "/d", "/c", "/c/1", "/c/2", "/c/3", "/c/4"):
            os.mkdir(self.root + folder)
        with open(self.root + "/k/" + fixture.KEY_ID, "wb") as file:
            file.write(binascii.a2b_base64(fixture.MODULUS))
        self.path = self.root + "/d/1"
        self.slots = {"app": self.root + "/c/1", "lib": self.root + "/c/2"}
        self.bases = None
        self.fed = 0
        self.spool(data(name))

    def spool(self, data):
        with open(self.path, "wb") as file:
            file.write(data)

    def feed(self):
        self.fed += 1

    def open(self):
        self.package = package.Package(self.path, bytearray(512), self.feed)
        return self.package

    def verify(self):
        return self.open().verify(self.root + "/k", MPY, "unix")

    def install(self):
        self.verify()
        self.package.unpack(self.slots, self.bases)

    def install_as_base(self):
        self.bases = {"app": self.root + "/c/3", "lib": self.root + "/c/4"}
        self.verify()
        self.package.unpack(self.bases)


def data(name):
    for table in (fixture.PACKAGES, fixture.ACCEPTED, fixture.UPDATES):
        if name in table:
            return binascii.a2b_base64(table[name])


def contents(place, slots):
    # What lies in the slots, by slot and path.
    found = {}
    for name in slots:
        for path in listing(slots[name]):
            found[name + path[len(slots[name]) :]] = read(path)
    return found


def read(path):
    with open(path, "rb") as file:
        return file.read()


def listing(folder):
    found = []
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            found += listing(path)
        else:
            found.append(path)
    return sorted(found)


def test_good_package_is_verified():
    place = Place("good")
    header = place.verify()
    assert header["id"] == "com.example.package"
    assert header["signer"] == fixture.KEY_ID
    assert [c["dir"] for c in header["components"]] == ["app", "lib"]
    assert place.package.files == 5
    assert place.package.unpacked_size == 20 + 0 + 1200 + 512 + 6 + 1
    assert place.fed >= 5
    assert listing(place.root + "/c") == []


def test_good_package_is_unpacked():
    place = Place("good")
    place.install()
    names = [path[len(place.root) :] for path in listing(place.root + "/c")]
    assert names == [
        "/c/1/app.py",
        "/c/1/applib/__init__.py",
        "/c/1/applib/deep/er/code.py",
        "/c/1/assets/logo.bin",
        "/c/1/component",
        "/c/2/component",
        "/c/2/lib.py",
    ]
    assert read(place.root + "/c/1/applib/deep/er/code.py") == b"x = 1\n" * 200
    assert read(place.root + "/c/1/applib/__init__.py") == b""
    assert read(place.root + "/c/1/assets/logo.bin") == bytes(range(256)) * 2


def test_component_file():
    import json

    place = Place("good")
    place.install()
    lines = read(place.root + "/c/2/component").split(b"\n")
    assert json.loads(lines[0]) == {
        "id": "com.example.lib",
        "name": "Lib",
        "version": "2.1",
        "release": 7,
        "dir": "lib",
        "env": "micropython;mpy=6.3",
        "provides": ["lib"],
        "requires": [],
        "package": "com.example.package",
        "signer": fixture.KEY_ID,
    }
    content = b"y = 2\n"
    digest = binascii.hexlify(hashlib.sha256(content).digest())
    assert lines[1:] == [digest + b" 6 lib.py", b""]


def test_refused_before_anything_is_written():
    place = Place("good")
    for name, code in (
        ("unknown_key", 1407),
        ("wrong_signature", 1407),
        ("wrong_env", 1413),
        ("no_env", 1402),
        ("no_provides", 1402),
        ("no_components", 1402),
        ("twice_provided", 1402),
        ("release_no_number", 1402),
        ("entry_elsewhere", 1402),
        ("reserved", 1402),
        ("requires_text", 1402),
        ("agent_and_more", 1402),
        ("agent_elsewhere", 1402),
        ("uscomo_without_agent", 1402),
        ("signature_type", 1402),
        ("signature_too_long", 1402),
        ("signature_empty", 1407),
        ("endorsement_empty", 1407),
        ("size_without_end", 1402),
        ("header_too_long", 1402),
        ("header_no_json", 1402),
        ("header_format", 1402),
        ("traversal", 1402),
        ("absolute", 1402),
        ("hidden", 1402),
        ("component_file", 1402),
        ("too_deep", 1402),
        ("descending", 1402),
        ("twice", 1402),
        ("line_too_long", 1402),
        ("line_no_size", 1402),
        ("no_files", 1402),
        ("too_many_files", 1402),
        ("too_large", 1402),
        ("manifest_too_large", 1402),
    ):
        place.spool(data(name))
        error = raises(package.PackageError, place.verify)
        assert error.code == code, name
    assert listing(place.root + "/c") == []


def test_refused_while_unpacking():
    place = Place("good")
    for name, code in (
        ("wrong_hash", 1402),
        ("no_such_component", 1402),
        ("undeclared_module", 1402),
        ("reserved_folder", 1402),
        ("agent_with_stage_0", 1402),
        # As an update that leaves out too much for a board that has nothing.
        ("other_name", 1455),
        ("missing_file", 1455),
        ("one_file_more", 1402),
        ("entry_twice", 1402),
        ("component_without_file", 1402),
        ("no_end", 1402),
        ("tail_in_tar", 1402),
        ("tail_in_file", 1402),
        ("bad_crc", 1402),
        ("window_15", 1402),
        ("bomb", 1402),
    ):
        place.spool(data(name))
        place.verify()
        place.fed = 0
        error = raises(package.PackageError, place.package.unpack, place.slots)
        assert error.code == code, name
        assert place.fed <= 20, name  # what does not belong there is not read
        for path in listing(place.root):
            assert path[len(place.root) :][:3] in ("/k/", "/d/", "/c/"), path


def test_other_device_type():
    place = Place("good")
    error = raises(package.PackageError, place.open().verify, place.root + "/k", MPY, "esp32")
    assert error.code == 1413


def test_damaged_anywhere():
    # Truncated or flipped, it is refused or, where nothing reads, the same.
    good = data("good")
    place = Place("good")
    for cut in range(1, len(good), 101):
        place.spool(good[:cut])
        assert raises(package.PackageError, place.install).code == 1402, cut
    for at in range(12, len(good) - 4, 37):
        damaged = bytearray(good)
        damaged[at] ^= 0x10
        place.spool(damaged)
        assert raises(package.PackageError, place.install).code in (1402, 1407, 1455), at


def test_update():
    # Whatever part of the files comes with it, the slots hold what the whole package would give.
    place = Place("good")
    place.install_as_base()
    whole = contents(place, place.bases)
    assert len(whole) == 7
    for name in ("update", "update_middle", "update_last", "update_nothing", "good"):
        place.spool(data(name))
        place.install()
        assert contents(place, place.slots) == whole, name
        for path in listing(place.root + "/c/1") + listing(place.root + "/c/2"):
            os.remove(path)
    assert contents(place, place.bases) == whole


def test_update_of_another_version():
    place = Place("good")
    place.install_as_base()
    whole = contents(place, place.bases)
    # Files that come with the update may be what they like, and what it does not name too.
    for path in ("/c/3/app.py", "/c/4/lib.py", "/c/3/old.py"):
        with open(place.root + path, "wb") as file:
            file.write(b"old")
    os.remove(place.root + "/c/3/component")
    place.spool(data("update"))
    place.install()
    assert contents(place, place.slots) == whole
    # A file that is longer has what is wanted, up to there.
    with open(place.root + "/c/3/assets/logo.bin", "ab") as file:
        file.write(b"more")
    place.install()
    assert contents(place, place.slots) == whole


def test_update_that_does_not_fit():
    place = Place("good")
    place.install_as_base()
    bases = place.bases
    place.spool(data("update"))
    for few in (None, {}, {"lib": bases["lib"]}, {"app": place.root + "/none"}):
        place.bases = few
        assert raises(package.PackageError, place.install).code == 1455
    place.bases = bases
    path = place.root + "/c/3/assets/logo.bin"
    right = read(path)
    for wrong in (right[:-1], b"", right[:-1] + b"\x00", None):
        os.remove(path)
        if wrong is not None:
            with open(path, "wb") as file:
                file.write(wrong)
        assert raises(package.PackageError, place.install).code == 1455
    os.mkdir(path)
    assert raises(package.PackageError, place.install).code == 1455
    os.rmdir(path)
    with open(path, "wb") as file:
        file.write(right)
    place.install()


def test_broken_update():
    place = Place("good")
    place.install_as_base()
    before = contents(place, place.bases)
    for name, code in (
        ("other_content", 1402),
        ("other_size", 1402),
        ("descending", 1402),
        ("foreign", 1402),
        ("foreign_last", 1402),
        ("twice", 1402),
        ("no_end", 1402),
        ("half_an_end", 1402),
        ("tail", 1402),
    ):
        place.spool(data(name))
        assert raises(package.PackageError, place.install).code == code, name
    assert contents(place, place.bases) == before


def test_update_damaged_anywhere():
    place = Place("good")
    place.install_as_base()
    whole = contents(place, place.bases)
    update = data("update")
    for cut in range(0, len(update), 97):
        place.spool(update[:cut])
        assert raises(package.PackageError, place.install).code in (1402, 1455), cut
    for at in range(12, len(update) - 4, 31):
        damaged = bytearray(update)
        damaged[at] ^= 1 << at % 8
        place.spool(damaged)
        assert raises(package.PackageError, place.install).code in (1402, 1407, 1455), at
    assert contents(place, place.bases) == whole


def test_any_byte_of_an_updates_tar_counts():
    # Packed again with a right CRC: what no hash covers is covered by a form.
    place = Place("update")
    tar = inflated(place.path)
    place.spool(data("good"))
    place.install_as_base()
    whole = contents(place, place.bases)
    place.spool(stored(tar))
    place.install()
    same = 0
    for at in range(0, len(tar), 67):
        damaged = bytearray(tar)
        damaged[at] ^= 1 << at % 8
        place.spool(stored(damaged))
        try:
            place.install()
        except package.PackageError as error:
            assert error.code in (1402, 1407, 1455), at
        else:
            # The padding behind an entry is all that may differ.
            assert tar[at] == 0, at
            assert contents(place, place.slots) == whole, at
            same += 1
    assert same < 30
    for cut in range(0, len(tar), 211):
        place.spool(stored(tar[:cut]))
        assert raises(package.PackageError, place.install).code in (1402, 1455), cut


def inflated(path):
    import deflate

    tar = bytearray()
    piece = bytearray(512)
    with open(path, "rb") as file:
        stream = deflate.DeflateIO(file, deflate.GZIP, 12)
        count = stream.readinto(piece)
        while count:
            tar += piece[:count]
            count = stream.readinto(piece)
    return tar


def stored(tar):
    # A gzip that does not compress; the VM cannot do better.
    size = len(tar).to_bytes(2, "little")
    not_size = (len(tar) ^ 0xFFFF).to_bytes(2, "little")
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x01" + size + not_size
    crc = binascii.crc32(tar).to_bytes(4, "little")
    return head + bytes(tar) + crc + len(tar).to_bytes(4, "little")


def test_agent_and_downgrade():
    place = Place("agent")
    (component,) = place.verify()["components"]
    assert component["agent"] is True
    place.package.unpack(place.slots)
    names = [path[len(place.root) :] for path in listing(place.root + "/c")]
    assert names == ["/c/1/component", "/c/1/uscomo/__init__.py", "/c/1/uscomo/data.bin"]
    place.spool(data("good"))
    assert "downgrade" not in place.verify()
    place.spool(data("downgrade"))
    assert place.verify()["downgrade"] is True


def test_trust_is_imported_when_it_is_used():
    place = Place("good")
    place.install()
    if sys.implementation.name == "micropython":  # a process of its own
        assert "uscomo.trust" not in sys.modules


def test_short_anchor_is_no_anchor():
    place = Place("good")
    with open(place.root + "/k/" + fixture.KEY_ID, "wb") as file:
        file.write(b"\xff" * 255)
    assert raises(package.PackageError, place.verify).code == 1407


def test_revoked_anchor_is_no_anchor():
    place = Place("good")
    open(place.root + "/k/" + fixture.KEY_ID, "wb").close()
    assert raises(package.PackageError, place.verify).code == 1407


def test_longer_anchor_is_no_anchor():
    place = Place("good")
    with open(place.root + "/k/" + fixture.KEY_ID, "ab") as file:
        file.write(b"\x01" * 257)
    assert raises(package.PackageError, place.verify).code == 1407


def test_flash_full():
    if sys.implementation.name != "micropython":
        return  # a disk cannot be filled in passing
    import vfs

    from support import RamDevice

    place = Place("good")
    device = RamDevice(512, 8)
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), "/full")
    place.verify()
    place.slots["app"] = "/full"
    error = raises(package.PackageError, place.package.unpack, place.slots)
    assert error.code == 1406


def test_environment():
    fits = package.environment_fits
    for env, mpy, expected in (
        ("micropython", 0, True),
        ("micropython;mpy=6.3", 0x1306, True),
        ("micropython;mpy=6.1", 0x1306, True),
        ("micropython;mpy=6", 0x1306, True),
        ("micropython;mpy=5.3", 0x1306, False),
        ("micropython;mpy=6.3", 0, False),
        ("micropython;mpy=6.3;arch=armv6m", 0x1306, True),
        ("micropython;mpy=6.2;arch=armv6m", 0x1306, False),
        ("micropython;mpy=6.3;arch=x64", 0x1306, False),
        ("micropython;mpy=6.3;arch=", 0x0306, False),
        ("micropython;mpy=6.3;arch=x64", 0x0B06, True),
        ("micropython;arch=armv6m", 0x1306, False),
        ("micropython;unknown=1", 0x1306, False),
        ("circuitpython", 0x1306, False),
        ("", 0x1306, False),
    ):
        assert fits(env, mpy) == expected, env


def test_this_micropython_takes_its_own_bytecode():
    mpy = getattr(sys.implementation, "_mpy", None)
    if mpy:
        assert package.environment_fits("micropython;mpy=%d.0" % (mpy & 255), mpy)


def test_paths():
    for path in ("a", "_a", "a.b-c_d", "a/b/c/d/e/f", "components", "x/component"):
        assert rules.safe_path(path), path
    for path in ("", ".", "..", "a/..", "a//b", "/a", "a/", "-a", ".a", "a b", "a\\b", "a:b"):
        assert not rules.safe_path(path), path
    for path in ("a/b/c/d/e/f/g", "component", "COMPONENT", "component/a", "a\n", "\u00e4"):
        assert not rules.safe_path(path), path


def test_ids():
    for name in ("a", "com.example.App_1-2", "a" * 64):
        assert rules.safe_id(name), name
    for name in ("", "_a", ".a", "a/b", "a" * 65, "a b"):
        assert not rules.safe_id(name), name


def test_reserved_names():
    for name in ("uscomo", "uscomo_x", "boot", "main", "json", "ujson", "asyncio", "os", "uos"):
        assert rules.reserved(name), name
    for name in ("blink", "son", "json_x", "u", "x y"):
        assert not rules.reserved(name), name
