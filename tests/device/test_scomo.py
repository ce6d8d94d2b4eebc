# The SCOMO object as a server sees it, through the tree: deliveries, progress, answers at once.
import os
import sys

from operation_case import RIGHTS, Device, component, content

import uscomo_boot
from uscomo import agent, consent, inventory, store
from uscomo.scomo import Scomo
from uscomo.tree import Tree

ROOT = b"./SCOMO/"
DELIVERED = ROOT + b"Inventory/Delivered/x"


class Account:
    name = "main"
    server_id = b"srv"
    scomo_root = "SCOMO"
    scomo_version = "1.0"
    report = b""


class Server(Device):
    """A device in a session: `tree` is what its server works on."""

    spoken = "1.0"
    report = b""

    def begin(self):
        account = Account()
        account.scomo_version = self.spoken
        account.report = self.report
        self.nodes.set("?SCOMO", RIGHTS)
        self.nodes.commit()
        self.scomo = Scomo(self.store, self.nodes, account)
        self.tree = Tree((("SCOMO", self.scomo),), self.nodes, b"srv")
        return self.tree

    def get(self, uri):
        found = self.tree.get(ROOT + uri)
        if isinstance(found, int):
            return found
        data = next(iter(found))[3]
        return data if isinstance(data, str) else bytes(data).decode()

    def exec(self, uri):
        code = self.tree.exec(ROOT + uri, b"c", b"")
        self.tree.commit()
        return code


def test_a_small_package_is_delivered():
    with Server() as server:
        tree = server.begin()
        assert tree.add(DELIVERED, "node", "", b"") == 200
        assert tree.add(DELIVERED + b"/PkgID", "chr", "", b"a") == 200
        assert tree.add(DELIVERED + b"/PkgURL", "chr", "", b"a") == 405
        assert server.exec(b"Inventory/Delivered/x/Operations/Install") == 405
        assert tree.add(DELIVERED + b"/Data", "bin", "", b"octets") == 200
        tree.commit()
        assert server.spooled() == ["1"] and agent.kept(server.nodes) == [1]
        assert server.get(b"Inventory/Delivered/x/State") == "10"
        assert server.get(b"Inventory/Delivered/x/Data") == 405
        names = "Data/PkgID/Status/State/Operations"
        assert server.get(b"Inventory/Delivered/x") == names
        assert server.get(b"Inventory/Delivered/x/Operations") == "Install/InstallInactive/Remove"
        # A new one takes its place when it counts.
        assert tree.replace(DELIVERED + b"/Data", "bin", "", b"others") == 200
        assert server.spooled() == ["1", "2"]
        tree.commit()
        assert server.spooled() == ["2"] and agent.kept(server.nodes) == [2]
        assert tree.delete(DELIVERED) == 200
        assert server.spooled() == ["2"]
        tree.commit()
        assert server.spooled() == [] and server.get(b"Inventory/Delivered") == ""


def test_a_package_in_parts():
    with Server() as server:
        scomo = server.begin() and server.scomo
        path = ["Inventory", "Delivered", "x", "Data"]
        kind = "application/vnd.uscomo.package+gzip"
        assert scomo.begin(path, 10, kind) == 200
        assert scomo.append(b"12345") == 200 and scomo.append(b"67890") == 200
        assert scomo.end() == 200
        server.tree.commit()
        with open(store.package_path(1), "rb") as file:
            assert file.read(20) == b"1234567890"

        assert scomo.begin(path, 10, kind) == 200 and scomo.append(b"12345") == 200
        assert scomo.append(b"678901") == 424
        assert scomo.append(b"6") == scomo.end() == 500
        assert scomo.begin(path, 10, kind) == 200
        scomo.drop()
        scomo.drop()
        assert server.spooled() == ["1"] and agent.kept(server.nodes) == [1]


