"""Agent and server back to back: what each session is for, and each way in which it can fail."""

from __future__ import annotations

import sys

import pytest
from ends import BASE_URL, DM_URL, codes, nonce, stored_nonces

import uscomo
from uscomo import consent, session, store, supervisor, talk
from uscomo_tools.syncml.message import CONTENT_TYPES, decode, encode

BLINK, CLOCK = "com.example.blink", "com.example.clock"
# Whoever gives up first, the board or the server that cannot prove itself.
NOT_TRUSTED = (session.SERVER_NOT_AUTHENTIC, session.ABORTED)
NO_CHANGE_LIMIT = 400  # bytes in each direction, the blueprint's section 10


def alerts(message, number):
    return [c for c in message.commands if c.name == "Alert" and c.data == number]


def agree(board):
    return board.inventory() == board.wire.server.inventory()


# -- nothing to do


def test_a_check_that_changes_nothing_is_small(board):
    assert board.check() == session.DONE
    assert board.check() == session.DONE
    (sent,), (received,) = board.wire.sent(), board.wire.received()
    assert sent.header.credential.type == received.header.credential.type == "syncml:auth-md5"
    assert codes(received) == [("SyncHdr", "212"), ("Alert", "200"), ("Replace", "200")]
    assert len(board.wire.up[0]) <= NO_CHANGE_LIMIT
    assert len(board.wire.down[0]) <= NO_CHANGE_LIMIT


def test_the_first_session_reads_what_there_is(board, server):
    board.put(BLINK, "1.5")
    assert board.check() == session.DONE
    assert server.inventory() == board.inventory() == {BLINK: ("1.5", "20")}
    assert server.device().scomo_root == "./SCOMO"
    assert server.device().devinfo["DevId"] == board.spec.device_id


# -- the main job


def test_request_grant_and_report(board, server):
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    assert board.step() == 0
    first, *_, last = board.wire.sent()
    (asked,) = alerts(first, "1226")
    assert asked.items[0].source == "./SCOMO"
    assert asked.items[0].data == BLINK.encode()
    assert codes(board.wire.received()[0])[-1] == ("Alert", "200")
    assert [code for cmd, code in codes(last) if cmd == "Exec"] == ["202"]
    assert server.states() == [("install", "running", None)]
    assert board.said[-1] == f"request {BLINK} installing"

    assert board.step() == 0  # the operation
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert server.states() == [("install", "running", None)]

    board.step()
    (told,) = alerts(board.wire.sent()[0], "1226")
    (correlator,) = [operation.correlator for operation in server.operations()]
    assert told.correlator == correlator
    assert told.items[0].target == f"./SCOMO/Inventory/Deployed/{BLINK}"
    assert told.items[0].source == f"./SCOMO/Download/{correlator}/Operations/DownloadInstall"
    assert b"<ResultCode>1200</ResultCode>" in told.items[0].data
    assert server.states() == [("install", "done", 1200)]
    assert agree(board)
    # What the installation needed is cleared away, and nothing is left to be said.
    assert board.nodes.keys("SCOMO/") == []
    assert board.store.results == []
    assert board.step() is None


def test_the_operators_wishes(board, server):
    server.publish("blink")
    server.default(BLINK)
    board.check()
    board.settle()
    for primitive, state in (("deactivate", "10"), ("activate", "20")):
        server.order(primitive, BLINK)
        board.check()
        board.settle()
        assert board.inventory() == {BLINK: ("1.0", state)}
        assert agree(board)
    server.order("remove", BLINK)
    board.check()
    board.settle()
    assert board.inventory() == server.inventory() == {}
    assert {state for _, state, _ in server.states()} == {"done"}
    # Who removed it does not want it back, default or not.
    board.check()
    board.settle()
    assert board.inventory() == {}


def test_an_update_is_asked_for(board, server):
    server.publish("blink")
    board.agent.request("install", BLINK, "Device")
    board.settle()
    server.publish("blink", 2)
    for subject, release in ((BLINK, "2.0"), ("", "3.0")):
        board.agent.request("update", subject, "User")
        board.settle()
        assert board.inventory() == {BLINK: (release, "20")}
        assert agree(board)
        server.publish("blink", 3)


def test_several_operations_go_one_after_the_other(board, server):
    names = [server.publish(name) for name in ("a", "b", "c", "d")]
    server.default(*names)
    board.check()
    board.settle()
    assert sorted(board.inventory()) == names
    assert agree(board)
    assert set(board.executions().values()) == {1}


@pytest.mark.parametrize("types", ["update,install,none", "install,none", "none"])
def test_every_way_of_asking_is_understood(make, types):
    board = make(request_types=types)
    board.wire.server.publish("blink")
    if types == "none":
        board.wire.server.default(BLINK)
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert agree(board)


