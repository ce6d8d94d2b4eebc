import binascii
import hashlib
import os
import sys

import package_fixture as fixture

from support import raises, temporary_root
from uscomo import package

MPY = 0x1306  # 6.3, armv6m


class Place:
    # A root with the fixture's key as trust anchor and a spooled package.
    def __init__(self, name):
        self.root = temporary_root()
        for folder in ("/k", "/d", "/c", "/c/1", "/c/2"):
            os.mkdir(self.root + folder)
        with open(self.root + "/k/" + fixture.KEY_ID, "wb") as file:
            file.write(binascii.a2b_base64(fixture.MODULUS))
        self.path = self.root + "/d/1"
        self.slots = {"app": self.root + "/c/1", "lib": self.root + "/c/2"}
        self.fed = 0
        self.spool(binascii.a2b_base64(fixture.PACKAGES[name]))

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
        self.package.unpack(self.slots)


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
        place.spool(binascii.a2b_base64(fixture.PACKAGES[name]))
        error = raises(package.PackageError, place.verify)
        assert error.code == code, name
    assert listing(place.root + "/c") == []


def test_refused_while_unpacking():
    place = Place("good")
    for name in (
        "wrong_hash",
        "no_such_component",
        "undeclared_module",
        "reserved_folder",
        "other_name",
        "missing_file",
        "one_file_more",
        "component_without_file",
        "no_end",
        "tail_in_tar",
        "tail_in_file",
        "bad_crc",
        "window_15",
    ):
        place.spool(binascii.a2b_base64(fixture.PACKAGES[name]))
        place.verify()
        error = raises(package.PackageError, place.package.unpack, place.slots)
        assert error.code == 1402, name
        for path in listing(place.root):
            assert path[len(place.root) :][:3] in ("/k/", "/d/", "/c/"), path


def test_other_device_type():
    place = Place("good")
    error = raises(package.PackageError, place.open().verify, place.root + "/k", MPY, "esp32")
    assert error.code == 1413


def test_damaged_anywhere():
    # Truncated or flipped, it is refused or, where nothing reads, the same.
    good = binascii.a2b_base64(fixture.PACKAGES["good"])
    place = Place("good")
    for cut in range(1, len(good), 101):
        place.spool(good[:cut])
        assert raises(package.PackageError, place.install).code == 1402, cut
    for at in range(12, len(good) - 4, 37):
        damaged = bytearray(good)
        damaged[at] ^= 0x10
        place.spool(damaged)
        assert raises(package.PackageError, place.install).code in (1402, 1407), at


def test_short_anchor_is_no_anchor():
    place = Place("good")
    with open(place.root + "/k/" + fixture.KEY_ID, "wb") as file:
        file.write(b"\xff" * 255)
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
    error = raises(package.PackageError, place.package.unpack, {"app": "/full", "lib": "/full"})
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
        assert package.safe_path(path), path
    for path in ("", ".", "..", "a/..", "a//b", "/a", "a/", "-a", ".a", "a b", "a\\b", "a:b"):
        assert not package.safe_path(path), path
    for path in ("a/b/c/d/e/f/g", "component", "COMPONENT", "component/a", "a\n", "\u00e4"):
        assert not package.safe_path(path), path


def test_ids():
    for name in ("a", "com.example.App_1-2", "a" * 64):
        assert package.safe_id(name), name
    for name in ("", "_a", ".a", "a/b", "a" * 65, "a b"):
        assert not package.safe_id(name), name


def test_reserved_names():
    for name in ("uscomo", "uscomo_x", "boot", "main", "json", "ujson", "asyncio", "os", "uos"):
        assert package.reserved(name), name
    for name in ("blink", "son", "json_x", "u", "x y"):
        assert not package.reserved(name), name
