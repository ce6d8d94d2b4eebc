# What can be going on when the power goes: each verb has what happens before it, itself, and
# whether a start takes it up again. state() is what a start finds, and checks what always holds.
import hashlib
import io
import os
import sys
from binascii import hexlify

import uscomo
import uscomo_boot
from uscomo import accounts, agent, dmacc, http, lifecycle, package, platform, store, supervisor
from uscomo.nodes import Nodes
from uscomo.store import Store

ROOT = "/flash/uscomo.d"
ID = "com.example.power"
AGENT = "com.example.agent"
DEPLOYED = "Inventory/Deployed/" + ID
PACKAGES = {}  # name -> package
KEYS = {}  # key id -> modulus; "anchor" is the one that the device knows
STATEMENTS = {}  # name -> trust statement
ACCOUNT = "DMAcc/main/"
PLACE = ["Inventory", "Delivered", "p", "Data"]


# -- the world around the store


class Stream:
    """The package as an HTTP server sends it."""

    def __init__(self, name):
        body = PACKAGES[name]
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.uscomo.package+gzip\r\n"
        self.file = io.BytesIO((head + "Content-Length: %d\r\n\r\n" % len(body)).encode() + body)

    def readinto(self, view):
        return self.file.readinto(view)

    def write(self, view):
        return len(view)

    def close(self):
        pass


class Answering:
    """The talk phase with a server that answers every alert with 200."""

    MODULES = ()

    @staticmethod
    def talk(*given):
        for alerts in given:
            if isinstance(alerts, list):
                for alert in alerts:
                    alert.status = 200
        return 1


def silent(*words):
    pass


def step(held):
    """What is due, done as the supervisor does it."""
    due = held.step()
    if isinstance(due, tuple):
        result = supervisor.perform(held.store, held.nodes, held.settings, None, silent, due)
        held.ended(due, result)


def same(*names):
    """A phase's modules stay: a VM that sweeps has the memory, and no time."""


# The host's name is the package's.
http.connect = lambda host, port: Stream(host)
platform.begin_phase = platform.end_phase = platform.let_go = same
sys.modules["uscomo.talk"] = uscomo.talk = Answering
uscomo_boot.ROOT = ROOT


# -- what happens


def factory():
    """A fresh device: one account, one trust anchor."""
    os.mkdir(ROOT)
    stored = Store()
    _write_key("anchor")
    nodes = Nodes(stored)
    nodes.set(ACCOUNT + "ServerID", b"srv")
    nodes.set(ACCOUNT + "AppAddr/1/Addr", b"http://old/")
    nodes.set(ACCOUNT + "AppAuth/1/AAuthLevel", b"CLCRED")
    nodes.set(ACCOUNT + "AppAuth/1/AAuthType", b"DIGEST")
    nodes.set(ACCOUNT + "AppAuth/1/AAuthSecret", b"old")
    nodes.set(ACCOUNT + "AppAuth/1/AAuthData", b"nonce")
    nodes.commit()


def _write_key(name):
    with open(ROOT + "/k/" + key_id(KEYS[name]), "wb") as file:
        file.write(KEYS[name])


def key_id(modulus):
    """As the board names an anchor's file."""
    return hexlify(hashlib.sha256(modulus).digest()[:8]).decode()


def opened():
    """The device after a start."""
    stored = Store()
    nodes = Nodes(stored)
    stored.collect(*((agent.kept(nodes),) if hasattr(agent, "kept") else ()))
    return stored, nodes


def prepare(name, id=ID):
    """The server has prepared a download of a package."""
    _, nodes = opened()
    nodes.set("SCOMO/Download/p/PkgID", id.encode())
    nodes.set("SCOMO/Download/p/PkgURL", ("http://%s/" % name).encode())
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


def work():
    """What the agent does at its next steps, until nothing is pending; restarts come between."""
    while True:
        stored, nodes = opened()
        if not stored.pending():
            return
        try:
            step(agent.Agent(stored, nodes, {"ask": "never"}, None, silent))
        except SystemExit:
            platform.resetting = False


def starts():
    """An operation was begun as often as one may be."""
    stored, _ = opened()
    (number,) = stored.pending()
    for _ in range(3):
        assert stored.begin(number)
    store.spool(number, PACKAGES["1"][:100])


def report():
    """Sessions in which the server takes what there is to report."""
    while True:
        stored, nodes = opened()
        if not stored.results:
            return
        step(agent.Agent(stored, nodes, {}, None, silent))


def confirm():
    """All trials have ended well."""
    stored, _ = opened()
    for row in stored.rows:
        lifecycle.confirm(stored, row, silent)


