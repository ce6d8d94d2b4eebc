"""DMC: what a DM client has to have (oma-dm.md, section 14.2), but for the tree."""

from __future__ import annotations

from typing import Any

from lxml import etree

from uscomo_tools.device.tls import Tls
from uscomo_tools.syncml.message import CONTENT_TYPES, Message, Meta
from uscomo_tools.testing.certificates import Authority, Issued

from ..bench import Bench, Run, check, package
from ..credentials import ACCOUNT, USER, Guard, basic, mac, md5
from ..package0 import package_0, port
from ..registry import case
from ..server import Command, Session, Turn, atomic, chunks, delete, get, leaf, sequence
from ..steps import fetch, prepare, start
from ..transport import certificates, time_server

LIST = "oma-dm.md 14.2"
DATA = "./SCOMO/Inventory/Delivered/direct/Data"
UNREACHABLE = 3  # what the device's process ends with
PACKAGE = "application/vnd.uscomo.package+gzip"


@case("DMC-01", "WBXML 1.1 to 1.3 and XML messages of SyncML 1.2, right MIME", f"{LIST}, REP 6.2")
def encoding(bench: Bench) -> None:
    for version in (1, 2, 3):
        bench.server.spoil = lambda session, body, v=version: bytes([v]) + body[1:]
        device = bench.device()
        man = get("./DevInfo/Man")
        (session,) = device.run([man]).sessions
        check(session.status(man), 200)
    # The scripted server answers no other Content-Type; it got WBXML 1.2 of SyncML 1.2 in UTF-8.
    posts = [body for method, _, body in bench.server.requests if method == "POST"]
    assert all(body.startswith(b"\x02\xa4\x01\x6a") for body in posts)
    assert CONTENT_TYPES["wbxml"] == "application/vnd.syncml.dm+wbxml"
    # An account may want XML.
    bench.server.spoil = lambda session, body: body
    before = len(bench.server.requests)
    man = get("./DevInfo/Man")
    (session,) = bench.device(encoding="xml").run([man]).sessions
    check(session.values(man), {"./DevInfo/Man": "uscomo"})
    for _, _, body in bench.server.requests[before:]:
        root = etree.fromstring(body)
        check(root.tag, "{SYNCML:SYNCML1.2}SyncML")
        check(root.getroottree().docinfo.encoding, "UTF-8")
    check(set(bench.server.encodings[-2:]), {"xml"})
    assert CONTENT_TYPES["xml"] == "application/vnd.syncml.dm+xml"


@case("DMC-02", "SyncHdr: VerDTD, VerProto, SessionID, MsgID", f"{LIST}, 1.3")
def header(bench: Bench) -> None:
    device = bench.device()
    (session,) = device.run([get("./DevInfo")], [get("./DevDetail")]).sessions
    for number, message in enumerate(session.received, 1):
        head = message.header
        check((head.ver_dtd, head.ver_proto), ("1.2", "DM/1.2"))
        check(head.msg_id, str(number))
        check(head.session_id, session.received[0].header.session_id)
        check(head.target, bench.server.url + "/dm")
        check(head.source, "urn:uscomo:conformance")
    assert 1 <= len(session.received[0].header.session_id) <= 4
    check(len(session.received), 3)


@case("DMC-03", "Package 1: Alert 1200 or 1201, and DevInfo, in the first message", f"{LIST}, 2.3")
def package_1(bench: Bench) -> None:
    for called, code in ((None, "1201"), ("1F", "1200")):
        nodes = {"~check/main": called} if called else None
        device = bench.device(nodes=nodes)
        (session,) = device.run(ask=None if called else ("check", "", "")).sessions
        first = session.received[0]
        check([c.name for c in first.commands], ["Alert", "Replace"])
        check(first.commands[0].data, code)
        about = {item.source: item.data for item in first.commands[1].items}
        names = {f"./DevInfo/{name}" for name in ("DevId", "Man", "Mod", "DmV", "Lang")}
        assert set(about) >= names, sorted(about)
        assert all(about.values()), about
        assert first.final