def test_a_package_that_is_not_taken():
    with Server() as server:
        scomo = server.begin() and server.scomo
        path = ["Inventory", "Delivered", "x", "Data"]
        for refused in (
            scomo.begin(["Inventory", "Delivered", "x", "Name"], 10, ""),
            scomo.begin(path, 5000000, ""),
        ):
            assert refused == 413
        assert scomo.begin(path, 0, "") == 411
        assert scomo.begin(path, 10, "image/png") == 415
        assert scomo.begin(path, 99000, "") == 420
        assert scomo.begin(["Inventory", "Deployed", "x", "Data"], 10, "") == 405
        assert server.spooled() == []
        real = store.spool

        def full(number, data):
            if data:
                raise OSError(28)
            real(number, data)

        store.spool = full
        try:
            assert scomo.begin(path, 10, "") == 200
            assert scomo.append(b"12345") == 420
        finally:
            store.spool = real
        assert server.spooled() == [] and scomo.end() == 500


def test_no_more_than_eight_are_kept():
    with Server() as server:
        tree = server.begin()
        for number in range(store.MAX_PACKAGES):
            assert tree.add(ROOT + b"Inventory/Delivered/%d" % number, "node", "", b"") == 200
        assert tree.add(DELIVERED, "node", "", b"") == 420
        assert tree.add(DELIVERED + b"/Data", "bin", "", b"1") == 420
        assert server.spooled() == []


def test_status_shows_what_goes_on():
    with Server() as server:
        server.proven("a")
        server.store.reported(1)
        server.prepare("b")
        server.nodes.set("SCOMO/Inventory/Delivered/x/Data", b"7")
        server.nodes.commit()
        server.begin()
        download = b"Download/p"
        component = b"Inventory/Deployed/a"
        for place, verb, status in (
            (download, b"DownloadInstall", "30"),
            (download, b"Download", "30"),
            (b"Inventory/Delivered/x", b"Install", "40"),
            (b"Inventory/Delivered/x", b"Remove", "30"),
            (component, b"Activate", "50"),
            (component, b"Deactivate", "70"),
            (component, b"Remove", "30"),
            (component, b"Ext/Rollback", "50"),
        ):
            assert server.get(place + b"/Status") == "10"
            assert server.exec(place + b"/Operations/" + verb) == 202
            assert server.get(place + b"/Status") == status
            assert server.exec(place + b"/Operations/" + verb) == 405
            (number,) = server.store.pending()
            assert server.store.operation(number)["primitive"] == verb.decode().split("/")[-1]
            server.store.finish(number, 1412, ())
            server.store.reported(number)
        server.exec(download + b"/Operations/Download")
        assert server.tree.replace(ROOT + download + b"/PkgURL", "chr", "", b"u") == 405
        assert server.tree.add(ROOT + download + b"/Name", "chr", "", b"u") == 405
        assert server.tree.delete(ROOT + download) == 405


def test_the_report_names_the_package():
    with Server() as server:
        server.prepare("com.example.a")
        server.begin()
        assert server.exec(b"Download/p/Operations/DownloadInstall") == 202
        assert server.store.operation(1)["id"] == "com.example.a"
        server.nodes.set("SCOMO/Download/q/PkgURL", b"u")
        server.nodes.set("SCOMO/Download/q/PkgID", b"\x01" * 256)
        assert server.exec(b"Download/q/Operations/Download") == 413


def test_an_operation_that_the_server_does_not_know_of_runs_once():
    with Server() as server:
        server.proven("a")
        server.begin()
        uri = b"Inventory/Deployed/a/Operations/Deactivate"
        assert server.exec(uri) == 202
        server.run(2)
        server.begin()
        assert server.exec(uri) == 202
        assert server.store.pending() == []
        server.store.reported(2)
        assert server.exec(uri) == 202
        assert server.store.pending() == [3]