def download(name, primitive, id=ID):
    """A download's primitive, run to its end."""
    prepare(name, id)
    accept(primitive)
    work()


def installed(name="1", primitive="DownloadInstall"):
    """A version is installed, its trial over, its report answered."""
    download(name, primitive)
    confirm()
    report()


def delivered():
    """A package was downloaded, and is not installed."""
    download("1", "Download")
    report()


def updated():
    """The second version is proved, the first one is retained."""
    installed("1")
    installed("2")


def run(primitive, place):
    """Accept and run."""

    def both():
        accept(primitive, place)

    return both


def update_nodes(**values):
    """One message's worth of changes."""
    _, nodes = opened()
    for key, value in values.items():
        nodes.set(key, value)
    nodes.commit()


def old_values():
    update_nodes(A=b"old", B=b"old")


def new_values():
    update_nodes(A=b"new", B=b"new")


def many_nodes():
    """A log so long that the next commit folds it into a snapshot."""
    _, nodes = opened()
    for i in range(20):
        if sum(os.stat("%s/t/%s" % (ROOT, n))[6] for n in os.listdir(ROOT + "/t")) > 4300:
            return
        nodes.set("N/%d" % i, b"x" * 500)
        nodes.commit()


def nonces():
    """A session has left new nonces."""
    _, nodes = opened()
    account = dmacc.Account(nodes, "main")
    account.client_nonce = b"1234567890"
    account.save_nonces()


def change_account():
    """The server changes address, password and nonce in one message."""
    _, nodes = opened()
    held = accounts.Accounts(nodes)
    for path, value in (
        ("main/AppAddr/1/Addr", b"http://new/"),
        ("main/AppAuth/1/AAuthSecret", b"new"),
        ("main/AppAuth/1/AAuthData", b"other"),
    ):
        assert held.write(path.split("/"), value) == 200
    nodes.commit()


def atomic():
    """The same in an Atomic, as the message of a server that carries it."""
    from uscomo import accounts, session, syncml, tree

    _, nodes = opened()
    held = tree.Tree((("DMAcc", accounts.Accounts(nodes)),), nodes, None)
    client = session.Session(
        dmacc.Account(nodes, "main"), held, None, bytearray(1500), bytearray(1500)
    )
    assert client.start(b"1", "d", 1201, [], lambda: ())
    buffer = bytearray(900)
    writer = syncml.MessageWriter(buffer)
    writer.message(b"1", 1, "d", b"http://old/", None, None, 0)
    writer.status(b"1", 0, b"SyncHdr", 212)
    writer.command(syncml.ATOMIC)
    for key, value in (
        ("AppAddr/1/Addr", b"http://new/"),
        ("AppAuth/1/AAuthSecret", b"new"),
        ("AppAuth/1/AAuthData", b"other"),
    ):
        writer.command(syncml.REPLACE)
        writer.item(None, "./DMAcc/main/" + key, None, None, value)
        writer.end()
    writer.end()
    length = writer.close(True)
    client.space()[:length] = buffer[:length]
    assert client.receive(length)


def ask():
    """The user asks for an application."""
    stored, nodes = opened()
    agent.Agent(stored, nodes, {}, None, silent).request("install", "com.example.other", "User")


def attempt():
    """A start as main.py makes it: counted, and trials that are used up end."""
    uscomo_boot.attempt()
    stored, _ = opened()
    lifecycle.settle(stored, silent)


def attempts():
    """All that a trial gets."""
    for _ in range(store.ATTEMPTS):
        attempt()


def deliver():
    """The server sends a package directly."""
    from uscomo import scomo

    stored, nodes = opened()
    held = scomo.Scomo(stored, nodes, dmacc.Account(nodes, "main"))
    assert held.add(PLACE[:3], "node", b"") == 200
    assert held.add(PLACE[:3] + ["PkgID"], "chr", ID.encode()) == 200
    data = PACKAGES["1"]
    assert held.begin(PLACE, len(data), "application/vnd.uscomo.package+gzip") < 300
    for at in range(0, len(data), 700):
        assert held.append(data[at : at + 700]) < 300
    assert held.end() == 200
    nodes.commit()
    held.commit()


def statement(name):
    """The server sends a trust statement."""

    def send():
        from uscomo import trust

        assert trust.apply(STATEMENTS[name], ROOT + "/k") == 200

    return send


# -- verbs


