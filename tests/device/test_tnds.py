# Subtrees in one value and in lists: what is told, what is taken, all of it or nothing.
from binascii import unhexlify

from test_accounts import opened as with_accounts_again
from test_accounts import prepared as with_accounts
from test_tree import mounted, prepared, value

from support import raises
from uscomo import dmacc, syncml, tnds, wbxml
from uscomo.accounts import Accounts
from uscomo.inbox import Inbox
from uscomo.nodes import Nodes
from uscomo.store import Store
from uscomo.tree import Tree

TYPE = "application/vnd.syncml.dmtnds+wbxml"
# Example C of the wire digest, the document in its Data: an account with an AppID.
EXAMPLE = unhexlify(
    "0200006a1b2d2f2f4f4d412f2f4454442d444d2d44444620312e322f2f454e00"
    "0002607703312e3200016466034f7000016f5c25017551036f72672e6f70656e"
    "6d6f62696c65616c6c69616e63652f312e302f77370001010164660341707049"
    "4400016f5c0b01756103746578742f706c61696e00010101760377370001010101"
)
RIGHTS = b"Add=srv&Delete=srv&Exec=srv&Get=srv&Replace=srv"


class Document:
    """Writes documents for tests, tag by tag."""

    def __init__(self):
        self.writer = wbxml.Writer(bytearray(2048))
        self.writer.begin(0, b"-//OMA//DTD-DM-DDF 1.2//EN\0")
        self.writer.start(0x220)
        self.text(0x237, b"1.2")

    def text(self, tag, value):
        self.writer.start(tag)
        if b"\0" in value:
            self.writer.opaque(value)
        else:
            self.writer.string(value)
        self.writer.end()

    def node(self, name, value=None, format=0x20B, type=b"", path=b"", acl=b"", title=b""):
        writer = self.writer
        writer.start(0x224)
        self.text(0x226, name)
        if path:
            self.text(0x22C, path)
        writer.start(0x22F)
        if acl:
            self.text(0x206, acl)
        writer.start(0x21C)
        writer.empty(0x225 if value is None else format)
        writer.end()
        if title:
            self.text(0x233, title)
        if type:
            writer.start(0x235)
            self.text(0x211, type)
            writer.end()
        writer.end()
        if value is not None:
            self.text(0x236, value)
            writer.end()

    def end(self):
        self.writer.end()

    def whole(self):
        self.writer.end()
        return bytes(self.writer.buffer[: self.writer.position])


def download(name=b"p", url=b"http://x/1", **more):
    made = Document()
    made.node(name, **more)
    made.node(b"PkgURL", url)
    made.node(b"PkgID", b"com.example.a", title=b"its id")
    made.end()
    return made.whole()


def parsed(data):
    found = []
    for above in tnds.parse(data):
        node = above[-1]
        names = "/".join([part.name.decode() for part in above])
        found.append((names, node.format, node.type, node.value))
    return found


def test_the_digests_example():
    assert parsed(EXAMPLE) == [
        ("Op", "node", b"org.openmobilealliance/1.0/w7", None),
        ("Op/AppID", "chr", b"text/plain", b"w7"),
    ]


def test_documents_that_are_none():
    for end in range(len(EXAMPLE)):
        raises(wbxml.WbxmlError, parsed, EXAMPLE[:end])
    raises(ValueError, parsed, EXAMPLE.replace(b"\x00\x02\x60", b"\x00\x02\x64"))
    tree = prepared()
    uri = b"./SCOMO/Download"
    assert tree.add(uri, "xml", TYPE, EXAMPLE[:-3]) == 400
    assert tree.add(uri, "xml", TYPE, b"") == 400
    assert tree.add(uri, "xml", "application/vnd.syncml.dmtnds+xml", b"<MgmtTree/>") == 415
    # No node at all.
    empty = Document().whole()
    assert tree.add(uri, "xml", TYPE, empty) == 400


def test_every_bit_of_a_document():
    tree = prepared()
    data = download()
    for at in range(0, len(data), 3):
        for bit in (1, 0x40, 0x80):
            broken = bytearray(data)
            broken[at] ^= bit
            code = tree.add(b"./SCOMO/Download", "xml", TYPE, bytes(broken))
            assert 200 <= code <= 500, (at, bit, code)
            if code == 200:
                for name in tree.children(["SCOMO", "Download"]):
                    assert tree.delete(b"./SCOMO/Download/" + name.encode()) == 200
            assert value(tree, b"./SCOMO/Download") == ""


