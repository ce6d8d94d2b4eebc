# Atomic: all or nothing, in RAM and on flash; Copy; many Items.
import os

from matrix_case import device, go_on, item, talk
from test_tree import mounted, prepared, value

import uscomo_boot
from uscomo import store
from uscomo.nodes import Nodes
from uscomo.store import Store


def replace(name, data):
    return "Replace", [item("./V/" + name, data)]


def delete(name):
    return "Delete", [item("./V/" + name)]


def prepared_again():
    """The same device after a start."""
    stored = Store()
    return mounted(stored, Nodes(stored))


def values(tree):
    return [value(tree, b"./V/" + name) for name in (b"a", b"b", b"new")]


def on_flash():
    """The same after a start."""
    nodes = Nodes(Store())
    return [nodes.get("V/" + name) for name in ("a", "b", "new")]


def test_all_of_it():
    tree = device()
    said, made = talk(
        [
            ("Add", [item("./V/before", b"0")]),
            (
                "Atomic",
                [
                    replace("a", b"10"),
                    ("Add", [item("./V/new", b"11")]),
                    ("Copy", [item("./V/b", source="./V/new")]),
                    ("Alert", 1100, "", "Done"),
                ],
            ),
            ("Get", [item("./V/a")]),
        ],
        tree,
    )
    assert said == [
        ("Add", 200),
        ("Atomic", 200),
        ("Replace", 200),
        ("Add", 200),
        ("Copy", 200),
        ("Alert", 200),
        ("Get", 200),
    ]
    assert values(tree) == ["10", "11", "11"] and on_flash() == [b"10", b"11", b"11"]
    assert made.asked == [(1100, ["", "Done"])]


def test_nothing_of_it():
    tree = device()
    said, made = talk(
        [
            replace("b", b"7"),
            (
                "Atomic",
                [
                    replace("a", b"10"),
                    ("Add", [item("./V/new", b"11")]),
                    ("Alert", 1100, "", "Half"),
                    delete("b"),
                    replace("none", b"x"),
                    replace("b", b"8"),
                    ("Alert", 1101, "", "Never"),
                ],
            ),
            ("Get", [item("./V/b")]),
        ],
        tree,
    )
    assert said[1:] == [
        ("Atomic", 507),
        ("Replace", 216),
        ("Add", 216),
        ("Alert", 216),
        ("Delete", 216),
        ("Replace", 404),
        ("Replace", 215),
        ("Alert", 215),
        ("Get", 200),
    ]
    # What came before it stays.
    assert values(tree) == ["1", "7", 404] and on_flash() == [b"1", b"7", None]
    assert made.asked == [(1100, ["", "Half"])]


def test_rights_are_taken_back_too():
    tree = device()
    before = dict(tree.acls)
    acl = item("./V/n?prop=ACL", b"Get=nobody")
    said, _ = talk([("Atomic", [("Replace", [acl]), delete("none")])], tree)
    assert said == [("Atomic", 507), ("Replace", 216), ("Delete", 404)]
    assert tree.acls == before
    assert Nodes(Store()).get("?V/n") is None


def test_the_user_decides():
    for answer, last in ((304, 304), (214, 214), (408, 408), (406, 406), (200, 200)):
        tree = device()
        said, _ = talk(
            [
                ("Atomic", [replace("a", b"10"), ("Alert", 1101, "", "Sure?"), delete("b")]),
                ("Get", [item("./V/a")]),
            ],
            tree,
            answer=answer,
        )
        good = answer == 200
        assert said == [
            ("Atomic", 200 if good else 507),
            ("Replace", 200 if good else 216),
            ("Alert", last),
            ("Delete", 200 if good else 215),
            # Behind it the session goes on.
            ("Get", 200),
        ]
        assert values(tree)[0] == ("10" if good else "1")


def test_what_may_not_be_in_it_is_found_before_anything_is_done():
    for child, code in (
        (("Get", [item("./V/a")]), 500),
        (("Exec", [item("./V/a")]), 500),
        (("Put", [item("./V/a")]), 500),
        (("Replace", []), 400),
        (("Add", [item("./V/new", b"1234", "bin", size=9, more=True)]), 413),
    ):
        tree = device()
        said, _ = talk([("Atomic", [replace("a", b"10"), child, delete("b")])], tree)
        assert said == [("Atomic", 507), ("Replace", 215), (child[0], code), ("Delete", 215)]
        assert values(tree) == ["1", "2", 404]