class Verb:
    """`before` are starts, `act` is what the power goes in; `finished`: a start takes it up;
    `again`: what a start does besides, each time, and each time something new comes of it.

    The result is what runs, as ((id, version, State), ...), or None where that does not change,
    and the code of a failure, if that is what is done.
    """

    def __init__(self, act, before=(), runs=None, finished=True, failure=None, again=None):
        self.act = act
        self.before = before
        self.runs = runs
        self.finished = finished
        self.failure = failure
        self.again = again

    def check(self, old, new):
        """The verb did what it is here for."""
        assert old != new, "nothing has changed"
        runs = [about[:3] for about in new[0]]
        if self.runs is None:
            assert new[0] == old[0], new
        else:
            assert sorted(runs) == sorted(self.runs), new
        if self.finished:
            assert new[2][0] == 0, "pending"
            code = new[2][1][-1][1]
            assert code == self.failure if self.failure else code < 1300, new


def prepared(name="1", primitive="DownloadInstall", id=ID):
    """What comes before a download's primitive runs."""
    return (lambda: prepare(name, id), lambda: accept(primitive))


FIRST = (ID, "1", 20)
SECOND = (ID, "2", 20)
OFF = (ID, "1", 10)
NEW_AGENT = (AGENT, "1", 20)
PACKAGE = "Inventory/Delivered/p"

VERBS = {
    "download": Verb(work, prepared(primitive="Download")),
    "download-install": Verb(work, prepared(), (FIRST,)),
    "download-install-inactive": Verb(work, prepared(primitive="DownloadInstallInactive"), (OFF,)),
    "install": Verb(work, (delivered, run("Install", PACKAGE)), (FIRST,)),
    "install-inactive": Verb(work, (delivered, run("InstallInactive", PACKAGE)), (OFF,)),
    "deliver": Verb(deliver, finished=False),
    "update": Verb(work, (installed,) + prepared("2"), (SECOND,)),
    "update-of-parts": Verb(work, (installed,) + prepared("2.from.1"), (SECOND,)),
    "agent-update": Verb(work, (installed,) + prepared("agent", id=AGENT), (FIRST, NEW_AGENT)),
    "activate": Verb(
        work,
        (lambda: installed("1", "DownloadInstallInactive"), run("Activate", DEPLOYED)),
        (FIRST,),
    ),
    "deactivate": Verb(work, (installed, run("Deactivate", DEPLOYED)), (OFF,)),
    "remove-package": Verb(work, (delivered, run("Remove", PACKAGE))),
    "remove-component": Verb(work, (installed, run("Remove", DEPLOYED)), ()),
    "rollback": Verb(work, (updated, run("Rollback", DEPLOYED)), (FIRST,)),
    "confirm": Verb(
        confirm, (lambda: download("1", "DownloadInstall"),), (FIRST,), finished=False
    ),
    "attempt": Verb(
        attempt,
        (lambda: download("1", "DownloadInstall"),),
        (FIRST,),
        finished=False,
        again=attempt,
    ),
    "trial-failed": Verb(
        attempt,
        (installed, lambda: download("2", "DownloadInstall"), attempts),
        (FIRST,),
        finished=False,
        again=attempt,
    ),
    "accept": Verb(lambda: accept("DownloadInstall"), (lambda: prepare("1"),), finished=False),
    "interrupted": Verb(work, prepared() + (starts,), failure=1412),
    "report": Verb(
        report, (lambda: download("1", "DownloadInstall"), confirm), None, finished=False
    ),
    "request": Verb(ask, finished=False),
    "tree-commit": Verb(new_values, (old_values,), finished=False),
    "tree-compaction": Verb(new_values, (old_values, many_nodes), finished=False),
    "account": Verb(change_account, (nonces,), finished=False),
    "atomic": Verb(atomic, (nonces,), finished=False),
    "trust-add": Verb(statement("add"), finished=False),
    "trust-revoke": Verb(statement("revoke"), (statement("add"),), finished=False),
}


# -- what a start finds


def state():
    """(what runs, values that change together, the rest); raises where an invariant is broken."""
    assert uscomo_boot.load() is not None, "no valid record"
    stored, nodes = opened()
    components = []
    for row in stored.rows:
        about = store.manifest(row[store.SLOT])
        _check_files(store.slot_path(row[store.SLOT]))
        fall_back = None
        if row[store.FALL_BACK]:
            _check_files(store.slot_path(row[store.FALL_BACK]))
            fall_back = store.manifest(row[store.FALL_BACK])["version"]
        components.append(
            (about["id"], about["version"], row[store.STATE])
            + (row[store.FLAGS], row[store.TRIES], row[store.FLOOR], fall_back)
        )
    pending = stored.pending()
    results = []
    for result in stored.results:
        number = result[0]
        if number not in pending:
            assert stored.operation(number), "a result without its operation"
            results.append((number, result[1]))
    packages = _packages(nodes)
    _check_garbage(stored, pending, packages)
    values = [nodes.get(key) for key in ("A", "B", ACCOUNT + "AppAddr/1/Addr")]
    values += [nodes.get(ACCOUNT + "AppAuth/1/" + key) for key in ("AAuthSecret", "AAuthData")]
    status = nodes.get("SCOMO/Download/p/Status")
    requests = [nodes.get(key) for key in nodes.keys("~request/")]
    named = [name for name, number in packages]
    rest = (len(pending), results, named, status, requests, _keys(), stored.abnormal)
    return components, values, rest


