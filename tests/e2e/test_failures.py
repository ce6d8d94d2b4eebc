"""Every way in which an installation fails: what the server hears, what the device keeps.

Most tests lose the first report together with the device's power. So they see the flash as the
operation left it, and that the report comes all the same.
"""

from __future__ import annotations

import random
import re
import socket
import threading
from collections.abc import Callable

import pytest
from gateway import Answer, Message, every, is_report, set_leaf
from pairs import APP, Pair

from uscomo_tools.package import SigningKey, read_package
from uscomo_tools.package.build import compress, tar

SIGKILL = -9


def assert_fails(pair: Pair, package: str, code: int, status: str, state: str = "failed") -> None:
    """Ask for a package: the installation fails, is reported, and leaves nothing behind."""
    pair.lose_reports()
    assert pair.ask_for(package) == SIGKILL
    assert f"operation 1 {code}" in pair.events

    tree = pair.tree()
    assert [tree[path] for path in tree if path.endswith("/Status")] == [status]
    assert not [path for path in tree if path.startswith("Inventory/")]
    assert pair.garbage() == {"o": ["1"]}
    assert pair.outcome() == ("running", None)

    assert pair.come_back() == 0
    assert "report 1 answered: 200" in pair.events
    assert pair.outcome() == (state, code)
    assert pair.inventory() == pair.status() == {}
    assert pair.tree() == pair.garbage() == {}

    lost, heard = pair.gateway.reports()
    assert lost == heard
    correlator, item = heard
    (operation,) = pair.operations()
    assert correlator == operation["correlator"]
    assert item.source == f"./SCOMO/Download/{correlator}/Operations/DownloadInstall"
    assert item.target is None
    text = f"<ResultCode>{code}</ResultCode><Identifier>{package}</Identifier>"
    assert item.data == text.encode()
    assert item.meta
    assert item.meta.mark == ("warning" if code == 1401 else "critical")


# -- the user


def test_user_says_no_to_the_server(pair: Pair) -> None:
    pair.answer = "n"
    assert pair.ask_for(pair.publish()) == 0

    assert pair.gateway.statuses("Alert") == ["304"]
    assert pair.gateway.statuses("Exec") == ["215"]
    assert pair.gateway.reports() == []
    assert pair.gateway.fetched() == []
    assert pair.outcome() == ("refused", 304)
    assert pair.tree() == pair.garbage() == pair.status() == {}


def test_user_cancels_the_servers_question(pair: Pair) -> None:
    pair.answer = "what?"
    pair.ask_for(pair.publish())

    assert pair.gateway.statuses("Alert") == ["214"]
    assert pair.gateway.statuses("Exec") == ["215"]
    assert pair.outcome() == ("refused", 214)
    assert pair.tree() == pair.garbage() == {}


def test_user_says_no_to_the_device(pair: Pair) -> None:
    pair.answer = "n"
    package = pair.publish(ask="device")
    assert_fails(pair, package, 1401, "20", "refused")
    (question,) = pair.questions
    assert "Install" in question
    assert pair.gateway.statuses("Exec") == ["202"]
    assert pair.gateway.fetched() == []


# -- the content


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("dd", 404, 1402),
        ("pkg", 404, 1402),
        ("dd", 403, 1403),
        ("dd", 500, 1500),
        ("pkg", 503, 1500),
    ],
)
def test_content_is_refused(pair: Pair, kind: str, status: int, code: int) -> None:
    pair.gateway.content = lambda path, answer: Answer(status) if path.endswith(kind) else answer
    assert_fails(pair, pair.publish(), code, "20")


def test_content_server_listens_nowhere(pair: Pair) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so nobody else's; not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x.dd"
        pair.gateway.down = set_leaf("PkgURL", url)
        assert_fails(pair, pair.publish(), 1501, "20")


