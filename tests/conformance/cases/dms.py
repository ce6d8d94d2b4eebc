"""DMS: what a DM server has to have (oma-dm.md, section 14.2), of the reference server."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from uscomo_tools.device.bootstrap import letter
from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.server.credentials import secret
from uscomo_tools.server.notify import package_0
from uscomo_tools.syncml.message import Command, Header, Item, Message, Meta, decode, encode
from uscomo_tools.testing.certificates import Authority

from ..bench import check
from ..peer import (
    DM,
    PASSWORD,
    SERVER_ID,
    SERVER_PASSWORD,
    Peer,
    ServerBench,
    alert,
    codes,
    digest,
    every,
    orders,
    start,
    statuses,
)
from ..registry import server_case
from ..transport import secured

VECTORS = Path(__file__).parents[2] / "vectors"
LIST = "oma-dm.md 14.2"
DETAIL = "./DevDetail/FwV"
PROPERTIES = ("ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo")
LISTS = ("Struct", "StructData", "TNDS", "TNDS+Value+ACL", "TNDS-Format")


def get(*uris: str) -> dict[str, object]:
    return {"command": "Get", "items": [{"target": uri} for uri in uris]}


def asked(peer: Peer, name: str) -> list[Command]:
    return [command for command in every(peer.commands) if command.name == name]


@server_case("DMS-01", "Package 1 received, every package answered", f"{LIST}; PRO 8")
def packages(bench: ServerBench) -> None:
    for encoding in ("wbxml", "xml"):
        peer = bench.peer(f"urn:peer:{encoding}", encoding=encoding)
        bench.command(peer, get(DETAIL))
        peer.tree[DETAIL] = "7"
        check([c.name for c in peer.play()], ["Get"])
        check(len(peer.sizes), peer.msg_id)
        assert peer.response
        check(peer.response.headers["content-type"].split(";")[0][-len(encoding) :], encoding)


@server_case("DMS-02", "Status for SyncHdr and each Alert; DevInfo kept", f"{LIST}; PRO 8.4")
def package_2(bench: ServerBench) -> None:
    peer = bench.peer()
    reply = peer.package_1(alert("x.y", b"1"))
    expected = [("SyncHdr", "200"), ("Alert", "200"), ("Replace", "200"), ("Alert", "415")]
    check(statuses(reply), expected)
    check(
        [(c.msg_ref, c.cmd_ref) for c in reply.commands[:3]], [("1", "0"), ("1", "1"), ("1", "2")]
    )
    check(bench.device(peer)["devinfo"]["DevId"], peer.device_id)


@server_case("DMS-03", "Add Delete Get Replace Sequence Atomic, Copy and Exec sent", f"{LIST}")
def sends(bench: ServerBench) -> None:
    peer = bench.peer()
    value = {"target": "./a/b", "format": "chr", "data": "v"}
    for given in (
        {"command": "Add", "items": [{"target": "./a", "format": "node"}, value]},
        {"command": "Copy", "items": [{"source": "./a/b", "target": "./a/c"}]},
        {"command": "Exec", "correlator": "c1", "items": [{"target": "./a"}]},
        {
            "command": "Sequence",
            "commands": [{"command": "Replace", "items": [value]}, get("./a")],
        },
        {"command": "Atomic", "commands": [{"command": "Delete", "items": [{"target": "./a"}]}]},
    ):
        bench.command(peer, given)
    peer.codes = {"Copy": 406, "Atomic": 507}
    sent = [c.name for c in every(peer.play())]
    for name in ("Add", "Copy", "Exec", "Sequence", "Replace", "Get", "Atomic", "Delete"):
        assert name in sent, f"{name} was not sent: {sent}"
    told = [
        [s["code"] for s in answer["statuses"]]
        for answer in bench.answers(peer)
        if answer["state"] == "done"
    ]
    check(told, [[200], [406], [200], [200, 200, 404], [507, 200]])
    check(asked(peer, "Exec")[0].correlator, "c1")
    check(asked(peer, "Copy")[0].items[0].source, "./a/b")


@server_case("DMS-04", "Results, Alert, Status received, in any order and number", f"{LIST}; REP")
def receives(bench: ServerBench) -> None:
    orderings = {"as they come": list, "backwards": lambda answers: answers[::-1]}
    for number, (name, order) in enumerate(orderings.items()):
        peer = bench.peer(f"urn:peer:{number}")
        peer.tree = {"./a": "1", "./b": "2"}
        bench.command(peer, {"command": "Sequence", "commands": [get("./a", "./b"), get("./c")]})
        peer.play(order=order)
        (answer,) = bench.answers(peer)
        check((name, [s["code"] for s in answer["statuses"]]), (name, [200, 200, 404]))
        found = {r["uri"]: r["data"] for r in answer["results"]}
        check((name, found), (name, {"./a": "1", "./b": "2"}))


@server_case("DMS-05", "Final when possible; the Next-Message reply", f"{LIST}; PRO 6")
def next_message(bench: ServerBench) -> None:
    peer = bench.peer()
    bench.command(peer, get(DETAIL))
    waiting = peer.say(start(), peer.dev_info(), final=False)
    check([c.name for c in orders(waiting)], ["Alert"])
    check((waiting.commands[-1].data, waiting.final), ("1222", False))
    reply = peer.say(peer.status(waiting, None, 200), alert("x.y", b"1"))
    check(orders(reply)[0].items[0].target, DETAIL)
    check(reply.final, True)


@server_case("DMS-06", "No new commands before the client's Status", f"{LIST}; PRO 6.1")
def waits(bench: ServerBench) -> None:
    peer = bench.peer()
    bench.command(peer, get("./a"))
    first = peer.package_1()
    (sent,) = orders(first)
    bench.command(peer, get("./b"))
    waiting = peer.say(peer.status(first, None, 200), final=False)
    check([c.data for c in orders(waiting)], ["1222"])
    reply = peer.say(peer.status(first, sent, 404))
    check(orders(reply)[0].items[0].target, "./b")


@server_case("DMS-07", "Large objects from the client: 213, 424, 1225, 413; MaxObjSize", f"{LIST}")
def large_objects(bench: ServerBench) -> None:
    whole = "abcdefghij" * 30
    outcomes = {
        "whole": (len(whole), [whole[:100], whole[100:207], whole[207:]], 200, "213"),
        "size mismatch": (len(whole) + 1, [whole[:100], whole[100:]], 424, "424"),
        "too large": (10**6, [whole[:100], whole[100:]], 413, "413"),
    }
    for number, (name, (size, pieces, code, told)) in enumerate(outcomes.items()):
        peer = bench.peer(f"urn:peer:{number}")
        bench.command(peer, get(DETAIL))
        reply = peer.package_1()
        assert reply.header.meta, "nothing is announced"
        assert reply.header.meta.max_obj_size, "MaxObjSize is not announced"
        seen = _pieces(peer, reply, size, pieces)
        assert told in seen, f"{name}: {seen}"
        (answer,) = bench.answers(peer)
        check((name, answer["statuses"][0]["code"]), (name, code))
        if code == 200:
            check(answer["results"][0]["data"], whole)
    interrupted(bench)


def _pieces(peer: Peer, reply: Message, size: int, pieces: list[str]) -> list[str | None]:
    """Answer a Get in pieces; the Statuses that the Results got."""
    (sent,) = orders(reply)
    seen: list[str | None] = []
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        meta = None if index else Meta(format="chr", size=size)
        item = Item(source=DETAIL, meta=meta, data=piece.encode(), more=not last)
        results = Command(
            "Results", msg_ref=reply.header.msg_id, cmd_ref=sent.cmd_id, items=[item]
        )
        status = [] if index else [peer.status(reply, sent, 200)]
        answer = peer.say(*status, results, final=last)
        seen += [code for name, code in statuses(answer) if name == "Results"]
        if not last and seen[-1] == "213":
            check((orders(answer)[-1].data, answer.final), ("1222", False))
    return seen


def interrupted(bench: ServerBench) -> None:
    peer = bench.peer("urn:peer:interrupted")
    bench.command(peer, get(DETAIL))
    reply = peer.package_1()
    (sent,) = orders(reply)
    item = Item(source=DETAIL, meta=Meta(format="chr", size=9), data=b"abc", more=True)
    results = Command("Results", msg_ref="1", cmd_ref=sent.cmd_id, items=[item])
    peer.say(peer.status(reply, sent, 200), results, final=False)
    answer = peer.say(alert("x.y", b"1"))
    (told,) = [c for c in orders(answer) if c.data == "1225"]
    check(told.items[0].source, DETAIL)
    check(bench.answers(peer)[0]["statuses"][0]["code"], 424)


@server_case("DMS-08", "The client's MaxMsgSize honoured", f"{LIST}; REP 6.4")
def message_size(bench: ServerBench) -> None:
    for limit in (400, 700, 2000):
        peer = bench.peer(f"urn:peer:{limit}")
        peer.meta = Meta(max_msg_size=limit)
        for number in range(20):
            bench.command(peer, get(f"./a/rather/long/way/to/a/node/{number}"))
        peer.play()
        assert max(peer.sizes) <= limit, f"{max(peer.sizes)} bytes of {limit}"
        check([a["state"] for a in bench.answers(peer)], ["done"] * 20)


@server_case(
    "DMS-09", "auth-basic, auth-md5, auth-MAC; a challenge with a nonce", f"{LIST}; SEC 5"
)
def client_credentials(bench: ServerBench) -> None:
    for auth, wire in (("basic", "basic"), ("md5", "md5"), ("mac", "MAC")):
        peer = bench.peer(f"urn:peer:{auth}", auth=auth)
        peer.password, peer.nonce = "wrong", b"wrong"
        reply = peer.package_1()
        challenge = reply.commands[0].challenge
        check(codes(reply), ["401"] * 3)
        assert challenge, "no challenge"
        check((challenge.type, challenge.format), (f"syncml:auth-{wire}", "b64"))
        check(challenge.next_nonce is None, auth == "basic")
        peer.password = PASSWORD
        check(codes(peer.package_1())[0], "200" if auth == "mac" else "212")
    attempts(bench)


def attempts(bench: ServerBench) -> None:
    """A wrong password ends a session, after some tries."""
    peer = bench.peer("urn:peer:never", auth="md5")
    peer.password = "wrong"
    replies = [peer.package_1() for _ in range(4)]
    check([bool(reply.commands[0].challenge) for reply in replies], [True, True, False, False])
    check(replies[2].commands[-1].data, "1223")
    peer.password = PASSWORD
    check(codes(peer.package_1())[0], "401")


@server_case(
    "DMS-10", "It proves itself when challenged; commands are sent again", f"{LIST}; PRO 9"
)
def server_credentials(bench: ServerBench) -> None:
    for kind in ("syncml:auth-md5", "syncml:auth-MAC"):
        peer = bench.peer(f"urn:peer:{kind[-3:]}", server_auth="none")
        bench.command(peer, get(DETAIL))
        reply = peer.package_1()
        check(reply.header.credential, None)
        again = peer.say(*peer.challenge(reply, 407, kind))
        check([c.items[0].target for c in orders(again)], [DETAIL])
        if kind.endswith("md5"):
            given = again.header.credential
            expected = digest(SERVER_ID, SERVER_PASSWORD, peer.server_nonce)
            check((given and given.data, again.header.source_name), (expected, SERVER_ID))
        else:
            assert peer.response
            assert "mac=" in peer.response.headers["x-syncml-hmac"]
    peer = bench.peer("urn:peer:never", server_auth="md5")
    bench.command(peer, get(DETAIL))
    reply = peer.package_1()
    for _ in range(5):
        if orders(reply)[0].data == "1223":
            break
        reply = peer.say(*peer.challenge(reply, 401))
    check(orders(reply)[0].data, "1223")
    check(bench.answers(peer)[0]["state"] == "done", False)


@server_case("DMS-11", "Nonces rotate; one extra challenge for a stale one", f"{LIST}; SEC 5.3.3")
def nonces(bench: ServerBench) -> None:
    peer = bench.peer(auth="md5")
    seen = set()
    for _ in range(3):
        peer.begin()
        check(codes(peer.package_1())[0], "212")
        seen.add(peer.nonce)
    check(len(seen), 3)
    peer.begin()
    peer.nonce = b"stale"
    check(codes(peer.package_1())[0], "401")
    check(codes(peer.package_1())[0], "212")


@server_case("DMS-12", "TLS; client certificates are asked for", f"{LIST}; SEC 5.3, 5.5")
def tls(bench: ServerBench) -> None:
    authority = Authority(bench.folder)
    stranger = Authority(bench.folder, "stranger")
    body = encode(Message(Header("1", "1", "x", "urn:peer:1"), [start()], True), "wbxml")
    with secured(authority) as post:
        check(post(body, None), 200)
        check(post(body, authority.issue(name="client")), 200)
        check(post(body, stranger.issue(name="client")), None)


@server_case("DMS-13", "All eight properties, and the list attributes", f"{LIST}; TND 7.1")
def properties(bench: ServerBench) -> None:
    peer = bench.peer()
    uris = [f"./a?prop={name}" for name in PROPERTIES] + [f"./a?list={name}" for name in LISTS]
    peer.tree = {uri: uri[::-1] for uri in uris}
    for uri in uris:
        bench.command(peer, get(uri))
    new = {"target": "./a?prop=ACL", "data": "Get=*"}
    bench.command(peer, {"command": "Replace", "items": [new]})
    peer.play()
    answers = bench.answers(peer)
    found = {r["uri"]: r["data"] for answer in answers for r in answer["results"]}
    check(found, peer.tree)
    (sent,) = asked(peer, "Replace")
    check((sent.items[0].target, sent.items[0].data), ("./a?prop=ACL", b"Get=*"))


@server_case("DMS-14", "DevInfo, DevDetail and DMAcc", f"{LIST}; STD 5.3")
def standard_objects(bench: ServerBench) -> None:
    peer = bench.peer()
    for uri in ("./DevDetail/FwV", "./DMAcc", "./DMAcc/x/ServerID"):
        peer.tree[uri] = "here"
        bench.command(peer, get(uri))
    peer.play()
    check([a["results"][0]["data"] for a in bench.answers(peer)], ["here"] * 3)
    info = bench.device(peer)["devinfo"]
    check(sorted(info), ["DevId", "DmV", "Lang", "Man", "Mod"])


@server_case("DMS-15", "The limits of DevDetail/URI respected", f"{LIST}; TND 6.2.4")
def uri_limits(bench: ServerBench) -> None:
    peer = bench.peer(quiet=False)
    folder = "./DevDetail/URI/Max"
    peer.tree = {
        ".": "DevInfo/SCOMO",
        "./SCOMO?prop=Type": "urn:oma:mo:oma-scomo:1.0",
        **{f"{folder}{n}": v for n, v in (("Depth", "4"), ("TotLen", "40"), ("SegLen", "12"))},
    }
    peer.play()
    for target in ("./a/b/c/d/e", "./" + "a/" * 3 + "b" * 34, "./thirteen_chars"):
        headers = {"authorization": "Bearer operator-token"}
        given = get(target)
        path = f"/api/devices/{peer.device_id}/commands"
        refused = bench.request("POST", path, json=given, headers=headers)
        check((target, refused.status_code), (target, 409))
    bench.command(peer, get("./a/b/c/d?prop=Name"))


@server_case(
    "DMS-16", "Generic Alert: format, 200, 202, 412, 415; 401 and 407", f"{LIST}; PRO 8.7"
)
def generic_alerts(bench: ServerBench) -> None:
    peer = bench.peer()
    request = "urn:oma:at:scomo:1.1:UpdateUserRequest"
    cases = {
        "202": alert(request, b"com.example.blink"),
        "415": alert("com.example.unknown", b"1"),
        "412": alert(None, b"1"),
    }
    no_data, no_items = alert(request, None), Command("Alert", data="1226")
    strange = alert("urn:oma:at:scomo:1.0:OperationComplete", b"1200", "blob")
    complete = alert(
        "Reversed-Domain-Name: urn:oma:at:scomo:1.0:OperationComplete", b"1200", "text/plain"
    )
    reply = peer.package_1(*cases.values(), no_data, no_items, strange, complete)
    check(codes(reply)[3:], [*cases, "412", "412", "415", "200"])
    check(codes(peer.say(Command("Alert", data="1224")))[1], "406")
    for auth in ("basic", "md5"):
        unproved = bench.peer(f"urn:peer:{auth}", auth=auth)
        check(codes(unproved.package_1(cases["202"], credential=None))[3], "407")
        unproved.password = "wrong"
        check(codes(unproved.package_1(cases["202"]))[3], "401")


@server_case("DMS-17", "UI alerts sent, and their answers read", f"{LIST}; PRO 10")
def ui_alerts(bench: ServerBench) -> None:
    peer = bench.peer()
    said = {"1100": ["text"], "1101": ["sure?"], "1102": ["name?"], "1103": ["one", "a", "b"]}
    said["1104"] = ["some", "a", "b", "c"]
    typed = {"1102": ["Ann"], "1103": ["2"], "1104": ["1", "3"]}
    for code, texts in said.items():
        items = [{"data": text} for text in ("MAXDT=20", *texts)]
        bench.command(peer, {"command": "Alert", "code": code, "items": items})

    def react(reply: Message, command: Command) -> list[Command]:
        if command.name != "Alert":
            return peer.react(reply, command)
        peer.commands.append(command)
        words = [Item(data=word.encode()) for word in typed.get(command.data or "", [])]
        return [peer.status(reply, command, 304 if command.data == "1101" else 200, *words)]

    peer.play(react=react)
    shown = {c.data: [(i.data or b"").decode() for i in c.items] for c in asked(peer, "Alert")}
    check(shown, {code: ["MAXDT=20", *texts] for code, texts in said.items()})
    answers = bench.answers(peer)
    check([a["statuses"][0]["code"] for a in answers], [200, 304, 200, 200, 200])
    check([a["told"] for a in answers], [[], [], ["Ann"], ["2"], ["1", "3"]])


@server_case("DMS-18", "UI alerts of clients are ignored", f"{LIST}; PRO 10.2")
def ui_alerts_of_clients(bench: ServerBench) -> None:
    peer = bench.peer()
    shown = [Item(data=b""), Item(data=b"text")]
    alerts = [Command("Alert", data=str(code), items=shown) for code in range(1100, 1105)]
    reply = peer.package_1(*alerts)
    check(codes(reply)[3:], ["406"] * 5)
    check(orders(reply), [])


@server_case("DMS-19", "Package 0 with its digest", f"{LIST}; NOT")
def notification(bench: ServerBench) -> None:
    kept = secret("funambol", "srvpwd")
    for name, version in (("session-0x1234-version11", 11), ("session-0x1234", 12)):
        recorded = (VECTORS / "notification" / f"{name}.bin").read_bytes()
        made = package_0("funambol", kept, b"nonce123", 0x1234, 0, False, version)
        check((name, made), (name, recorded))


@server_case("DMS-20", "Bootstrap with a MAC", f"{LIST}; BOOT")
def bootstrap(bench: ServerBench) -> None:
    spec = DeviceSpec(device_id="urn:peer:1", url=DM, server_id=SERVER_ID)
    for pin, network, key in (("12", "", "12"), ("", "ab", "ab"), ("12", "ab", "12:ab")):
        header, _, body = letter(spec, "dm", pin, network).partition(b"\r\n\r\n")
        told = hmac.new(key.encode(), body, hashlib.sha1).hexdigest().upper()
        assert header.endswith(f"MAC={told}".encode()), header
        check([c.name for c in decode(body).commands], ["Add"])


@server_case("DMS-21", "A session is device and SessionID; hard body limit; no XXE", f"{LIST}")
def sessions(bench: ServerBench) -> None:
    one, two = bench.peer("urn:peer:1"), bench.peer("urn:peer:2")
    bench.command(one, get("./one"))
    bench.command(two, get("./two"))
    # The same SessionID, two devices, their messages in turn.
    replies = [peer.package_1() for peer in (one, two)]
    check([orders(r)[0].items[0].target for r in replies], ["./one", "./two"])
    for peer, reply in zip((two, one), replies[::-1], strict=True):
        peer.say(peer.status(reply, None, 200), peer.status(reply, orders(reply)[0], 404))
    check([bench.answers(peer)[0]["state"] for peer in (one, two)], ["done", "done"])
    types = {"wbxml": "application/vnd.syncml.dm+wbxml", "xml": "application/vnd.syncml.dm+xml"}

    def post(body: bytes, encoding: str) -> int:
        headers = {"content-type": types[encoding]}
        return bench.request("POST", "/dm", content=body, headers=headers).status_code

    check(post(bytes(64 * 1024 + 1), "wbxml"), 413)
    secret = bench.folder / "secret"
    secret.write_text("hidden")
    whole = encode(Message(Header("1", "1", "x", "urn:peer:1"), [start()], True), "xml")
    for entity in (f'SYSTEM "{secret.as_uri()}"', '"expanded"'):
        dtd = f"?><!DOCTYPE SyncML [<!ENTITY e {entity}>]>".encode()
        attack = whole.replace(b"?>", dtd, 1).replace(b"urn:peer:1", b"&e;", 1)
        assert attack.count(b"&e;") == 1
        check(post(attack, "xml"), 400)


@server_case("DMS-22", "Another VerProto 513, another VerDTD 505", f"{LIST}; SREP")
def versions(bench: ServerBench) -> None:
    for field, value, code, ours in (
        ("ver_proto", "DM/1.3", "513", b"DM/1.2"),
        ("ver_dtd", "1.1", "505", b"1.2"),
    ):
        peer = bench.peer(f"urn:peer:{code}")
        bench.command(peer, get(DETAIL))
        reply = peer.package_1(**{field: value})
        check(codes(reply), [code] * 3)
        check(reply.commands[0].items[0].data, ours)
        check([c.name for c in orders(reply)], ["Alert"])
