"""How packages get to a device: as updates, inside the session, and what is offered over HTTP."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile

import pytest
from scripted import DEVICE_ID, Device, report, request

from uscomo_tools.package import read_package
from uscomo_tools.server.contents import Contents

BLINK = "com.example.blink"
DATA = random.Random(1).randbytes(6000)


@pytest.fixture
def two(server, package):
    """Two releases that share most of their bytes; their SHA-256."""
    files = {"assets/table.bin": DATA}
    return [
        server.publish(package(version=f"{n}.0", release=n, files=files))["sha256"] for n in (1, 2)
    ]


def order(server, **fields):
    body = {"primitive": "install", "package": BLINK, **fields}
    answer = server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body)
    return answer["operations"][-1]["correlator"]


def url(device: Device) -> str:
    added = [c for c in device.commands if c.name == "Add"][-1]
    leaves = {(i.target or "").rpartition("/")[2]: (i.data or b"").decode() for i in added.items}
    return leaves["PkgURL"]


# -- updates ----------------------------------------------------------------------------------


def test_an_older_release_gets_an_update(server, arnold, two, package):
    old, new = two
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    order(server)
    arnold.session()
    assert url(arnold).endswith(f"/content/{new}.from.{old}.dd")
    descriptor = server.request("GET", url(arnold))
    place = descriptor.text.partition("<objectURI>")[2].partition("<")[0]
    update = server.request("GET", place).content
    whole = server.request("GET", f"/content/{new}.pkg").content
    assert f"<size>{len(update)}</size>" in descriptor.text
    assert len(update) < 1000 < len(whole)
    assert arnold.shown == [f"Update Blink 2.0 ({len(update)} B)?"]
    assert server.operations()[-1]["update_from"] == old
    page = server.request("GET", f"/devices/{DEVICE_ID}").text
    assert "as an update" in page


def test_an_update_has_the_manifest_of_the_whole(server, arnold, two):
    old, new = two
    update = server.request("GET", f"/content/{new}.from.{old}.pkg").content
    with tarfile.open(fileobj=io.BytesIO(update)) as tar:
        names = tar.getnames()
        manifest = tar.extractfile("manifest").read()
    whole = read_package(server.request("GET", f"/content/{new}.pkg").content)
    assert names == ["manifest", "manifest.sig", "blink/blink.py"]
    assert manifest == whole.manifest


@pytest.mark.parametrize(
    "deployed",
    [
        {"version": "1.0", "package": BLINK},  # tells no release: does not know updates
        {"version": "1.0", "package": BLINK, "Release": 0},  # another build of that version
        {"version": "0.9", "package": BLINK, "Release": 1},  # nobody knows where from
        {"version": "1.0", "package": "com.example.suite", "Release": 1},
        None,
    ],
)
def test_others_get_the_whole(server, arnold, two, deployed):
    if deployed:
        arnold.deploy(BLINK, **deployed)
    order(server)
    arnold.session()
    assert url(arnold).endswith(f"/content/{two[1]}.dd")


def test_what_is_only_stored_is_whole(server, arnold, two):
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    order(server, primitive="download")
    arnold.session()
    assert url(arnold).endswith(f"/content/{two[1]}.dd")


def test_nothing_in_common_is_no_update(server, arnold, package):
    first = server.publish(package(version="1.0", release=1))["sha256"]
    second = server.publish(package(version="2.0", release=2))["sha256"]
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    order(server)
    arnold.session()
    assert url(arnold).endswith(f"/content/{second}.dd")
    assert server.request("GET", f"/content/{second}.from.{first}.dd").status_code == 404


def test_an_update_is_made_once(server, arnold, two, monkeypatch):
    made = []
    make = Contents._make
    monkeypatch.setattr(Contents, "_make", lambda *them: (made.append(them), make(*them))[1])
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    for _ in range(2):
        order(server)
        arnold.session()
        server.request("GET", url(arnold))
        arnold.session(report(arnold.correlator(), 1402))
    assert len(made) == 1


def test_an_update_that_does_not_fit_is_followed_by_the_whole(server, arnold, two):
    new = two[1]
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    first = order(server, install_params="x=1")
    arnold.session()
    arnold.session(report(first, 1455))
    assert url(arnold).endswith(f"/content/{new}.dd")
    # More travels than the user has agreed to.
    assert [text.partition(" (")[0] for text in arnold.shown] == ["Update Blink 2.0"]
    second = arnold.correlator()
    assert second != first
    assert [(op["state"], op["code"]) for op in server.operations()] == [
        ("failed", 1455),
        ("running", None),
    ]
    assert server.operations()[0]["reason"] == "the update does not fit what is installed"
    assert server.operations()[1]["install_params"] == "x=1"
    # Once: what failed whole is not sent again, and neither is a late report of the first.
    arnold.session(report(first, 1455), report(second, 1455))
    assert [op["state"] for op in server.operations()] == ["failed", "failed"]


def test_what_needs_an_update_waits_for_the_whole(server, arnold, two, package):
    arnold.deploy(BLINK, "1.0", BLINK, state="10", Release=1)
    server.publish(package("clock", requires=("com.example.blink",)))
    first = order(server)
    order(server, package="com.example.clock")
    assert server.operations()[1]["needs"] == [first]
    arnold.session()
    arnold.session(report(first, 1455))
    _, clock, whole = server.operations()
    assert (clock["state"], whole["state"]) == ("queued", "running")
    assert clock["needs"] == [whole["correlator"]]


def test_updates_of_nothing(server, two):
    old, new = two
    for path in (f"{new}.from.{'0' * 64}.dd", f"{'0' * 64}.from.{old}.pkg", f"{new}.from..pkg"):
        assert server.request("GET", f"/content/{path}").status_code == 404
    assert server.request("GET", f"/content/{new}.from.{new}.pkg").status_code in (200, 404)


def test_a_changed_content_is_noticed(server, two, tmp_path):
    old, new = two
    for path, file in (
        (f"/content/{new}.from.{old}.pkg", f"updates/{new}.from.{old}.pkg"),
        (f"/content/{new}.pkg", f"packages/{new}.pkg"),
    ):
        first = server.request("GET", path)
        assert first.headers["etag"] == f'"{hashlib.sha256(first.content).hexdigest()}"'
        part = {"range": "bytes=10-", "if-range": first.headers["etag"]}
        assert server.request("GET", path, headers=part).status_code == 206
        other = first.content[:-1] + b"\1"
        (tmp_path / "data" / file).write_bytes(other)
        whole = server.request("GET", path, headers=part)
        assert (whole.status_code, whole.content) == (200, other)
        assert whole.headers["etag"] != first.headers["etag"]


# -- inside the session -----------------------------------------------------------------------


@pytest.fixture
def large(server, package):
    data = package(files={"assets/table.bin": DATA})
    server.publish(data)
    return data


@pytest.mark.parametrize(
    ("encoding", "limit"),
    [("wbxml", 900), ("wbxml", 2048), ("wbxml", None), ("xml", 2048), ("xml", None)],
)
def test_direct_delivery(server, arnold, large, encoding, limit):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.encoding, arnold.max_msg_size = encoding, limit
    correlator = order(server, delivery="direct")
    arnold.session()
    place = f"./SCOMO/Inventory/Delivered/{correlator}"
    assert arnold.delivered_data == {correlator: large}
    assert arnold.tree[f"{place}/PkgID"] == BLINK.encode()
    assert arnold.shown[0].startswith("Install Blink 1.0.0 (")
    assert arnold.executed_node() == f"{place}/Operations/Install"
    assert server.last_operation() == ("running", None)
    if limit:
        assert max(arnold.sizes) <= limit
        assert len(arnold.pieces) > 1
    else:
        assert len(arnold.pieces) == 1
    arnold.session(report(correlator))
    assert place not in arnold.tree
    assert server.last_operation() == ("done", 1200)


def test_an_object_of_one_message_tells_no_size(server, arnold, package):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    server.publish(package())
    order(server, delivery="direct")
    arnold.session()
    [data] = [i for c in arnold.commands for i in c.items if (i.target or "").endswith("/Data")]
    assert (data.meta.size, data.more) == (None, False)
    assert data.meta.type == "application/vnd.uscomo.package+gzip"


def test_delivery_alone(server, arnold, large):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.tree["./SCOMO/Inventory/Delivered"] = None
    arnold.max_msg_size = 2048
    correlator = order(server, primitive="download", delivery="direct")
    arnold.session()
    assert server.last_operation() == ("done", 200)
    assert arnold.executed_node() == ""
    assert f"./SCOMO/Inventory/Delivered/{correlator}" in arnold.tree  # it stays
    order(server)
    assert server.operations()[-1]["delivery"] == "delivered"


def test_the_largest_object_is_respected(server, arnold, large):
    arnold.max_obj_size = len(large) - 1
    order(server, delivery="direct")
    arnold.session()
    row = server.operations()[-1]
    assert (row["state"], row["code"]) == ("failed", 413)
    limit = len(large) - 1
    assert row["reason"] == f"{len(large)} bytes; the device takes objects of at most {limit}"


def test_a_stranger_cannot_tell_sizes(server, arnold, large):
    arnold.password, arnold.max_obj_size = "wrong", 1
    arnold.session()
    arnold.password, arnold.max_obj_size = "secret", None
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    order(server, delivery="direct")
    arnold.session()
    assert server.last_operation() == ("running", None)


def test_a_device_without_large_objects(server, arnold, large):
    arnold.large_objects, arnold.max_msg_size = False, 2048
    order(server, delivery="direct")
    arnold.session()
    row = server.operations()[-1]
    assert (row["state"], row["code"]) == ("failed", 413)
    assert row["reason"] == f"{len(large)} bytes, and the device takes no objects in pieces"
    assert not any("Delivered/" in uri for uri in arnold.tree)


def test_a_device_that_promised_too_much(server, arnold, large):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.large_objects, arnold.max_msg_size = False, 2048
    order(server, delivery="direct")
    arnold.session()
    assert server.last_operation() == ("failed", 413)
    assert server.operations()[-1]["reason"] == "too large for the device"
    assert arnold.delivered_data == {}
    assert not any("Delivered/" in uri for uri in arnold.tree)  # tidied up


def test_the_user_says_no_before_anything_travels(server, arnold, large):
    arnold.consent = 304
    order(server, delivery="direct")
    arnold.session()
    assert server.last_operation() == ("refused", 304)
    assert arnold.pieces == []


def test_a_delivery_that_was_cut_off_begins_again(server, arnold, large):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.max_msg_size = 1200
    correlator = order(server, delivery="direct")
    deliver, count = arnold.post, 0

    def post(body, content_type):
        nonlocal count
        count += 1
        if count == 9:
            raise ConnectionError
        return deliver(body, content_type)

    arnold.post = post
    with pytest.raises(ConnectionError):
        arnold.session()
    assert arnold.pieces
    arnold.object_size, arnold.pieces, arnold.post = None, [], deliver
    arnold.session()
    assert arnold.commands[0].name == "Delete"
    assert arnold.delivered_data == {correlator: large}
    assert server.last_operation() == ("running", None)


def test_pieces_are_sent_again_after_a_challenge(server, arnold, large):
    """Whoever challenges the server in the midst gets the same piece with a credential."""
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.max_msg_size, arnold.trust = 2048, "after a challenge"
    correlator = order(server, delivery="direct")
    arnold.session()
    assert arnold.delivered_data == {correlator: large}


def test_an_update_travels_directly_too(server, arnold, two):
    arnold.tree["./DevDetail/LrgObj"] = b"true"
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    correlator = order(server, delivery="direct")
    arnold.session()
    assert len(arnold.delivered_data[correlator]) < 1000
    arnold.session(report(correlator, 1455))
    assert len(arnold.delivered_data[arnold.correlator()]) > 6000


def test_a_request_is_answered_with_an_update(server, arnold, two):
    arnold.deploy(BLINK, "1.0", BLINK, Release=1)
    arnold.session(request("", None))
    assert ".from." in url(arnold)
