# Properties beside the value: each of the eight, ACL syntax and rights, rename, copy.
import time

from test_tree import mounted, prepared, value

from support import raises
from uscomo import properties, tree
from uscomo.constant import DELETE, GET, REPLACE
from uscomo.nodes import Nodes
from uscomo.store import Store

DOWNLOAD = b"./SCOMO/Download/p"


def with_download(**provisioned):
    made = prepared()
    assert made.add(DOWNLOAD, "node", "", b"") == 200
    assert made.add(DOWNLOAD + b"/PkgURL", "chr", "", b"http://x/1") == 200
    made.commit()
    return made


def again(made, server=b"srv"):
    """The tree as the next session sees it."""
    stored = Store()
    return mounted(stored, Nodes(stored), server)


def test_each_property_of_a_leaf_and_of_an_interior_node():
    made = with_download()
    leaf = DOWNLOAD + b"/PkgURL?prop="
    expected = {
        b"ACL": "",
        b"Format": "chr",
        b"Name": "PkgURL",
        b"Size": "10",
        b"Title": "",
        b"TStamp": "",
        b"Type": "text/plain",
        b"VerNo": "0",
    }
    for name in expected:
        assert value(made, leaf + name) == expected[name], name
    assert value(made, DOWNLOAD + b"?prop=Format") == "node"
    assert value(made, DOWNLOAD + b"?prop=Title") == ""
    assert made.get(DOWNLOAD + b"?prop=Size") == 406
    assert made.get(leaf + b"Colour") == 406
    assert made.get(leaf) == 406
    assert made.get(DOWNLOAD + b"?colour") == 406
    # What only the device changes is not counted.
    assert made.get(DOWNLOAD + b"/Status?prop=VerNo") == 406
    # The size of a secret is part of it; its rights are not.
    secret = b"./DMAcc/main/AppAuth/1/AAuthSecret?prop="
    assert made.get(secret + b"Size") == 405
    assert value(made, secret + b"Format") == "chr"
    stranger = again(made, b"stranger")
    assert stranger.get(leaf + b"Size") == 425


def test_what_cannot_be_written():
    made = with_download()
    for name in (b"Size", b"Format", b"Type", b"TStamp", b"VerNo"):
        assert made.replace(DOWNLOAD + b"/PkgURL?prop=" + name, "", "", b"1") == 405, name
    assert made.replace(DOWNLOAD + b"?prop=Colour", "", "", b"red") == 406
    assert made.replace(DOWNLOAD + b"?list=Struct", "", "", b"") == 405
    assert made.replace(b"./SCOMO/Nothing?prop=ACL", "", "", b"") == 404
    for uri in (DOWNLOAD + b"?prop=Title", DOWNLOAD + b"?list=Struct"):
        assert made.add(uri, "chr", "", b"") == 405
        assert made.delete(uri) == 405
        assert made.exec(uri, None, b"") == 405


def test_versions_are_counted_once_somebody_asks():
    made = with_download()
    uri = DOWNLOAD + b"/PkgURL"
    assert made.replace(uri, "chr", "", b"http://x/2") == 200
    assert value(made, uri + b"?prop=VerNo") == "0"
    clock = time.gmtime
    try:
        time.gmtime = lambda: (2026, 7, 11, 16, 38, 17, 5, 192, 0)
        assert made.replace(uri, "chr", "", b"http://x/3") == 200
    except AttributeError:
        # MicroPython's modules are constant: what its own clock says is good enough.
        assert made.replace(uri, "chr", "", b"http://x/3") == 200
    finally:
        if time.gmtime is not clock:
            time.gmtime = clock
    made.commit()
    made = again(made)
    assert value(made, uri + b"?prop=VerNo") == "1"
    stamp = value(made, uri + b"?prop=TStamp")
    assert len(stamp) == 16 and stamp[8] == "T" and stamp[15] == "Z"
    assert stamp == "20260711T163817Z" or int(stamp[:4]) >= 2024
    # What is refused does not count.
    assert made.replace(uri, "chr", "", b"x" * 513) == 413
    assert value(made, uri + b"?prop=VerNo") == "1"