def test_many_nodes_in_one_command():
    tree = prepared()
    assert tree.add(b"./SCOMO/Download", "xml", TYPE, download(acl=RIGHTS)) == 200
    tree.commit()
    tree = mounted(Store(), Nodes(Store()))
    assert value(tree, b"./SCOMO/Download/p/PkgURL") == "http://x/1"
    assert value(tree, b"./SCOMO/Download/p?prop=ACL") == RIGHTS.decode()
    assert value(tree, b"./SCOMO/Download/p/PkgID?prop=Title") == "its id"
    # The first node may be named by the URI.
    assert tree.add(b"./SCOMO/Download/q", "xml", TYPE, download(b"q")) == 200
    assert tree.add(b"./SCOMO/Download/r", "xml", TYPE, download(b"")) == 200
    assert tree.add(b"./SCOMO/Download/s", "xml", TYPE, download(b"t")) == 400
    # Or by a path from there.
    assert tree.add(b"./SCOMO", "xml", TYPE, download(b"u", path=b"./Download")) == 200
    assert value(tree, b"./SCOMO/Download") == "p/q/r/u"


def test_all_of_it_or_nothing():
    tree = prepared()
    place = b"./SCOMO/Download"
    for data, code in (
        (download(url=b"x" * 513), 413),
        (download(url=b"\xff"), 415),
        (download(acl=b"Fly=*"), 500),
    ):
        assert tree.add(place, "xml", TYPE, data) == code
        assert value(tree, place) == ""
        assert "SCOMO/Download/p" not in tree.acls
    made = Document()
    made.node(b"p")
    made.node(b"Colour", b"red")
    made.end()
    assert tree.add(place, "xml", TYPE, made.whole()) == 405
    assert tree.add(place, "xml", TYPE, download()) == 200
    assert tree.add(place, "xml", TYPE, download(url=b"http://x/2")) == 418
    assert value(tree, place + b"/p/PkgURL") == "http://x/1"
    stranger = mounted(tree.scomo.store, tree.nodes, b"stranger")
    assert stranger.add(place, "xml", TYPE, download(b"q")) == 425
    made = Document()
    for i in range(65):
        made.node(b"%d" % i)
        made.end()
    assert tree.add(place, "xml", TYPE, made.whole()) in (413, 420)
    assert value(tree, place) == "p"


def test_a_subtree_is_replaced():
    tree = prepared()
    place = b"./SCOMO/Download/p"
    assert tree.replace(place, "xml", TYPE, download()) == 404
    assert tree.add(place + b"/Name", "chr", "", b"old") == 200
    assert tree.replace(place + b"?prop=ACL", "", "", RIGHTS) == 200
    assert tree.replace(place, "xml", TYPE, download(url=b"http://x/2")) == 200
    assert value(tree, place) == "PkgID/PkgURL/Status/Operations"
    assert value(tree, place + b"?prop=ACL") == RIGHTS.decode()
    # What does not fit leaves all as it was.
    assert tree.replace(place, "xml", TYPE, download(url=b"x" * 513)) == 413
    assert value(tree, place + b"/PkgURL") == "http://x/2"
    assert tree.replace(place + b"/PkgURL", "xml", TYPE, download()) == 405
    assert tree.replace(b"./SCOMO/Download", "xml", TYPE, download()) == 405
    assert tree.replace(place + b"?prop=ACL", "xml", TYPE, download()) == 405
    stranger = mounted(tree.scomo.store, tree.nodes, b"stranger")
    assert stranger.replace(place, "xml", TYPE, download()) == 425
    # To replace a node takes no right to add one.
    assert tree.replace(place + b"?prop=ACL", "", "", b"Get=srv&Replace=srv") == 200
    assert tree.replace(b"./SCOMO?prop=ACL", "", "", b"Get=srv") == 200
    assert tree.replace(place, "xml", TYPE, download(url=b"http://x/3")) == 200
    assert value(tree, place + b"/PkgURL") == "http://x/3"


def test_what_replaces_a_subtree_stays_in_it():
    # The right to replace one node is no right beside it: neither by a path nor by a name.
    tree = with_accounts()
    nodes = tree.nodes
    nodes.set("DMAcc/other/ServerID", b"other")
    nodes.set("?DMAcc/other", b"Get=other&Replace=other")
    nodes.set("DMAcc/third/AppAuth/0/AAuthName", b"third")
    nodes.set("?DMAcc/third", b"Get=srv&Replace=srv")
    nodes.commit()
    tree = Tree((("DMAcc", Accounts(nodes)),), nodes, b"srv")
    tree.mounts[0][1].tree = tree
    before = nodes.keys("")
    for place, name, path, code in (
        (b"./DMAcc/third", b"third", b"other/AppAuth", 400),
        (b"./DMAcc/third", b"third", b"./DMAcc/other", 400),
        (b"./DMAcc/third/AppAuth/0", b"0", b"..", 400),
        (b"./DMAcc/third/AppAuth/0", b"0/../../other", b"", 400),
    ):
        made = Document()
        made.node(name, path=path)
        made.node(b"AAuthLevel", b"SRVCRED")
        made.end()
        assert tree.replace(place, "xml", TYPE, made.whole()) == code, path
        assert nodes.keys("") == before


