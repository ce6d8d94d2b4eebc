"""Operations on packages and components: which node is executed, what is refused and why."""

from __future__ import annotations

import base64

import pytest
from scripted import DEVICE_ID, OPERATION_COMPLETE, Device, every, generic_alert, report, request

from uscomo_tools.syncml.message import Command

BLINK, CLOCK = "com.example.blink", "com.example.clock"


@pytest.fixture
def order(server):
    """Order an operation; its rows, or the HTTP status of the refusal."""

    def ordered(primitive, **fields):
        body = {"primitive": primitive, **fields}
        answer = server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body)
        return answer if isinstance(answer, int) else answer["operations"]

    return ordered


@pytest.fixture
def refusal(server):
    """The sentence with which an order is refused, and its status."""

    def refused(primitive, **fields):
        response = server.request(
            "POST",
            f"/api/devices/{DEVICE_ID}/operations",
            json={"primitive": primitive, **fields},
            headers={"authorization": "Bearer operator-token"},
        )
        return response.status_code, response.json()["error"]

    return refused


def leaves(device: Device) -> dict[str, str]:
    """What the last Add wrote, by the leaf's name."""
    added = [c for c in every(device.commands) if c.name == "Add" and len(c.items) > 1][-1]
    return {(i.target or "").rpartition("/")[2]: (i.data or b"").decode() for i in added.items}


# -- from a package to a component ------------------------------------------------------------


@pytest.mark.parametrize(
    ("primitive", "node"),
    [
        ("install", "DownloadInstall"),
        ("download-install", "DownloadInstall"),
        ("install-inactive", "DownloadInstallInactive"),
        ("download-install-inactive", "DownloadInstallInactive"),
        ("download", "Download"),
    ],
)
def test_indirect_primitives(server, arnold, package, order, primitive, node):
    server.publish(package())
    [row] = order(primitive, package=BLINK)
    arnold.session()
    place = f"./SCOMO/Download/{row['correlator']}"
    assert arnold.executed_node() == f"{place}/Operations/{node}"
    assert arnold.shown[0].startswith("Download" if primitive == "download" else "Install")
    arnold.session(report(row["correlator"]))
    assert server.last_operation() == ("done", 1200)
    assert place not in arnold.tree


@pytest.mark.parametrize("primitive", ["install", "install-inactive"])
def test_what_was_downloaded_is_installed_from_there(server, arnold, package, order, primitive):
    server.publish(package())
    [row] = order("download", package=BLINK)
    arnold.session()
    arnold.put_delivered("dp1", BLINK)
    code = b"<ResultCode>1200</ResultCode><Identifier>com.example.blink</Identifier>"
    alert = generic_alert(OPERATION_COMPLETE, code, "./SCOMO", row["correlator"])
    alert.items[0].target = "./SCOMO/Inventory/Delivered/dp1"
    arnold.session(alert)
    shown = server.api("GET", f"/devices/{DEVICE_ID}")["delivered"]
    assert [(p["package"], p["state"]) for p in shown] == [(BLINK, "delivered")]

    [row] = order(primitive, package=BLINK)
    assert row["delivery"] == "delivered"
    arnold.session()
    name = "Install" if primitive == "install" else "InstallInactive"
    assert arnold.executed_node() == f"./SCOMO/Inventory/Delivered/dp1/Operations/{name}"
    assert arnold.shown == ["Install Blink 1.0.0?"]
    # A newer package is not the one that lies there; and one may insist on either way.
    server.publish(package(version="2.0.0", release=2))
    assert order("install", package=BLINK)[0]["delivery"] == "indirect"
    assert order("download-install", package=BLINK)[0]["delivery"] == "indirect"
    assert order("install", package=BLINK, delivery="delivered")[0]["delivery"] == "delivered"


def test_remove_package(server, arnold, package, order, refusal):
    arnold.put_delivered("dp1", BLINK, "20")
    arnold.session()
    order("remove-package", package=BLINK)
    arnold.session()
    assert arnold.executed_node() == "./SCOMO/Inventory/Delivered/dp1/Operations/Remove"
    code, words = refusal("remove-package", package=CLOCK)
    assert (code, words) == (404, f"{CLOCK} is not delivered on {DEVICE_ID}")


def test_install_params_and_reboot_go_along(server, arnold, package, order):
    server.publish(package())
    [row] = order("install", package=BLINK, install_params="pin=25", reboot="after")
    assert (row["install_params"], row["reboot"]) == ("pin=25", "after")
    arnold.session()
    sent = leaves(arnold)
    assert (sent["InstallParams"], sent["Reboot"]) == ("pin=25", "after")