def test_values_that_are_no_texts():
    with Server() as server:
        server.spoken = "1.1"
        tree = server.begin()
        for uri in (b"Download/p/Name", b"Blacklisted/b/ID", b"CheckUpdateFreq"):
            verb = tree.replace if uri[:1] == b"C" else tree.add
            assert verb(ROOT + uri, "chr", "", b"\xff\xfe") == 415
        assert tree.add(ROOT + b"Download/p/Name", "chr", "", "\xe4".encode()) == 200


def test_an_operation_longer_in_octets_than_in_characters():
    with Server() as server:
        server.prepare("\x01" * 110)
        tree = server.begin()
        uri = ROOT + b"Download/p/Operations/Download"
        assert tree.exec(uri, ("\U0001f600" * 128).encode(), b"") == 413
        assert tree.exec(uri, b"c", b"") == 202
        tree.commit()
        assert server.store.operation(1)["account"] == "main"


def test_the_same_correlator_of_another_account_is_another_operation():
    with Server() as server:
        server.proven("a")
        server.begin()
        uri = b"Inventory/Deployed/a/Operations/Deactivate"
        assert server.exec(uri) == 202
        server.run(2)
        server.begin()
        server.scomo.account.name = "other"
        assert server.exec(uri) == 202
        assert server.store.pending() == [3]


def test_a_download_called_deployed_is_a_download():
    with Server() as server:
        server.proven("Deployed")
        server.report = b"sync"
        server.prepare("a", place="Download/Deployed")
        server.begin()
        assert server.exec(b"Download/Deployed/Operations/Download") == 202
        assert server.store.find("Deployed")


# -- answers at once


def test_an_account_that_wants_answers_at_once():
    with Server() as server:
        server.proven("a", content("a", component("a")))
        server.proven("b", content("b", component("b", requires=["a"])))
        server.proven("b", content("b", component("b", version="2.0")))
        server.report = b"sync"
        server.begin()
        before = server.store.sequence
        base = b"Inventory/Deployed/b"
        assert server.exec(base + b"/Operations/Ext/Rollback") == 1251
        assert server.version("b") == "1.0" and server.store.restart
        assert server.get(base + b"/Ext/Retained") == "2.0"
        assert server.exec(b"Inventory/Deployed/a/Operations/Deactivate") == 1410
        assert server.get(b"Inventory/Deployed/a/Status") == "60"
        assert server.exec(base + b"/Operations/Deactivate") == 1200
        assert server.get(base + b"/State") == "10"
        assert server.exec(b"Inventory/Deployed/a/Operations/Deactivate") == 1200
        assert server.exec(base + b"/Operations/Activate") == 1458
        assert server.exec(base + b"/Operations/Remove") == 1200
        assert server.get(base) == 404
        server.answers = [consent.NO, consent.CANCELLED]
        assert server.exec(b"Inventory/Deployed/a/Operations/Activate") == 1401
        assert server.exec(b"Inventory/Deployed/a/Operations/Activate") == 1450
        assert server.store.pending() == [] and server.store.sequence > before
        # What is fetched takes longer than a session lasts.
        server.prepare("c")
        assert server.exec(b"Download/p/Operations/Download") == 202
        server.start()
        assert server.state("a") == 10 and server.store.find("b") is None


def test_an_answer_at_once_is_durable_when_it_is_given():
    with Server() as server:
        server.proven("a")
        server.report = b"sync"
        server.begin()
        assert (
            server.tree.exec(ROOT + b"Inventory/Deployed/a/Operations/Deactivate", b"", b"")
            == 1200
        )
        assert store.Store().find("a")[store.STATE] == 10


# -- extensions


