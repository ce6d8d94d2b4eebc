"""DMT: the test list of oma-dm.md, section 15, where the reference server has a side in it."""

from __future__ import annotations

from typing import Any

from uscomo_tools.syncml.message import (
    CONTENT_TYPES,
    Command,
    Credential,
    Item,
    Message,
    Meta,
    decode,
)

from ..bench import check
from ..peer import Peer, ServerBench, alert, codes, digest, every, orders, start, statuses
from ..registry import server_case

LIST = "oma-dm.md 15"
FW = "./DevDetail/FwV"


def get(*uris: str) -> dict[str, Any]:
    return {"command": "Get", "items": [{"target": uri} for uri in uris]}


def told(bench: ServerBench, peer: Peer) -> list[list[int]]:
    """The Statuses of each command that the operator gave."""
    return [[s["code"] for s in answer["statuses"]] for answer in bench.answers(peer)]


def answered(bench: ServerBench, peer: Peer, given: dict[str, Any], *statuses: int) -> Command:
    """Give one command, answer it with these Statuses, and find them kept."""
    bench.command(peer, given)
    peer.begin()
    reply = peer.package_1()
    (sent,) = [c for c in orders(reply) if c.name == given["command"]]
    parts = list(every([sent]))
    replies = [peer.status(reply, part, code) for part, code in zip(parts, statuses, strict=True)]
    peer.say(peer.status(reply, None, 200), *replies)
    check(told(bench, peer)[-1], list(statuses))
    return sent


@server_case("DMT-04/server", "Package 2: every Status, MsgRef, CmdRef, Final", f"{LIST}, 2.4")
def package_2(bench: ServerBench) -> None:
    peer = bench.peer()
    info = peer.dev_info()
    info.cmd_id = "8D2A-uuid"
    reply = peer.say(start("1200"), info)
    found = [(c.cmd, c.msg_ref, c.cmd_ref) for c in reply.commands if c.name == "Status"]
    check(found, [("SyncHdr", "1", "0"), ("Alert", "1", "1"), ("Replace", "1", "8D2A-uuid")])
    check((reply.header.msg_id, reply.header.session_id, reply.final), ("1", "1", True))


@server_case("DMT-05/server", "Nothing to do: package 2 closes the session", f"{LIST}, 2.2")
def nothing(bench: ServerBench) -> None:
    peer = bench.peer()
    peer.play()
    peer.begin()
    reply = peer.package_1()
    check((orders(reply), reply.final), ([], True))


@server_case("DMT-06/server", "Get: leaf, interior, missing, no right", f"{LIST}, 3.9")
def reads(bench: ServerBench) -> None:
    peer = bench.peer()
    peer.tree = {"./leaf": "v", "./node": "a/b"}
    for uri in (*peer.tree, "./missing"):
        bench.command(peer, get(uri))
    peer.play()
    check(told(bench, peer), [[200], [200], [404]])
    check([a["results"] for a in bench.answers(peer)][2], [])
    answered(bench, peer, get("./locked"), 425)


@server_case("DMT-07/server", "An empty interior node: empty Data, 200", f"{LIST}, 3.9")
def empty(bench: ServerBench) -> None:
    peer = bench.peer()
    peer.tree = {"./node": ""}
    bench.command(peer, get("./node"))
    peer.play()
    check(bench.answers(peer)[0]["results"], [{"uri": "./node", "format": "chr", "data": ""}])


@server_case("DMT-09/server", "?list refused with 406: read leaf by leaf", f"{LIST}, 6.2")
def leaf_by_leaf(bench: ServerBench) -> None:
    peer = bench.peer(quiet=False)
    place = "./Apps/Inventory/Deployed"
    peer.tree = {
        ".": "DevInfo/Other/Apps",
        "./Other?prop=Type": "com.example/1.0/Other",
        # Found by its identifier and not by its name; a NUL behind a value is a habit of some.
        "./Apps?prop=Type": "urn:oma:mo:oma-scomo:1.1\0",
        place: "one",
        f"{place}/one/ID": "com.example.one",
        f"{place}/one/Version": "7",
        f"{place}/one/State": "20",
    }
    peer.play()
    found = bench.device(peer)
    check(found["scomo_root"], "./Apps")
    check([(row["id"], row["version"]) for row in found["inventory"]], [("com.example.one", "7")])


@server_case("DMT-10/server", "What Add may be answered with", f"{LIST}, 3.1")
def add(bench: ServerBench) -> None:
    given = {"command": "Add", "items": [{"target": "./a/b", "format": "chr", "data": "v"}]}
    for code in (200, 404, 405, 414, 418, 420):
        sent = answered(bench, bench.peer(f"urn:peer:{code}"), given, code)
        check(sent.items[0].meta and sent.items[0].meta.format, "chr")


