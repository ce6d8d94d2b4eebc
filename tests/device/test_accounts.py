# The DMAcc object: every node of it, several accounts, and which of several addresses and
# credentials a session uses.
from test_tree import value

from support import temporary_root
from uscomo import accounts, dmacc
from uscomo.accounts import Accounts
from uscomo.nodes import Nodes
from uscomo.store import Store
from uscomo.tree import Tree

BASE = b"./DMAcc/second/"
WHOLE = (
    (b"AppID", b"w7"),
    (b"ServerID", b"second.example"),
    (b"Name", b"Second"),
    (b"PrefConRef", b"./NAP/1"),
    (b"ToConRef/1/ConRef", b"./NAP/1"),
    (b"ToConRef/2/ConRef", b"./NAP/2"),
    (b"AppAddr/1/Addr", b"http://dm.example/s"),
    (b"AppAddr/1/AddrType", b"URI"),
    (b"AppAddr/1/Port/1/PortNbr", b"8080"),
    (b"AppAddr/2/Addr", b"192.0.2.1"),
    (b"AppAddr/2/AddrType", b"IPv4"),
    (b"AAuthPref", b"DIGEST"),
    (b"AppAuth/1/AAuthLevel", b"CLCRED"),
    (b"AppAuth/1/AAuthType", b"BASIC"),
    (b"AppAuth/1/AAuthName", b"user"),
    (b"AppAuth/1/AAuthSecret", b"basic"),
    (b"AppAuth/2/AAuthLevel", b"CLCRED"),
    (b"AppAuth/2/AAuthType", b"DIGEST"),
    (b"AppAuth/2/AAuthName", b"user"),
    (b"AppAuth/2/AAuthSecret", b"digest"),
    (b"AppAuth/2/AAuthData", b"\x00nonce\xff"),
    (b"AppAuth/3/AAuthLevel", b"SRVCRED"),
    (b"AppAuth/3/AAuthType", b"DIGEST"),
    (b"AppAuth/3/AAuthName", b"second.example"),
    (b"AppAuth/3/AAuthSecret", b"server"),
    (b"Ext/ScomoRoot", b"SCOMO-second"),
)


def opened(server=b"srv"):
    nodes = Nodes(Store())
    tree = Tree((("DMAcc", None),), nodes, server, lambda name: Accounts(nodes, tree))
    return tree


def prepared():
    temporary_root()
    nodes = Nodes(Store())
    for key, text in (
        ("DMAcc/main/ServerID", b"srv"),
        ("DMAcc/main/AppAddr/1/Addr", b"http://x"),
        ("?DMAcc", b"Add=srv&Delete=srv&Get=srv&Replace=srv"),
    ):
        nodes.set(key, text)
    nodes.commit()
    return opened()


def with_second():
    tree = prepared()
    for name, text in WHOLE:
        format = "bin" if name.endswith(b"Data") else "chr"
        assert tree.add(BASE + name, format, "", text) == 200, name
    tree.commit()
    return opened()


def test_every_node_of_the_object():
    tree = with_second()
    for name, text in WHOLE:
        if name[-6:] in (b"Secret", b"thData"):
            assert tree.get(BASE + name) == 405
        else:
            assert value(tree, BASE + name) == text.decode(), name
    assert value(tree, b"./DMAcc") == "main/second"
    names = "AAuthPref/AppAddr/AppAuth/AppID/Ext/Name/PrefConRef/ServerID/ToConRef"
    assert value(tree, BASE[:-1]) == names
    assert value(tree, BASE[:-1] + b"?prop=Type") == accounts.MOID
    assert value(tree, BASE + b"AppAddr/1/Port/1") == "PortNbr"
    assert value(tree, BASE + b"AppAuth") == "1/2/3"
    assert value(tree, BASE + b"Ext") == "ScomoRoot/Report/Silent"
    assert value(tree, BASE + b"Ext/Silent") == "0"
    assert tree.replace(BASE + b"Ext/Silent", "chr", "", b"1") == 405
    assert tree.replace(BASE + b"Ext/Report", "chr", "", b"sync") == 200
    assert value(tree, BASE + b"Ext/Report") == "sync"
    assert tree.get(b"./DMAcc/nobody/Ext/Report") == 404


def test_what_is_no_part_of_it():
    tree = prepared()
    for name, format, code in (
        (b"Colour", "chr", 405),
        (b"AppAddr/1", "chr", 405),
        (b"AppAddr/1/Addr", "node", 405),
        (b"AppAddr/1/Colour", "chr", 405),
        (b"AppAddr/1/Port/1/2/PortNbr", "chr", 405),
        (b"Ext/Colour", "chr", 405),
        (b"AppAddr/1/Port/1/PortNbr", "bin", 415),
    ):
        assert tree.add(BASE + name, format, "", b"x") == code, name
    for name, longest, _ in accounts._LEAVES:
        if name == "Ext/Silent":  # is there, and only the device's own
            continue
        uri = b"./DMAcc/%s/" % name.replace("/", "").encode() + name.replace("+", "1").encode()
        assert tree.add(uri, "chr", "", b"1" * (longest + 1)) == 413, name
    assert tree.add(BASE + b"Name", "chr", "", b"\xff") == 415
    assert tree.get(BASE[:-1]) == 404