def test_nothing_of_that_name(board, capsys):
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert board.said[-1] == f"request {BLINK} nothing available"
    assert f"! {BLINK} is not available for this device." in capsys.readouterr().out
    assert board.nodes.keys("~request/") == []


# -- no


def test_no_to_the_servers_question(board, server):
    consent.mode = "no"
    server.publish("blink", ask="server")
    board.agent.request("install", BLINK, "User")
    board.settle()
    answers = [code for message in board.wire.sent() for code in codes(message)]
    assert ("Alert", "304") in answers
    assert ("Exec", "215") in answers
    assert ("Add", "215") in answers
    assert server.states() == [("install", "refused", 304)]
    assert board.ended == []
    assert board.inventory() == {}
    assert board.nodes.keys("SCOMO/") == []


def test_yes_to_the_servers_question(board, server):
    server.publish("blink", ask="server")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert server.states() == [("install", "done", 1200)]
    assert agree(board)


def test_no_to_the_devices_own_question(board, server):
    board.consents = False
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert server.states() == [("install", "refused", 1401)]
    assert board.inventory() == {}
    assert board.check() == session.DONE
    assert board.nodes.keys("SCOMO/") == []


@pytest.mark.parametrize("code", [1402, 1405, 1407, 1500])
def test_a_failed_installation_is_told(board, server, code):
    board.install_code = code
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert server.states() == [("install", "failed", code)]
    board.install_code = 1200
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert server.states()[1:] == [("install", "done", 1200)]
    assert agree(board)


def test_an_operation_on_what_is_not_there(board, server):
    board.check()
    server.order("remove", BLINK)
    board.check()
    board.settle()
    assert [state for _, state, _ in server.states()] == ["failed"]


# -- who is it


@pytest.mark.parametrize("lost", ["board", "server", "both"])
def test_lost_nonces_cost_a_challenge(board, server, lost):
    board.put(BLINK)
    board.check()
    assert board.check() == session.DONE
    if lost != "server":
        board.forget_nonces()
    if lost != "board":
        server.change(client_nonce=nonce(), server_nonce=nonce())
    server.order("deactivate", BLINK)
    assert board.check() == session.DONE
    assert len(board.wire.up) in (3, 4, 5)
    assert stored_nonces(board) == (server.device().client_nonce, server.device().server_nonce)
    board.settle()
    assert agree(board)
    assert board.check() == session.DONE
    assert len(board.wire.up) == 1


def test_a_stale_nonce_of_the_device_alone(board, server):
    board.check()
    server.change(client_nonce=nonce())
    assert board.check() == session.DONE
    assert len(board.wire.up) == 2


def test_the_device_never_shows_the_same_credential_twice(board):
    seen = set()
    for _ in range(4):
        assert board.check() == session.DONE
        seen.add(board.wire.sent()[0].header.credential.data)
    assert len(seen) == 4


def test_a_wrong_password_of_the_device(make):
    board = make()
    server = board.wire.server
    server.change(secret="nobody knows")
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    sessions = 0
    while board.step() is not None:
        sessions += 1
        assert board.agent.outcome == session.CREDENTIALS_REFUSED
        assert len(board.wire.up) <= 3
        assert sessions < 10
    assert sessions == 3
    assert board.said[-1] == f"request {BLINK} refused"
    assert server.operations() == []
    assert server.device().devinfo == {}


def test_a_wrong_password_of_the_server(make):
    board = make()
    server = board.wire.server
    board.check()
    before = stored_nonces(board)
    server.change(server_secret="nobody knows")
    board.put(CLOCK)
    server.order("remove", CLOCK)
    for _ in range(2):
        assert board.check() in NOT_TRUSTED
        assert len(board.wire.up) <= 5
        # Whatever it wanted was answered with the challenge alone.
        executed = [
            code
            for message in board.wire.sent()
            for cmd, code in codes(message)
            if cmd != "SyncHdr"
        ]
        assert set(executed) <= {"401", "407"}
    assert stored_nonces(board) == before
    assert board.inventory() == {CLOCK: ("1.0", "20")}
    assert board.store.pending() == []


def test_a_server_that_never_says_who_it_is(make):
    board = make()
    board.wire.server.change(server_auth="none", server_secret="")
    board.put(BLINK)
    assert board.check() in NOT_TRUSTED
    assert board.wire.server.inventory() == {}


@pytest.mark.parametrize("auth", ["none", "basic", "md5", "mac"])
@pytest.mark.parametrize("server_auth", ["none", "md5", "mac"])
def test_other_kinds_of_credential(make, auth, server_auth):
    board = make(auth=auth, server_auth=server_auth)
    server = board.wire.server
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert server.states() == [("install", "done", 1200)]
    assert agree(board)
    assert board.check() == session.DONE
    (sent,), (received,) = board.wire.sent(), board.wire.received()
    types = {"basic": "syncml:auth-basic", "md5": "syncml:auth-md5"}
    given = sent.header.credential
    assert (given and given.type) == types.get(auth)
    assert board.wire.proof.startswith("algorithm=MD5, ") == (server_auth == "mac")
    assert (received.header.credential is not None) == (server_auth == "md5")