@case("DMC-04", "Receives Add, Delete, Get, Replace, Sequence", f"{LIST}, 3")
def commands(bench: Bench) -> None:
    device = bench.device()
    place = device.uri("Download/p1")
    inner = [leaf("Add", place), leaf("Add", f"{place}/PkgID", "a")]
    whole = sequence(*inner)
    changed = leaf("Replace", f"{place}/PkgID", "b")
    read = get(f"{place}/PkgID")
    gone = delete(place)
    (session,) = device.run([whole, changed, read, gone]).sessions
    check([session.status(c) for c in (whole, *inner, changed, read, gone)], [200] * 6)
    check(session.values(read), {f"{place}/PkgID": "b"})
    check(device.tree("Download"), {})


@case("DMC-05", "Atomic", f"{LIST}, 3.4")
def atomics(bench: Bench) -> None:
    device = bench.device()
    place = device.uri("Download/p1")
    good = [leaf("Add", place), leaf("Add", f"{place}/PkgID", "a")]
    bad = [leaf("Replace", f"{place}/PkgID", "b"), delete(f"{place}/Name"), delete(place)]
    first, second = atomic(*good), atomic(*bad)
    (session,) = device.run([first, second]).sessions
    check([session.status(c) for c in (first, *good)], [200, 200, 200])
    check([session.status(c) for c in (second, *bad)], [507, 216, 404, 215])
    check(device.tree("Download")["p1/PkgID"], "a")


@case("DMC-06", "Copy, Exec", f"{LIST}, 3.6, 3.8")
def copy_and_exec(bench: Bench) -> None:
    device = bench.device()
    made = prepare(device, "p1", bench.server.url + "/none", Name="One")
    place = device.uri("Download/p1")
    copied = leaf("Copy", f"{place}/Description", "")
    copied.items[0].source = f"{place}/Name"
    read = get(f"{place}/Description")
    wanted = start(device, "Download/p1", "Download")
    run = device.run([*made, copied, read, wanted])
    session = run.sessions[0]
    check((session.status(copied), session.status(wanted)), (200, 202))
    check(session.values(read), {f"{place}/Description": "One"})
    check(run.report().alert.correlator, "c-1")


@case("DMC-07", "Sends Alert, Results, Status", f"{LIST}, 2.6, 3.9")
def answers(bench: Bench) -> None:
    device = bench.device()
    man, none = get("./DevInfo/Man"), get("./DevInfo/None")
    (session,) = device.run([man, none]).sessions
    answer = session.received[1]
    check([c.name for c in answer.commands], ["Status", "Status", "Results", "Status"])
    status, results = answer.commands[1:3]
    check((status.msg_ref, status.cmd, status.data), ("1", "Get", "200"))
    check((results.msg_ref, results.cmd_ref), ("1", status.cmd_ref))
    check(session.status(none), 404)
    check(session.received[0].commands[0].name, "Alert")


@case("DMC-08", "Status: the header's first, in order, one for each item", f"{LIST}, 2.6")
def statuses(bench: Bench) -> None:
    device = bench.device()
    place = device.uri("Download")
    many = leaf("Add", f"{place}/a")
    many.items += leaf("Add", "./DevInfo/x").items + leaf("Add", f"{place}/b").items
    turn = [get("./DevInfo/Man"), many, get("./DevDetail/OEM")]
    (session,) = device.run(turn).sessions
    found = [c for c in session.received[1].commands if c.name == "Status"]
    check((found[0].cmd_ref, found[0].cmd, found[0].msg_ref), ("0", "SyncHdr", "1"))
    refs = [status.cmd_ref for status in found[1:]]
    expected = [session.places[id(c)][1] for c in (turn[0], many, many, many, turn[2])]
    check(refs, expected)
    check(session.statuses(many), [200, 405, 200])
    targets = [status.target_refs for status in found if status.cmd == "Add"]
    check(targets, [[f"{place}/a"], ["./DevInfo/x"], [f"{place}/b"]])