def test_what_a_component_says_of_itself():
    with Server() as server:
        server.proven("a", content("a", component("a", release=3)))
        server.install("a", content("a", component("a", release=4, version="1.1")))
        server.nodes.set("~error/a", b"ValueError: x")
        server.begin()
        base = b"Inventory/Deployed/a"
        assert server.get(base + b"/Ext") == "Release/OnTrial/LastError/Retained"
        assert server.get(base + b"/Operations") == "Activate/Deactivate/Remove/Ext"
        assert server.get(base + b"/Operations/Ext") == "Rollback"
        values = [server.get(base + b"/Ext/" + name) for name in (b"Release", b"OnTrial")]
        assert values == ["4", "true"]
        assert server.get(base + b"/Ext/LastError") == "ValueError: x"
        assert server.get(base + b"/Ext/Retained") == ""
        server.store.confirm(server.store.find("a"))
        assert server.get(base + b"/Ext/Retained") == "1.0"
        assert server.get(base + b"/Ext/OnTrial") == "false"
        assert server.get(base + b"/Ext/Other") == server.get(base + b"/Ext/Release/x") == 404
        assert server.tree.replace(ROOT + base + b"/Ext/Release", "int", "", b"9") == 405


def test_safe_mode_is_left():
    with Server() as server:
        server.store.flags = 1
        server.store.abnormal = 3
        tree = server.begin()
        assert server.get(b"Ext/SafeMode") == "1"
        assert tree.replace(ROOT + b"Ext/SafeMode", "int", "", b"1") == 405
        assert tree.replace(ROOT + b"Ext/SafeMode", "int", "", b"0") == 200
        assert server.get(b"Ext/SafeMode") == "0" and server.store.restart
        server.start()
        assert not server.store.flags and not server.store.abnormal


class Trust:
    """Stands in for the module."""

    def __init__(self):
        self.applied = []

    def anchors(self, folder):
        return ["0123456789abcdef"]

    def apply(self, data, folder):
        self.applied.append((bytes(data), folder))
        return 403


def test_leaving_safe_mode_costs_no_attempt():
    with Server() as server:
        server.install("a")
        row = server.store.find("a")
        row[store.TRIES] = 2
        server.begin()
        assert server.tree.replace(ROOT + b"Ext/SafeMode", "int", "", b"0") == 200
        assert row[store.TRIES] == 3 and server.store.restart


def test_trust_anchors_and_statements():
    before = inventory._trust
    trust = Trust()
    inventory._trust = lambda: trust
    try:
        with Server() as server:
            tree = server.begin()
            assert server.get(b"Ext/Trust") == "Statement/Anchors"
            assert server.get(b"Ext/Trust/Anchors") == "0123456789abcdef"
            assert server.get(b"Ext/Trust/Anchors/0123456789abcdef") == "0123456789abcdef"
            assert server.get(b"Ext/Trust/Anchors/other") == 404
            assert server.get(b"Ext/Trust/Statement") == 405
            assert tree.replace(ROOT + b"Ext/Trust/Statement", "bin", "", b"said") == 403
            assert trust.applied == [(b"said", uscomo_boot.ROOT + "/k")]
            inventory._trust = lambda: None
            assert server.get(b"Ext/Trust") == 404 and server.get(b"Ext") == "SafeMode"
    finally:
        inventory._trust = before


# -- SCOMO 1.1


def test_nodes_of_1_1():
    with Server() as server:
        server.spoken = "1.1"
        server.prepare("a")
        tree = server.begin()
        assert server.get(b"") == 404
        names = "Download/Inventory/Ext/CheckUpdateFreq/Whitelisted/Blacklisted"
        assert server.get(b"?prop=Type") == 404 and tree.get(b"./SCOMO")[0][3] == names
        assert server.get(b"CheckUpdateFreq") == "0"
        for data, code in ((b"x", 415), (b"123456", 415), (b"24", 200)):
            assert tree.replace(ROOT + b"CheckUpdateFreq", "int", "", data) == code
        assert server.get(b"CheckUpdateFreq") == "24"
        assert tree.add(ROOT + b"Download/p/Reboot", "chr", "", b"before") == 200
        assert tree.add(ROOT + b"Download/p/Reboot", "chr", "", b"after") == 418
        assert server.get(b"Download/p/Reboot") == "before"
        assert tree.add(ROOT + b"Blacklisted/1/ID", "chr", "", b"a") == 200
        assert tree.add(ROOT + b"Blacklisted/1/Version", "chr", "", b"1.0") == 200
        assert tree.add(ROOT + b"Blacklisted/1/Name", "chr", "", b"1.0") == 405
        assert server.get(b"Blacklisted/1") == "ID/Version"
        assert tree.delete(ROOT + b"Blacklisted/1") == 200
        assert tree.add(ROOT + b"Whitelisted/1", "node", "", b"") == 200