def test_a_version_turns_around():
    made = with_download()
    uri = DOWNLOAD + b"/PkgURL"
    assert value(made, uri + b"?prop=VerNo") == "0"
    made.nodes.set("?SCOMO/Download/p/PkgURL?", b"\xff\xff" + bytes(7))
    assert made.replace(uri, "chr", "", b"http://x/2") == 200
    assert value(made, uri + b"?prop=VerNo") == "0"


def test_a_title_is_text_of_255_octets():
    made = with_download()
    uri = DOWNLOAD + b"?prop=Title"
    assert made.replace(uri, "", "", b"x" * 256) == 413
    assert made.replace(uri, "", "", b"\xff") == 500
    assert made.replace(uri, "", "", b"x" * 255) == 200
    assert made.replace(uri, "", "", "Spiel f\xfcr zwei".encode()) == 200
    made.commit()
    made = again(made)
    assert value(made, uri) == "Spiel f\xfcr zwei"
    assert value(made, DOWNLOAD + b"?prop=VerNo") == "2"
    assert made.replace(b"./DevInfo?prop=Title", "", "", b"x") == 405
    # It goes with its node.
    assert made.delete(DOWNLOAD) == 200
    assert made.add(DOWNLOAD, "node", "", b"") == 200
    assert value(made, uri) == ""
    assert [key for key in made.acls if "?" in key] == []


def test_a_node_gets_another_name():
    made = with_download()
    assert made.add(b"./SCOMO/Download/pq", "node", "", b"") == 200
    assert made.replace(DOWNLOAD + b"?prop=ACL", "", "", b"Get=*&Replace=srv") == 200
    assert made.replace(DOWNLOAD + b"/PkgURL?prop=Title", "", "", b"where") == 200
    name = DOWNLOAD + b"?prop=Name"
    assert made.replace(name, "", "", b"pq") == 418
    for wrong in (b"a/b", b"", b"..", b"a?b", b"\xff"):
        assert made.replace(name, "", "", wrong) == 500, wrong
    assert made.replace(name, "", "", b"x" * 65) == 414
    assert made.replace(name, "", "", b"p") == 200
    assert made.replace(name, "", "", b"new") == 200
    made.commit()
    made = again(made)
    assert value(made, b"./SCOMO/Download") == "new/pq"
    assert value(made, b"./SCOMO/Download/new/PkgURL") == "http://x/1"
    assert value(made, b"./SCOMO/Download/new?prop=ACL") == "Get=*&Replace=srv"
    assert value(made, b"./SCOMO/Download/new/PkgURL?prop=Title") == "where"
    assert made.get(DOWNLOAD) == 404
    assert made.nodes.keys("SCOMO/Download/p/") == []


def test_what_keeps_its_name():
    made = with_download()
    for uri in (b".", b"./DevInfo", b"./DevInfo/Man", b"./SCOMO", b"./SCOMO/Download"):
        assert made.replace(uri + b"?prop=Name", "", "", b"x") == 405, uri
    # Names that the object gives, the device's own, and what an operation works on.
    assert made.replace(DOWNLOAD + b"/PkgURL?prop=Name", "", "", b"URL") == 405
    assert made.replace(b"./DMAcc/main?prop=Name", "", "", b"x") == 405
    assert made.exec(DOWNLOAD + b"/Operations/Download", b"c", b"") == 202
    assert made.replace(DOWNLOAD + b"?prop=Name", "", "", b"x") == 405


def test_a_name_may_not_make_a_path_too_long():
    made = with_download()
    made.nodes.set("SCOMO/Download/p/PkgURL", b"http://x/1")
    # 127 characters are a path's limit, and a key's.
    longest = b"n" * 64
    assert made.replace(DOWNLOAD + b"?prop=Name", "", "", longest) == 200
    assert value(made, b"./SCOMO/Download/" + longest + b"/PkgURL") == "http://x/1"