@case("DMC-09", "Final, Alert 1222; the server closes a package first", f"{LIST}, 2.7")
def final(bench: Bench) -> None:
    device = bench.device()
    man, mod = get("./DevInfo/Man"), leaf("Add", device.uri("Download/p1"))
    run = device.run(Turn([man, mod], final=False), Turn([get("./DevInfo/Mod")]))
    session = run.sessions[0]
    # Not while the server's package is open.
    first, second = session.received[1:3]
    assert not first.final
    assert second.final
    check([c.data for c in first.commands if c.name == "Alert"], ["1222"])
    check([session.status(c) for c in (man, mod)], [200, 200])


@case("DMC-10", "Large objects: 213, 424, 1225, sent and received; LrgObj", f"{LIST}, 2.8")
def large_objects(bench: Bench) -> None:
    device = bench.device()
    data = package("one", noise=4000)
    node = leaf("Add", DATA.rpartition("/")[0])
    parts = list(chunks(DATA, data, 1200, len(data), PACKAGE))
    (session,) = device.run([node], *parts).sessions
    codes = [session.status(turn.commands[0]) for turn in parts]
    check(codes, [213] * (len(parts) - 1) + [200])
    check(device.tree("Inventory/Delivered")["direct/State"], "10")
    # Another size than was said: nothing of it stays.
    device = bench.device()
    parts = list(chunks(DATA, data, 1200, len(data) + 1, PACKAGE))
    (session,) = device.run([node], *parts).sessions
    check(session.status(parts[-1].commands[0]), 424)
    # The end never comes.
    device = bench.device()
    (session,) = device.run([node], parts[0], [get("./DevInfo/Man")]).sessions
    broken = [c for c in session.commands("Alert") if c.data == "1225"]
    check([item.target or item.source for c in broken for item in c.items], [DATA])
    # Sent: a value that the server's messages are too small for.
    send_large(bench)
    lrg = get("./DevDetail/LrgObj")
    (session,) = bench.device().run([lrg]).sessions
    check(session.values(lrg), {"./DevDetail/LrgObj": "true"})


def send_large(
    bench: Bench, limit: int = 700, largest: int | None = None, **fields: Any
) -> Session:
    """Read a value of 512 octets in messages of `limit`; the session in which that was done."""

    def announce(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=limit, max_obj_size=largest)

    device = bench.device(**fields)
    place = device.uri("Download/p1")
    text = "".join(f"{i:04d}" for i in range(128))
    made = [leaf("Add", place), leaf("Add", f"{place}/Description", text)]
    read = get(f"{place}/Description")
    bench.server.shape = announce
    before = len(bench.server.requests)
    run = device.run(made, [read])
    bench.server.shape = lambda session, reply: None
    session = run.sessions[0]
    if largest is not None and largest < len(text):
        check(session.status(read), 413)
        return session
    check(session.status(read), 200)
    place_of = session.places[id(read)]
    parts = [
        (message, results.items[0])
        for message in session.received
        for results in message.commands
        if results.name == "Results" and (results.msg_ref, results.cmd_ref) == place_of
    ]
    assert len(parts) > 1
    check(b"".join(item.data or b"" for _, item in parts).decode(), text)
    check([item.more for _, item in parts], [True] * (len(parts) - 1) + [False])
    sizes = [item.meta.size if item.meta else None for _, item in parts]
    check(sizes, [len(text)] + [None] * (len(parts) - 1))
    check([message.final for message, _ in parts], [False] * (len(parts) - 1) + [True])
    posts = [len(body) for method, _, body in bench.server.requests[before:] if method == "POST"]
    assert all(size <= limit for size in posts[1:]), posts
    return session


@case("DMC-11", "MaxMsgSize of the server is obeyed, the own one announced", f"{LIST}, 1.3")
def max_msg_size(bench: Bench) -> None:
    def announce(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=600)

    device = bench.device()
    listing = get(".?list=StructData")
    bench.server.shape = announce
    (session,) = device.run([listing]).sessions
    meta = session.received[0].header.meta
    assert meta
    assert meta.max_msg_size, "no MaxMsgSize in package 1"
    assert len(session.received) > 4
    posts = [body for method, _, body in bench.server.requests if method == "POST"]
    assert all(len(body) <= 600 for body in posts[1:]), [len(body) for body in posts]
    check([message.final for message in session.received][-2:], [False, True])
    assert "./DevInfo/DevId" in session.results(listing)


