# An operation on a board that has a version already: update packages, floors, clashes. What a
# package may be is in test_package; here it meets the store.
import binascii
import io
import os

import package_fixture as fixture

import uscomo_boot
from support import temporary_root
from uscomo import http, operation, platform, store
from uscomo.nodes import Nodes
from uscomo.store import Store

APP, LIB = "com.example.app", "com.example.lib"
DONE = (1200, 1250)  # at once, or on trial


class Stream:
    # A package as an HTTP server sends it.
    def __init__(self, body):
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.uscomo.package+gzip\r\n"
        self.file = io.BytesIO((head + "Content-Length: %d\r\n\r\n" % len(body)).encode() + body)

    def readinto(self, view):
        return self.file.readinto(view)

    def write(self, view):
        return len(view)

    def close(self):
        pass


class Board:
    # Trusts the fixture's key.
    def __init__(self):
        temporary_root()
        self.stored = Store()
        with open(uscomo_boot.ROOT + "/k/" + fixture.KEY_ID, "wb") as file:
            file.write(binascii.a2b_base64(fixture.MODULUS))

    def install(self, name):
        # The result code of a DownloadInstall.
        package = binascii.a2b_base64(fixture.PACKAGES.get(name) or fixture.ACCEPTED[name])
        stored = self.stored
        nodes = Nodes(stored)
        nodes.set("SCOMO/Download/p/PkgURL", b"http://server/p")
        nodes.commit()
        number = stored.accept(
            {
                "account": "main",
                "uri": "./SCOMO/Download/p/Operations/DownloadInstall",
                "correlator": "c",
                "place": "Download/p",
                "primitive": "DownloadInstall",
                "asked": True,
            }
        )
        real = http.connect, platform.mpy
        http.connect = lambda host, port: Stream(package)
        platform.mpy = lambda: 0x1306
        try:
            code = operation.Run(stored, nodes, number, {}, None, lambda *words: None).run()
        finally:
            http.connect, platform.mpy = real
        stored.reported(number)
        return code

    def slot(self, id):
        return store.slot_path(self.stored.find(id)[store.SLOT])

    def read(self, id, path):
        with open(self.slot(id) + "/" + path, "rb") as file:
            return file.read()


def test_update_on_what_is_installed():
    board = Board()
    # Nothing is there to be copied.
    assert board.install("update") == 1455
    assert board.stored.rows == [] and os.listdir(uscomo_boot.ROOT + "/c") == []
    assert board.install("good") in DONE
    slots = [board.slot(id) for id in (APP, LIB)]
    logo = board.read(APP, "assets/logo.bin")
    lines = board.read(APP, "component")
    assert board.install("update") in DONE
    assert not [id for id in (APP, LIB) if board.slot(id) in slots]
    assert board.read(APP, "assets/logo.bin") == logo == bytes(range(256)) * 2
    assert board.read(APP, "component") == lines


def test_update_of_something_else():
    board = Board()
    assert board.install("good") in DONE
    rows = [list(row) for row in board.stored.rows]
    with open(board.slot(APP) + "/assets/logo.bin", "wb") as file:
        file.write(b"other")
    assert board.install("update") == 1455
    assert board.stored.rows == rows
    assert len(os.listdir(uscomo_boot.ROOT + "/c")) == 2
    # What the server does then.
    assert board.install("good") in DONE
    assert board.read(APP, "assets/logo.bin") == bytes(range(256)) * 2


def test_release_below_the_floor():
    board = Board()
    assert board.install("good") in DONE
    row = board.stored.find(APP)
    row[store.FLOOR] = 2
    board.stored.commit()
    assert board.install("good") == 1456
    assert board.stored.find(APP)[store.FLOOR] == 2
    # Signed as a downgrade it may, and so may what is as old from now on.
    assert board.install("downgrade") in DONE
    assert board.stored.find(APP)[store.FLOOR] == 1
    assert board.read(APP, "app.py") == b"1"
    assert board.install("good") in DONE


def test_downgrade_never_raises_the_floor():
    board = Board()
    assert board.install("downgrade") in DONE
    assert board.stored.find(APP)[store.FLOOR] == 0
    assert board.install("downgrade") in DONE
    assert board.stored.find(APP)[store.FLOOR] == 0


def test_clash():
    board = Board()
    assert board.install("same_modules") in DONE
    assert board.install("good") == 1457
    assert [store.manifest(row[store.SLOT])["id"] for row in board.stored.rows] == [
        "com.example.other"
    ]


def test_signer_is_pinned():
    board = Board()
    assert board.install("good") in DONE
    path = board.slot(APP) + "/component"
    with open(path, "rb") as file:
        text = file.read()
    with open(path, "wb") as file:
        file.write(text.replace(fixture.KEY_ID.encode(), b"0123456789abcdef"))
    assert board.install("good") == 1407


def test_revoked_anchor():
    board = Board()
    open(uscomo_boot.ROOT + "/k/" + fixture.KEY_ID, "wb").close()
    assert board.install("good") == 1407