def test_an_account_begins_as_an_empty_node():
    tree = prepared()
    assert tree.add(BASE[:-1], "node", "", b"") == 200
    assert tree.add(BASE[:-1], "node", "", b"") == 418
    assert tree.add(BASE + b"AppAddr", "node", "", b"") == 200
    assert value(tree, BASE + b"AppAddr") == ""
    assert value(tree, BASE[:-1]) == "AppAddr"


def test_no_server_becomes_another():
    tree = prepared()
    for wrong in (b"srv", b"", b"*", b"a+b", b"a b", b"a&b", b"a=b"):
        assert tree.add(BASE + b"ServerID", "chr", "", wrong) == 405, wrong
    assert tree.add(BASE + b"ServerID", "chr", "", b"other") == 200
    assert tree.replace(BASE + b"ServerID", "chr", "", b"third") == 405


def test_accounts_are_bounded():
    tree = prepared()
    codes = [tree.add(b"./DMAcc/a%d" % i, "node", "", b"") for i in range(8)]
    assert codes == [200] * 7 + [420]


def test_parts_are_removed_and_an_account_is_closed():
    tree = with_second()
    account = dmacc.Account(tree.nodes, "second")
    account.client_nonce = b"kept"
    account.save_nonces()
    for name, code in (
        (b"ServerID", 405),
        (b"AppAddr", 405),
        (b"AppAddr/1/Addr", 405),
        (b"AppAddr/1/Port/1", 200),
        (b"AppAddr/2", 200),
        (b"Name", 200),
        (b"Name", 404),
    ):
        assert tree.delete(BASE + name) == code, name
    assert value(tree, BASE + b"AppAddr") == "1"
    tree.set_acl("DMAcc/main", b"Get=srv+second.example&Delete=srv")
    assert tree.delete(BASE[:-1]) == 200
    tree.commit()
    tree = opened()
    assert value(tree, b"./DMAcc") == "main"
    assert tree.acls["DMAcc/main"] == b"Get=srv&Delete=srv"
    assert tree.nodes.keys("DMAcc/second") == []
    assert dmacc.Account(tree.nodes, "second").client_nonce == b""
    # Whoever asks must be able to ask again.
    assert tree.delete(b"./DMAcc/main") == 405


def test_which_of_several_a_session_uses():
    tree = with_second()
    account = dmacc.Account(tree.nodes, "second")
    assert account.addresses == [b"http://dm.example:8080/s", b"http://192.0.2.1"]
    assert account.address == account.addresses[0]
    assert (account.client_auth, account.client_secret) == (2, b"digest")
    assert account.client_nonce == b"\x00nonce\xff"
    assert (account.server_auth, account.server_secret) == (2, b"server")
    # Without a preference, or with one that nothing meets, the first.
    for preferred in (b"", b"HTTP-BASIC"):
        assert tree.replace(BASE + b"AAuthPref", "chr", "", preferred) == 200
        account = dmacc.Account(tree.nodes, "second")
        assert (account.client_auth, account.client_secret) == (1, b"basic")
    # What we do not know is passed over.
    assert tree.replace(BASE + b"AppAuth/1/AAuthType", "chr", "", b"X509") == 200
    assert dmacc.Account(tree.nodes, "second").client_auth == 2


def test_how_messages_are_written():
    tree = with_second()
    form = BASE + b"Ext/Form"
    assert dmacc.Account(tree.nodes, "second").format == b""
    assert tree.add(form, "chr", "", b"json") == 415
    for text in (b"xml", b"wbxml"):
        assert (tree.replace if text == b"wbxml" else tree.add)(form, "chr", "", text) == 200
        assert dmacc.Account(tree.nodes, "second").format == text
        assert value(tree, form) == text.decode()
    assert tree.delete(form) == 200
    assert dmacc.Account(tree.nodes, "second").format == b""


def test_a_port_goes_where_none_is():
    tree = with_second()
    for url, expected in (
        (b"http://h", b"http://h:8080"),
        (b"http://h/p?q", b"http://h:8080/p?q"),
        (b"http://h:1/p", b"http://h:1/p"),
        (b"h", b"http://h:8080"),
    ):
        assert tree.replace(BASE + b"AppAddr/1/Addr", "chr", "", url) == 200
        assert dmacc.Account(tree.nodes, "second").address == expected