@server_case("DMT-11/server", "Replace of values and names", f"{LIST}, 3.2")
def replace(bench: ServerBench) -> None:
    peer = bench.peer()
    for target, code in (("./a", 200), ("./missing", 404), ("./a?prop=Name", 418)):
        sent = answered(
            bench, peer, {"command": "Replace", "items": [{"target": target, "data": "v"}]}, code
        )
        check((sent.items[0].target, sent.items[0].data), (target, b"v"))


@server_case("DMT-12/server", "Delete", f"{LIST}, 3.7")
def delete(bench: ServerBench) -> None:
    peer = bench.peer()
    for code in (200, 404, 405, 425):
        answered(bench, peer, {"command": "Delete", "items": [{"target": "./a"}]}, code)


@server_case("DMT-13/server", "Copy, and 406", f"{LIST}, 3.6")
def copy(bench: ServerBench) -> None:
    given = {"command": "Copy", "items": [{"source": "./a", "target": "./b"}]}
    for code in (200, 406):
        sent = answered(bench, bench.peer(f"urn:peer:{code}"), given, code)
        check((sent.items[0].source, sent.items[0].target), ("./a", "./b"))


@server_case("DMT-15/server", "Sequence that the user ends: 215", f"{LIST}, 3.5")
def sequence(bench: ServerBench) -> None:
    question = {"command": "Alert", "code": "1101", "items": [{"data": ""}, {"data": "Sure?"}]}
    given = {"command": "Sequence", "commands": [question, get("./a"), get("./b")]}
    sent = answered(bench, bench.peer(), given, 200, 304, 215, 215)
    check([c.name for c in sent.children], ["Alert", "Get", "Get"])


@server_case("DMT-16/server", "Atomic: 507 with 216 and 215; the container last or first", LIST)
def atomic(bench: ServerBench) -> None:
    change = {"command": "Replace", "items": [{"target": "./a", "data": "v"}]}
    given = {"command": "Atomic", "commands": [change] * 3}
    answered(bench, bench.peer(), given, 507, 216, 404, 215)
    last = bench.peer("urn:peer:last")
    bench.command(last, given)
    last.codes = {"Atomic": 507, "Replace": 216}
    last.play(order=lambda answers: answers[::-1])
    check(told(bench, last), [[507, 216, 216, 216]])
    for inside in ("Get", "Exec"):
        path = f"/api/devices/{last.device_id}/commands"
        wrong = {
            "command": "Atomic",
            "commands": [{"command": inside, "items": [{"target": "./a"}]}],
        }
        headers = {"authorization": "Bearer operator-token"}
        check(bench.request("POST", path, json=wrong, headers=headers).status_code, 400)


@server_case("DMT-17/server", "A Status for each Item, or one for all", f"{LIST}, 2.6")
def items(bench: ServerBench) -> None:
    peer = bench.peer()
    bench.command(peer, get("./a", "./b"))
    reply = peer.package_1()
    (sent,) = orders(reply)
    each = [peer.status(reply, sent, code, uri=uri) for uri, code in (("./a", 404), ("./b", 200))]
    peer.say(peer.status(reply, None, 200), *each)
    # The worst speaks for the command.
    check(told(bench, peer), [[404]])


@server_case("DMT-19/server", "Basic: none 407, wrong 401, right 212", f"{LIST}, 5.6")
def basic(bench: ServerBench) -> None:
    peer = bench.peer(auth="basic")
    check(codes(peer.package_1(credential=None)), ["407"] * 3)
    broken = Credential("syncml:auth-basic", "b64", b"no base64!")
    check(codes(peer.package_1(credential=broken)), ["401"] * 3)
    check(codes(peer.package_1())[0], "212")


@server_case("DMT-20/server", "MD5: stored, stale, kept for the next session", f"{LIST}, 5.5")
def md5(bench: ServerBench) -> None:
    peer = bench.peer(auth="md5", client_nonce="bm9uY2U=")
    peer.nonce = b"nonce"
    reply = peer.package_1()
    check(codes(reply)[0], "212")
    assert reply.commands[0].challenge, "no NextNonce"
    kept = peer.nonce
    peer.begin()
    peer.nonce = b"nonce"
    check(codes(peer.package_1())[0], "401")
    # What is not proved changes nothing: the nonce of the first session still counts.
    peer.begin()
    peer.nonce = kept
    check(codes(peer.package_1())[0], "212")


