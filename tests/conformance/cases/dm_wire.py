"""DMT: how messages are written (oma-dm.md 1.1 and 12, wbxml-syncml.md 6)."""

from __future__ import annotations

from base64 import b64decode

from lxml import etree

from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.message import Encoding, Message, Meta

from ..bench import Bench, Device, check, package
from ..credentials import ACCOUNT, Guard
from ..registry import case
from ..server import Session, chunks, get, leaf, sequence
from .dm_tree import DMT, TNDS, codes, replace, value
from .dmc import DATA, PACKAGE, send_large

NOT_UNDERSTOOD = 5  # what the device's process ends with
PACKAGE_1 = ["Alert", "Replace"]
DOCTYPE = b'<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "http://h/x.dtd">'
FPI = b"-//SYNCML//DTD SyncML 1.2//EN"
#: A value with all that XML has its own way with.
TEXT = " <a> & 'b' \"c\"\n\t]]> \xe4\u20ac\U0001f600 "


@case("DMT-33", "WBXML and XML, mixed; quirks of the wire", f"{DMT}; wbxml-syncml.md 6")
def wire(bench: Bench) -> None:
    mixed(bench)
    octets(bench)
    limits(bench)
    credentials(bench)
    quirks_of_xml(bench)
    quirks_of_wbxml(bench)


def mixed(bench: Bench) -> None:
    """An answer is taken in either; what is sent, is what the account wants."""

    def other(session: Session, asked: Encoding) -> Encoding:
        return "wbxml" if asked == "xml" else "xml"

    def by_turns(session: Session, asked: Encoding) -> Encoding:
        return "xml" if len(session.sent) % 2 else "wbxml"

    for speaks in (lambda session, asked: asked, by_turns, other):
        bench.server.speaks = speaks
        session = work(bench.device(encoding="xml"))
        check(set(bench.server.encodings), {"xml"})
        check(len(session.sent), 4)
        bench.server.encodings.clear()
    # Who did not ask for XML does not understand it.
    run = bench.device().run([get("./DevInfo/Man")])
    check((run.exit, set(bench.server.encodings)), (NOT_UNDERSTOOD, {"wbxml"}))
    bench.server.encodings.clear()
    bench.server.speaks = lambda session, asked: asked
    # The server may change its account's mind.
    device = bench.device()
    form = "./DMAcc/main/Ext/Form"
    codes(device, (replace(form, "xml"), 200), (replace(form, "json"), 415))
    codes(device, (replace(form, "wbxml"), 200))
    work(device)
    counted = [list(bench.server.encodings).count(name) for name in ("wbxml", "xml")]
    check(counted, [3 + 4, 2])
    bench.server.encodings.clear()


def work(device: Device) -> Session:
    """What servers do, in three messages."""
    place = device.uri("Download/p1")
    made = [leaf("Add", place), leaf("Add", f"{place}/Description", TEXT)]
    read, absent = get(f"{place}/Description"), get(f"{place}/Absent")
    rest = sequence(replace(f"{place}/Description", ""), get(f"{place}/Description"))
    session = device.run(made, [read, absent], [rest]).sessions[0]
    check([session.status(c) for c in (*made, read, absent, rest)], [200, 200, 200, 404, 200])
    check(value(session, read), TEXT)
    check(value(session, rest.children[1]), "")
    return session


def octets(bench: Bench) -> None:
    """Octets are the same after they were base64 on their way, in parts or in one."""
    device = bench.device(encoding="xml")
    data = package("one", noise=3000)
    node = leaf("Add", DATA.rpartition("/")[0])
    # Base64 that a server makes of each part is one text where all but the last are whole.
    parts = list(chunks(DATA, data, 999, len(data), PACKAGE))
    (session,) = device.run([node], *parts).sessions
    statuses = [session.status(turn.commands[0]) for turn in parts]
    check(statuses, [213] * (len(parts) - 1) + [200])
    stored = [path for path in (device.root / "d").rglob("*") if path.is_file()]
    check([path.read_bytes() == data for path in stored], [True])
    # And up: a document in octets, in one message and in several.
    listed = []
    for encoding, limit in (("wbxml", None), ("xml", None), ("xml", 2600)):

        def announce(session: Session, reply: Message, size: int | None = limit) -> None:
            reply.header.meta = Meta(max_msg_size=size) if size else None

        bench.server.shape = announce
        read = get("./DMAcc/main/AppAuth?list=TNDS")
        device = bench.device(encoding=encoding, auth="md5", **ACCOUNT)
        session = codes(device, (read, 200))
        bench.server.shape = lambda session, reply: None
        place = session.places[id(read)]
        items = [
            item
            for results in session.commands("Results")
            if (results.msg_ref, results.cmd_ref) == place
            for item in results.items
        ]
        assert items[0].meta
        check((items[0].meta.type, len(items) > 1), (TNDS, limit is not None))
        data = b"".join(item.data or b"" for item in items)
        if encoding == "xml":
            check({item.meta and item.meta.format for item in items}, {"b64"})
            # One text, wherever it was cut; Size counts what is carried.
            check(items[0].meta.size, len(data) if limit else None)
            data = b64decode(data, validate=True)
        listed.append(wbxml_document.decode(data))
    check(listed[1:], [listed[0], listed[0]])


