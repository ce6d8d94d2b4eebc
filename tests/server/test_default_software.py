"""The service provider and the default software of a device type."""

from __future__ import annotations

import pytest
from scripted import report, request

from uscomo_tools.server import exchange, models, operations, planner, survey
from uscomo_tools.syncml.message import Command

BLINK, CLOCK = "com.example.blink", "com.example.clock"


@pytest.fixture
def set_default(server, fun_applications):
    server.api("POST", "/types/unix/authorisations", json={"provider": "Fun Applications Co."})

    def put(*packages):
        body = {"packages": list(packages)}
        return server.api("PUT", "/types/unix/default", fun_applications, json=body)

    return put


def test_only_an_authorised_provider(server, package, fun_applications):
    server.publish(package(), fun_applications)
    body = {"packages": [BLINK]}
    provider = {"provider": "Fun Applications Co."}
    assert server.api("PUT", "/types/unix/default", fun_applications, json=body) == 403
    server.api("POST", "/types/unix/authorisations", json=provider)
    assert server.api("PUT", "/types/unix/default", fun_applications, json=body)["ok"]
    assert server.api("PUT", "/types/pico/default", fun_applications, json=body) == 403
    server.api("DELETE", "/types/unix/authorisations", json=provider)
    assert server.api("PUT", "/types/unix/default", fun_applications, json=body) == 403
    assert server.api("GET", "/types/unix/default", fun_applications)["packages"] == [BLINK]


def test_devices_drift_one_package_after_the_other(server, arnold, package, set_default):
    for name in ("blink", "clock"):
        server.publish(package(name))
    set_default(BLINK, CLOCK)
    arnold.session()
    assert arnold.asked_to_install() == BLINK
    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session(report(arnold.correlator()))
    assert arnold.asked_to_install() == CLOCK
    arnold.deploy(CLOCK, "1.0.0", CLOCK)
    arnold.session(report(arnold.correlator(), identifier=CLOCK))
    assert arnold.asked_to_install() == ""
    assert arnold.session() == []
    assert {op["origin"] for op in server.operations()} == {"default"}


def test_an_older_release_is_updated_and_a_newer_one_left(server, arnold, package, set_default):
    server.publish(package(version="1.0.0", release=1))
    server.publish(package(version="1.1.0", release=2))
    set_default(BLINK)
    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session()
    environment = arnold.tree[f"./SCOMO/Download/{arnold.correlator()}/EnvType"]
    assert environment == b"micropython"
    assert arnold.shown[0].startswith("Update Blink 1.1.0 (")


def test_a_refusal_is_not_asked_again(server, arnold, package, set_default):
    server.publish(package())
    set_default(BLINK)
    arnold.consent = 304
    arnold.session()
    assert arnold.session() == []
    # A request of the user is a new beginning, and so is a new release.
    arnold.session(request(BLINK))
    assert arnold.asked_to_install() == ""
    assert len(server.operations()) == 2
    assert arnold.session() == []
    server.publish(package(version="2.0.0", release=2))
    arnold.consent = 200
    arnold.session()
    assert arnold.asked_to_install() == BLINK


def test_failures_are_not_tried_forever(server, arnold, package, set_default):
    server.publish(package())
    set_default(BLINK)
    arnold.session()
    for _ in range(5):
        if arnold.asked_to_install():
            arnold.session(report(arnold.correlator(), 1405))
        else:
            arnold.session()
    assert [op["state"] for op in server.operations()] == ["failed"] * 3
    body = {"primitive": "install", "package": BLINK}
    server.api("POST", f"/devices/{arnold.device_id}/operations", json=body)
    arnold.session()
    assert arnold.asked_to_install() == BLINK


def test_what_the_operator_removed_stays_away(server, arnold, package, set_default):
    server.publish(package())
    set_default(BLINK)
    arnold.deploy(BLINK, "1.0.0", BLINK)
    arnold.session()
    body = {"primitive": "remove", "component": BLINK}
    server.api("POST", f"/devices/{arnold.device_id}/operations", json=body)
    arnold.session()
    arnold.tree = {u: v for u, v in arnold.tree.items() if BLINK not in u}
    arnold.session(report(arnold.correlator()))
    assert arnold.session() == []
    assert server.inventory() == {}


def test_an_interrupted_session_is_taken_up_again(server, arnold, package, set_default):
    server.publish(package())
    set_default(BLINK)
    arnold.session()
    first = arnold.correlator()
    arnold.session(report(first, 1405))
    second = arnold.correlator()
    assert second != first
    arnold.begin()
    arnold.exchange([arnold.dev_info()])  # and silence
    arnold.session(report(second))
    assert server.operations()[1]["state"] == "done"


def test_default_of_unknown_packages(set_default):
    assert set_default("com.example.nothing") == 404


@pytest.fixture
def later(monkeypatch):
    """Let time pass on the server."""

    def pass_time(seconds):
        at = models.now() + seconds
        for module in (planner, operations, survey, exchange):
            monkeypatch.setattr(module, "now", lambda: at)

    return pass_time


def test_a_report_that_never_comes_and_then_does(server, arnold, package, later):
    server.publish(package())
    arnold.session(request(BLINK))
    correlator = arnold.correlator()
    later(3601)
    arnold.session()
    assert server.operations()[-1]["reason"] == "no report"
    arnold.session(report(correlator))
    assert server.last_operation() == ("done", 1200)


def test_an_old_inventory_is_read_again(server, arnold, later):
    arnold.session()
    arnold.deploy("aged", "1", "")
    later(24 * 3600 + 1)
    arnold.session()
    assert server.inventory() == {"aged": "1"}


def test_a_silent_session_is_over(arnold, later):
    arnold.begin()
    arnold.exchange([Command("Alert", data="1201"), arnold.dev_info()])
    later(601)
    arnold.auth = "none"
    assert arnold.status_of(arnold.exchange([Command("Alert", data="1222")]), "0") == 407