@server_case("DMT-21/server", "Challenged by 407: commands are sent again, numbered anew", LIST)
def challenged(bench: ServerBench) -> None:
    peer = bench.peer(server_auth="none")
    for uri in ("./a", "./b"):
        bench.command(peer, get(uri))
    reply = peer.package_1()
    again = peer.say(*peer.challenge(reply, 407))
    check([c.items[0].target for c in orders(again)], ["./a", "./b"])
    check(len({c.cmd_id for c in again.commands}), len(again.commands))
    answers = [peer.status(again, c, 404) for c in orders(again)]
    peer.say(peer.status(again, None, 212), *answers)
    check(told(bench, peer), [[404], [404]])


@server_case(
    "DMT-22/server", "MAC: 200, a nonce for each message, tampering ends it", f"{LIST}, 5.4"
)
def proved(bench: ServerBench) -> None:
    peer = bench.peer(auth="mac", server_auth="mac")
    bench.command(peer, get(FW))
    reply = peer.package_1()
    check(codes(reply)[0], "200")
    first = peer.nonce
    bench.command(peer, get("./b"))
    reply = peer.say(peer.status(reply, None, 200), peer.status(reply, orders(reply)[0], 404))
    check((codes(reply)[0], peer.nonce != first), ("200", True))
    peer.password = "another"
    reply = peer.say(peer.status(reply, None, 200))
    check((codes(reply), reply.commands[-1].data), (["401"], "1223"))


@server_case("DMT-23/server", "A credential of another type does not count", f"{LIST}, 5.1")
def another_type(bench: ServerBench) -> None:
    peer = bench.peer(auth="md5")
    peer.auth = "basic"
    replies = [peer.package_1() for _ in range(3)]
    check([codes(reply)[0] for reply in replies], ["401"] * 3)
    check(replies[2].commands[-1].data, "1223")


@server_case(
    "DMT-24/server", "Large object sent: 213 and 1222, Size first, MaxObjSize", f"{LIST}, 2.8"
)
def large(bench: ServerBench) -> None:
    from uscomo_tools.package import Component, SigningKey, pack
    from uscomo_tools.package.rules import Header

    one = Component(
        id="one",
        name="One",
        version="1",
        release=1,
        dir="one",
        env="micropython",
        entry=None,
        provides=("one",),
    )
    files = {"one/one.py": b"", "one/data": bytes(range(256)) * 6 + digest("a", "b", b"c")}
    data = pack(Header(id="one", components=(one,)), files, SigningKey.generate(2048))
    headers = {"authorization": "Bearer operator-token"}
    bench.request("POST", "/api/packages", content=data, headers=headers)
    for limit in (0, 200):
        peer = bench.peer(f"urn:peer:{limit}", scomo_root="./SCOMO")
        peer.meta = Meta(max_msg_size=800, max_obj_size=limit or None)
        peer.tree = {"./DevDetail/LrgObj": "true", "./SCOMO/Inventory/Deployed": ""}
        order = {"primitive": "install", "package": "one", "delivery": "direct"}
        path = f"/devices/{peer.device_id}/operations"
        bench.api("POST", path, json=order)
        pieces: list[Item] = []

        def react(
            reply: Message, command: Command, peer: Peer = peer, pieces: list[Item] = pieces
        ) -> list[Command]:
            item = command.items[0] if command.items else Item()
            if command.name != "Add" or not (item.target or "").endswith("/Data"):
                return peer.react(reply, command)
            pieces.append(item)
            return [peer.status(reply, command, 213 if item.more else 200)]

        peer.play(react=react)
        state = bench.api("GET", path)[-1]
        if limit:
            check((pieces, state["state"], state["code"]), ([], "failed", 413))
            continue
        check(b"".join(item.data or b"" for item in pieces), data)
        sizes = [item.meta.size if item.meta else None for item in pieces]
        check(sizes, [len(data)] + [None] * (len(pieces) - 1))
        check([item.more for item in pieces], [True] * (len(pieces) - 1) + [False])
        assert max(peer.sizes) <= 800, max(peer.sizes)


@server_case(
    "DMT-25/server", "More than MaxMsgSize: several messages, nothing lost", f"{LIST}, 2.7"
)
def split(bench: ServerBench) -> None:
    peer = bench.peer()
    peer.meta = Meta(max_msg_size=360)
    for number in range(8):
        bench.command(peer, get(f"./some/node/{number}"))
    peer.play()
    assert max(peer.sizes) <= 360, peer.sizes
    check(told(bench, peer), [[404]] * 8)


@server_case("DMT-26/server", "1223 from either side", f"{LIST}, 2.2")
def abort(bench: ServerBench) -> None:
    peer = bench.peer()
    bench.command(peer, get(FW))
    peer.package_1()
    reply = peer.say(Command("Alert", data="1223"))
    check((statuses(reply), orders(reply)), ([("SyncHdr", "200"), ("Alert", "200")], []))
    # What that session lost is not done twice.
    peer.begin()
    check(orders(peer.package_1()), [])
    check(bench.answers(peer)[0]["state"], "lost")