def test_acl_syntax():
    made = with_download()
    uri = DOWNLOAD + b"?prop=ACL"
    for text, kept in (
        (b"Get=a&Get=b&Replace=srv", "Get=a+b&Replace=srv"),
        (b"Get=a+a+b", "Get=a+b"),
        (b"Get=a+*&Delete=", "Get=*"),
        (b"Add=www.sonera.fi-8765&Get=*", "Add=www.sonera.fi-8765&Get=*"),
        (b"Get=", ""),
        (b"", ""),
    ):
        assert made.replace(uri, "", "", text) == 200, text
        assert made.acls.get("SCOMO/Download/p", b"") == kept.encode()
    for text in (
        b"Fly=*",
        b"Copy=*",
        b"get=*",
        b"Get",
        b"Get=a b",
        b"Get=a++b",
        b"Get=+",
        b"&",
        b"Get=*&",
        b"Get=a=b",
        b"Get=a*",
        b"=a",
        b"Get=a\tb",
        b"Get=\xff",
    ):
        assert made.replace(uri, "", "", text) == 500, text
    assert value(made, uri) == ""
    assert made.replace(uri, "", "", b"Get=" + b"x" * 252) == 413
    assert made.replace(uri, "", "", b"Get=" + b"x" * 251) == 200


def test_who_may_change_an_acl():
    made = with_download()
    leaf = DOWNLOAD + b"/PkgURL?prop=ACL"
    # A leaf's by its parent alone, an interior node's also by its own (TND 7.7.1.3).
    assert made.replace(leaf, "", "", b"Get=*&Replace=other") == 200
    assert made.replace(DOWNLOAD + b"?prop=ACL", "", "", b"Get=*&Replace=owner") == 200
    made.commit()
    other = again(made, b"other")
    assert other.replace(DOWNLOAD + b"/PkgURL", "chr", "", b"http://x/2") == 200
    assert other.replace(leaf, "", "", b"Get=*") == 425
    owner = again(made, b"owner")
    assert owner.replace(leaf, "", "", b"Get=*") == 200
    assert owner.replace(DOWNLOAD + b"?prop=ACL", "", "", b"Get=*&Replace=owner+srv") == 200
    # The parent's, without direct access to the value.
    srv = again(made)
    assert srv.replace(DOWNLOAD + b"/PkgURL", "chr", "", b"http://x/3") == 425
    assert srv.replace(DOWNLOAD + b"?prop=ACL", "", "", b"Get=*&Replace=srv") == 200


def test_the_figure_of_the_specification():
    # TND's example: what each of three servers gets.
    made = prepared()
    acls = {
        "NodeA": b"Get=ServerC&Replace=ServerC",
        "NodeA/Node1": b"Get=*",
        "NodeB": b"Get=ServerA&Replace=ServerA",
        "NodeB/Node3": b"Get=ServerB&Replace=ServerB&Delete=ServerB",
        "NodeB/Node3/Node5": b"Get=ServerA&Replace=ServerA&Get=ServerB",
        "NodeC": b"Get=ServerA&Replace=ServerA",
    }
    leaves = ("NodeA/Node1", "NodeB/Node2", "NodeB/Node3/Node4", "NodeB/Node3/Node5", "NodeC")
    for key in acls:
        made.set_acl(key, acls[key])

    class Figure:
        def node(self, path):
            path = "/".join(path)
            if path in leaves:
                return "chr", "", GET | REPLACE | DELETE
            return ("node", "", GET) if path in ("NodeA", "NodeB", "NodeB/Node3") else None

        def read(self, path):
            return "v"

        def write(self, path, data):
            return 200

        def remove(self, path):
            return 200

    def seen_by(server):
        parts = [(name, Part(name)) for name in ("NodeA", "NodeB", "NodeC")]
        return tree.Tree(parts, made.nodes, server)

    class Part(Figure):
        def __init__(self, root):
            self.root = root

        def node(self, path):
            return Figure.node(self, [self.root] + path)

    a, b, c = [seen_by(server) for server in (b"ServerA", b"ServerB", b"ServerC")]
    for server in (a, b, c):
        assert value(server, b"./NodeA/Node1") == "v"
        assert server.replace(b"./NodeA/Node1", "", "", b"x") == 425
        assert server.delete(b"./NodeA/Node1") == 425
        assert value(server, b"./NodeA/Node1?prop=ACL") == "Get=*"
    assert a.replace(b"./NodeA/Node1?prop=ACL", "", "", b"Get=*") == 425
    assert c.replace(b"./NodeA/Node1?prop=ACL", "", "", b"Get=*") == 200
    assert value(b, b"./NodeB/Node3/Node4?prop=ACL") == ""
    assert a.get(b"./NodeB/Node3/Node4?prop=ACL") == 425
    assert a.replace(b"./NodeB/Node3/Node5", "", "", b"x") == 200
    assert b.get(b"./NodeB/Node2") == 425
    assert value(a, b"./NodeB/Node2") == "v"