def test_an_account_of_1_0_has_none_of_them():
    with Server() as server:
        server.prepare("a", Reboot="before")
        tree = server.begin()
        for name in (b"CheckUpdateFreq", b"Whitelisted", b"Blacklisted", b"Download/p/Reboot"):
            assert server.get(name) == 404, name
        assert tree.add(ROOT + b"Blacklisted/1/ID", "chr", "", b"a") == 405
        assert tree.add(ROOT + b"CheckUpdateFreq", "int", "", b"1") == 405
        assert tree.add(ROOT + b"Download/Reboot", "node", "", b"") == 200
        assert server.get(b"Download/Reboot") == "Status/Operations"


# -- what came some other way


class Frozen:
    COMPONENTS = (("frozen.app", "3.1"), ("a", "9"))


def test_components_that_are_left_alone():
    with Server() as server:
        server.proven("a")
        base = uscomo_boot.ROOT.rsplit("/", 1)[0]
        for name in ("lib", "lib/folder", "lib/uscomo", "data"):
            os.mkdir(base + "/" + name)
        for name in (
            "main.py",
            "tool.mpy",
            "notes.txt",
            "lib/folder/x.py",
            "lib/other.py",
            "data/d",
        ):
            with open(base + "/" + name, "wb"):
                pass
        sys.modules["uscomo_frozen"] = Frozen
        try:
            server.begin()
            names = server.get(b"Inventory/Deployed").split("/")
        finally:
            del sys.modules["uscomo_frozen"]
        assert names[0] == "a"
        assert sorted(names[1:]) == ["folder", "frozen.app", "other", "tool"]
        leaves = "ID/PkgIDRef/Name/Version/EnvType/Status/State"
        assert server.get(b"Inventory/Deployed/frozen.app") == leaves
        values = [
            server.get(b"Inventory/Deployed/frozen.app/" + name.encode())
            for name in leaves.split("/")
        ]
        assert values == ["frozen.app", "-1", "frozen.app", "3.1", "", "10", "20"]
        assert server.get(b"Inventory/Deployed/a/Version") == "1.0"
        assert server.exec(b"Inventory/Deployed/tool/Operations/Remove") == 404
        assert server.get(b"Inventory/Deployed/tool/Ext") == 404


def test_what_the_account_may_change_of_itself():
    from uscomo import accounts, dmacc

    with Device() as device:
        device.nodes.set("?DMAcc/main", b"Get=srv&Replace=srv")
        device.nodes.set("DMAcc/main/Ext/ScomoRoot", b"SCOMO")
        tree = Tree((("DMAcc", accounts.Accounts(device.nodes)),), device.nodes, b"srv")
        base = b"./DMAcc/main/Ext"
        assert tree.get(base)[0][3] == "ScomoRoot/Report/Silent"
        assert bytes(tree.get(base + b"/Report")[0][3]) == b"async"
        assert bytes(tree.get(base + b"/Silent")[0][3]) == b"0"
        assert tree.replace(base + b"/Report", "chr", "", b"sync") == 200
        # Who could say that itself would need nobody's consent any more.
        assert tree.replace(base + b"/Silent", "chr", "", b"1") == 405
        tree.commit()
        assert dmacc.Account(device.nodes, "main").report == b"sync"
        assert tree.get(base)[0][3] == "Report/ScomoRoot/Silent"
