"""DMT: the test list of DM sessions (oma-dm.md, section 15), the client's side."""

from __future__ import annotations

from uscomo_tools.syncml.message import Command, Message, Meta, decode

from ..bench import Bench, check, package
from ..credentials import ACCOUNT, USER, Guard, basic, md5
from ..package0 import package_0, port
from ..registry import case, not_claimed
from ..server import (
    WBXML,
    Session,
    atomic,
    chunks,
    confirm,
    delete,
    execute,
    get,
    leaf,
    sequence,
)
from ..steps import fetch, prepare, session_of, start
from .dmc import DATA, PACKAGE, send_large

LIST = "oma-dm.md 15"
PROTOCOL_ERROR = 5
NOT_TRUSTED = 4


@case("DMT-01", "Package 1: header values, Alert first, DevInfo complete, Final", f"{LIST}, 2.3")
def package_1(bench: Bench) -> None:
    (session,) = bench.device().run().sessions
    (first,) = session.received
    head = first.header
    check((head.ver_dtd, head.ver_proto, head.msg_id), ("1.2", "DM/1.2", "1"))
    check([c.name for c in first.commands], ["Alert", "Replace"])
    check([c.cmd_id for c in first.commands], ["1", "2"])
    about = [item.source for item in first.commands[1].items]
    names = ("DevId", "Man", "Mod", "DmV", "Lang")
    check(about[:5], [f"./DevInfo/{name}" for name in names])
    assert first.final


@case("DMT-02", "A notification: Alert 1200, its session id in hexadecimal", f"{LIST}, 1.3")
def notified(bench: Bench) -> None:
    guard = Guard(bench.server, server_auth="md5")
    for number, text in ((0x1234, "1234"), (0x000A, "A"), (0xFFFF, "FFFF"), (1, "1")):
        guard.their_nonce = b"first"
        device = bench.device(server_auth="md5", server_nonce="Zmlyc3Q=", **ACCOUNT)
        call = package_0(number, b"first").hex()
        (session,) = device.run(ask=None, datagrams=[call], port=port()).sessions
        first = session.received[0]
        check((first.header.session_id, first.commands[0].data), (text, "1200"))


@case("DMT-03", "The user starts: Alert 1201", f"{LIST}, 2.3")
def by_the_user(bench: Bench) -> None:
    (session,) = bench.device().run(ask=("check", "", "")).sessions
    check(session.received[0].commands[0].data, "1201")


not_claimed("DMT-04", "Package 2: all Statuses", f"{LIST}, 2.4", "the server's: DMT-04/server")


@case("DMT-05", "Nothing to do: the session ends with package 2", f"{LIST}, 2.2")
def nothing_to_do(bench: Bench) -> None:
    (session,) = bench.device().run([]).sessions
    check((len(session.received), session.over), (1, True))


@case("DMT-06", "Get of a leaf, an interior node, a missing one, without a right", f"{LIST}, 3.9")
def gets(bench: Bench) -> None:
    rights = "Get=somebody&Replace=somebody"
    device = bench.device(nodes={"?DMAcc/main": rights})
    some = [get(uri) for uri in ("./DevInfo/Man", "./DevInfo", "./DevInfo/None", "./DMAcc/main")]
    (session,) = device.run(some).sessions
    check([session.status(c) for c in some], [200, 200, 404, 425])
    check(session.values(some[0]), {"./DevInfo/Man": "uscomo"})
    listed = session.results(some[1])["./DevInfo"]
    check((listed.data or b"").decode().split("/")[:5], ["DevId", "Man", "Mod", "DmV", "Lang"])
    check(listed.meta and listed.meta.format, "node")
    check([session.results(c) for c in some[2:]], [{}, {}])


@case("DMT-07", "Get of an empty interior node: empty Data, 200", f"{LIST}, 3.9")
def empty(bench: Bench) -> None:
    device = bench.device()
    place = device.uri("Download")
    read = get(place)
    (session,) = device.run([read]).sessions
    check(session.status(read), 200)
    check(session.results(read)[place].data, b"")