def test_the_creator_of_what_lies_between_may_finish():
    made = prepared()
    assert made.replace(b"./SCOMO?prop=ACL", "", "", b"Add=srv&Get=*") == 200
    # The interior node that a leaf brought with it, not the leaf, and not the second one.
    assert made.add(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x") == 200
    assert value(made, b"./SCOMO/Download/p?prop=ACL") == "Add=srv&Delete=srv&Get=srv&Replace=srv"
    assert value(made, b"./SCOMO/Download/p/PkgURL?prop=ACL") == ""
    assert made.add(b"./SCOMO/Download/p/PkgID", "chr", "", b"x") == 200
    assert value(made, b"./SCOMO/Download/p/PkgID?prop=ACL") == ""
    assert made.delete(b"./SCOMO/Download/p") == 200


def test_a_server_that_is_gone_has_no_rights():
    made = prepared()
    for key, text in (
        ("", b"Add=gone&Exec=gone&Get=*+gone&Replace=srv"),
        ("SCOMO", b"Get=gone+srv&Exec=gone"),
        ("DMAcc", b"Get=gone"),
    ):
        made.set_acl(key, text)
    properties.forget(made, b"gone")
    assert made.acls[""] == b"Add=*&Get=*&Replace=srv"
    assert made.acls["SCOMO"] == b"Get=srv"
    assert "DMAcc" not in made.acls


def test_a_leaf_is_copied():
    made = with_download()
    other = b"./SCOMO/Download/q"
    uri = DOWNLOAD + b"/PkgURL"
    assert made.copy(uri, other + b"/PkgURL") == 200
    assert value(made, other + b"/PkgURL") == "http://x/1"
    # Over a value, and without a tie to where it came from.
    assert made.replace(uri, "chr", "", b"http://x/2") == 200
    assert value(made, other + b"/PkgURL") == "http://x/1"
    assert made.copy(uri, other + b"/PkgURL") == 200
    assert value(made, other + b"/PkgURL") == "http://x/2"
    assert made.copy(b"./DevInfo/Man", other + b"/Name") == 200
    assert value(made, other + b"/Name") == "MicroPython"
    assert made.copy(DOWNLOAD, other) == 405
    assert made.copy(DOWNLOAD + b"/Nothing", other + b"/Name") == 404
    assert made.copy(b"./DMAcc/main/AppAuth/1/AAuthSecret", other + b"/Name") == 405
    assert made.copy(uri, b"./DevInfo/Man") == 405
    assert made.copy(b"./DevInfo/Man", uri + b"?prop=Title") == 405
    assert made.copy(uri, other) == 405
    stranger = again(made, b"stranger")
    assert stranger.copy(b"./DevInfo/Man", uri) == 425


def test_acls_have_a_number():
    made = prepared()
    for i in range(tree.MAX_KEYS):
        made.acls.setdefault("x%d" % i, b"Get=*")
    assert made.replace(b"./SCOMO/Download?prop=ACL", "", "", b"Get=*") == 420
    assert made.replace(b"./SCOMO?prop=ACL", "", "", b"Get=*&Replace=srv") == 200
    raises(KeyError, made.acls.__getitem__, "SCOMO/Download")
    # Nor is a version counted that could not be kept.
    assert made.get(b"./DMAcc/main/Name?prop=VerNo") == 406