# -- messages: too large, in pieces, elsewhere, lost


def test_an_inventory_in_pieces(board, server, monkeypatch):
    monkeypatch.setattr(supervisor, "SEND", 1024)
    for number in range(30):
        board.put(f"com.example.component-{number:02d}", f"{number}.0")
    assert board.check() == session.DONE
    assert len(board.wire.up) > 8
    assert all(len(body) <= 1024 for body in board.wire.up)
    assert len(server.inventory()) == 30
    assert agree(board)
    finals = [message.final for message in board.wire.sent()]
    assert not all(finals)
    assert finals[-1]


@pytest.mark.parametrize("encoding", ["wbxml", "xml"])
def test_the_whole_inventory_that_a_record_can_hold(make, encoding):
    board = make(encoding=encoding)
    for number in range(64):
        board.put(f"com.example.component-{number:02d}")
    assert board.check() == session.DONE
    assert len(board.wire.server.inventory()) == 64
    assert agree(board)
    assert board.wire.media_type == CONTENT_TYPES[encoding]


def test_without_the_files_for_xml_wbxml_is_spoken(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "uscomo.xml", None)
    monkeypatch.delattr(uscomo, "xml", raising=False)
    board = make(encoding="xml")
    assert board.check() == session.DONE
    assert board.wire.media_type == CONTENT_TYPES["wbxml"]


def test_a_small_receive_buffer(make, monkeypatch):
    monkeypatch.setattr(supervisor, "RECEIVE", 1536)
    board = make()
    board.wire.server.publish("blink", ask="server")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert all(len(body) <= 1024 for body in board.wire.down)
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert agree(board)


def test_a_server_that_moves_the_session(make):
    elsewhere = BASE_URL + "/dm?session=17"
    board = make(server={"resp_uri": elsewhere})
    board.wire.server.publish("blink")
    board.agent.request("install", BLINK, "User")
    assert board.step() == 0
    assert board.wire.urls[0] == DM_URL
    assert set(board.wire.urls[1:]) == {elsewhere}
    for message in board.wire.sent()[1:]:
        assert message.header.target == elsewhere
    board.settle()
    assert agree(board)
    # It was the session's own: the next one begins where the account says.
    board.check()
    assert board.wire.urls == [DM_URL]


def test_another_root_of_the_object(make):
    board = make(scomo_root="Vendor/Apps")
    board.wire.server.change(scomo_root="./Vendor/Apps")
    board.wire.server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.settle()
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert agree(board)


@pytest.mark.parametrize(
    ("direction", "number"),
    [("up", 1), ("down", 1), ("up", 2), ("down", 2), ("up", 3), ("down", 3)],
)
def test_a_message_of_the_granting_session_is_lost(board, server, direction, number):
    board.check()
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.wire.lose = {(direction, number)}
    board.step()
    board.wire.lose = set()
    board.settle()
    board.check()
    board.settle()
    assert board.inventory() == {BLINK: ("1.0", "20")}
    assert agree(board)
    assert [code for _, code in board.ended] == [1200]
    assert server.states() == [("install", "done", 1200)]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_lost_report_is_told_again_and_counted_once(board, server, direction):
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.step()
    board.step()
    board.wire.lose = {(direction, 1)}
    for _ in range(2):
        board.step()
        assert board.agent.outcome == talk.UNREACHABLE
    board.wire.lose = set()
    reported = server.operations()[0].reported_at
    board.settle()
    assert server.states() == [("install", "done", 1200)]
    assert reported in (None, server.operations()[0].reported_at)
    assert board.store.results == []
    assert agree(board)


def test_a_report_nobody_wants_is_given_up(board, server):
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.step()
    board.step()

    def silent(answer):
        message = decode(answer, CONTENT_TYPES["wbxml"])
        message.commands = [c for c in message.commands if c.cmd != "Alert"]
        return encode(message, "wbxml")

    board.wire.change = silent
    sessions = 0
    while board.step() is not None:
        sessions += 1
        assert sessions < 20
    assert board.store.results == []
    assert store.INTERRUPTED not in [code for _, code in board.ended]


def test_a_report_outlives_a_server_that_is_away(board, server):
    server.publish("blink")
    board.agent.request("install", BLINK, "User")
    board.step()
    board.step()
    board.wire.lose = {("up", 1)}
    for _ in range(12):
        board.step()
    board.wire.lose = set()
    board.settle()
    assert board.store.results == []
    assert server.states() == [("install", "done", 1200)]
