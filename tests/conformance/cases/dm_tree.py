"""DMC and DMT: the management tree, its properties, rights and lists (oma-dm.md 6 to 8)."""

from __future__ import annotations

from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.message import Command, Item, Meta

from ..bench import Bench, Device, check
from ..registry import case
from ..server import SERVER_ID, Session, delete, execute, get, leaf

DMC, DMT = "oma-dm.md 14.2", "oma-dm.md 15"
PLACE = "./SCOMO/Download/p"
TNDS = "application/vnd.syncml.dmtnds+wbxml"


def say(device: Device, *commands: Command) -> Session:
    """A session in which the server sends each command in a message of its own."""
    return device.run(*([command] for command in commands)).sessions[0]


def codes(device: Device, *expected: tuple[Command, int]) -> Session:
    """The same, with the Status that each command has to get."""
    session = say(device, *(command for command, _ in expected))
    found = [(c.name, [i.target for i in c.items], session.status(c)) for c, _ in expected]
    check(found, [(c.name, [i.target for i in c.items], code) for c, code in expected])
    return session


def value(session: Session, command: Command) -> str:
    """What a Get of one leaf brought."""
    (text,) = session.values(command).values()
    return text


def copy(source: str, target: str) -> Command:
    return Command("Copy", items=[Item(source=source, target=target)])


def replace(uri: str, text: str) -> Command:
    return leaf("Replace", uri, text)


def prepared(bench: Bench, **nodes: str) -> Device:
    """A device with a download that a server has begun."""
    device = bench.device(nodes=nodes)
    codes(device, (leaf("Add", PLACE), 200), (leaf("Add", f"{PLACE}/PkgURL", "http://h/1"), 200))
    return device


@case("DMC-18", "Tree: properties ACL, Format, Name, Type", f"{DMC}; 7.3")
def properties(bench: Bench) -> None:
    device = prepared(bench)
    expected = {
        f"{PLACE}/PkgURL?prop=ACL": "",
        f"{PLACE}/PkgURL?prop=Format": "chr",
        f"{PLACE}/PkgURL?prop=Name": "PkgURL",
        f"{PLACE}/PkgURL?prop=Type": "text/plain",
        f"{PLACE}?prop=Format": "node",
        "./SCOMO?prop=Type": "urn:oma:mo:oma-scomo:1.0",
        ".?prop=ACL": "Add=*&Get=*",
    }
    wanted = [get(uri) for uri in expected]
    session = codes(device, *((command, 200) for command in wanted))
    found = {uri: text for command in wanted for uri, text in session.values(command).items()}
    check(found, expected)


@case("DMC-19", "Properties Size, Title, TStamp, VerNo", f"{DMC}; 7.3")
def more_properties(bench: Bench) -> None:
    device = prepared(bench)
    uri = f"{PLACE}/PkgURL"
    size, before = get(uri + "?prop=Size"), get(uri + "?prop=VerNo")
    session = codes(device, (size, 200), (before, 200), (replace(uri, "http://h/22"), 200))
    check(value(session, size), "10")
    codes(device, (replace(uri + "?prop=Title", "Where it is"), 200))
    title, after, stamp = (get(f"{uri}?prop={name}") for name in ("Title", "VerNo", "TStamp"))
    session = codes(device, (title, 200), (after, 200), (stamp, 200))
    check(value(session, title), "Where it is")
    # A value and a title have changed since it was asked for.
    check(value(session, after), "2")
    text = value(session, stamp)
    check((len(text), text[8], text[15]), (16, "T", "Z"))


