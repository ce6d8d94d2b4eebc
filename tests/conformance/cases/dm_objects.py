"""DMC and DMT: standard objects, bootstrap, user interaction, DDF (oma-dm.md 9, 11, 14, 15)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5
from pathlib import Path

from lxml import etree

from uscomo_tools.device.bootstrap import letter
from uscomo_tools.device.ddf import DTD, describe
from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.message import Command, Item
from uscomo_tools.syncml.tables import DDF

from ..bench import DEVICE_ID, Bench, Device, check, signing_key
from ..registry import case
from ..server import SERVER_ID, Session, get, leaf, sequence
from .dm_tree import DMC, DMT, codes, document, value

ACCOUNT = "./DMAcc/main"


def tree(device: Device, uri: str) -> dict[str, Item]:
    """Everything below a node, as a server lists it."""
    listing = get(f"{uri}?list=StructData")
    return codes(device, (listing, 200)).results(listing)


def alert(code: int, options: str, *texts: str) -> Command:
    """A UI alert: options, then its texts."""
    return Command(
        "Alert", data=str(code), items=[Item(data=t.encode()) for t in (options, *texts)]
    )


def answers(session: Session, command: Command) -> list[str]:
    """What the Status of an alert has for Items."""
    place = session.places[id(command)]
    (status,) = [s for s in session.commands("Status") if (s.msg_ref, s.cmd_ref) == place]
    return [(item.data or b"").decode() for item in status.items]


@case("DMC-22", "DevInfo, DevDetail, DMAcc", f"{DMC}; 9.1-9.3")
def standard_objects(bench: Bench) -> None:
    device = bench.device(user="u", password="p", auth="basic")
    found = {uri: (i.data or b"").decode() for uri, i in tree(device, ".").items()}
    for leaf_name in ("DevId", "Man", "Mod", "DmV", "Lang"):
        assert found[f"./DevInfo/{leaf_name}"], leaf_name
    check(found["./DevInfo/DevId"], DEVICE_ID)
    for leaf_name in ("DevTyp", "OEM", "FwV", "SwV", "HwV"):
        assert found[f"./DevDetail/{leaf_name}"], leaf_name
    check(found["./DevDetail/LrgObj"], "true")
    limits = [found[f"./DevDetail/URI/{name}"] for name in ("MaxDepth", "MaxTotLen", "MaxSegLen")]
    check(limits, ["12", "127", "64"])
    check(found[f"{ACCOUNT}/AppID"], "w7")
    check(found[f"{ACCOUNT}/ServerID"], SERVER_ID)
    check(found[f"{ACCOUNT}/AppAddr/1/Addr"], device.server.url + "/dm")
    check(found[f"{ACCOUNT}/AppAuth/1/AAuthLevel"], "CLCRED")
    secrets = [uri for uri in found if uri.endswith(("AAuthSecret", "AAuthData"))]
    check(secrets, [])
    codes(device, (get(f"{ACCOUNT}/AppAuth/1/AAuthSecret"), 405))


def account_document(kind: str, name: str = "new", **leaves: str) -> bytes:
    """A TNDS document with an account."""
    values = {"AppID": "w7", "ServerID": "new.example", **leaves}
    top = _node(name, "node", "DDFName", kind)
    top.children += [_leaf(key, text) for key, text in values.items()]
    address = _node("AppAddr", "node")
    first = _node("1", "node")
    first.children.append(_leaf("Addr", "http://127.0.0.1:1/new"))
    address.children.append(first)
    top.children.append(address)
    root = Element(DDF, "MgmtTree", children=[Element(DDF, "VerDTD", b"1.2"), top])
    return wbxml_document.encode(root)


def _node(name: str, form: str, kind: str = "", text: str = "") -> Element:
    known = [Element(DDF, "Format", children=[Element(DDF, form)])]
    if kind:
        named = [Element(DDF, kind, text.encode())]
        known.append(Element(DDF, "Type", children=named))
    properties = Element(DDF, "RTProperties", children=known)
    return Element(DDF, "Node", children=[Element(DDF, "NodeName", name.encode()), properties])


def _leaf(name: str, text: str) -> Element:
    made = _node(name, "chr", "MIME", "text/plain")
    made.children.append(Element(DDF, "Value", text.encode()))
    return made


@case("DMC-23", "Inbox", f"{DMC}; 9.4")
def inbox(bench: Bench) -> None:
    device = bench.device()
    data = account_document("urn:oma:mo:oma-dm-dmacc:1.0")
    read = get("./DMAcc/new/ServerID")
    session = codes(
        device,
        (get("./Inbox"), 405),
        (document(data), 200),
        (get("./Inbox/new"), 404),
        (read, 200),
        (document(account_document("urn:oma:mo:oma-fumo:1.0", ServerID="x")), 405),
        (leaf("Add", "./Inbox/x", "x"), 405),
    )
    check(value(session, read), "new.example")


@case("DMC-24", "UI alerts 1100 to 1104", f"{DMC}; 3.3")
def ui_alerts(bench: Bench) -> None:
    device = bench.device({"consent": "console"})
    wanted = [
        alert(1100, "MINDT=1", "Hello"),
        alert(1101, "", "Agreed?"),
        alert(1102, "", "Your name"),
        alert(1103, "", "Which", "red", "green"),
        alert(1104, "", "Which", "red", "green", "blue"),
    ]
    run = device.run(*([command] for command in wanted), typed="y\nJoe\n2\n1,3\n")
    session = run.sessions[0]
    check([session.status(command) for command in wanted], [200] * 5)
    check([answers(session, command) for command in wanted], [[], [], ["Joe"], ["2"], ["1", "3"]])
    assert any("Hello" in line for line in run.printed), run.printed


def fresh(bench: Bench, **settings: str) -> Device:
    """A device without an account, with a network's secret."""
    return bench.device({"network_id": "n-1", **settings}, account="", url="")