@case("DMT-14", "Exec 200, 202, 405, 404; the Correlator in the later alert", f"{LIST}, 3.8")
def executed(bench: Bench) -> None:
    device = bench.device(report="sync")
    url = bench.server.publish("one", package("one"))
    made = prepare(device, "p1", url)
    late = start(device, "Download/p1", "DownloadInstall", "corr-42")
    other = [execute("./DevInfo/Man"), execute(device.uri("Download/none/Operations/Download"))]
    run = device.run([*made, late, *other])
    session = session_of(run, late)
    check([session.status(c) for c in (late, *other)], [202, 405, 404])
    check(run.report().alert.correlator, "corr-42")
    # What needs no download is done at once, where the account wants that.
    at_once = start(device, "Inventory/Deployed/com.example.one", "Deactivate", "corr-43")
    run = device.run([at_once])
    code = session_of(run, at_once).status(at_once)
    check(code, 1200)


@case("DMT-15", "Sequence in order; No to 1101 skips the rest of it: 215", f"{LIST}, 3.5")
def in_sequence(bench: Bench) -> None:
    for consent, answer in (("yes", 200), ("no", 304)):
        device = bench.device(settings={"consent": consent})
        place = device.uri("Download/p1")
        inner = [leaf("Add", place), confirm("Go on?"), leaf("Add", f"{place}/Name", "a")]
        whole, behind = sequence(*inner), get(place)
        (session,) = device.run([whole, behind]).sessions
        check([session.status(c) for c in (whole, behind)], [200, 200])
        last = 200 if consent == "yes" else 215
        check([session.status(c) for c in inner], [200, answer, last])
        found = [c.cmd for c in session.received[1].commands if c.name == "Status"]
        check(found, ["SyncHdr", "Sequence", "Add", "Alert", "Add", "Get"])


@case("DMT-16", "Atomic: all, or 507 and 216; Get or Atomic inside; too large 517", f"{LIST}, 3.4")
def atomics(bench: Bench) -> None:
    device = bench.device()
    place = device.uri("Download/p1")
    node = leaf("Add", place)

    def tried(*children: Command) -> tuple[int, list[int]]:
        whole = atomic(*children)
        session = device.run([whole]).sessions[0]
        return session.status(whole), [session.status(child) for child in children]

    check(tried(node, leaf("Add", f"{place}/Name", "1")), (200, [200, 200]))
    failing = leaf("Replace", f"{place}/Name", "2"), delete(f"{place}/None"), delete(place)
    check(tried(*failing), (507, [216, 404, 215]))
    check(tried(leaf("Replace", f"{place}/Name", "3"), get(place)), (507, [215, 500]))
    inner = leaf("Replace", f"{place}/Name", "4")
    nested = atomic(inner)
    session = device.run([outer := atomic(nested)]).sessions[0]
    check([session.status(c) for c in (outer, nested, inner)], [507, 500, 215])

    def announce(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=500)

    bench.server.shape = announce
    code, codes = tried(*(leaf("Replace", f"{place}/Name", str(i)) for i in range(16)))
    check((code, codes), (517, [215] * 16))
    bench.server.shape = lambda session, reply: None
    check(device.tree("Download")["p1/Name"], "1")


@case(
    "DMT-17", "Several Items with several results: a Status each, with TargetRef", f"{LIST}, 2.6"
)
def many_items(bench: Bench) -> None:
    device = bench.device()
    many = get("./DevInfo/Man", "./DevInfo/None", "./DevInfo/Mod")
    (session,) = device.run([many]).sessions
    found = [c for c in session.received[1].commands if c.cmd == "Get"]
    check([c.data for c in found], ["200", "404", "200"])
    uris = ["./DevInfo/Man", "./DevInfo/None", "./DevInfo/Mod"]
    check([c.target_refs for c in found], [[uri] for uri in uris])
    check(sorted(session.results(many)), ["./DevInfo/Man", "./DevInfo/Mod"])