def test_content_breaks_off_again_and_again(pair: Pair) -> None:
    def half(path: str, answer: Answer) -> Answer:
        if path.endswith("pkg"):
            answer.headers["content-length"] = str(len(answer.body))
            answer.pieces = [answer.body[: len(answer.body) // 2]]
        return answer

    pair.gateway.content = half
    assert_fails(pair, pair.publish({"app.py": APP, "noise": random.randbytes(4000)}), 1501, "20")
    assert 2 < len(pair.gateway.fetched()) < 10


def test_content_goes_on_where_it_broke_off(pair: Pair) -> None:
    ranges: list[str] = []

    def broken_once(path: str, answer: Answer) -> Answer:
        if path.endswith("pkg"):
            ranges.append(answer.headers.get("content-range", ""))
            if len(ranges) == 1:
                answer.headers["content-length"] = str(len(answer.body))
                answer.pieces = [answer.body[:3000]]
        return answer

    pair.gateway.content = broken_once
    package = pair.publish({"app.py": APP, "noise": random.randbytes(4000)})
    assert pair.ask_for(package) == 0
    assert ranges[0] == ""
    assert re.fullmatch(r"bytes [1-9]\d*-\d+/\d+", ranges[1])
    assert pair.outcome() == ("done", 1200)


# -- the package


def in_its_place(pair: Pair, data: bytes) -> None:
    """Let the device get other bytes than were published, and a descriptor that fits them."""

    def content(path: str, answer: Answer) -> Answer:
        if path.endswith("pkg"):
            answer.body = data
        else:
            size = b"<size>%d</size>" % len(data)
            answer.body = re.sub(rb"<size>\d+</size>", size, answer.body)
        return answer

    pair.gateway.content = content


def tampered(data: bytes, name: str) -> bytes:
    """The package with one bit of one entry changed; whole in form."""
    package = read_package(data)
    entries = [("manifest", package.manifest), ("manifest.sig", package.signature)]
    entries += [(file.path, file.data) for file in package.files]
    changed = [
        (path, content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        if path.endswith(name)
        else (path, content)
        for path, content in entries
    ]
    assert changed != entries
    return compress(tar(changed))


def test_unknown_signer(pair: Pair) -> None:
    package = pair.publish(key=SigningKey.generate())
    assert_fails(pair, package, 1407, "70")


@pytest.mark.parametrize(
    ("name", "code"), [(".py", 1402), ("manifest.sig", 1407), ("manifest", 1407)]
)
def test_tampered_package(pair: Pair, name: str, code: int) -> None:
    data, package = pair.package()
    answer = pair.api.post("/packages", content=data)
    assert answer.status_code == 201
    in_its_place(pair, tampered(data, name))
    assert_fails(pair, package, code, "70")


def test_package_is_cut_short(pair: Pair) -> None:
    data, package = pair.package()
    assert pair.api.post("/packages", content=data).status_code == 201
    in_its_place(pair, data[:-20])
    assert_fails(pair, package, 1402, "70")


def test_size_is_not_the_descriptors(pair: Pair) -> None:
    pair.gateway.content = lambda path, answer: Answer(
        answer.status, answer.headers, answer.body + b"\0" * path.endswith("pkg")
    )
    assert_fails(pair, pair.publish(), 1402, "20")


def test_another_package_than_was_named(pair: Pair) -> None:
    data, _ = pair.package()  # whole, and signed by a key the device trusts
    package = pair.publish()
    in_its_place(pair, data)
    assert_fails(pair, package, 1402, "70")


def test_wrong_environment_named_by_the_server(pair: Pair) -> None:
    package = pair.publish(env="micropython;mpy=5.0")
    pair.lose_reports()
    assert pair.ask_for(package) == SIGKILL
    assert pair.come_back() == 0
    assert pair.outcome() == ("failed", 1413)
    assert pair.gateway.fetched() == []
    assert pair.tree() == pair.garbage() == pair.status() == {}


def test_wrong_environment_in_the_manifest(pair: Pair) -> None:
    package = pair.publish(env="micropython;mpy=6.3;arch=xtensawin")
    pair.gateway.down = set_leaf("EnvType", "micropython")
    assert_fails(pair, package, 1413, "70")
    assert pair.gateway.fetched() == ["dd", "pkg"]


# -- the flash


def test_no_room_for_the_package(pair: Pair) -> None:
    package = pair.publish({"app.py": APP, "noise": random.randbytes(30000)})
    pair.fill_flash(left=40000)
    assert_fails(pair, package, 1404, "20")
    assert pair.gateway.fetched() == ["dd"]


def test_room_is_less_than_the_file_system_says(pair: Pair) -> None:
    # MicroPython counts littlefs folders twice: at the brim its free blocks are below zero.
    package = pair.publish({"app.py": APP, "noise": random.randbytes(90000)})
    pair.fill_flash(left=-10000)
    assert_fails(pair, package, 1404, "20")


def test_no_room_for_what_is_in_the_package(pair: Pair) -> None:
    package = pair.publish({"app.py": APP, "zeros": bytes(60000)})
    pair.fill_flash(left=50000)
    assert_fails(pair, package, 1406, "70")


def test_flash_gets_full_while_unpacking(pair: Pair) -> None:
    # Their sizes fit; but a file of 600 bytes takes a block, and so it is found out late.
    files = {f"f{number:02}": bytes(600) for number in range(40)}
    package = pair.publish({"app.py": APP, **files})
    pair.fill_flash(left=90000)
    assert_fails(pair, package, 1406, "70")


# -- the server


def test_wrong_password_of_the_device(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(account={"password": "another one"})
    package = pair.publish()
    assert pair.ask_for(package) == 4

    # Three sessions of three messages at most; then the user hears why.
    assert len(pair.gateway.sent) <= 9
    assert pair.events[-1] == f"request {package} refused"
    assert pair.operations() == []
    asked = len(pair.gateway.requests)
    assert pair.run() == 0  # and the request is forgotten
    assert len(pair.gateway.requests) == asked


def test_wrong_password_of_the_server(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(account={"server_password": "another one"})
    package = pair.publish()
    assert pair.ask_for(package)

    assert len(pair.gateway.sent) <= 15
    assert pair.events[-1].startswith(f"request {package} ")
    assert {"200", "202", "212"}.isdisjoint(
        status.data
        for message in pair.gateway.sent
        for status in message.commands
        if status.name == "Status" and status.cmd != "Alert"
    )
    assert pair.questions == []
    assert pair.gateway.fetched() == []
    assert pair.tree() == pair.garbage() == {}


def test_server_is_gone(pair: Pair) -> None:
    package = pair.publish()
    pair.gateway.stop()
    assert pair.ask_for(package) == 3
    assert pair.events.count("session main unreachable") == 3
    assert pair.events[-1] == f"request {package} no connection"
    assert pair.status() == {}


def test_request_waits_for_the_server(pair: Pair) -> None:
    package = pair.publish()
    pair.gateway.gone = True

    def second_time(words: list[str]) -> None:
        if pair.events.count("session main unreachable") == 2:
            pair.gateway.gone = False

    pair.on_event = second_time
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)


def test_request_waits_on_flash_too(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(settings={"retry": "60000"})
    package = pair.publish()
    pair.gateway.gone = True
    pair.on_event = lambda words: (
        pair.device.board.cut_power() if words[-1] == "unreachable" else None
    )
    assert pair.ask_for(package) == SIGKILL
    assert pair.come_back() == 0
    assert pair.outcome() == ("done", 1200)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_server_is_gone_when_it_should_hear_the_report(
    new_pair: Callable[..., Pair], lost: str
) -> None:
    pair = new_pair(settings={"retry": "60000"})
    package = pair.publish()
    pair.gateway.lose = lambda message: lost if is_report(message) else ""
    pair.on_event = lambda words: (
        pair.device.board.cut_power() if words[-1] == "unreachable" else None
    )
    assert pair.ask_for(package) == SIGKILL
    assert pair.status() == {package: 20}
    (before,) = pair.operations()
    assert before["state"] == ("running" if lost == "before" else "done")

    assert pair.come_back() == 0
    # Where the answer was lost a nonce was lost with it, and a challenge comes in between.
    first, *again = pair.gateway.reports()
    assert 1 <= len(again) <= 2
    assert all(report == first for report in again)
    (after,) = pair.operations()
    assert (after["correlator"], after["code"]) == (first[0], 1200)
    if lost == "after":
        assert after["reported_at"] == before["reported_at"]
    assert pair.inventory() == {package: "active"}
    assert pair.garbage() == {"c": ["1"]}
    assert [path for path in pair.tree() if path.startswith("Download/")] == []


def test_reports_do_not_go_on_for_ever(pair: Pair) -> None:
    """A server that takes part in sessions and never answers the report hears it six times."""

    def silent(message: Message) -> None:
        if pair.gateway.reports():
            message.commands = [c for c in message.commands if c.cmd != "Alert"]

    package = pair.publish()
    pair.gateway.down = silent
    assert pair.ask_for(package) == 0
    assert "report 1 given up" in pair.events
    assert len(pair.gateway.reports()) == 6
    assert pair.status() == {package: 20}


def test_a_report_outlives_a_server_that_is_away(pair: Pair) -> None:
    package = pair.publish()
    pair.gateway.lose = lambda message: "before" if is_report(message) else ""
    assert pair.ask_for(package) == 3
    for _ in range(2):
        assert pair.run() == 3
    assert len(pair.gateway.reports()) == 9
    pair.gateway.lose = lambda message: ""
    assert pair.run() == 0
    assert pair.outcome() == ("done", 1200)


def test_answer_of_the_server_is_lost(pair: Pair) -> None:
    """The device accepted; the server never heard of it, and asks again: only one installs."""
    package = pair.publish()
    lost: list[Message] = []

    def lose(message: Message) -> str:
        executed = [c for c in message.commands if c.name == "Status" and c.cmd == "Exec"]
        if executed and not lost:
            lost.append(message)
            return "before"
        return ""

    pair.gateway.lose = lose
    assert pair.ask_for(package) == 0
    assert pair.status() == {package: 20}
    assert [operation["state"] for operation in pair.operations()] == ["done"]
    assert pair.garbage() == {"c": ["1"]}


def test_exec_twice(pair: Pair) -> None:
    def twice(message: Message) -> None:
        for command in message.commands:
            executed = [child for child in command.children if child.name == "Exec"]
            for child in executed:
                again = type(child)(name="Exec", cmd_id="99", items=child.items)
                again.correlator = "another"
                command.children.append(again)

    pair.gateway.down = twice
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.gateway.statuses("Exec") == ["202", "405"]
    assert len(pair.gateway.reports()) == 1
    assert pair.gateway.fetched() == ["dd", "pkg"]
    assert pair.outcome() == ("done", 1200)
    assert any(child.cmd_id == "99" for m in pair.gateway.received for child in every(m.commands))


# -- the power


@pytest.mark.parametrize("seed", range(3))
def test_power_is_cut_at_any_moment(pair: Pair, seed: int) -> None:
    """Twice, anywhere between the download's begin and the end of the installation."""
    chance = random.Random(seed)
    noise = random.Random(1).randbytes(20000)
    package = pair.publish({"app.py": APP, "a": noise, "b": noise[::-1], "c": bytes(30000)})
    pair.device.request("install", package)
    assert cut(pair, "download", chance.uniform(0.1, 0.9))
    where = chance.choice(("download", "unpack"))
    moment = chance.uniform(0.1, 0.9) if where == "download" else chance.uniform(0, 0.15)
    cut(pair, where, moment)
    pair.on_event = lambda words: None
    assert pair.run() == 0
    assert pair.outcome() == ("done", 1200)
    assert pair.status() == {package: 20}
    assert pair.inventory() == {package: "active"}
    pair.run()
    garbage = pair.garbage()
    assert list(garbage) == ["c"]
    assert len(garbage["c"]) == 1


def cut(pair: Pair, where: str, moment: float) -> bool:
    """Run and cut the power: at a share of the download, or seconds after its end."""
    timer: threading.Timer | None = None

    def watch(words: list[str]) -> None:
        nonlocal timer
        if words[0] != "progress" or timer:
            return
        received, size = int(words[1]), int(words[2])
        if where == "download" and received >= size * moment:
            pair.device.board.cut_power()
        if where == "unpack" and received == size:
            timer = threading.Timer(moment, pair.device.board.cut_power)
            timer.start()

    pair.on_event = watch
    code = pair.run()
    if timer:
        timer.join()
    assert code in (SIGKILL, 0)
    return code == SIGKILL


def test_power_is_cut_again_and_again(pair: Pair) -> None:
    """A download that always takes the board down is given up, and the server hears of it."""
    package = pair.publish({"app.py": APP, "noise": random.randbytes(9000)})
    pair.device.request("install", package)
    starts = 0
    while cut(pair, "download", 0.5):
        starts += 1
        assert starts < 6
    assert starts == 3
    assert "operation 1 given up" in pair.events
    assert pair.outcome() == ("failed", 1412)
    assert pair.tree() == pair.status() == {}
    pair.run()
    assert pair.garbage() == {}
