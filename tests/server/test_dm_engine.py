"""The DM session: credentials in both directions, packages, sizes, what real peers do."""

from __future__ import annotations

import asyncio
import base64

import pytest
from scripted import DEVICE_ID, DM_URL, Device, request

from uscomo_tools.syncml.message import CONTENT_TYPES, Command, Credential, Header, Item, decode

BLINK = "com.example.blink"


def verdicts(device: Device) -> list[int]:
    return [device.status_of(reply, "0") for reply in device.received]


def statuses(reply) -> list[tuple[str, str]]:
    return [(c.cmd, c.data) for c in reply.commands if c.name == "Status"]


# -- the client's credentials -----------------------------------------------------------------


@pytest.mark.parametrize("auth", ["none", "basic", "md5"])
def test_client_authentication(enrol, auth):
    device = enrol(auth=auth)
    device.session()
    assert verdicts(device)[0] == (200 if auth == "none" else 212)
    assert (device.challenge_of(device.received[0]) is not None) == (auth == "md5")


def test_md5_nonces_rotate_and_last_to_the_next_session(arnold):
    arnold.session()
    first = arnold.nonce
    assert len(first) == 16
    arnold.session()
    assert verdicts(arnold) == [212]
    assert arnold.nonce != first


def test_a_stale_nonce_costs_one_challenge(arnold):
    arnold.session()
    arnold.nonce = b"stale"
    arnold.session()
    assert verdicts(arnold) == [401, 212]


def test_missing_credentials(arnold):
    arnold.begin()
    arnold.auth = "none"
    reply = arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    assert statuses(reply) == [("SyncHdr", "407"), ("Alert", "407"), ("Replace", "407")]
    assert arnold.challenge_of(reply).type == "syncml:auth-md5"
    assert reply.final
    arnold.auth = "md5"
    reply = arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    assert statuses(reply)[0] == ("SyncHdr", "212")


def test_a_wrong_type_of_credential_is_wrong(arnold):
    arnold.auth = "basic"
    arnold.begin()
    assert arnold.status_of(arnold.exchange([Command("Alert", data="1201")]), "0") == 401


@pytest.mark.parametrize("device_id", [DEVICE_ID, "urn:uscomo:nobody"])
def test_wrong_password_ends_and_unknown_device_looks_the_same(arnold, device_id):
    arnold.device_id, arnold.password = device_id, "wrong"
    assert arnold.session() == []
    assert verdicts(arnold) == [401, 401, 401]
    assert [arnold.challenge_of(reply) is not None for reply in arnold.received] == [1, 1, 0]
    assert arnold.received[-1].commands[-1].data == "1223"
    # Going on in the same session is no fourth attempt, even with the right password.
    arnold.device_id, arnold.password = DEVICE_ID, "secret"
    if device_id == DEVICE_ID:
        reply = arnold.exchange([Command("Alert", data="1201")])
        assert arnold.status_of(reply, "0") == 401
        assert arnold.challenge_of(reply) is None


def test_a_broken_credential_is_wrong(enrol):
    device = enrol(auth="basic")
    device.credential = lambda: Credential("syncml:auth-basic", "b64", b"\xff%%")
    device.session()
    assert verdicts(device) == [401, 401, 401]


def test_a_failed_session_leaves_the_stored_nonce_alone(arnold):
    arnold.session()
    good, arnold.password = arnold.nonce, "wrong"
    arnold.session()
    arnold.nonce, arnold.password = good, "secret"
    arnold.session()
    assert verdicts(arnold) == [212]


# -- the server's credentials -----------------------------------------------------------------


def test_the_server_signs_once_and_takes_the_next_nonce(arnold):
    arnold.session()
    first, *others = arnold.received
    assert first.header.source_name == "uscomo"
    assert first.header.credential.type == "syncml:auth-md5"
    assert others
    assert not any(reply.header.credential for reply in others)
    arnold.session()
    assert arnold.judge_server(arnold.received[0])[0] == 212


def test_challenged_by_407_for_every_command(server, arnold, package):
    """C2: the commands are kept and sent again with the new nonce."""
    server.publish(package())
    arnold.trust = "after a challenge"
    arnold.session(request(BLINK))
    assert arnold.asked_to_install() == BLINK
    repeated = [
        [c.name for c in reply.commands if c.name != "Status"] for reply in arnold.received
    ]
    assert repeated[0] == repeated[1] == ["Get", "Get", "Get"]
    assert server.last_operation() == ("running", None)


def test_challenged_forever(server, arnold, package):
    """C1: the server gives up, and what it wanted waits for another session."""
    server.publish(package())
    arnold.trust = "never"
    server.api(
        "POST",
        f"/devices/{DEVICE_ID}/operations",
        json={"primitive": "install", "package": BLINK},
    )
    assert arnold.session() == []
    assert len(arnold.received) == 4
    assert arnold.received[-1].commands[-1].data == "1223"
    assert server.last_operation() == ("queued", None)