@case("DMT-19", "Basic: none, 407, 212; wrong, 401", f"{LIST}, 5.6")
def auth_basic(bench: Bench) -> None:
    # Preferred is nothing, but the account has what is asked for.
    guard = Guard(bench.server, auth="basic")
    place = "DMAcc/main/AppAuth/7/AAuth"
    have = {"Level": "CLCRED", "Type": "BASIC", "Name": USER, "Secret": ACCOUNT["password"]}
    nodes = {
        "DMAcc/main/AppAuth/6/AAuthLevel": "CLCRED",
        "DMAcc/main/AppAuth/6/AAuthType": "DIGEST",
        **{place + name: value for name, value in have.items()},
    }
    man = get("./DevInfo/Man")
    run = bench.device(nodes=nodes).run([man])
    session = session_of(run, man)
    check((guard.codes[0], guard.codes[1]), (401, 212))
    given = session.received[1].header.credential
    check(given and given.data, basic(USER, ACCOUNT["password"]))
    check(session.status(man), 200)
    # Nothing at all is given, and none is there.
    guard = Guard(bench.server, auth="basic")
    run = bench.device().run([get("./DevInfo/Man")])
    check((set(guard.codes), run.exit), ({407}, NOT_TRUSTED))
    # Wrong.
    guard = Guard(bench.server, auth="basic", password="another")
    device = bench.device(auth="basic", **ACCOUNT)
    run = device.run([leaf("Add", device.uri("Download/p1"))])
    check((set(guard.codes), run.exit), ({401}, NOT_TRUSTED))
    assert all(len(session.received) <= 3 for session in run.sessions)


@case("DMT-20", "MD5: stored nonce; a stale one: 401, Chal, 212; NextNonce kept", f"{LIST}, 5.5")
def auth_md5(bench: Bench) -> None:
    guard = Guard(bench.server, auth="md5", nonce=b"first")
    device = bench.device(auth="md5", client_nonce="Zmlyc3Q=", **ACCOUNT)
    device.run()
    check(guard.codes, [212])
    # The next session's credential is made with the nonce that came with the 212.
    kept = guard.nonce
    (session,) = device.run().sessions
    given = session.received[0].header.credential
    check(given and given.data, md5(USER, ACCOUNT["password"], kept))
    check(guard.codes, [212, 212])
    guard.nonce = b"stale"
    (session,) = device.run().sessions
    check(guard.codes[2:], [401, 212])
    again = session.received[1]
    check([c.name for c in again.commands], ["Status", "Alert", "Replace"])
    check(
        (again.header.msg_id, again.header.session_id),
        ("2", session.received[0].header.session_id),
    )
    # A wrong password ends it, after one more try.
    guard = Guard(bench.server, auth="md5", password="another")
    run = bench.device(auth="md5", **ACCOUNT).run()
    check((set(guard.codes), run.exit), ({401}, NOT_TRUSTED))
    assert all(2 <= len(session.received) <= 3 for session in run.sessions)


@case("DMT-21", "A server without Cred: 407, Chal, nothing done; then 212", f"{LIST}, 5.6")
def server_auth(bench: Bench) -> None:
    Guard(bench.server, server_auth="md5", silent=1)
    device = bench.device(server_auth="md5", **ACCOUNT)
    node = leaf("Add", device.uri("Download/p1"))
    (session,) = device.run([node, get("./DevInfo/Man")]).sessions
    first = session.received[1]
    codes = [(c.cmd, c.data) for c in first.commands if c.name == "Status"]
    check(codes, [("SyncHdr", "407"), ("Add", "407"), ("Get", "407")])
    asked = first.commands[0].challenge
    assert asked
    check((asked.type, asked.format), ("syncml:auth-md5", "b64"))
    assert asked.next_nonce
    assert len(asked.next_nonce) >= 16
    codes = [(c.cmd, c.data) for c in session.received[2].commands if c.name == "Status"]
    # Added now, so it was not before.
    check(codes, [("SyncHdr", "212"), ("Add", "200"), ("Get", "200")])
    # One that never does.
    Guard(bench.server, server_auth="md5", silent=99)
    device = bench.device(server_auth="md5", **ACCOUNT)
    run = device.run([leaf("Add", device.uri("Download/p1"))])
    check(run.exit, NOT_TRUSTED)
    assert all(len(session.received) <= 4 for session in run.sessions)