@server_case("DMT-27/server", "UI alerts: 200, 304, 214, 408, 406, 416 and what follows", LIST)
def dialogs(bench: ServerBench) -> None:
    peer = bench.peer()
    given = {"command": "Alert", "code": "1102", "items": [{"data": "MAXDT=9"}, {"data": "?"}]}
    for code in (200, 304, 214, 408, 406, 416):
        answered(bench, peer, given, code)


@server_case("DMT-28/server", "1226 of several Items, a bad Type; 1224", f"{LIST}, 3.3")
def alerts(bench: ServerBench) -> None:
    peer = bench.peer()
    several = alert("urn:oma:at:scomo:1.0:OperationComplete", b"1200", "int")
    several.items.append(Item(meta=Meta(type="x.y", format="chr"), data=b"1"))
    check(codes(peer.package_1(several, alert("x.y", b"1")))[3:], ["415", "415"])


@server_case("DMT-29/server", "VerProto, VerDTD, SessionID wrong", f"{LIST}, 1.3")
def wrong_headers(bench: ServerBench) -> None:
    peer = bench.peer()
    check(codes(peer.package_1(ver_proto="DM/2.0"))[0], "513")
    empty = peer.made(start(), session_id="")
    headers = {"content-type": CONTENT_TYPES["wbxml"]}
    check(bench.request("POST", "/dm", content=empty, headers=headers).status_code, 400)


@server_case("DMT-32/server", "RespURI sent, and answered there", f"{LIST}, 1.3")
def resp_uri(bench: ServerBench) -> None:
    moved = ServerBench(resp_uri="http://127.0.0.1:8080/dm?worker=1")
    try:
        peer = moved.peer()
        moved.command(peer, get(FW))
        peer.play()
        check(peer.url, "http://127.0.0.1:8080/dm?worker=1")
        check(told(moved, peer), [[404]])
    finally:
        moved.close()


@server_case("DMT-33/server", "WBXML and XML, mixed; media types and quirks", f"{LIST}, 12")
def encodings(bench: ServerBench) -> None:
    peer = bench.peer()
    bench.command(peer, get(FW))
    reply = peer.package_1()
    peer.encoding = "xml"
    answer = peer.say(peer.status(reply, None, 200), peer.status(reply, orders(reply)[0], 404))
    check((codes(answer)[0], told(bench, peer)), ("200", [[404]]))
    for encoding in ("wbxml", "xml"):
        peer.encoding = encoding  # type: ignore[assignment]
        for name in (".dm+{}", "+{}", '.dm+{}; charset="UTF-8"', "+{};charset=utf-8"):
            content_type = "application/vnd.syncml" + name.format(encoding)
            peer.begin()
            body = peer.made(start(), peer.dev_info())
            check(codes(peer.deliver(body, content_type))[0], "200")
    # A text for the public identifier, whose table has no NUL: most handsets.
    peer.encoding = "wbxml"
    peer.begin()
    body = peer.made(start(), peer.dev_info())
    assert body.startswith(b"\x02\xa4\x01\x6a\x00")
    text = b"-//SYNCML//DTD SyncML 1.2//EN"
    check(codes(peer.deliver(b"\x02\0\0\x6a\x1d" + text + body[5:] + b"\r\n"))[0], "200")


@server_case("DMT-34/server", "Concurrent sessions, a broken one, a message twice", f"{LIST}")
def repeated(bench: ServerBench) -> None:
    peers = [bench.peer(f"urn:peer:{number}") for number in range(6)]
    for number, peer in enumerate(peers):
        bench.command(peer, get(f"./{number}"))
    headers = {"content-type": CONTENT_TYPES["wbxml"]}
    bodies = [peer.made(start(), peer.dev_info()) for peer in peers]
    twice = [bench.send("POST", "/dm", content=b, headers=headers) for b in bodies * 2]
    responses = bench.together(*twice)
    for number, peer in enumerate(peers):
        first, second = responses[number].content, responses[number + len(peers)].content
        check(first, second)
        reply = decode(first, CONTENT_TYPES["wbxml"])
        check(orders(reply)[0].items[0].target, f"./{number}")
        if number:  # the first breaks off
            peer.say(peer.status(reply, None, 200), peer.status(reply, orders(reply)[0], 404))
    check([bench.answers(peer)[0]["state"] for peer in peers], ["sent"] + ["done"] * 5)
    peers[0].begin()
    peers[0].package_1()
    check(bench.answers(peers[0])[0]["state"], "lost")