def test_many_items():
    tree = device()
    both = ("Replace", [item("./V/a", b"10"), item("./V/b", b"11")])
    said, made = talk([("Atomic", [both])], tree)
    assert said == [("Atomic", 200), ("Replace", 200), ("Replace", 200)]
    assert values(tree)[:2] == ["10", "11"]
    tree = device()
    mixed = ("Replace", [item("./V/a", b"10"), item("./V/none", b"x"), item("./V/b", b"11")])
    said, made = talk([("Atomic", [mixed])], tree)
    assert said == [("Atomic", 507), ("Replace", 216), ("Replace", 404), ("Replace", 215)]
    assert values(tree)[:2] == ["1", "2"]
    assert b"\x6f\x03./V/none\x00" in bytes(made.send)  # TargetRef
    # Without Atomic each Item is for itself.
    said, made = talk([mixed], device())
    assert said == [("Replace", 200), ("Replace", 404), ("Replace", 200)]


def test_answers_that_do_not_fit_one_message():
    def children(count):
        return [("Atomic", [replace("a", b"%d" % i) for i in range(count)])]

    # They fit a message, but not this one: behind a long listing.
    tree = device()
    listing = ("Get", [item("./DevDetail?list=StructData")])
    said, made = talk([listing] + children(15), tree, send=1400)
    while ("Atomic", 200) not in said:
        assert value(tree, b"./V/a") == "1"
        said += go_on(made)
    assert len([pair for pair in said if pair == ("Replace", 200)]) == 15
    assert on_flash()[0] == b"14"
    # They fit none: nothing is done.
    tree = device()
    said, made = talk(children(30), tree, send=1000)
    for _ in range(5):
        if made.reader.final:
            break
        said += go_on(made)
    said = [pair for pair in said if pair[0] != "Alert"]
    assert said == [("Atomic", 517)] + [("Replace", 215)] * 30
    assert on_flash()[0] == b"1"


def test_a_package_delivered_in_an_atomic():
    place = "./SCOMO/Inventory/Delivered/x"
    for good in (True, False):
        tree = prepared()
        tree.nodes.set("?SCOMO", b"Add=srv&Delete=srv&Exec=srv&Get=srv&Replace=srv")
        old = [
            ("Add", [item(place, None, "node"), item(place + "/Data", b"old", "bin")]),
        ]
        said, _ = talk(old, tree)
        assert [code for _, code in said] == [200, 200]
        package = tree.nodes.get("SCOMO/Inventory/Delivered/x/Data")
        path = store.package_path(int(package))
        said, _ = talk(
            [
                (
                    "Atomic",
                    [
                        ("Replace", [item(place + "/Data", b"new", "bin")]),
                        ("Add", [item(place + "/PkgID", b"a" * (3 if good else 300))]),
                    ],
                )
            ],
            tree,
        )
        assert said[0] == ("Atomic", 200 if good else 507)
        now = tree.nodes.get("SCOMO/Inventory/Delivered/x/Data")
        assert (now == package) == (not good)
        # The one that counts is there, the other one is not.
        assert os.listdir(uscomo_boot.ROOT + "/d") == [now.decode()]
        with open(store.package_path(int(now)), "rb") as file:
            assert file.read(9) == (b"new" if good else b"old")
        assert path


def test_what_cannot_be_taken_back_is_not_in_it():
    tree = prepared()
    mode = ("Replace", [item("./SCOMO/Ext/SafeMode", b"0")])
    said, _ = talk([("Atomic", [mode])], tree)
    assert said == [("Atomic", 507), ("Replace", 403)]
    said, _made = talk([mode], tree)
    assert said == [("Replace", 200)]
    assert not [mounted for _, mounted in tree.mounts if getattr(mounted, "held", False)]


def test_a_nonce_written_in_an_atomic():
    # The kept nonce's file goes with the commit, or stays.
    from uscomo import dmacc

    for good in (True, False):
        tree = prepared()
        tree.nodes.set("DMAcc/main/AppAuth/1/AAuthLevel", b"CLCRED")
        tree.nodes.set("DMAcc/main/AppAuth/1/AAuthType", b"DIGEST")
        tree.nodes.set("DMAcc/main/AppAuth/1/AAuthData", b"first")
        tree.nodes.commit()
        account = dmacc.Account(tree.nodes, "main")
        account.client_nonce = b"kept"
        account.save_nonces()
        nonce = item("./DMAcc/main/AppAuth/1/AAuthData", b"other", "bin")
        then = [] if good else [("Delete", [item("./V/none")])]
        said, _ = talk([("Atomic", [("Replace", [nonce])] + then)], tree)
        assert said[0] == ("Atomic", 200 if good else 507)
        assert dmacc.Account(Nodes(Store()), "main").client_nonce == (
            b"other" if good else b"kept"
        )