@case("DMC-20", "ACL: inheritance and checks", f"{DMC}; 8.2")
def inheritance(bench: Bench) -> None:
    device = prepared(bench, **{"?DevInfo": "Get=*"})
    codes(
        device,
        (replace("./SCOMO/Download?prop=ACL", "Get=other"), 200),
        (get("./SCOMO/Download"), 425),
        # Inherited, whatever is above the nearest ACL.
        (get(f"{PLACE}/PkgURL"), 425),
        (leaf("Add", "./SCOMO/Download/q"), 425),
        (replace(f"{PLACE}/PkgURL", "x"), 425),
        (delete(PLACE), 425),
        (get("./SCOMO/Inventory"), 200),
        (get("./DevInfo/DevId"), 200),
        (replace("./SCOMO/Download?prop=ACL", f"Get={SERVER_ID}"), 200),
        (get(f"{PLACE}/PkgURL"), 200),
    )


@case("DMC-21", "?list=Struct, StructData, TNDS", f"{DMC}; 6.2")
def lists(bench: Bench) -> None:
    device = prepared(bench)
    struct, data, tnds = (get(f"{PLACE}?list={name}") for name in ("Struct", "StructData", "TNDS"))
    session = codes(device, (struct, 200), (data, 200), (tnds, 200), (get("./SCOMO?list=X"), 406))
    found = session.results(struct)
    assert found[f"{PLACE}/PkgURL"].data is None, "Struct with data"
    check(found[PLACE].meta and found[PLACE].meta.format, "node")
    check(session.values(data)[f"{PLACE}/PkgURL"], "http://h/1")
    check(nodes_of(session, tnds)["p/PkgURL"]["Value"], "http://h/1")


def nodes_of(session: Session, command: Command) -> dict[str, dict[str, str]]:
    """A document's nodes: by path, what is said of each."""
    (item,) = session.results(command).values()
    assert item.meta, "no Meta"
    check((item.meta.format, item.meta.type), ("xml", TNDS))
    found: dict[str, dict[str, str]] = {}

    def walk(node: Element, above: str) -> None:
        told: dict[str, str] = {}
        name = above + text_of(node, "NodeName")
        found[name] = told
        known = node.find("RTProperties")
        for child in known.children if known else ():
            inside = child.children[0] if child.children else child
            told[child.name] = inside.text.decode() or inside.name
        for child in node.children:
            if child.name == "Node":
                walk(child, name + "/")
            elif child.name == "Value":
                told["Value"] = child.text.decode()

    root = wbxml_document.decode(item.data or b"")
    check((root.name, text_of(root, "VerDTD")), ("MgmtTree", "1.2"))
    for child in root.children:
        if child.name == "Node":
            walk(child, "")
    return found


def text_of(element: Element, name: str) -> str:
    found = element.find(name)
    return found.text.decode() if found else ""


@case("DMC-30", "405 for permanent, root and protected nodes; 404, 418, 425", f"{DMC}; 3, 7")
def refusals(bench: Bench) -> None:
    device = prepared(bench)
    codes(
        device,
        (delete("."), 405),
        (delete("./DevInfo"), 405),
        (replace("./DevInfo/DevId", "x"), 405),
        (replace("./DevInfo?prop=Name", "x"), 405),
        (leaf("Add", "./DevInfo/x", "x"), 405),
        (delete(f"{PLACE}/Status"), 405),
        (get("./Nothing"), 404),
        (delete("./SCOMO/Download/q"), 404),
        (leaf("Add", PLACE), 418),
        (replace(".?prop=ACL", "Add=*"), 425),
    )


@case("DMT-08", "Get ?prop= each; unsupported 406; Replace on ?prop=Size 405", f"{DMT}; 7.3")
def each_property(bench: Bench) -> None:
    device = prepared(bench)
    uri = f"{PLACE}/PkgURL?prop="
    names = ("ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo")
    codes(device, *((get(uri + name), 200) for name in names))
    unchangeable = ("Format", "Size", "TStamp", "Type", "VerNo")
    codes(
        device,
        (get(uri + "Colour"), 406),
        (get(f"{PLACE}?prop=Size"), 406),
        (replace(uri + "Colour", "red"), 406),
        *((replace(uri + name, "1"), 405) for name in unchangeable),
        (leaf("Add", uri + "Title", "x"), 405),
        (delete(uri + "Title"), 405),
    )