def test_a_document_goes_back_where_it_was_read():
    tree = prepared()
    place = b"./SCOMO/Download/p"
    assert tree.add(b"./SCOMO/Download", "xml", TYPE, download(acl=RIGHTS)) == 200
    data = listed(tree, place + b"?list=TNDS-TStamp")
    nodes = [above[-1] for above in tnds.parse(data)]
    assert nodes[0].path == b"./SCOMO/Download"
    made = Document()
    made.node(b"p", path=nodes[0].path)
    made.node(b"PkgURL", b"http://x/9")
    made.end()
    assert tree.replace(place, "xml", TYPE, made.whole()) == 200
    assert value(tree, place + b"/PkgURL") == "http://x/9"
    assert tree.delete(place) == 200
    assert tree.add(place, "xml", TYPE, made.whole()) == 200


def test_whether_the_user_is_asked_is_not_the_servers_matter():
    tree = with_accounts()
    silent = b"./DMAcc/new/Ext/Silent"
    assert tree.add(silent, "chr", "", b"1") == 405
    made = Document()
    made.node(b"new")
    made.node(b"Ext")
    made.node(b"Silent", b"1")
    made.end()
    made.end()
    data = made.whole()
    assert tree.add(b"./DMAcc", "xml", TYPE, data) == 418  # where there is an account, it says 0
    assert tree.add(b"./DMAcc/new/Name", "chr", "", b"new") == 200
    # Neither by replacing what it has made itself.
    assert tree.replace(b"./DMAcc/new", "xml", TYPE, data) == 418
    assert tree.nodes.get("DMAcc/new/Ext/Silent") is None


def test_what_fails_takes_no_file_with_it():
    tree = with_accounts()
    tree.nodes.set("DMAcc/new/AppAuth/1/AAuthName", b"new")
    tree.commit()
    account = dmacc.Account(tree.nodes, "new")
    account.server_nonce = b"kept"
    account.save_nonces()
    # The object is opened by the command that fails.
    for right in ("add", "replace"):
        tree = with_accounts_again()
        made = Document()
        made.node(b"1")
        made.node(b"AAuthData", b"nonce", 0x209)
        made.node(b"Colour", b"red")
        made.end()
        place = b"./DMAcc/new/AppAuth" + (b"/1" if right == "replace" else b"")
        assert getattr(tree, right)(place, "xml", TYPE, made.whole()) in (405, 418), right
        tree.commit()
        assert dmacc.Account(tree.nodes, "new").server_nonce == b"kept", right


def test_texts_of_a_table_add_up():
    # Two octets name a long text: what they come to is bounded, not by the heap.
    writer = wbxml.Writer(bytearray(2048))
    writer.begin(0, b"-//OMA//DTD-DM-DDF 1.2//EN\0" + b"x" * 900 + b"\0")
    for tag in (0x220, 0x224, 0x226):
        writer.start(tag)
    for _ in range(300):
        writer._byte(0x83)
        writer._integer(28)
    for _ in range(3):
        writer.end()
    tree = prepared()
    document = bytes(writer.buffer[: writer.position])
    raises(ValueError, parsed, document)
    assert tree.add(b"./SCOMO/Download", "xml", TYPE, document) == 400


def test_a_document_by_any_format():
    # Documents of octets come as "bin", too (and an object in one part goes its own way).
    for format in ("xml", "bin", "chr", ""):
        tree = prepared()
        place = b"./SCOMO/Download"
        code = tree.begin(syncml.ADD, place, format, TYPE, 100)
        assert code in (405, 413), "it is not for the object there"
        assert tree.add(place, format, TYPE, download()) == 200


def listed(tree, uri):
    found = tree.get(uri)
    if isinstance(found, int):
        return found
    ((_, format, type, data),) = found
    assert (format, type) == ("xml", TYPE)
    return data


def test_a_subtree_is_told_as_a_document():
    tree = prepared()
    place = b"./SCOMO/Download/p"
    assert tree.add(b"./SCOMO/Download", "xml", TYPE, download(acl=RIGHTS)) == 200
    data = listed(tree, place + b"?list=TNDS")
    found = {name: (format, type, text) for name, format, type, text in parsed(data)}
    assert found["p"] == ("node", b"", None)
    assert found["p/PkgURL"] == ("chr", b"text/plain", b"http://x/1")
    assert found["p/Status"] == ("int", b"text/plain", b"10")
    assert "p/Operations/Download" not in found
    nodes = [above[-1] for above in tnds.parse(data)]
    assert nodes[0].acl == RIGHTS and nodes[0].path == b"./SCOMO/Download"
    assert [node.title for node in nodes if node.name == b"PkgID"] == [b"its id"]
    # It can be put in again.
    assert tree.delete(place + b"/Name") == 404
    assert tree.delete(place) == 200
    only = listed(tree, b"./SCOMO?list=TNDS+Type")
    assert parsed(only)[0] == ("SCOMO", "node", b"urn:oma:mo:oma-scomo:1.0", None)