@case("DMT-22", "MAC: each message, 200, a nonce each time; a changed body fails", f"{LIST}, 5.4")
def auth_mac(bench: Bench) -> None:
    guard = Guard(bench.server, auth="mac", server_auth="mac")
    device = bench.device(auth="mac", server_auth="mac", **ACCOUNT)
    (session,) = device.run([get("./DevInfo/Man")], [get("./DevInfo/Mod")]).sessions
    check(guard.codes, [200, 200, 200])
    assert all(bench.server.proofs), bench.server.proofs
    own = [c for m in session.received for c in m.commands if c.cmd_ref == "0"]
    check([c.data for c in own], ["200", "200"])
    nonces = [c.challenge.next_nonce for c in own if c.challenge]
    check(len(set(nonces)), 2)
    # Changed on its way: the first time it may be the nonce, later it is another server.
    for number, over in ((1, True), (2, False)):
        Guard(bench.server, auth="mac", server_auth="mac")
        device = bench.device(auth="mac", server_auth="mac", **ACCOUNT)
        place = device.uri("Download/p1")

        def spoil(session: Session, body: bytes, number: int = number) -> bytes:
            return body.replace(b"p1", b"p2") if len(session.sent) == number else body

        bench.server.spoil = spoil
        turns = [[get(device.uri("Download"))]] * (number - 1) + [[leaf("Add", place)]]
        run = device.run(*turns)
        bench.server.spoil = lambda session, body: body
        check(run.sessions[0].over, over)
        codes = [c.data for m in run.sessions[0].received for c in m.commands if c.cmd == "Add"]
        check(codes, ["401", "200"] if number == 1 else [])


@case("DMT-23", "Another kind of credential than was asked for: the session ends", f"{LIST}, 5.1")
def unrequested(bench: Bench) -> None:
    Guard(bench.server, server_auth="basic")
    device = bench.device(server_auth="md5", **ACCOUNT)
    run = device.run([leaf("Add", device.uri("Download/p1"))])
    check(run.exit, NOT_TRUSTED)
    # Told once which kind, and no more.
    session = run.sessions[0]
    check(len(session.received), 2)
    check([c.data for c in session.received[1].commands], ["401", "401"])


@case("DMT-24", "Large objects both ways: 213, 1222, 424, 1225, Size, MaxObjSize", f"{LIST}, 2.8")
def large_objects(bench: Bench) -> None:
    device = bench.device()
    data = package("one", noise=3000)
    node = leaf("Add", DATA.rpartition("/")[0])
    parts = list(chunks(DATA, data, 1000, len(data), PACKAGE))
    (session,) = device.run([node], *parts).sessions
    for turn, message in zip(parts[:-1], session.received[2:], strict=False):
        said = [(c.name, c.cmd, c.data) for c in message.commands]
        expected = [
            ("Status", "SyncHdr", "200"),
            ("Status", "Add", "213"),
            ("Alert", None, "1222"),
        ]
        check(said, expected)
        check((message.final, session.status(turn.commands[0])), (False, 213))
    check(session.status(parts[-1].commands[0]), 200)
    assert session.received[-1].final
    # The end never comes: another command, or the package ends.
    for turn in ([get("./DevInfo/Man")], []):
        device = bench.device()
        (session,) = device.run([node], parts[0], turn).sessions
        alerts = [c for c in session.commands("Alert") if c.data == "1225"]
        check(len(alerts), 1)
    device = bench.device()
    short = list(chunks(DATA, data[:-1], 1000, len(data), PACKAGE))
    (session,) = device.run([node], *short).sessions
    check(session.status(short[-1].commands[0]), 424)
    # Sent; Size first and only there, the largest object that the server takes.
    send_large(bench, 700)
    send_large(bench, 650, largest=512)
    send_large(bench, 650, largest=511)