def invitation(bench: Bench, pin: str = "1234", network_id: str = "", **fields: str) -> bytes:
    """A bootstrap message for this server."""
    usual = {"auth": "none", "server_auth": "none", "server_id": SERVER_ID}
    spec = DeviceSpec(
        device_id=DEVICE_ID,
        url=bench.server.url + "/dm",
        **{**usual, **fields},  # type: ignore[arg-type]
    )
    return letter(spec, "dm", pin, network_id)


def contents(folder: Path) -> dict[str, bytes]:
    """A device's flash, but for the record, which counts its starts."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in files if path.name != "record"}


@case("DMC-28", "Bootstrap: NETWORKID and USERPIN MAC, no response", f"{DMC}; 11")
def bootstrap_macs(bench: Bench) -> None:
    for pin, network_id in (("1234", ""), ("", "n-1"), ("1234", "n-1")):
        device = fresh(bench)
        letter = invitation(bench, pin, network_id)
        requests = len(bench.server.requests)
        # The device rests, nobody asks it for anything: the first that is heard is package 1.
        run = device.run(ask=None, bootstrap=(letter, pin))
        assert "bootstrapped ['main']" in run.printed, run.printed
        first = run.sessions[0].received[0]
        check((first.header.msg_id, first.commands[0].data), ("1", "1201"))
        check([c.name for c in first.commands], ["Alert", "Replace"])
        assert len(bench.server.requests) > requests, "no session"


@case("DMC-29", "A DDF is published for the device", f"{DMC}; 7.5")
def ddf(bench: Bench) -> None:
    text = etree.fromstring(describe("1.0"))
    dtd = etree.DTD(DTD.open())
    assert dtd.validate(text), dtd.error_log
    described = set()

    def walk(node: etree._Element, above: str) -> None:
        name = above + "/" + (node.findtext("{*}NodeName") or "*")
        described.add(name)
        for child in node.findall("{*}Node"):
            walk(child, name)

    for node in text.findall("{*}Node"):
        walk(node, ".")
    # What a device has is what is described.
    device = bench.device(user="u", password="p", auth="md5", server_auth="none")
    names = {"main", "1"} | {key.public.key_id for key in (signing_key("trusted"),)}
    for uri in tree(device, "."):
        path = "/".join("*" if part in names else part for part in uri.split("/"))
        assert path == "." or path in described, f"{uri} is not described"


@case("DMT-27", "UI alerts: all options, 408, 214, 406, 416", f"{DMT}; 3.3")
def ui_options(bench: Bench) -> None:
    device = bench.device({"consent": "console"})
    wanted: list[tuple[Command, int, list[str]]] = [
        (alert(1101, "MINDT=1&MAXDT=20&DR=1", "Default?"), 200, []),
        (alert(1101, "DR=0", "Default?"), 304, []),
        (alert(1102, "DR=John+Doe", "Name"), 200, ["John Doe"]),
        (alert(1102, "MAXLEN=4", "Short"), 200, ["abcd"]),
        (alert(1102, "IT=D&ET=P", "Day"), 200, ["24121970"]),
        (alert(1102, "IT=I", "Address"), 200, ["192.0.2.1"]),
        (alert(1103, "DR=2", "Which", "a", "b"), 200, ["2"]),
        (alert(1104, "DR=1-2", "Which", "a", "b", "c"), 200, ["1", "2"]),
        (alert(1102, "Colour=red&MAXLEN=x", "Any"), 200, ["any"]),
        (alert(1100, "", "x" * 201), 416, []),
        (alert(1103, "", "Which"), 412, []),
    ]
    typed = "\n\n\nabcde\nabcd\n31130000\n24121970\n192.0.2.1\n\n\nany\n"
    run = device.run(*([command] for command, _, _ in wanted), typed=typed)
    session = run.sessions[0]
    found = [(session.status(c), answers(session, c)) for c, _, _ in wanted]
    check(found, [(code, texts) for _, code, texts in wanted])
    # Cancelled: what follows in the message is not executed; time-out; nobody to ask.
    cancelled, after = alert(1102, "", "Name"), get("./DevInfo/Man")
    late = alert(1102, "MAXDT=1", "Name")
    session = device.run([cancelled, after], [late], typed="!\n").sessions[0]
    check([session.status(command) for command in (cancelled, after, late)], [214, 215, 408])
    no, skipped = alert(1101, "", "Go on?"), get("./DevInfo/Man")
    run = device.run([sequence(no, skipped)], typed="n\n")
    check([run.sessions[0].status(command) for command in (no, skipped)], [304, 215])
    silent = bench.device({"consent": "none"})
    for code in range(1100, 1105):
        codes(silent, (alert(code, "DR=1", "text", "a", "b"), 406))


@case("DMT-31", "Bootstrap: MAC, PIN, TNDS into Inbox, no reply, session", f"{DMT}; 11, 9.4")
def bootstrap(bench: Bench) -> None:
    device = fresh(bench)
    good = invitation(bench, "1234", "n-1")
    before = contents(device.root)
    requests = len(bench.server.requests)
    tampered = good.replace(b"/dm", b"/dn")
    for data, pin in ((good, "1235"), (good, ""), (tampered, "1234"), (good[:-1], "1234")):
        run = device.run(ask=None, bootstrap=(data, pin))
        assert run.printed == ["bootstrap refused: wrong MAC"], run.printed
        check(contents(device.root), before)
    check(len(bench.server.requests), requests)
    device.run(ask=None, bootstrap=(good, "1234"))
    read, acl = get("./DMAcc/main/ServerID"), get("./DMAcc/main?prop=ACL")
    session = codes(device, (read, 200), (acl, 200), (get("./SCOMO/Download"), 200))
    check(value(session, read), SERVER_ID)
    check(value(session, acl), f"Delete={SERVER_ID}&Get={SERVER_ID}&Replace={SERVER_ID}")
    # The second time it is refused, and nothing changes.
    before = contents(device.root)
    run = device.run(ask=None, bootstrap=(good, "1234"))
    assert run.printed == ["bootstrap refused: not accepted"], run.printed
    check(contents(device.root), before)


@case("DMT-35", "An account with several AppAddr and AppAuth; AAuthPref", f"{DMT}; 9.3")
def several(bench: Bench) -> None:
    # The first address is out of order, the second one answers. Of three credentials one is of a
    # kind that the device does not have, and the last is preferred.
    nodes = {
        "DMAcc/main/AppAddr/1/Addr": "http://127.0.0.1:1/dm",
        "DMAcc/main/AppAddr/2/Addr": "127.0.0.1/dm",
        "DMAcc/main/AppAddr/2/AddrType": "IPv4",
        "DMAcc/main/AppAddr/2/Port/1/PortNbr": bench.server.url.rpartition(":")[2],
        "DMAcc/main/AAuthPref": "DIGEST",
    }
    for number, (kind, secret) in enumerate((("X509", "x"), ("BASIC", "b"), ("DIGEST", "d")), 1):
        place = f"DMAcc/main/AppAuth/{number}/"
        nodes |= {place + "AAuthLevel": "CLCRED", place + "AAuthType": kind}
        nodes |= {place + "AAuthName": "user", place + "AAuthSecret": secret}
    device = bench.device(nodes=nodes)
    credentials = []
    for preferred in ("DIGEST", "BASIC", ""):
        change = leaf("Replace", f"{ACCOUNT}/AAuthPref", preferred)
        device.run([change])
        found = device.run().sessions[0].received[0].header.credential
        assert found, "no credential"
        credentials.append((found.type, found.data))
    basic = "syncml:auth-basic", b64encode(b"user:b")
    hashed = b64encode(md5(b"user:d").digest()) + b":"
    digest = "syncml:auth-md5", b64encode(md5(hashed).digest())
    check(credentials, [digest, basic, basic])