def test_what_is_chosen_of_a_document():
    tree = prepared()
    assert tree.add(b"./SCOMO/Download", "xml", TYPE, download(acl=RIGHTS)) == 200
    uri = b"./SCOMO/Download/p?list=TNDS"

    def chosen(query):
        nodes = [above[-1] for above in tnds.parse(listed(tree, uri + query))]
        kept = []
        for name in ("acl", "format", "type", "title", "value"):
            if [1 for n in nodes if getattr(n, name) and not (name == "format" and not n.format)]:
                kept.append(name)
        return kept

    assert chosen(b"") == ["acl", "format", "type", "title", "value"]
    assert chosen(b"+Value+ACL") == ["acl", "format", "value"]
    assert chosen(b"-Format") == ["acl", "format", "type", "title", "value"]
    assert chosen(b"-Value-Title") == ["acl", "format", "type"]
    for wrong in (b"+Name", b"-Size", b"+Colour", b"+ACL-Type", b"ACL", b"+", b"-", b"*"):
        assert tree.get(uri + wrong) == 406, wrong
    assert tree.get(b"./SCOMO?list=Tnds") == 406
    assert tree.get(b"./SCOMO?list=") == 406
    assert tree.get(b"./SCOMO/Nothing?list=TNDS") == 404


def test_a_document_that_is_too_long_for_a_message():
    tree = prepared()
    for name in (b"p", b"q", b"r"):
        assert tree.add(b"./SCOMO/Download/" + name + b"/PkgURL", "chr", "", b"x" * 512) == 200
    assert tree.get(b"./SCOMO/Download?list=TNDS") == 413
    assert len(listed(tree, b"./SCOMO/Download/p?list=TNDS")) < 1536


def test_what_may_not_be_read_is_left_out_but_not_what_is_below():
    tree = prepared()
    assert tree.add(b"./SCOMO/Download/p/PkgURL", "chr", "", b"http://x") == 200
    assert tree.replace(b"./SCOMO/Download/p?prop=ACL", "", "", b"Get=stranger") == 200
    stranger = mounted(tree.scomo.store, tree.nodes, b"stranger")
    found = [item[0] for item in stranger.get(b".?list=Struct")]
    assert "./SCOMO" not in found and "./SCOMO/Download" not in found
    assert "./SCOMO/Download/p" in found and "./SCOMO/Download/p/PkgURL" in found
    assert "./DevInfo/Man" in found


def test_the_inbox_knows_where_an_account_belongs():
    made = with_accounts()
    nodes = made.nodes
    tree = Tree((("DMAcc", Accounts(nodes, made)), ("Inbox", Inbox())), nodes, b"srv")
    assert tree.get(b"./Inbox") == 405
    assert tree.get(b"./Inbox/x") == 404
    assert value(tree, b"./Inbox?prop=Type") == "urn:oma:mo:oma-dm-inbox:1.0"
    assert tree.add(b"./Inbox/x", "chr", "", b"") == 405
    assert tree.delete(b"./Inbox") == 405
    for _ in range(2):
        assert tree.add(b"./Inbox", "xml", TYPE, EXAMPLE) == 200
    assert value(tree, b"./DMAcc") == "1/Op/main"
    assert value(tree, b"./DMAcc/Op/AppID") == "w7"
    assert value(tree, b"./Inbox?prop=Name") == "Inbox"
    # References within the document follow it.
    made = Document()
    made.node(b"main", type=b"urn:oma:mo:oma-dm-dmacc:1.0")
    made.node(b"PrefConRef", b"./Inbox/main/ToConRef/1")
    made.end()
    assert tree.add(b"./Inbox", "xml", TYPE, made.whole()) == 200
    assert value(tree, b"./DMAcc/2/PrefConRef") == "./DMAcc/2/ToConRef/1"
    other = Document()
    other.node(b"x", type=b"urn:oma:mo:oma-fumo:1.0")
    other.end()
    assert tree.add(b"./Inbox", "xml", TYPE, other.whole()) == 405
    assert tree.replace(b"./Inbox?prop=ACL", "", "", b"Add=other") == 425
    tree.acls["Inbox"] = b"Add=other"
    assert tree.add(b"./Inbox", "xml", TYPE, EXAMPLE) == 425
