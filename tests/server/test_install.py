"""The founding document's flows: who asks, who consents, what is confirmed."""

from __future__ import annotations

import pytest
from scripted import (
    DEVICE_REQUEST,
    OPERATION_COMPLETE,
    USER_REQUEST,
    generic_alert,
    report,
    request,
)

BLINK = "com.example.blink"


def test_the_device_asks_and_gets(server, arnold, package):
    server.publish(package())
    arnold.session(request(BLINK))
    sequence = arnold.commands[-4]
    assert [c.name for c in sequence.children] == ["Alert", "Add", "Exec"]
    assert arnold.shown == ["Install Blink 1.0.0 (" + arnold.shown[0].partition("(")[2]]
    correlator = arnold.correlator()
    assert f"./SCOMO/Download/{correlator}/PkgURL" in arnold.tree
    assert server.last_operation() == ("running", None)

    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session(report(correlator))
    # What the device turned out not to have is not asked for again.
    assert [c.name for c in arnold.commands] == ["Delete", "Get"]
    assert not any("Download" in uri for uri in arnold.tree)
    assert server.last_operation() == ("done", 1200)
    assert server.inventory() == {BLINK: "1.0.0"}


def test_descriptor_leads_to_the_package(server, arnold, package):
    data = package()
    server.publish(data)
    arnold.session(request(BLINK))
    url = arnold.tree[f"./SCOMO/Download/{arnold.correlator()}/PkgURL"].decode()
    descriptor = server.request("GET", url)
    assert descriptor.headers["content-type"].startswith("application/vnd.oma.dd+xml")
    assert f"<size>{len(data)}</size>" in descriptor.text
    url = descriptor.text.partition("<objectURI>")[2].partition("<")[0]
    assert server.request("GET", url).content == data


@pytest.mark.parametrize(
    ("consent", "reason"), [(304, "refused by the user"), (214, "cancelled by the user")]
)
def test_the_user_says_no(server, arnold, package, consent, reason):
    server.publish(package())
    arnold.consent = consent
    arnold.session(request(BLINK))
    assert server.last_operation() == ("refused", consent)
    assert server.operations()[-1]["reason"] == reason
    assert arnold.session() == []


def test_the_operator_installs_and_the_device_asks_by_itself(server, arnold, package):
    server.publish(package(), ask="device")
    answer = server.api(
        "POST",
        f"/devices/{arnold.device_id}/operations",
        json={"primitive": "install", "package": BLINK},
    )
    assert answer["operations"][0]["state"] == "queued"
    arnold.session(start="1200")
    assert [c.name for c in arnold.commands[-2:]] == ["Add", "Exec"]
    arnold.session(report(arnold.correlator(), 1401))
    assert server.last_operation() == ("refused", 1401)


@pytest.mark.parametrize("status", [200, 1200])
def test_a_synchronous_device(server, arnold, package, status):
    server.publish(package())
    arnold.executed = status
    arnold.session(request(BLINK))
    assert server.last_operation() == ("done", status)
    assert [c.name for c in arnold.commands[-2:]] == ["Delete", "Get"]


@pytest.mark.parametrize("status", [404, 405, 500, 1405])
def test_exec_is_refused(server, arnold, package, status):
    server.publish(package())
    arnold.executed = status
    arnold.session(request(BLINK))
    assert server.last_operation() == ("failed", status)


def test_unknown_package(server, arnold):
    arnold.session(request("com.example.nothing"))
    assert arnold.status_of(arnold.received[0], "3") == 202
    assert arnold.shown == ["com.example.nothing is not available for this device."]
    arnold.session(request("com.example.nothing", kind=DEVICE_REQUEST))
    assert arnold.commands == []


def test_package_for_another_type(server, arnold, package):
    server.publish(package(types=("pico",)))
    arnold.session(request(BLINK))
    assert arnold.asked_to_install() == ""


def test_asked_again_after_a_session_that_broke(server, arnold, package, monkeypatch):
    """What was ordered and not begun is begun: the user is not told that it is on its way."""

    def unplugged(*arguments):
        raise ConnectionError

    server.publish(package())
    with monkeypatch.context() as broken:
        broken.setattr(arnold, "on_alert", unplugged)
        with pytest.raises(ConnectionError):
            arnold.session(request(BLINK))
    assert server.last_operation() == ("sent", None)
    arnold.session(request(BLINK))
    answered = next(r for r in arnold.received if any(c.cmd == "Alert" for c in r.commands))
    assert arnold.status_of(answered, "3") == 200
    assert [text.partition(" (")[0] for text in arnold.shown] == ["Install Blink 1.0.0"]
    assert server.last_operation() == ("running", None)
    arnold.session(request(BLINK))
    assert arnold.shown == ["Blink is already on its way."]
    assert len(server.operations()) == 1


def test_already_installed(server, arnold, package):
    server.publish(package())
    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session(request(BLINK))
    assert arnold.shown == ["Blink 1.0.0 is already installed."]
    assert server.operations() == []