@case("DMC-12", "MaxObjSize announced, and obeyed", f"{LIST}, 1.3, 2.8")
def max_obj_size(bench: Bench) -> None:
    device = bench.device()
    parts = list(chunks(DATA, bytes(2400), 1200, 1 << 30, PACKAGE))
    node = leaf("Add", DATA.rpartition("/")[0])
    (session,) = device.run([node], *parts).sessions
    meta = session.received[0].header.meta
    assert meta
    assert meta.max_obj_size, "no MaxObjSize in package 1"
    assert 0 < meta.max_obj_size < 1 << 30
    check([session.status(turn.commands[0]) for turn in parts], [413, 413])
    send_large(bench, largest=512)
    send_large(bench, largest=511)


@case("DMC-13", "syncml:auth-basic", f"{LIST}, 5.2")
def auth_basic(bench: Bench) -> None:
    guard = Guard(bench.server, auth="basic")
    device = bench.device(auth="basic", **ACCOUNT)
    (session,) = device.run([get("./DevInfo/Man")]).sessions
    given = session.received[0].header.credential
    assert given
    check((given.type, given.data), ("syncml:auth-basic", basic(USER, ACCOUNT["password"])))
    check(guard.codes, [212, 200])
    check(session.received[1].header.credential, None)


@case("DMC-14", "syncml:auth-md5", f"{LIST}, 5.2, 5.3")
def auth_md5(bench: Bench) -> None:
    guard = Guard(bench.server, auth="md5", nonce=b"first")
    device = bench.device(auth="md5", client_nonce="Zmlyc3Q=", **ACCOUNT)
    (session,) = device.run([get("./DevInfo/Man")]).sessions
    head = session.received[0].header
    assert head.credential
    check(head.credential.data, md5(USER, ACCOUNT["password"], b"first"))
    check((head.credential.type, head.credential.format), ("syncml:auth-md5", "b64"))
    check(head.source_name, USER)
    check(guard.codes, [212, 200])


@case("DMC-15", "syncml:auth-MAC", f"{LIST}, 5.4")
def auth_mac(bench: Bench) -> None:
    guard = Guard(bench.server, auth="mac", nonce=b"first")
    device = bench.device(auth="mac", client_nonce="Zmlyc3Q=", **ACCOUNT)
    (session,) = device.run([get("./DevInfo/Man")], [get("./DevInfo/Mod")]).sessions
    check(guard.codes, [200, 200, 200])
    body = bench.server.requests[0][2]
    check(bench.server.proofs[0], mac(USER, ACCOUNT["password"], b"first", body))
    assert all(message.header.credential is None for message in session.received)
    assert all(message.header.source_name == USER for message in session.received)


@case("DMC-16", "The server is authenticated; 401, 407 and Chal both ways", f"{LIST}, 5.5, 5.6")
def both_ways(bench: Bench) -> None:
    for kind in ("basic", "md5", "mac"):
        guard = Guard(bench.server, auth=kind, server_auth=kind, silent=1)
        device = bench.device(auth=kind, server_auth=kind, **ACCOUNT)
        wanted = leaf("Add", device.uri("Download/p1"))
        (session,) = device.run([wanted]).sessions
        # Each has asked the other; in the end each has what it asked for.
        own = [int(c.data or 0) for c in session.commands("Status") if c.cmd_ref == "0"]
        assert 407 in own, own
        assert guard.codes[-1] in (200, 212), guard.codes
        check(session.statuses(wanted), [200])