def _check_files(slot):
    with open(slot + "/component", "rb") as file:
        file.readline()
        for line in file:
            digest, size, path = line.split()
            sha256 = hashlib.sha256()
            left = int(size)
            with open(slot + "/" + path.decode(), "rb") as content:
                while True:
                    data = content.read(1024)
                    if not data:
                        break
                    sha256.update(data)
                    left -= len(data)
            assert not left, "a file is cut short"
            assert hexlify(sha256.digest()) == digest, "a file is wrong"


def _packages(nodes):
    # A delivered package is whole or absent.
    found = []
    base = "SCOMO/Inventory/Delivered"
    for name in nodes.children(base):
        number = nodes.get(base + "/" + name + "/Data")
        if number is not None:
            with open(store.package_path(int(number)), "rb") as file:
                assert file.read() in PACKAGES.values(), "half a package is delivered"
            found.append((name, int(number)))
    return found


def _keys():
    # An anchor is whole, or revoked.
    found = []
    for name in sorted(os.listdir(ROOT + "/k")):
        with open(ROOT + "/k/" + name, "rb") as file:
            modulus = file.read()
        assert len(name) == 16, "no key's name"
        assert not modulus or key_id(modulus) == name, "half an anchor"
        found.append((name, len(modulus)))
    return found


def _check_garbage(stored, pending, packages):
    slots = [row[store.SLOT] for row in stored.rows]
    slots += [row[store.FALL_BACK] for row in stored.rows]
    for name in os.listdir(ROOT + "/c"):
        assert int(name) in slots, "a slot that nothing names"
    numbers = pending + [number for _, number in packages]
    for name in os.listdir(ROOT + "/d"):
        assert int(name) in numbers, "a package that nothing waits for"
    numbers = pending + [result[0] for result in stored.results]
    for name in os.listdir(ROOT + "/o"):
        assert int(name) in numbers, "an operation that is over"
    for name in os.listdir(ROOT + "/t"):
        assert name.rstrip("d") == str(stored.nodes), "nodes of another generation"


# -- mistakes that a sweep has to find


def _both_copies():
    # The record's two copies are one.
    uscomo_boot.COPIES = ("/r0", "/r0")


def _early_removal():
    # What the record will no longer name is removed before it says so.
    commit = Store.commit

    def removing(stored):
        stored.collect()
        commit(stored)

    Store.commit = removing


def _early_result():
    # An operation's result is written when it begins.
    begin = Store.begin

    def done(stored, number):
        found = begin(stored, number)
        for result in stored.results:
            if result[0] == number:
                result[1] = 1200
        stored.finished = max(stored.finished, number)
        stored.commit()
        return found

    Store.begin = done


def _no_collection():
    # Nothing is cleaned up at a start.
    Store.collect = lambda stored, kept=(): None


def _key_by_key():
    # Each key is a log group of its own.
    commit = Nodes.commit

    def single(nodes):
        for key, value in list(nodes.pending.items()):
            nodes.pending = {key: value}
            commit(nodes)

    Nodes.commit = single


def _careless_start():
    # A start that finds a package writes the record anew, in place.
    collect = Store.collect

    def rewriting(stored, *kept):
        if os.listdir(ROOT + "/d"):
            with open(ROOT + uscomo_boot.COPIES[0] + "/record", "rb") as file:
                data = file.read()
            with open(ROOT + uscomo_boot.COPIES[1] + "/record", "rb") as file:
                other = file.read()
            for copy in uscomo_boot.COPIES:
                os.remove(ROOT + copy + "/record")
            for copy, content in ((0, data), (1, other)):
                with open(ROOT + uscomo_boot.COPIES[copy] + "/record", "wb") as file:
                    file.write(content)
        collect(stored, *kept)

    Store.collect = rewriting


MUTATIONS = {
    "": same,
    "both-copies": _both_copies,
    "early-removal": _early_removal,
    "early-result": _early_result,
    "no-collection": _no_collection,
    "key-by-key": _key_by_key,
    "careless-start": _careless_start,
}


def mutate(name):
    """Make a mistake from the factory on."""
    MUTATIONS[name]()


assert package.MAX_FILES  # the install phase is imported before the first cut