@case(
    "DMT-25", "An answer longer than MaxMsgSize: in pieces, 1222, Final at the end", f"{LIST}, 2.7"
)
def long_answer(bench: Bench) -> None:
    def announce(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=700)

    bench.server.shape = announce
    device = bench.device()
    listing, behind = get(".?list=StructData"), leaf("Add", device.uri("Download/p1"))
    (session,) = device.run([listing, behind]).sessions
    answers = session.received[1:]
    assert len(answers) > 3
    check([m.final for m in answers], [False] * (len(answers) - 1) + [True])
    uris = [i.source for m in answers for c in m.commands if c.name == "Results" for i in c.items]
    check(len(uris), len(set(uris)))
    check((session.status(listing), session.status(behind)), (200, 200))
    order = [c.cmd for m in answers for c in m.commands if c.cmd in ("Get", "Add")]
    check(order, ["Get", "Add"])


@case("DMT-26", "1223 from either side", f"{LIST}, 2.2")
def abort(bench: Bench) -> None:
    device = bench.device()
    session = device.run([Command("Alert", data="1223")]).sessions[0]
    check(len(session.received), 1)
    # In the middle of a long answer, too.
    bench.server.shape = lambda session, reply: setattr(
        reply.header, "meta", Meta(max_msg_size=700)
    )

    def stop(session: Session, reply: Message) -> None:
        reply.header.meta = Meta(max_msg_size=700)
        if len(session.received) == 3:
            reply.commands.append(Command("Alert", data="1223"))

    bench.server.shape = stop
    session = bench.device().run([get(".?list=StructData")]).sessions[0]
    check(len(session.received), 3)
    # A MaxMsgSize in which no answer has room: the client says that it gives up.
    bench.server.shape = lambda session, reply: setattr(
        reply.header, "meta", Meta(max_msg_size=300)
    )
    many = leaf("Add", "./" + "x" * 64 + "/" + "y" * 60)
    many.items *= 2
    session = bench.device().run([many]).sessions[0]
    last = session.received[-1]
    assert last.final
    check([c.data for c in last.commands], ["1223"])