@case("DMC-17", "TLS for HTTP", f"{LIST}, SEC 5.5")
def https(bench: Bench) -> None:
    with certificates() as (ours, other):
        good = ours.issue("localhost")

        def run(shown: Issued, trusted: Authority, **given: Any) -> Run:
            url = bench.server.secure(shown.server_context()) + "/dm"
            settings = {"ntp": f"127.0.0.1:{given.pop('time', 0)}"}
            device = bench.device(settings, url=url, tls=Tls([trusted.der]))
            return device.run([get("./DevInfo/Man")], **given)

        (session,) = run(good, ours).sessions
        check(len(session.received), 2)
        # What proves nothing is told nothing: not one message goes out.
        for shown, trusted in (
            (good, other),
            (ours.issue("elsewhere.example"), ours),
            (ours.issue("localhost", days=-1), ours),
        ):
            refused = run(shown, trusted)
            check((refused.sessions, refused.exit), ([], UNREACHABLE))
            assert any(line.startswith("https localhost: ") for line in refused.said)
        # An unknown time proves nothing either; a time server tells it.
        refused = run(good, ours, unset=True)
        check((refused.sessions, refused.exit), ([], UNREACHABLE))
        assert "https localhost: the time is unknown" in refused.said
        with time_server() as port:
            told = run(good, ours, unset=True, time=port)
        check(len(told.sessions), 1)
        assert any(line.startswith("clock set to 20") for line in told.printed)
        if bench.interpreter == "micropython":  # CPython takes certificates from PEM files alone
            _mutual(bench, ours, other)


def _mutual(bench: Bench, ours: Authority, other: Authority) -> None:
    context = ours.issue("localhost").server_context(clients=ours.pem)
    url = bench.server.secure(context) + "/dm"
    for who, sessions in ((ours, 1), (other, 0)):
        own = who.issue(name="device")
        device = bench.device(url=url, tls=Tls.load([ours.pem], own.certificate, own.key))
        check(len(device.run().sessions), sessions)


@case("DMC-25", "Session abort 1223, received and sent", f"{LIST}, 2.2")
def abort(bench: Bench) -> None:
    device = bench.device()
    made = leaf("Add", device.uri("Download/p1"))
    late = leaf("Add", device.uri("Download/p2"))
    stop = Command("Alert", data="1223")
    session = device.run([made, stop, late]).sessions[0]
    # What came before it was done; nothing is said any more.
    check(len(session.received), 1)
    found = device.tree("Download")
    assert any(name.startswith("p1") for name in found), found
    assert not any(name.startswith("p2") for name in found), found
    # Sent: a server that never comes to an end is left.
    device = bench.device()
    session = device.run(*([get("./DevInfo/Man")] for _ in range(80))).sessions[0]
    check([c.data for c in session.commands("Alert")], ["1201", "1223"])
    assert session.received[-1].final
    assert len(session.received) < 70


@case("DMC-26", "Client event 1224, generic alert 1226", f"{LIST}, 2.9, 3.3")
def alerts(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    run = fetch(device, "DownloadInstall", url)
    item = run.report().item
    assert item.meta
    assert item.meta.type
    assert item.meta.format
    assert item.data
    check(run.report().alert.data, "1226")
    # What a session can tell besides; no part of this agent has an event of its own.
    run = device.run(ask=None, alerts=[[1224, "com.example.button", "pressed"]])
    told = [c for c in run.sessions[0].commands("Alert") if c.data == "1224"]
    (event,) = told
    about = event.items[0].meta
    assert about
    check((about.type, about.format), ("com.example.button", "chr"))
    check(event.items[0].data, b"pressed")


@case("DMC-27", "Package 0: digest, SessionID; a repeated one is dropped", f"{LIST}, 10")
def notification(bench: Bench) -> None:
    device = bench.device(server_auth="md5", server_nonce="Zmlyc3Q=", **ACCOUNT)
    Guard(bench.server, server_auth="md5", their_nonce=b"first")
    good = package_0(0x1F, b"first")
    bad = bytes([good[0] ^ 1]) + good[1:]
    calls = [data.hex() for data in (bad, good, good)]
    run = device.run(ask=None, datagrams=calls, port=port())
    answers = [line for line in run.printed if line.startswith("package 0")]
    check(answers, ["package 0: none", "package 0: 1F", "package 0: none"])
    (session,) = run.sessions
    first = session.received[0]
    check((first.header.session_id, first.commands[0].data), ("1F", "1200"))