def test_update_of_one_and_of_all(server, arnold, package):
    for name in ("blink", "clock"):
        server.publish(package(name))
        server.publish(package(name, "1.1.0", 2))
        arnold.deploy(f"com.example.{name}", "1.0.0", f"com.example.{name}")
    arnold.session(request("", "./SCOMO/Inventory/Deployed/com.example.clock"))
    assert arnold.asked_to_install() == "com.example.clock"
    arnold.deploy("com.example.clock", "1.1.0", "com.example.clock")
    arnold.session(report(arnold.correlator()), request("", None))
    assert arnold.asked_to_install() == BLINK
    arnold.deploy(BLINK, "1.1.0", BLINK)
    arnold.session(report(arnold.correlator()), request("", None))
    assert arnold.shown == ["Everything is up to date."]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (USER_REQUEST, 200),
        (f"Reversed-Domain-Name: {DEVICE_REQUEST}", 200),
        ("Reversed-Domain-Name: com.uscomo.scomo.installrequest", 200),
        ("urn:example:other", 415),
        (None, 412),
    ],
)
def test_request_types(server, arnold, package, kind, status):
    server.publish(package())
    arnold.session(generic_alert(kind, BLINK.encode(), "./SCOMO"))
    answers = [r for r in arnold.received if any(c.cmd == "Alert" for c in r.commands)]
    assert arnold.status_of(answers[0], "3") == status


@pytest.mark.parametrize(
    "data",
    [
        b"<ResultCode>1200</ResultCode><Identifier>com.example.blink</Identifier>",
        b"&lt;ResultCode&gt;1200&lt;/ResultCode&gt;",
        b"<![CDATA[<Identifier>x</Identifier><!-- done --> <ResultCode> 1200 </ResultCode>]]>",
        b"1200\0",
    ],
)
def test_report_variants(server, arnold, package, data):
    server.publish(package())
    arnold.session(request(BLINK))
    correlator = arnold.correlator()
    arnold.session(generic_alert(OPERATION_COMPLETE, data, "./SCOMO", correlator))
    assert server.last_operation() == ("done", 1200)


def test_report_over_several_items_and_without_correlator(server, arnold, package):
    server.publish(package())
    arnold.session(request(BLINK))
    alert = report(arnold.correlator())
    alert.items.append(report(arnold.correlator(), 1405).items[0])
    alert.correlator = None
    arnold.session(alert)
    assert server.last_operation() == ("failed", 1405)


def test_a_report_counts_once(server, arnold, package):
    server.publish(package())
    arnold.session(request(BLINK))
    correlator = arnold.correlator()
    arnold.session(report(correlator))
    arnold.session(report(correlator, 1405))
    assert arnold.status_of(arnold.received[0], "3") == 200
    assert server.last_operation() == ("done", 1200)


def test_report_of_nothing_and_without_a_code(server, arnold):
    arnold.session(report("nobody"), generic_alert(OPERATION_COMPLETE, b"", None, "x"))
    assert arnold.status_of(arnold.received[0], "3") == 200
    assert arnold.status_of(arnold.received[0], "4") == 412


@pytest.mark.parametrize("primitive", ["activate", "deactivate", "remove"])
def test_primitives_of_a_component(server, arnold, primitive):
    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session()
    operations = f"/devices/{arnold.device_id}/operations"
    server.api("POST", operations, json={"primitive": primitive, "component": BLINK})
    arnold.session()
    executed = arnold.commands[-1]
    target = f"./SCOMO/Inventory/Deployed/{BLINK}/Operations/{primitive.capitalize()}"
    assert executed.items[0].target == target
    arnold.session(generic_alert(OPERATION_COMPLETE, b"1200", target, executed.correlator))
    assert server.last_operation() == ("done", 1200)


def test_a_primitive_of_nothing(server, arnold):
    operations = f"/devices/{arnold.device_id}/operations"
    order = {"primitive": "remove", "component": BLINK}
    assert server.api("POST", operations, json=order)["ok"]  # nobody knows the inventory yet
    arnold.session()
    assert server.last_operation() == ("failed", 404)
    assert server.api("POST", operations, json=order) == 404


def test_one_operation_at_a_time(server, arnold, package):
    server.publish(package("blink"))
    server.publish(package("clock"))
    arnold.session(request(BLINK), request("com.example.clock"))
    assert [op["state"] for op in server.operations()] == ["running", "queued"]
    arnold.session(report(arnold.correlator()))
    assert arnold.asked_to_install() == "com.example.clock"


def test_inventory_leaf_by_leaf(server, arnold, package):
    server.publish(package())
    arnold.lists_data = False
    arnold.deploy("other", "7", "-1", state="10")
    arnold.session(request(BLINK))
    assert arnold.asked_to_install() == BLINK
    component = server.api("GET", f"/devices/{arnold.device_id}")["inventory"][0]
    assert (component["id"], component["version"], component["state"]) == (
        "other",
        "7",
        "inactive",
    )


def test_the_object_is_found_by_its_identifier(server, arnold):
    arnold.tree["./Toaster"] = None
    arnold.session()
    asked = [c.items[0].target for c in arnold.commands]
    assert asked == [
        ".",
        "./SCOMO?prop=Type",
        "./Toaster?prop=Type",
        "./DevDetail/URI/MaxDepth",
        "./DevDetail/URI/MaxTotLen",
        "./DevDetail/URI/MaxSegLen",
        "./SCOMO/Inventory/Deployed?list=StructData",
        "./SCOMO/Inventory/Delivered?list=StructData",
        "./SCOMO/Ext/SafeMode",
    ]
    assert arnold.session() == []


def test_a_device_without_the_object(server, arnold, package):
    server.publish(package())
    arnold.tree = {"./DevInfo": None}
    arnold.session()
    assert [c.items[0].target for c in arnold.commands] == ["."]
    assert arnold.session() == []
    operations = f"/devices/{arnold.device_id}/operations"
    server.api("POST", operations, json={"primitive": "install", "package": BLINK})
    arnold.session()
    assert server.last_operation() == ("failed", 404)