def test_a_stale_server_nonce_is_healed(server, arnold):
    arnold.session()
    arnold.server_nonce = b"factory reset"
    arnold.tree["./SCOMO/Inventory/Deployed/x"] = None
    operations = f"/devices/{DEVICE_ID}/operations"
    server.api("POST", operations, json={"primitive": "remove", "component": "x"})
    server.api("POST", "/types/unix/authorisations", json={"provider": "nobody"})
    arnold.session(request("", None))
    codes = [c.data for r in arnold.sent for c in decode(r).commands if c.cmd == "SyncHdr"]
    assert "401" in codes
    assert codes[-1] in ("200", "212")


def test_initial_nonces_come_with_the_account(enrol):
    nonces = {"client_nonce": b"one", "server_nonce": b"two"}
    device = enrol(**{k: base64.b64encode(v).decode() for k, v in nonces.items()})
    device.nonce, device.server_nonce = nonces["client_nonce"], nonces["server_nonce"]
    device.session()
    assert verdicts(device)[0] == 212
    assert device.server_ok


# -- packages and messages --------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["wbxml", "xml"])
def test_the_reply_has_the_encoding_of_the_request(server, arnold, package, encoding):
    server.publish(package())
    arnold.encoding = encoding
    arnold.session(request(BLINK))
    assert arnold.asked_to_install() == BLINK


def test_uuids_as_command_numbers(server, arnold, package):
    server.publish(package())
    arnold.uuids = True
    arnold.session(request(BLINK))
    assert server.last_operation() == ("running", None)


def test_no_change_check_is_small_and_asks_nothing(arnold):
    arnold.session()
    assert arnold.session() == []
    assert len(arnold.received) == 1
    reply = arnold.received[0]
    assert reply.header.credential
    assert arnold.challenge_of(reply)
    assert arnold.sizes[0] <= 400


def test_devinfo_is_kept(server, arnold):
    arnold.session()
    assert server.api("GET", f"/devices/{DEVICE_ID}")["devinfo"]["Mod"] == "unix"


@pytest.mark.parametrize(
    ("field", "value", "code", "supported"),
    [("ver_dtd", "1.1", "505", b"1.2"), ("ver_proto", "DM/1.3", "513", b"DM/1.2")],
)
def test_other_versions(arnold, field, value, code, supported):
    made = Header.__init__

    def header(self, *args, **fields):
        made(
            self,
            *args,
            **{**fields, field: value} if fields.get("source") == DEVICE_ID else fields,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Header, "__init__", header)
        arnold.begin()
        reply = arnold.exchange([Command("Alert", data="1201")])
    assert statuses(reply) == [("SyncHdr", code), ("Alert", code)]
    assert reply.commands[0].items[0].data == supported


def test_results_in_several_messages(server, arnold, package):
    server.publish(package())
    arnold.deploy("other", "7", "-1")
    arnold.begin()
    reply = arnold.exchange([Command("Alert", data="1201"), arnold.dev_info(), request(BLINK)])
    status, results, *others = arnold.react(reply)[1:]
    half = len(results.items) // 2
    first = Command("Results", cmd_ref=results.cmd_ref, msg_ref="1", items=results.items[:half])
    second = Command("Results", cmd_ref=results.cmd_ref, items=results.items[half:])
    header = arnold.status(reply, Command("SyncHdr", cmd_id="0"), 212)
    waiting = arnold.exchange([header, status, first], final=False)
    assert not waiting.final
    assert [c.data for c in waiting.commands] == ["212", "1222"]
    alert = arnold.status(waiting, waiting.commands[1], 200)
    header = arnold.status(waiting, Command("SyncHdr", cmd_id="0"), 212)
    arnold.exchange([header, alert, second, *others])
    assert server.inventory() == {"other": "7"}


def test_a_large_object_in_results(server, arnold, package):
    server.publish(package())
    arnold.deploy("other", "7", "-1")
    arnold.begin()
    reply = arnold.exchange([Command("Alert", data="1201"), arnold.dev_info(), request(BLINK)])
    status, results, *others = arnold.react(reply)[1:]
    *items, last = results.items
    whole = last.data
    last.data, last.more = whole[:1], True
    chunk = Command("Results", cmd_ref=results.cmd_ref, msg_ref="1", items=[*items, last])
    header = arnold.status(reply, Command("SyncHdr", cmd_id="0"), 212)
    waiting = arnold.exchange([header, status, chunk], final=False)
    assert ("Results", "213") in statuses(waiting)
    rest = Item(source=last.source, data=whole[1:])
    end = Command("Results", cmd_ref=results.cmd_ref, msg_ref="1", items=[rest])
    arnold.exchange([end, *others])
    assert server.inventory() == {"other": "7"}


def test_a_repeated_message_gets_the_stored_answer(arnold):
    arnold.session()
    arnold.begin()
    reply = arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    assert arnold.deliver(arnold.sent[-1]) == reply


def test_the_same_session_id_again(server, enrol, package):
    """C1 calls every session 1; without nonces even the bytes are the same."""
    device = enrol(auth="none", server_auth="none")
    device.session()
    for _ in range(2):
        device.session_id = 0
        device.session()
    server.publish(package())
    server.api(
        "POST",
        f"/devices/{DEVICE_ID}/operations",
        json={"primitive": "install", "package": BLINK},
    )
    device.session_id = 0
    device.session()
    assert device.asked_to_install() == BLINK


