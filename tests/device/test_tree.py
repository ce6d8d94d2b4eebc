# URIs, properties and ACLs of the tree, with the real objects mounted.
import json

import uscomo_boot
from support import temporary_root
from uscomo import accounts, devdetail, devinfo, dmacc, store, syncml
from uscomo.constant import GET, REPLACE
from uscomo.leaves import Leaves
from uscomo.nodes import Nodes
from uscomo.scomo import Scomo
from uscomo.store import Store
from uscomo.tree import Tree

RIGHTS = b"Add=srv&Delete=srv&Exec=srv&Get=srv&Replace=srv"


class Account:
    name = "main"
    server_id = b"srv"
    scomo_root = "SCOMO"
    scomo_version = "1.0"
    report = b""


def prepared(server=b"srv", **provisioned):
    temporary_root()
    stored = Store()
    nodes = Nodes(stored)
    nodes.set("?SCOMO", RIGHTS)
    nodes.set("DevInfo/DevId", b"urn:d")
    nodes.set("DMAcc/main/ServerID", b"srv")
    nodes.set("DMAcc/main/Name", b"main")
    nodes.set("DMAcc/main/AppAuth/1/AAuthSecret", b"secret")
    nodes.set("?DMAcc/main", b"Get=srv&Replace=srv")
    nodes.commit()
    slot = stored.new_slot()
    about = {
        "id": "com.example.a",
        "name": "A",
        "version": "1.0",
        "env": "micropython",
        "package": "com.example.a",
        "release": 1,
        "provides": ["a"],
    }
    with open(store.slot_path(slot) + "/component", "wb") as file:
        file.write(json.dumps(about).encode() + b"\n")
    stored.install(slot, 1, True)
    stored.commit()
    return mounted(stored, nodes, server)


def mounted(stored, nodes, server=b"srv"):
    account = Account()
    account.server_id = server
    scomo = Scomo(stored, nodes, account)
    tree = Tree(
        (
            ("DevInfo", Leaves(devinfo.MOID, devinfo.values(nodes))),
            ("DevDetail", Leaves(devdetail.MOID, devdetail.values(nodes))),
            ("DMAcc", accounts.Accounts(nodes)),
            ("SCOMO", scomo),
        ),
        nodes,
        server,
    )
    tree.scomo = scomo
    return tree


def value(tree, uri):
    found = tree.get(uri)
    if isinstance(found, int):
        return found
    data = next(iter(found))[3]
    return data if isinstance(data, str) else bytes(data).decode()


def test_get_leaf_interior_and_what_is_not_there():
    tree = prepared()
    assert value(tree, b"./DevInfo/DevId") == "urn:d"
    assert value(tree, b"DevInfo/DevId") == "urn:d"
    assert value(tree, b".") == "DevInfo/DevDetail/DMAcc/SCOMO"
    assert value(tree, b"./SCOMO") == "Download/Inventory/Ext"
    assert value(tree, b"./DevDetail/URI") == "MaxDepth/MaxTotLen/MaxSegLen"
    assert value(tree, b"./SCOMO/Download") == ""
    assert tree.get(b"./Nothing") == 404
    assert tree.get(b"./DevInfo/DevId/below") == 404


def test_uris_that_are_none():
    tree = prepared()
    for uri in (b"./DevInfo/", b"./DevInfo//DevId", b"./DevInfo/../DevInfo", b"//"):
        assert tree.get(uri) == 404, uri
    assert tree.get(b"./" + b"x" * 65) == 414
    assert tree.get(b"./" + b"x/" * 63 + b"x") == 414
    assert tree.get(b"./" + b"/".join([b"x"] * 13)) == 414
    assert tree.get(b"./\xff") == 404


def test_properties():
    tree = prepared()
    assert value(tree, b"./SCOMO?prop=Type") == "urn:oma:mo:oma-scomo:1.0"
    assert value(tree, b"./DevInfo?prop=Type") == devinfo.MOID
    assert value(tree, b"./DMAcc/main?prop=Type") == accounts.MOID
    assert value(tree, b"./DevInfo/DevId?prop=Type") == "text/plain"
    assert value(tree, b"./DevInfo/DevId?prop=Format") == "chr"
    assert value(tree, b"./DevDetail/LrgObj?prop=Format") == "bool"
    assert value(tree, b"./SCOMO?prop=Name") == "SCOMO"
    assert value(tree, b"./SCOMO?prop=ACL") == RIGHTS.decode()
    assert value(tree, b"./DevInfo/DevId?prop=ACL") == ""
    assert value(tree, b".?prop=ACL") == "Add=*&Get=*"
    assert tree.get(b"./SCOMO?prop=Size") == 406
    assert tree.replace(b"./SCOMO?prop=Name", "", "", b"x") == 405