@case("DMT-09", "?list=Struct, StructData, TNDS with selection; unsupported 406", f"{DMT}; 6.2")
def selected(bench: Bench) -> None:
    device = prepared(bench, **{"?SCOMO/Download": f"Add={SERVER_ID}&Get={SERVER_ID}"})
    chosen = {"TNDS+Value": {"Value"}, "TNDS-Format-Value": {"Type"}, "TNDS+Type+Format": None}
    wanted = {what: get(f"{PLACE}/PkgURL?list={what}") for what in chosen}
    session = codes(device, *((command, 200) for command in wanted.values()))
    for what, parts in chosen.items():
        told = nodes_of(session, wanted[what])["PkgURL"]
        check(set(told), parts or {"Type", "Format"})
    wrong = ("TNDS+Name", "TNDS-Size", "TNDS+ACL-Type", "TNDS+", "Structure", "")
    codes(device, *((get(f"{PLACE}?list={what}"), 406) for what in wrong))
    codes(device, (get("./Nothing?list=Struct"), 404), (delete(f"{PLACE}?list=Struct"), 405))


@case(
    "DMT-10", "Add: leaf, interior, 418, under a leaf, implicit parents, 414, 420", f"{DMT}; 3.1"
)
def add(bench: Bench) -> None:
    device = bench.device()
    deep = "./SCOMO/Download/q/PkgURL"
    names = get("./SCOMO/Download")
    session = codes(
        device,
        (leaf("Add", PLACE), 200),
        (leaf("Add", f"{PLACE}/Name", "n"), 200),
        (leaf("Add", PLACE), 418),
        (leaf("Add", f"{PLACE}/Name", "n"), 418),
        (leaf("Add", f"{PLACE}/Name/x", "n"), 405),
        (leaf("Add", deep, "http://h"), 200),
        (names, 200),
    )
    check(value(session, names), "p/q")
    codes(
        device,
        # Each limit that DevDetail announces.
        (leaf("Add", "./SCOMO/Download/" + "n" * 64), 200),
        (leaf("Add", "./SCOMO/Download/" + "n" * 65), 414),
        (leaf("Add", "./SCOMO/Download/" + "/".join("abcdefghijk"), "x"), 414),
        (leaf("Add", "./" + "n" * 62 + "/" + "n" * 63, "x"), 414),
        *((leaf("Add", f"./SCOMO/Download/{i}"), 200) for i in range(5)),
        (leaf("Add", "./SCOMO/Download/9"), 420),
    )
    # As many nodes as there may be at all.
    full = bench.device(nodes={f"x{i}": "" for i in range(512)})
    codes(full, (leaf("Add", PLACE), 420), (leaf("Add", "./DMAcc/x"), 420))


@case("DMT-11", "Replace: ok, 404, a permanent name 405, a rename's clash 418", f"{DMT}; 3.2")
def replaced(bench: Bench) -> None:
    device = prepared(bench)
    read = get("./SCOMO/Download/new/PkgURL")
    session = codes(
        device,
        (replace(f"{PLACE}/PkgURL", "http://h/2"), 200),
        (replace(f"{PLACE}/Name", "x"), 404),
        (replace(PLACE, "x"), 405),
        (replace("./SCOMO?prop=Name", "x"), 405),
        (replace("./DMAcc/main?prop=Name", "x"), 405),
        (leaf("Add", "./SCOMO/Download/q"), 200),
        (replace(f"{PLACE}?prop=Name", "q"), 418),
        (replace(f"{PLACE}?prop=Name", "new"), 200),
        (get(PLACE), 404),
        (read, 200),
    )
    check(value(session, read), "http://h/2")
    # And in the next session.
    check(value(codes(device, (read, 200)), read), "http://h/2")