@case("DMT-28", "1224 and 1226: several Items, a bad Type 415, the Mark", f"{LIST}, 3.3")
def alerts(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("two", package("one", "other"))
    run = fetch(device, "DownloadInstall", url)
    # One Alert with an Item for each component.
    check([len(report.alert.items) for report in run.reports()], [2, 2])
    for item in run.reports()[0].alert.items:
        check(item.meta and item.meta.mark, "informational")
    told = [[1224, "com.example.a", "1"], [1226, "com.example.b", "2"]]
    (session,) = device.run(ask=None, alerts=told).sessions
    first = session.received[0].commands
    check(sorted(c.data or "" for c in first if c.name == "Alert"), ["1201", "1224", "1226"])
    # Refused as unknown: the request is asked for in another way, and is not lost.
    bench.server.answers = {"installrequest": 202, "UpdateUserRequest": 415}
    run = bench.device().run(ask=("install", "com.example.one", "User"))
    kinds = [
        item.meta.type
        for session in run.sessions
        for c in session.commands("Alert")
        for item in c.items
        if item.meta
    ]
    check(
        [str(kind).rpartition(".")[2].rpartition(":")[2] for kind in kinds][:2],
        ["UpdateUserRequest", "installrequest"],
    )


@case("DMT-29", "VerProto, VerDTD, SessionID wrong: 513, 505, dropped", f"{LIST}, 1.3")
def versions(bench: Bench) -> None:
    for name, wrong, code, ours in (
        ("ver_proto", "DM/1.3", 513, b"DM/1.2"),
        ("ver_dtd", "1.1", 505, b"1.2"),
    ):
        device = bench.device()
        node = leaf("Add", device.uri("Download/p1"))
        bench.server.shape = lambda session, reply, n=name, w=wrong: setattr(reply.header, n, w)
        session = device.run([node]).sessions[0]
        bench.server.shape = lambda session, reply: None
        statuses = [c for c in session.received[1].commands if c.name == "Status"]
        check([c.data for c in statuses], [str(code)] * 2)
        check([item.data for item in statuses[0].items], [ours])
        check(device.tree("Download"), {})
    device = bench.device()
    bench.server.shape = lambda session, reply: setattr(reply.header, "session_id", "ZZ")
    run = device.run([leaf("Add", device.uri("Download/p1"))])
    bench.server.shape = lambda session, reply: None
    check((len(run.sessions[0].received), run.exit), (1, PROTOCOL_ERROR))
    check(device.tree("Download"), {})


@case("DMT-30", "Package 0: good, bad digest, zero nonce, repeated, unknown server", f"{LIST}, 10")
def notifications(bench: Bench) -> None:
    guard = Guard(bench.server, server_auth="md5")

    def called(*datagrams: bytes, **settings: str) -> list[str]:
        guard.their_nonce = b"first"
        device = bench.device(
            settings=settings, server_auth="md5", server_nonce="Zmlyc3Q=", **ACCOUNT
        )
        calls = [datagram.hex() for datagram in datagrams]
        run = device.run(ask=None, datagrams=calls, port=port())
        return [line[11:] for line in run.printed if line.startswith("package 0: ")]

    good = package_0(0x1F, b"first")
    check(called(good, good, package_0(0x20, b"first")), ["1F", "none", "20"])
    bad = bytes([good[0] ^ 1]) + good[1:]
    check(called(bad, good[:-1], good[:20], b"", good + b"vendor"), ["none"] * 5)
    check(called(package_0(1, b"first", password="another")), ["none"])
    check(called(package_0(1, b"first", server_id="another")), ["none"])
    for version, session_id in ((10, "1"), (11, "1"), (12, "1"), (9, "none"), (13, "none")):
        check(called(package_0(1, b"first", version)), [session_id])
    check(called(package_0(0, b"first")), ["none"])
    # The zero nonce heals a stale one, once in a while; as a text only where that is set.
    zero, again = package_0(2, bytes(4)), package_0(3, bytes(4))
    check(called(zero, again), ["2", "none"])
    text = package_0(2, b"0x00000000")
    check(called(text), ["none"])
    check(called(text, zero_nonce="text"), ["2"])


@case("DMT-32", "RespURI honoured", f"{LIST}, 1.3")
def resp_uri(bench: Bench) -> None:
    elsewhere = bench.server.url + "/dm?sid=7"
    bench.server.shape = lambda session, reply: setattr(reply.header, "resp_uri", elsewhere)
    device = bench.device()
    for _ in range(2):
        bench.server.requests.clear()
        (session,) = device.run([get("./DevInfo/Man")], [get("./DevInfo/Mod")]).sessions
        paths = [path for method, path, _ in bench.server.requests if method == "POST"]
        # It is the session's own: the next one begins where the account says.
        check(paths, ["/dm", "/dm?sid=7", "/dm?sid=7"])
        targets = [message.header.target for message in session.received]
        check(targets, [bench.server.url + "/dm", elsewhere, elsewhere])


@case("DMT-34", "A message that comes twice; a session that breaks off", f"{LIST}, 2.2")
def twice(bench: Bench) -> None:
    device = bench.device()
    node = leaf("Add", device.uri("Download/p1"))
    kept: list[bytes] = []

    def again(session: Session, body: bytes) -> bytes:
        # Instead of its second message the server says its first one again.
        kept.append(body)
        return kept[0] if len(session.sent) == 2 else body

    bench.server.spoil = again
    run = device.run([node])
    bench.server.spoil = lambda session, body: body
    posts = [body for method, _, body in bench.server.requests if method == "POST"]
    # Nothing is done twice: the same answer goes out again.
    check(posts[1], posts[2])
    check([c.data for c in decode(posts[1], WBXML).commands], ["200", "200"])
    check(run.exit, 0)
    # The line breaks in the middle: what was answered is done, and the device comes again.
    device = bench.device()
    bench.server.broken = lambda message: message.header.msg_id == "2"
    device.run([leaf("Add", device.uri("Download/p2"))])
    bench.server.broken = lambda message: False
    found = device.tree("Download")
    assert any(name.startswith("p2") for name in found), found