def test_listing_with_and_without_data():
    tree = prepared()
    base = "./SCOMO/Inventory/Deployed/com.example.a"
    found = {uri: (format, data) for uri, format, _, data in tree.get(b"./SCOMO?list=StructData")}
    assert found["./SCOMO"] == ("node", None)
    assert found[base + "/Version"] == ("", "1.0")
    assert found[base + "/State"] == ("int", "20")
    assert found[base + "/Operations"] == ("node", None)
    # Executable nodes have no Get.
    assert base + "/Operations/Remove" not in found
    found = list(tree.get(b"./SCOMO/Inventory/Deployed?list=Struct"))
    assert all(data is None for _, _, _, data in found)


def test_secrets_are_write_only():
    tree = prepared()
    uri = b"./DMAcc/main/AppAuth/1/AAuthSecret"
    assert tree.get(uri) == 405
    listed = [item[0] for item in tree.get(b"./DMAcc?list=StructData")]
    assert "./DMAcc/main/ServerID" in listed and uri.decode() not in listed
    assert tree.replace(uri, "chr", "", b"new") == 200


def test_acls_decide():
    tree = prepared(server=b"stranger")
    assert tree.get(b"./SCOMO/Inventory") == 425
    assert tree.get(b"./DMAcc/main/ServerID") == 425
    assert [item[0] for item in tree.get(b".?list=Struct") if "SCOMO" in item[0]] == []
    assert tree.add(b"./SCOMO/Download/p", "node", "", b"") == 425
    uri = b"./SCOMO/Inventory/Deployed/com.example.a/Operations/Remove"
    assert tree.exec(uri, None, b"") == 425
    assert tree.replace(b"./SCOMO?prop=ACL", "", "", b"Get=*") == 425
    assert value(tree, b"./DevInfo/Man") == "MicroPython"


def test_acl_is_replaced_and_inherited():
    tree = prepared()
    assert tree.replace(b"./SCOMO?prop=ACL", "", "", b"Get=*&Replace=srv") == 200
    tree.commit()
    stranger = mounted(tree.scomo.store, tree.nodes, b"stranger")
    assert value(stranger, b"./SCOMO") == "Download/Inventory/Ext"
    assert tree.add(b"./SCOMO/Download/p", "node", "", b"") == 425
    assert tree.replace(b"./SCOMO?prop=ACL", "", "", b"Fly=*") == 500
    assert tree.replace(b"./SCOMO?prop=ACL", "", "", b"x" * 256) == 413


def test_every_acl_counts_and_texts_are_few():
    tree = prepared()
    nodes = tree.nodes
    # As many as there are components; the one that comes last is not forgotten.
    for number in range(40):
        nodes.set("?SCOMO/Inventory/Deployed/a%d" % number, b"Get=other&Exec=other")
    nodes.set("?SCOMO/Inventory/Deployed/com.example.a", b"Get=other&Exec=other")
    nodes.commit()
    tree = mounted(tree.scomo.store, nodes)
    assert (
        tree.exec(b"./SCOMO/Inventory/Deployed/com.example.a/Operations/Remove", b"", b"") == 425
    )
    property = b"./SCOMO/Download?prop=ACL"
    codes = [tree.replace(property, "", "", b"Get=s%d" % number) for number in range(2)]
    for number in range(40):
        tree.acls["x%d" % number] = b"Get=x%d" % number
    codes.append(tree.replace(property, "", "", b"Get=more"))
    codes.append(tree.replace(property, "", "", b"Get=x1"))
    assert codes == [200, 200, 420, 200]


