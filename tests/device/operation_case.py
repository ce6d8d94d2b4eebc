# A device whose server has prepared something: what tests of operations share. Packages are made
# up, but for their names: verifying and unpacking have tests of their own.
import json
import os

from stream_script import Link, Stream

from support import temporary_root
from uscomo import consent, operation, package, platform, store
from uscomo.nodes import Nodes
from uscomo.store import Store

TYPE = "application/vnd.uscomo.package+gzip"
SIGNER = "0000000100000000"
PLACE = "Download/p"
RIGHTS = b"Add=srv&Delete=srv&Exec=srv&Get=srv&Replace=srv"


def component(id, **more):
    about = {
        "id": id,
        "name": id,
        "dir": id,
        "version": "1.0",
        "release": 1,
        "env": "micropython",
        "provides": [id],
        "entry": id,
    }
    about.update(more)
    return about


class Package:
    """Stands in for package.Package: what it is is its file's content, as JSON."""

    unpacked_size = 100

    def __init__(self, path, buffer, feed=None):
        with open(path, "rb") as file:
            self.text = file.read(4000)

    def verify(self, anchors, mpy=None, kind=None):
        try:
            self.header = json.loads(self.text)
        except ValueError:
            raise package.PackageError(1402)
        if self.header.get("broken"):
            raise package.PackageError(self.header["broken"])
        self.unpacked_size = self.header.get("size", 100)
        return self.header

    def unpack(self, paths, bases=None):
        for about in self.header["components"]:
            about = dict(about)
            about["package"] = self.header["id"]
            about["signer"] = self.header["signer"]
            with open(paths[about["dir"]] + "/component", "wb") as file:
                file.write(json.dumps(about).encode() + b"\n")
        if self.header.get("full"):
            raise OSError(28)


def content(id, *components, **more):
    header = {"id": id, "signer": SIGNER, "components": components or (component(id),)}
    header.update(more)
    return json.dumps(header).encode()


class Device:
    """As `with Device() as device`: store, nodes, what was said and asked."""

    def __enter__(self):
        self.root = temporary_root()
        self.before = package.Package, consent.ask, platform.free
        package.Package = Package
        consent.ask = self.ask
        platform.free = lambda path: self.free
        self.free = 100000
        self.answers = []
        self.asked = []
        self.said = []
        self.start()
        self.nodes.set("DMAcc/main/ServerID", b"srv")
        self.nodes.commit()
        return self

    def __exit__(self, *exception):
        package.Package, consent.ask, platform.free = self.before

    def start(self):
        self.store = Store()
        self.nodes = Nodes(self.store)

    def ask(self, text):
        self.asked.append(text)
        return self.answers.pop(0) if self.answers else consent.YES

    def prepare(self, id, place=PLACE, **leaves):
        values = {"PkgID": id, "PkgURL": "http://h/p"}
        values.update(leaves)
        for name, value in values.items():
            self.nodes.set("SCOMO/%s/%s" % (place, name), value.encode())
        self.nodes.commit()

    def accept(self, primitive, place=PLACE):
        return self.store.accept(
            {
                "account": "main",
                "uri": "./SCOMO/%s/Operations/%s" % (place, primitive),
                "correlator": "c",
                "place": place,
                "primitive": primitive,
                "id": "",
                "asked": False,
            }
        )

    def run(self, number, *answers):
        """What the agent does with a pending operation; answers of the content server in turn."""
        row = self.store.begin(number)
        made = operation.Run(self.store, self.nodes, number, {}, None, self.said.append)
        self.link = Link(*[Stream([answer]) for answer in answers])
        with self.link:
            code = made.run(row) if row else made.finish(store.INTERRUPTED, ())
        self.reset = made.reset
        return code

    def operate(self, primitive, place=PLACE, *answers):
        return self.run(self.accept(primitive, place), *answers)

    def install(self, id, body=None, primitive="DownloadInstall", **leaves):
        self.prepare(id, **leaves)
        code = self.operate(primitive, PLACE, served(content(id) if body is None else body))
        return code

    def proven(self, id, body=None):
        """Installed, and its trial is over."""
        self.install(id, body)
        self.store.confirm(self.store.find(id))
        self.store.conclude(self.store.find(id)[0], 1200)
        self.store.commit()

    def node(self, key):
        value = self.nodes.get("SCOMO/" + key)
        return None if value is None else value.decode()

    def status(self, place=PLACE):
        return self.node(place + "/Status")

    def state(self, id):
        row = self.store.find(id)
        return row and row[store.STATE]

    def version(self, id):
        return store.manifest(self.store.find(id)[store.SLOT])["version"]

    def spooled(self):
        return sorted(os.listdir(self.root + "/d"))


def served(body, status=200, *headers):
    head = "HTTP/1.1 %d X\r\nContent-Length: %d\r\nContent-Type: %s\r\n" % (
        status,
        len(body),
        TYPE,
    )
    return (head + "".join(line + "\r\n" for line in headers) + "\r\n").encode() + body


def deployed(id):
    return "Inventory/Deployed/" + id


def rows(device):
    return [(row[0], row[1], row[3]) for row in device.store.results]