def test_without_them_no_leaf_is_added(server, arnold, package, order):
    server.publish(package())
    order("install", package=BLINK)
    arnold.session()
    assert not leaves(arnold).keys() & {"InstallParams", "Reboot"}


def test_the_question_says_update(server, arnold, package, order):
    server.publish(package(version="2.0.0", release=2))
    arnold.deploy(BLINK, "1.0.0", BLINK)
    order("install", package=BLINK)
    arnold.session()
    assert arnold.shown[0].startswith("Update Blink 2.0.0 (")


# -- components -------------------------------------------------------------------------------


def test_rollback(server, arnold, order, refusal):
    arnold.deploy(BLINK, "2.0.0", BLINK, Release=2, Retained="1.0.0")
    arnold.deploy(CLOCK, "1.0.0", CLOCK, Release=1, Retained="")
    arnold.session()
    order("rollback", component=BLINK)
    arnold.session()
    node = f"./SCOMO/Inventory/Deployed/{BLINK}/Operations/Ext/Rollback"
    assert arnold.executed_node() == node
    code, words = refusal("rollback", component=CLOCK)
    assert (code, words) == (409, f"{CLOCK} has no former version to go back to")


def test_a_rollback_is_not_undone_by_the_default(server, arnold, package, order):
    for release in (1, 2):
        server.publish(package(version=f"{release}.0", release=release))
    server.api("PUT", "/types/unix/default", json={"packages": [BLINK]})
    arnold.deploy(BLINK, "2.0", BLINK, Release=2, Retained="1.0")
    arnold.session()
    [row] = order("rollback", component=BLINK)
    arnold.session()
    arnold.deploy(BLINK, "1.0", BLINK, Release=1, Retained="2.0")
    arnold.session(report(row["correlator"], 1251))
    assert server.operations()[-1]["reason"] == "rolled back as ordered"
    assert arnold.asked_to_install() == ""
    server.publish(package(version="3.0", release=3))
    arnold.session()
    assert arnold.asked_to_install() == BLINK


def test_only_what_the_inventory_has(server, arnold, package, order, refusal):
    server.publish(package())
    arnold.deploy("frozen", "1", "-1")
    arnold.session()
    assert refusal("activate", component=CLOCK)[0] == 404
    assert refusal("remove", component="frozen")[0] == 409
    # After an installation the inventory is out of date; what it brings may be there then.
    order("install", package=BLINK)
    arnold.session()
    arnold.executed = 200
    arnold.begin()
    arnold.exchange(
        [Command("Alert", data="1201"), arnold.dev_info(), report(arnold_last(server))]
    )
    assert refusal("activate", component=CLOCK)[0] == 404
    assert order("activate", component=BLINK)[0]["state"] == "queued"


def arnold_last(server) -> str:
    return server.operations()[-1]["correlator"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"primitive": "download"}, 400),
        ({"primitive": "download", "package": BLINK, "delivery": "delivered"}, 400),
        ({"primitive": "install", "package": BLINK, "delivery": "by hand"}, 400),
        ({"primitive": "install", "package": BLINK, "reboot": "never"}, 400),
        ({"primitive": "install", "package": BLINK, "delivery": "delivered"}, 404),
        ({"primitive": "remove", "component": BLINK, "install_params": "x"}, 400),
        ({"primitive": "remove-package", "component": BLINK}, 400),
        ({"primitive": "leave-safe-mode", "component": BLINK}, 400),
        ({"primitive": "trust"}, 400),
    ],
)
def test_orders_that_contradict_themselves(server, arnold, package, body, status):
    server.publish(package())
    arnold.session()
    assert server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body) == status


# -- values -----------------------------------------------------------------------------------


def statement(action: int, payload: bytes) -> dict[str, str]:
    data = bytes([action]) + b"ANCHOR-0" + payload + b"\x55" * 256
    return {"statement": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (200, "done", ""),
        (403, "failed", "forbidden by the device"),
        (418, "failed", "known to the device already"),
        (420, "failed", "no room on the device"),
    ],
)
def test_trust_statements(server, arnold, status, state, reason):
    sent = statement(2, b"OLD-KEY-")
    answer = server.api("POST", f"/devices/{DEVICE_ID}/trust", json=sent)
    subject = f"revoke {b'OLD-KEY-'.hex()}, signed by {b'ANCHOR-0'.hex()}"
    assert answer["operations"][0]["subject"] == subject
    arnold.replaced = status
    arnold.session()
    [written] = [c for c in arnold.commands if c.name == "Replace"]
    assert written.items[0].target == "./SCOMO/Ext/Trust/Statement"
    assert base64.b64encode(written.items[0].data).decode() == sent["statement"]
    row = server.operations()[-1]
    assert (row["state"], row["code"], row["reason"]) == (state, status, reason)