def test_a_download_is_prepared_and_removed():
    tree = prepared()
    assert tree.add(b"./SCOMO/Download/p", "node", "", b"") == 200
    assert tree.add(b"./SCOMO/Download/p", "node", "", b"") == 418
    assert tree.add(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x/1") == 200
    assert tree.add(b"./SCOMO/Download/p/PkgID", "chr", "", b"x" * 257) == 413
    assert tree.add(b"./SCOMO/Download/p/Other", "chr", "", b"") == 405
    assert tree.add(b"./SCOMO/Download/p/PkgURL/x", "chr", "", b"") == 405
    assert tree.add(b"./SCOMO/Inventory/Deployed/x", "node", "", b"") == 405
    assert tree.add(b"./DevInfo/x", "chr", "", b"") == 405
    assert tree.replace(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x/2") == 200
    assert tree.replace(b"./SCOMO/Download/p/Status", "int", "", b"40") == 405
    assert tree.replace(b"./SCOMO/Download/p/Name", "chr", "", b"") == 404
    assert value(tree, b"./SCOMO/Download/p/Status") == "10"
    tree.commit()
    assert value(tree, b"./SCOMO/Download/p") == "PkgURL/Status/Operations"
    assert tree.delete(b"./SCOMO/Download/p") == 200
    assert tree.get(b"./SCOMO/Download/p") == 404
    assert tree.delete(b"./SCOMO/Download") == 405
    assert tree.delete(b".") == 405
    assert tree.delete(b"./DevInfo") == 405


def test_parents_are_made_where_a_leaf_is_added():
    tree = prepared()
    assert tree.add(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x") == 200
    assert value(tree, b"./SCOMO/Download") == "p"


def test_downloads_are_bounded():
    tree = prepared()
    codes = [tree.add(b"./SCOMO/Download/p%d" % i, "node", "", b"") for i in range(9)]
    assert codes == [200] * 8 + [420]


def test_exec_is_written_down_with_the_commit():
    tree = prepared()
    uri = b"./SCOMO/Download/p/Operations/DownloadInstall"
    assert tree.exec(uri, b"c", b"") == 404
    tree.add(b"./SCOMO/Download/p", "node", "", b"")
    assert tree.exec(uri, b"c", b"") == 405  # no PkgURL
    tree.add(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x")
    assert tree.get(uri) == 405
    assert tree.exec(b"./SCOMO/Download/p", None, b"") == 405
    assert tree.exec(uri, b"c", b"") == 202
    assert tree.exec(uri, b"d", b"") == 405  # one at a time
    assert tree.scomo.store.pending() == []
    tree.commit()
    assert tree.scomo.store.pending() == [1]
    operation = Store().operation(1)
    assert operation["correlator"] == "c" and operation["primitive"] == "DownloadInstall"
    assert operation["uri"] == uri.decode() and operation["account"] == "main"
    tree = mounted(tree.scomo.store, tree.nodes)
    assert value(tree, b"./SCOMO/Download/p/Status") == "30"
    assert tree.exec(uri, b"e", b"") == 405
    assert tree.delete(b"./SCOMO/Download/p") == 405


def test_a_component_is_executable():
    tree = prepared()
    base = b"./SCOMO/Inventory/Deployed/com.example.a/Operations/"
    assert tree.exec(base + b"Deactivate", b"c", b"") == 202
    assert tree.exec(base + b"Fly", b"c", b"") == 404
    tree.commit()
    assert Store().operation(1)["place"] == "Inventory/Deployed/com.example.a"


def test_the_object_lies_where_the_account_says():
    tree = prepared()
    nodes = tree.nodes
    nodes.set("?Vendor/Apps", RIGHTS)
    nodes.commit()
    deep = Tree((("Vendor/Apps", tree.scomo),), nodes, b"srv")
    assert value(deep, b".") == "Vendor"
    assert value(deep, b"./Vendor") == "Apps"
    assert value(deep, b"./Vendor/Apps/Inventory") == "Delivered/Deployed"
    assert (
        deep.exec(b"./Vendor/Apps/Inventory/Deployed/com.example.a/Operations/Remove", None, b"")
        == 202
    )
    assert uscomo_boot.load() is not None


def test_the_creator_may_finish_what_it_began():
    tree = prepared()
    tree.replace(b"./SCOMO?prop=ACL", "", "", b"Add=srv&Get=*")
    assert tree.add(b"./SCOMO/Download/p", "node", "", b"") == 200
    assert value(tree, b"./SCOMO/Download/p?prop=ACL") == "Add=srv&Delete=srv&Get=srv&Replace=srv"
    assert tree.delete(b"./SCOMO/Download/p") == 200
    assert "SCOMO/Download/p" not in tree.acls


def test_nonces_survive_and_a_torn_row_costs_only_itself():
    root = prepared() and uscomo_boot.ROOT
    nodes = Nodes(Store())
    account = dmacc.Account(nodes, "main")
    account.save_nonces()  # nothing has changed: no file
    for number in range(3):
        account.client_nonce = b"client%d" % number
        account.server_nonce = bytes(64)
        account.save_nonces()
    account = dmacc.Account(nodes, "main")
    assert account.client_nonce == b"client2" and account.server_nonce == bytes(64)
    with open(root + "/n/main", "r+b") as file:
        file.seek(138)
        file.write(b"torn")
    assert dmacc.Account(nodes, "main").client_nonce == b"client1"


def test_a_download_is_not_there_because_a_longer_name_is():
    tree = prepared()
    tree.add(b"./SCOMO/Download/10", "node", "", b"")
    assert tree.get(b"./SCOMO/Download/1") == 404
    assert tree.add(b"./SCOMO/Download/1", "node", "", b"") == 200
    assert tree.add(b"./SCOMO/Download/1/Name", "node", "", b"") == 405


def test_correlators_are_checked_before_they_are_kept():
    tree = prepared()
    uri = b"./SCOMO/Inventory/Deployed/com.example.a/Operations/Deactivate"
    assert tree.exec(uri, b"c" * 129, b"") == 413
    assert tree.exec(uri, b"\xff", b"") == 400
    assert tree.exec(uri, b"c" * 128, b"") == 202
    tree.commit()
    assert len(Store().operation(1)["correlator"]) == 128


def test_no_more_operations_than_can_be_reported():
    tree = prepared()
    stored = tree.scomo.store
    for number in range(1, uscomo_boot.MAX_RESULTS):
        stored.finish(number, 1200, ())
    uri = b"./SCOMO/Inventory/Deployed/com.example.a/Operations/"
    assert tree.exec(uri + b"Deactivate", b"c", b"") == 202
    tree.scomo._accepted[0]["place"] = "elsewhere"
    assert tree.exec(uri + b"Remove", b"c", b"") == 420


def test_what_would_stop_every_later_session_is_refused():
    tree = prepared()
    nodes = tree.nodes
    nodes.set("DMAcc/main/AppAddr/1/Addr", b"http://x")
    nodes.set("DMAcc/main/AppAuth/1/AAuthLevel", b"CLCRED")
    nodes.set("DMAcc/main/AppAuth/1/AAuthType", b"DIGEST")
    nodes.set("DMAcc/main/AppAuth/1/AAuthData", b"")
    nodes.set("DMAcc/main/Ext/ScomoRoot", b"SCOMO")
    nodes.commit()
    base = b"./DMAcc/main/"
    assert tree.replace(base + b"Name", "", "", b"\xff") == 415
    assert tree.replace(base + b"AppAddr/1/Addr", "", "", b"x" * 513) == 413
    assert tree.replace(base + b"Name", "", "", b"x" * 129) == 413
    # Rights are given to a ServerID at a place: with another one it would be another server.
    assert tree.replace(base + b"ServerID", "", "", b"other") == 405
    assert tree.replace(base + b"Ext/ScomoRoot", "", "", b"Other") == 405
    assert tree.replace(base + b"AppAuth/1/AAuthData", "bin", "", b"x" * 65) == 413
    account = dmacc.Account(nodes, "main")
    account.client_nonce = b"kept"
    account.save_nonces()
    assert tree.replace(base + b"AppAuth/1/AAuthData", "bin", "", b"\xff\x00raw") == 200
    tree.commit()
    assert dmacc.Account(nodes, "main").client_nonce == b"\xff\x00raw"


class Parts:
    """An object with one place for octets in parts, in a folder that servers may add to."""

    def __init__(self):
        self.did = []
        self.there = False

    def node(self, path):
        if path == ["o"]:
            return ("bin", "", GET | REPLACE) if self.there else None
        return ("chr", "", GET) if path == ["leaf"] else None if path else ("node", "", 1)

    def add(self, path, format, data):
        self.did.append(("add", path))
        return 200

    def begin(self, path, size, type):
        self.did.append((path, size, type))
        return 200 if path == ["o"] else 405

    def append(self, data):
        self.did.append(bytes(data))
        return 200

    def end(self):
        self.did.append("end")
        return 200

    def drop(self):
        self.did.append("drop")


def with_parts(server=b"srv"):
    made = prepared(server)
    parts = Parts()
    made.mounts.append((["P"], parts))
    made.acls["P"] = RIGHTS
    return made, parts


def test_objects_in_parts_are_checked_like_others():
    made, parts = with_parts()

    def begin(tag, uri, made=made):
        return made.begin(tag, uri, "bin", "application/x", 9)

    add, replace = syncml.ADD, syncml.REPLACE
    assert begin(add, b"./P/leaf") == 418
    assert begin(add, b"./P/leaf/below") == 405
    assert begin(add, b"./P/o?prop=ACL") == 405
    assert begin(replace, b"./P/o") == 404
    assert begin(replace, b"./P/leaf") == 405
    assert begin(replace, b"./P?prop=ACL") == 405
    assert begin(add, b"./" + b"x" * 65) == 414
    assert begin(add, b"./Nowhere/o") == 405
    assert parts.did == []
    # Whoever takes no parts says so, and only to those who may.
    assert begin(replace, b"./DMAcc/main/Name") == 413
    assert begin(add, b"./SCOMO/Download/x/PkgURL") == 413
    assert begin(add, b"./P/other") == 405
    parts.did.clear()
    assert begin(add, b"./P/o") == 200
    assert made.append(b"123") == made.end() == 200
    made.drop()
    assert parts.did == [(["o"], 9, "application/x"), b"123", "end", "drop"]
    parts.there = True
    assert begin(add, b"./P/o") == 418
    assert begin(replace, b"./P/o") == 200
    stranger, parts = with_parts(b"other")
    assert begin(add, b"./P/o", stranger) == 425
    parts.there = True
    assert begin(replace, b"./P/o", stranger) == 425
    assert begin(replace, b"./DMAcc/main/Name", stranger) == 425
    assert parts.did == []