def test_abort(server, arnold, package):
    server.publish(package())
    arnold.begin()
    arnold.exchange([Command("Alert", data="1201"), arnold.dev_info(), request(BLINK)])
    reply = arnold.exchange([Command("Alert", data="1223")])
    assert statuses(reply) == [("SyncHdr", "212"), ("Alert", "200")]
    assert [c.name for c in reply.commands] == ["Status", "Status"]


def test_what_a_client_may_not_send(arnold):
    arnold.begin()
    reply = arnold.exchange(
        [Command("Get", items=[Item(target="./x")]), Command("Alert", data="1100")]
    )
    assert statuses(reply)[1:] == [("Get", "405"), ("Alert", "406")]


@pytest.mark.parametrize("limit", [420, 800, 2048])
def test_messages_fit_the_client(server, arnold, package, limit):
    server.publish(package())
    arnold.lists_data = False
    for name in ("one", "two", "three"):
        arnold.deploy(name, "1", name)
    arnold.max_msg_size = limit
    arnold.session(request(BLINK))
    assert max(arnold.sizes) <= limit
    if limit >= 800:
        assert server.last_operation() == ("running", None)
    else:
        assert server.last_operation() == ("failed", 413)


def test_statuses_alone_when_nothing_else_fits(server, arnold, package):
    server.publish(package())
    arnold.session()
    arnold.max_msg_size = 360
    arnold.session(request(BLINK))
    first = arnold.received[0]
    assert not first.final
    assert all(c.name == "Status" for c in first.commands)
    assert {c.name for c in arnold.received[1].commands if c.name != "Status"} == {"Get"}


def test_resp_uri(tmp_path):
    from served import Server

    uri = "http://127.0.0.1:8080/dm?worker=1"
    server = Server(tmp_path, resp_uri=uri)
    account = {"device_id": DEVICE_ID, "auth": "none", "server_auth": "none"}
    server.api("POST", "/devices", json=account)
    device = Device(server.post_dm, auth="none", server_password=None)
    device.session()
    assert device.received[0].header.resp_uri == uri
    server.stop()


def test_after_the_end_a_new_beginning_needs_a_credential(arnold):
    arnold.session()
    arnold.auth = "none"
    reply = arnold.exchange([Command("Alert", data="1201"), request(BLINK)])
    assert statuses(reply)[0] == ("SyncHdr", "407")


def test_absurd_numbers(arnold):
    arnold.begin()
    arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    header = Command("Status", msg_ref="1", cmd_ref="0", cmd="SyncHdr", data="9" * 5000)
    arnold.msg_id = int("9" * 4000)
    assert arnold.exchange([header]).final


def test_two_copies_of_one_message_at_once(server, arnold):
    arnold.begin()
    arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    wanted = {"content": arnold.sent[0], "headers": {"content-type": CONTENT_TYPES["wbxml"]}}

    async def both():
        return await asyncio.gather(*(server.send("POST", "/dm", **wanted) for _ in range(4)))

    answers = {response.content for response in server.loop.run_until_complete(both())}
    assert len(answers) == 1


# -- HTTP -------------------------------------------------------------------------------------


def test_http_errors(server):
    wbxml = CONTENT_TYPES["wbxml"]
    assert server.post_dm(b"\x02", wbxml).status_code == 400
    assert server.post_dm(b"<SyncML", CONTENT_TYPES["xml"]).status_code == 400
    assert server.post_dm(b"{}", "application/json").status_code == 415
    assert server.post_dm(b"\0" * (64 * 1024 + 1), wbxml).status_code == 413
    assert server.request("GET", "/dm").status_code == 405


def test_media_types_of_the_field(server, arnold):
    seen = []

    def post(body, content_type):
        response = server.post_dm(body, "application/vnd.syncml+wbxml; charset=UTF-8")
        seen.append(response.headers["content-type"])
        response.headers["content-type"] = content_type
        return response

    arnold.post = post
    arnold.session()
    assert set(seen) == {"application/vnd.syncml+wbxml"}
    assert DM_URL.encode() in arnold.sent[0]


def test_every_message_is_kept(server, arnold):
    arnold.session()
    messages = server.api("GET", f"/messages?device={DEVICE_ID}")
    assert [m["direction"] for m in messages] == ["up", "down"] * len(arnold.received)
    assert [m["size"] for m in messages[1::2]] == arnold.sizes
    assert "<VerDTD>1.2</VerDTD>" in messages[0]["xml"]
    assert "auth-md5" in messages[0]["xml"]
    assert server.api("GET", f"/messages?after={messages[-1]['id']}") == []


def test_a_password_is_not_shown(server, enrol):
    device = enrol(auth="basic")
    device.session()
    shown = server.api("GET", "/messages")[0]["xml"]
    assert "auth-basic" in shown
    assert device.credential().data.decode() not in shown