def limits(bench: Bench) -> None:
    """A server's limit is kept in the octets that it counts."""
    send_large(bench, 2600, encoding="xml")

    def announce(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=2000)

    before = len(bench.server.requests)
    bench.server.shape = announce
    listing = get("./DMAcc?list=StructData")
    (session,) = bench.device(encoding="xml").run([listing]).sessions
    bench.server.shape = lambda session, reply: None
    posts = [body for method, _, body in bench.server.requests[before:] if method == "POST"]
    assert all(len(body) <= 2000 for body in posts[1:]), [len(body) for body in posts]
    assert len(posts) > 4
    assert "./DMAcc/main/ServerID" in session.results(listing)


def credentials(bench: Bench) -> None:
    """Challenges go both ways; what proves a message proves its octets, which are WBXML then."""
    nothing = bench.server.judge, bench.server.shape
    bench.server.encodings.clear()
    guard = Guard(bench.server, auth="md5", server_auth="md5", nonce=b"unknown", silent=1)
    device = bench.device(encoding="xml", auth="md5", server_auth="md5", **ACCOUNT)
    work_of = get("./DevInfo/Man")
    (session,) = device.run([work_of]).sessions
    check(session.status(work_of), 200)
    check((guard.codes[:2], set(bench.server.encodings)), ([401, 212], {"xml"}))
    bench.server.encodings.clear()
    guard = Guard(bench.server, auth="mac", server_auth="mac")
    device = bench.device(encoding="xml", auth="mac", server_auth="mac", **ACCOUNT)
    (session,) = device.run([get("./DevInfo/Man")]).sessions
    check((guard.codes, set(bench.server.encodings)), ([200, 200], {"wbxml"}))
    bench.server.judge, bench.server.shape = nothing
    bench.server.beside = lambda body: {}


def quirks_of_xml(bench: Bench) -> None:
    """Documents of all styles; never one that defines what it means by itself."""

    def bare(body: bytes) -> bytes:
        return body.partition(b"?>\n")[2]

    def prefixed(body: bytes) -> bytes:
        root = etree.fromstring(body)
        named = etree.Element("{SYNCML:SYNCML1.2}SyncML", nsmap={"s": "SYNCML:SYNCML1.2"})
        named.extend(list(root))
        etree.cleanup_namespaces(named)
        text: bytes = etree.tostring(named)
        return text

    styles = (
        bare,
        prefixed,
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body + b"\r\n<!-- padding -->",
        lambda body: b'<?xml version="1.0"?>\r\n' + DOCTYPE + b"<!-- > -->" + bare(body),
        lambda body: bare(body).replace(b"><", b">\r\n  <"),
        lambda body: bare(body).replace(b"Man</", b"Ma<![CDATA[n]]></"),
        lambda body: bare(body).replace(b"Man</", b"&#77;&#x61;<?x y?>n<!-- - --></"),
        lambda body: bare(body).replace(b"<Get>", b"<What>a<Ever/>b</What><Get a='>'>"),
    )
    for number, style in enumerate(styles):
        bench.server.spoil = lambda session, body, style=style: style(body)
        read = get("./DevInfo/Man")
        (session,) = bench.device(encoding="xml").run([read]).sessions
        check((number, session.values(read)), (number, {"./DevInfo/Man": "uscomo"}))
    entity = b"<!DOCTYPE SyncML [<!ENTITY m 'Man'>]>"
    refused = (
        lambda body: entity + bare(body).replace(b"Man</", b"&m;</"),
        lambda body: bare(body).replace(b"Man</", b"&m;</"),
        lambda body: bare(body).replace(b"</SyncBody>", b"</SyncHdr>"),
        lambda body: bare(body)[:-20],
        lambda body: body.replace(b"UTF-8", b"ISO-8859-1"),
    )
    for spoiled in refused:
        bench.server.spoil = lambda session, body, spoiled=spoiled: spoiled(body)
        run = bench.device(encoding="xml").run([get("./DevInfo/Man")])
        # Package 1, and no word about what came.
        check([c.name for m in run.sessions[0].received for c in m.commands], PACKAGE_1)
    bench.server.spoil = lambda session, body: body
    # A tree in a value that is not escaped is what an inline tree of WBXML is.
    device = bench.device(encoding="xml")
    document = leaf("Add", "./Inbox", "TREE", "xml", type=TNDS)
    tree = b"<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD></MgmtTree>"
    bench.server.spoil = lambda session, body: body.replace(b"TREE", tree)
    (session,) = device.run([document, get("./DevInfo/Man")]).sessions
    check(session.status(document), 415)
    bench.server.spoil = lambda session, body: body


def quirks_of_wbxml(bench: Bench) -> None:
    """What handsets' and servers' encoders do (wbxml-syncml.md 6, Q3, Q5, Q6, Q7, Q8, Q15)."""
    root = b"\x6d\x6c"
    styles = (
        lambda body: b"\x02\0\0\x6a\x1d" + FPI + body[5:],
        lambda body: b"\x03\0\0\x6a\x1e" + FPI + b"\0" + body[5:],
        lambda body: b"\x01\x01\0\0" + body[5:],
        lambda body: b"\x02\xa4\x01\x6a\x11SYNCML:SYNCML1.2\0\xed\x04\x00\x83\x00\x01" + body[6:],
        lambda body: body.replace(root, b"\0\0\x6d\0\0\x6c", 1),
        lambda body: body + b"\0\r\n",
    )
    for number in range(len(styles)):

        def spoil(session: Session, body: bytes, number: int = number) -> bytes:
            assert body.startswith(b"\x02\xa4\x01\x6a\0" + root)
            return styles[number](body)

        bench.server.spoil = spoil
        read = get("./DevInfo/Man")
        (session,) = bench.device().run([read]).sessions
        check((number, session.values(read)), (number, {"./DevInfo/Man": "uscomo"}))
    bench.server.spoil = lambda session, body: body
