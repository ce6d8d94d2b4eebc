# What can be going on when the power goes: each verb has what happens before it, and itself.
# state() is what a start finds; after a cut it is the state before the verb or the one after it.
import hashlib
import os
from binascii import hexlify

import uscomo_boot
from uscomo import http, operation, package, store
from uscomo.nodes import Nodes
from uscomo.store import Store

ROOT = "/flash/uscomo.d"
ID = "com.example.power"
PACKAGES = {}  # version -> package bytes
ANCHOR = []  # key id, modulus


class Stream:
    """The package as an HTTP server sends it."""

    def __init__(self, url):
        import io

        body = PACKAGES[url.rsplit("/", 1)[-1]]
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.uscomo.package+gzip\r\n"
        self.file = io.BytesIO((head + "Content-Length: %d\r\n\r\n" % len(body)).encode() + body)

    def readinto(self, view):
        return self.file.readinto(view)

    def write(self, view):
        return len(view)

    def close(self):
        pass


def connect(host, port):
    """Stands in for http.connect: the host's name is the version."""
    return Stream(host)


def silent(*words):
    pass


def factory():
    """A fresh device."""
    uscomo_boot.ROOT = ROOT
    os.mkdir(ROOT)
    stored = Store()
    with open(ROOT + "/k/" + ANCHOR[0], "wb") as file:
        file.write(ANCHOR[1])
    nodes = Nodes(stored)
    nodes.set("DMAcc/main/ServerID", b"srv")
    nodes.commit()


def opened():
    """The device after a start."""
    stored = Store()
    stored.collect()
    return stored, Nodes(stored)


def prepare(version):
    """The server has prepared a download of that version."""
    _, nodes = opened()
    nodes.set("SCOMO/Download/p/PkgID", ID.encode())
    nodes.set("SCOMO/Download/p/PkgURL", ("http://%s/" % version).encode())
    nodes.commit()


def accept(primitive, place="Download/p"):
    """The server has executed a primitive and got its 202."""
    stored, _ = opened()
    stored.accept(
        {
            "account": "main",
            "uri": "./SCOMO/%s/Operations/%s" % (place, primitive),
            "correlator": "c",
            "place": place,
            "primitive": primitive,
            "asked": True,
        }
    )


def run_pending():
    """What the agent does at its next step, until nothing is pending."""
    stored, nodes = opened()
    while stored.pending():
        number = stored.pending()[0]
        if stored.begin(number):
            operation.Run(stored, nodes, number, {}, None, silent).run()


def installed(version="1", primitive="DownloadInstall"):
    """A version is installed, its report answered, its trial over."""
    prepare(version)
    accept(primitive)
    run_pending()
    stored, _ = opened()
    stored.reported(stored.results[0][0])
    stored.confirm(stored.find(ID))
    stored.commit()


def update_nodes(values):
    """One message's worth of changes."""
    _, nodes = opened()
    for key, value in values:
        nodes.set(key, value)
    nodes.commit()


def many_nodes():
    """A log that the next commit folds into a snapshot."""
    _, nodes = opened()
    for i in range(9):
        nodes.set("N/%d" % i, b"x" * 500)
        nodes.commit()


def report_answered():
    stored, _ = opened()
    stored.reported(1)


def confirm():
    stored, _ = opened()
    stored.confirm(stored.find(ID))
    stored.commit()


def start():
    """main.py counts a start against the trial."""
    stored, _ = opened()
    stored.find(ID)[store.TRIES] -= 1
    stored.commit()


DEPLOYED = "Inventory/Deployed/" + ID

# name: (what came before, the verb)
VERBS = {
    "install": ((lambda: prepare("1"), lambda: accept("DownloadInstall")), run_pending),
    "install-inactive": (
        (lambda: prepare("1"), lambda: accept("DownloadInstallInactive")),
        run_pending,
    ),
    "update": (
        (installed, lambda: prepare("2"), lambda: accept("DownloadInstall")),
        run_pending,
    ),
    "accept": ((lambda: prepare("1"),), lambda: accept("DownloadInstall")),
    "deactivate": ((installed, lambda: accept("Deactivate", DEPLOYED)), run_pending),
    "activate": (
        (
            lambda: installed("1", "DownloadInstallInactive"),
            lambda: accept("Activate", DEPLOYED),
        ),
        run_pending,
    ),
    "remove": ((installed, lambda: accept("Remove", DEPLOYED)), run_pending),
    "report": (
        (lambda: prepare("1"), lambda: accept("DownloadInstall"), run_pending),
        report_answered,
    ),
    "confirm": ((lambda: prepare("1"), lambda: accept("DownloadInstall"), run_pending), confirm),
    "start": ((lambda: prepare("1"), lambda: accept("DownloadInstall"), run_pending), start),
    "tree-commit": (
        (lambda: update_nodes((("A", b"old"), ("B", b"old"))),),
        lambda: update_nodes((("A", b"new"), ("B", b"new"))),
    ),
    "tree-compaction": (
        (lambda: update_nodes((("A", b"old"), ("B", b"old"))), many_nodes),
        lambda: update_nodes((("A", b"new"), ("B", b"new"))),
    ),
}

http.connect = connect


def state():
    """What a start finds, as one comparable value; raises where an invariant is broken."""
    assert uscomo_boot.load() is not None, "no valid record"
    stored, nodes = opened()
    components = []
    for row in stored.rows:
        about = store.manifest(row[store.SLOT])
        _check_files(store.slot_path(row[store.SLOT]))
        if row[store.FALL_BACK]:
            _check_files(store.slot_path(row[store.FALL_BACK]))
        fall_back = row[store.FALL_BACK] and store.manifest(row[store.FALL_BACK])["version"]
        components.append(
            (about["id"], about["version"], row[store.STATE], row[store.FLAGS], fall_back)
        )
    pending = stored.pending()
    results = []
    for number, code, _, _ in stored.results:
        if number in pending:
            continue
        assert stored.operation(number), "a result without its operation"
        results.append((number, code))
    _check_garbage(stored)
    values = (nodes.get("A"), nodes.get("B"))
    return components, len(pending), results, values, nodes.get("DMAcc/main/ServerID")


def _check_files(slot):
    with open(slot + "/component", "rb") as file:
        file.readline()
        for line in file:
            digest, size, path = line.split()
            sha256 = hashlib.sha256()
            with open(slot + "/" + path.decode(), "rb") as content:
                data = content.read(8192)
            sha256.update(data)
            assert len(data) == int(size), "a file is cut short"
            assert hexlify(sha256.digest()) == digest, "a file is wrong"


def _check_garbage(stored):
    slots = [row[store.SLOT] for row in stored.rows] + [
        row[store.FALL_BACK] for row in stored.rows
    ]
    for name in os.listdir(ROOT + "/c"):
        assert int(name) in slots, "a slot that nothing names"
    for name in os.listdir(ROOT + "/d"):
        assert int(name) in stored.pending(), "a package that nothing waits for"


assert package.MAX_FILES  # the install phase is imported before the first cut