def test_a_full_flash_ends_the_session_with_nothing_done():
    tree = device()

    def commit():
        raise OSError(28)

    tree.nodes.commit = commit
    said, made = talk([("Atomic", [replace("a", b"10")])], tree)
    # Not a word of what did not happen, but that the session is over.
    assert said == [] and [bytes(c.data) for c in made.sent] == [b"1223"]
    assert made.reader.final and made.session.outcome == 4
    assert on_flash()[0] == b"1"
    assert made.say(lambda writer: made.accept(writer, 200)) is None


def test_the_server_gives_the_session_up_inside():
    tree = device()
    said, made = talk([("Atomic", [("Alert", 1223)]), replace("a", b"10")], tree)
    assert said == [] and made.session.outcome == 4
    assert values(tree)[0] == "1"


def test_a_node_gets_another_name_inside():
    old = "./SCOMO/Download/p"
    rights = b"Add=srv&Get=*&Replace=srv"
    for good in (True, False):
        tree = prepared()
        assert tree.add(old.encode() + b"/PkgURL", "chr", "", b"http://x/1") == 200
        assert tree.replace(old.encode() + b"?prop=ACL", "", "", rights) == 200
        tree.commit()
        new = old[:-1] + "q"
        children = [
            ("Replace", [item(old + "?prop=Name", b"q")]),
            ("Replace", [item(new + "/PkgURL", b"http://x/2")]),
            ("Copy", [item(new + "/Name", source=new + "/PkgURL")]),
            ("Add", [item(old, None, "node")]),
            ("Replace", [item((new if good else old) + "/PkgURL", b"http://x/3")]),
        ]
        said, _ = talk([("Atomic", children)], tree)
        assert said[0] == ("Atomic", 200 if good else 507)
        tree = prepared_again()
        if good:
            assert value(tree, b"./SCOMO/Download") == "p/q"
            assert value(tree, new.encode() + b"/PkgURL") == "http://x/3"
            assert value(tree, new.encode() + b"/Name") == "http://x/2"
            assert value(tree, new.encode() + b"?prop=ACL") == rights.decode()
            assert value(tree, old.encode() + b"?prop=ACL") == ""
        else:
            assert value(tree, b"./SCOMO/Download") == "p"
            assert value(tree, old.encode() + b"/PkgURL") == "http://x/1"
            assert value(tree, old.encode() + b"?prop=ACL") == rights.decode()


def test_base64_inside_is_read_once():
    # It is decoded where it lies, and the message is read twice: a NUL must not end a string.
    tree = device()
    data = item("./V/a", b"AAAAAAAAAAAAAAAAAAAAAAAA" * 4, "b64")
    said, _ = talk([("Atomic", [("Replace", [data]), replace("b", b"8")])], tree)
    assert said == [("Atomic", 200), ("Replace", 200), ("Replace", 200)]
    assert on_flash()[:2] == [bytes(72), b"8"]


def test_copy():
    tree = device()
    copies = [item("./V/b", source="./V/a"), item("./V/new", source="./DevInfo/Man")]
    said, _ = talk([("Copy", copies)], tree)
    assert [code for _, code in said] == [200, 200]
    assert values(tree) == ["1", "1", value(tree, b"./DevInfo/Man")]
    # Later changes are each its own.
    talk([replace("a", b"5")], tree)
    assert values(tree)[:2] == ["5", "1"]
    for target, source, code in (
        ("./V/b", "./V/none", 404),
        ("./V/b", "./V/n", 405),
        ("./V/n", "./V/a", 405),
        ("./DevInfo/Man", "./V/a", 405),
        ("./V/b", "./V/p", 425),
        ("./V/p", "./V/a", 425),
        ("./V/b", "./V/a?prop=Format", 405),
        ("./V/b", None, 400),
        ("./V/b", "./DMAcc/main/AppAuth/1/AAuthSecret", 405),
    ):
        said, _ = talk([("Copy", [item(target, source=source)])], tree)
        assert said == [("Copy", code)], (target, source, said)


def test_an_element_that_is_no_command():
    said, _made = talk(
        [("?", [item("./V/a")]), ("Put", [item("./V/a")]), ("Get", [item("./V/a")])]
    )
    assert said == [("Unknown", 501), ("Put", 501), ("Get", 200)]