@case("DMT-12", "Delete: leaf, subtree, root, permanent, protected", f"{DMT}; 3.7")
def deleted(bench: Bench) -> None:
    device = prepared(bench)
    codes(
        device,
        (delete(f"{PLACE}/PkgURL"), 200),
        (get(f"{PLACE}/PkgURL"), 404),
        (delete("."), 405),
        (delete("./SCOMO"), 405),
        (delete("./SCOMO/Download"), 405),
        # Not by itself, with what it lies in it goes.
        (delete(f"{PLACE}/Status"), 405),
        (delete(PLACE), 200),
        (get(f"{PLACE}/Status"), 404),
        (delete(PLACE), 404),
    )


@case("DMT-13", "Copy: leaf to leaf; what is none", f"{DMT}; 3.6")
def copied(bench: Bench) -> None:
    device = prepared(bench)
    target, read = "./SCOMO/Download/q/PkgURL", get("./SCOMO/Download/q/PkgURL")
    session = codes(
        device,
        (copy(f"{PLACE}/PkgURL", target), 200),
        (replace(f"{PLACE}/PkgURL", "http://h/2"), 200),
        (read, 200),
        (copy(PLACE, "./SCOMO/Download/r"), 405),
        (copy("./Nothing", target), 404),
        (copy(f"{PLACE}/PkgURL", "./DevInfo/Man"), 405),
    )
    check(value(session, read), "http://h/1")
    codes(device, (copy(f"{PLACE}/PkgURL", target), 200))
    check(value(codes(device, (read, 200)), read), "http://h/2")


@case("DMT-18", "ACL: Get, Replace, inheritance, leaf rule, after Add, server gone", f"{DMT}; 8")
def acls(bench: Bench) -> None:
    own = f"Add={SERVER_ID}&Get={SERVER_ID}"
    device = bench.device(nodes={"?SCOMO/Download": own, "?SCOMO": f"Get={SERVER_ID}+gone"})
    acl, inherited = get(f"{PLACE}?prop=ACL"), get(f"{PLACE}/PkgURL?prop=ACL")
    session = codes(
        device,
        # Whoever may not replace what lies above gets the rights to finish what it began.
        (leaf("Add", PLACE), 200),
        (acl, 200),
        (leaf("Add", f"{PLACE}/PkgURL", "http://h"), 200),
        (inherited, 200),
        # A leaf's ACL is its parent's matter.
        (replace(f"{PLACE}?prop=ACL", "Get=*"), 200),
        (replace(f"{PLACE}/PkgURL?prop=ACL", "Get=*"), 425),
        (replace(f"{PLACE}/PkgURL", "x"), 425),
        (execute(f"{PLACE}/Operations/Download"), 425),
        (replace("./SCOMO/Download?prop=ACL", "Get=*"), 425),
    )
    rights = dict(entry.split("=") for entry in value(session, acl).split("&"))
    check({name: rights.get(name) for name in ("Add", "Delete", "Replace")}, three_rights())
    check(value(session, inherited), "")
    # A server whose account is closed has no rights any more, anywhere.
    nodes = {
        "DMAcc/gone/ServerID": "gone",
        "DMAcc/gone/AppAddr/1/Addr": "http://127.0.0.1:1/",
        "?DMAcc": f"Delete={SERVER_ID}&Get={SERVER_ID}",
        "?SCOMO": f"Get={SERVER_ID}+gone&Replace=gone",
    }
    device = bench.device(nodes=nodes)
    left = get("./SCOMO?prop=ACL")
    # Its server cannot be reached: the other one's session is what counts.
    run = device.run([delete("./DMAcc/gone")], [left])
    check(value(run.sessions[0], left), f"Get={SERVER_ID}")


def three_rights() -> dict[str, str | None]:
    return dict.fromkeys(("Add", "Delete", "Replace"), SERVER_ID)


def document(data: bytes) -> Command:
    """An Add of a document to the Inbox."""
    return Command(
        "Add", items=[Item(target="./Inbox", meta=Meta(format="xml", type=TNDS), data=data)]
    )