@pytest.mark.parametrize("text", ["%", "", base64.b64encode(b"\x03" + bytes(300)).decode()])
def test_what_is_no_trust_statement(server, enrol, text):
    enrol()
    body = {"statement": text}
    assert server.api("POST", f"/devices/{DEVICE_ID}/trust", json=body) == 400


def test_safe_mode_and_trusted_keys_are_seen(server, arnold, order):
    arnold.deploy(BLINK, "1.0.0", BLINK, Release=1)
    arnold.tree["./SCOMO/Ext/SafeMode"] = b"1"
    arnold.tree["./SCOMO/Ext/Trust/Anchors"] = None
    arnold.tree["./SCOMO/Ext/Trust/Anchors/0011223344556677"] = b"x"
    arnold.session()
    shown = server.api("GET", f"/devices/{DEVICE_ID}")
    assert shown["safe_mode"] is True
    assert shown["trusts"] == ["0011223344556677"]
    page = server.request("GET", f"/devices/{DEVICE_ID}").text
    assert "In safe mode" in page
    assert "0011223344556677" in page
    order("leave-safe-mode")
    arnold.session()
    assert arnold.tree["./SCOMO/Ext/SafeMode"] == b"0"
    arnold.session()
    assert server.api("GET", f"/devices/{DEVICE_ID}")["safe_mode"] is False


# -- what is required first -------------------------------------------------------------------


def installs(server) -> list[tuple[str, str, str]]:
    return [(op["primitive"], op["subject"], op["state"]) for op in server.operations()]


def test_required_packages_come_first(server, arnold, package, order):
    server.publish(package("lib"))
    server.publish(package("clock", requires=("com.example.lib",)))
    server.publish(package("blink", requires=(CLOCK, "com.example.lib")))
    order("install", package=BLINK)
    assert [op[1] for op in installs(server)] == ["com.example.lib", CLOCK, BLINK]
    for name in ("com.example.lib", CLOCK, BLINK):
        arnold.session(*([report(arnold.correlator())] if arnold.commands else []))
        assert arnold.asked_to_install() == name
        arnold.deploy(name, "1.0.0", name)
    arnold.session(report(arnold.correlator()))
    assert {op[2] for op in installs(server)} == {"done"}


def test_a_required_component_that_sleeps_is_woken(server, arnold, package, order):
    server.publish(package("lib"))
    server.publish(package("blink", requires=("com.example.lib",)))
    arnold.deploy("com.example.lib", "1.0.0", "com.example.lib", state="10")
    arnold.session(request(BLINK))
    assert arnold.executed_node().endswith("com.example.lib/Operations/Activate")
    assert [op[:2] for op in installs(server)] == [
        ("activate", "com.example.lib"),
        ("install", BLINK),
    ]


def test_what_failed_takes_with_it_what_needs_it(server, arnold, package, order):
    server.publish(package("lib"))
    server.publish(package("blink", requires=("com.example.lib",)))
    order("install", package=BLINK)
    arnold.session()
    arnold.session(report(arnold.correlator(), 1407, "com.example.lib"))
    row = server.operations()[-1]
    assert (row["state"], row["code"]) == ("failed", 1407)
    assert row["reason"].startswith("it needs com.example.lib, which failed: the package's sig")
    assert arnold.asked_to_install() == ""


def test_circles_and_unknown_components_are_refused(server, arnold, package, refusal):
    server.publish(package("blink", requires=(CLOCK,)))
    code, words = refusal("install", package=BLINK)
    assert code == 409
    assert words == f"{BLINK} requires {CLOCK}, which no package for type unix has"
    server.publish(package("clock", requires=(BLINK,)))
    code, words = refusal("install", package=BLINK)
    assert code == 409
    assert words == f"packages require each other in a circle: {BLINK}, {CLOCK}, {BLINK}"
    # A user is told so; the default of the type does not try.
    arnold.session(request(BLINK))
    assert arnold.shown == [f"Blink cannot be installed: {words}."]
    server.api("PUT", "/types/unix/default", json={"packages": [BLINK]})
    arnold.session()
    assert server.operations() == []


def test_an_inactive_installation_asks_for_nothing(server, arnold, package, order):
    server.publish(package("blink", requires=(CLOCK,)))
    assert len(order("install-inactive", package=BLINK)) == 1


def test_what_is_on_its_way_is_not_ordered_twice(server, arnold, package, order):
    server.publish(package("lib"))
    for name in ("blink", "clock"):
        server.publish(package(name, requires=("com.example.lib",)))
        order("install", package=f"com.example.{name}")
    assert [op[1] for op in installs(server)] == ["com.example.lib", BLINK, CLOCK]
