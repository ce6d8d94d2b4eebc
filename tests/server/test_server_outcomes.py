"""What became of an operation: reports of several components, trials, roll-backs and why."""

from __future__ import annotations

import pytest
from scripted import DEVICE_ID, multi_report, report, request

from uscomo_tools.server import models, operations, planner, results

BLINK, CLOCK, LIB = "com.example.blink", "com.example.clock", "com.example.lib"


@pytest.fixture
def running(server, arnold, package):
    """The correlator of an installation that was accepted."""
    server.publish(package())
    arnold.session(request(BLINK))
    return arnold.correlator()


def last(server):
    return server.operations()[-1]


def test_one_item_for_each_component(server, arnold, running):
    arnold.session(multi_report(running, {BLINK: 1200, CLOCK: 1200}))
    assert server.last_operation() == ("done", 1200)
    assert [(r["id"], r["code"]) for r in last(server)["results"]] == [
        (BLINK, 1200),
        (CLOCK, 1200),
    ]


def test_one_failure_is_the_operations(server, arnold, running):
    arnold.session(multi_report(running, {BLINK: 1200, CLOCK: 1457}))
    assert server.last_operation() == ("failed", 1457)
    assert last(server)["reason"] == "another component provides the same name"
    page = server.request("GET", f"/devices/{DEVICE_ID}").text
    assert "another component provides the same name" in page
    assert CLOCK in page


def test_components_may_be_reported_one_after_the_other(server, arnold, running):
    arnold.session(multi_report(running, {LIB: 1200}))
    assert server.last_operation() == ("done", 1200)
    arnold.session(multi_report(running, {LIB: 1200, BLINK: 1472}))
    assert server.last_operation() == ("failed", 1472)
    # What was said before is not counted again.
    arnold.session(multi_report(running, {LIB: 1405}))
    assert [r["code"] for r in last(server)["results"]] == [1200, 1472]


def test_on_trial_is_no_end(server, arnold, package, running):
    server.publish(package("clock"))
    arnold.deploy(BLINK, "1.0.0", BLINK, Release=1, OnTrial=1)
    arnold.session(report(running, 1250))
    row = last(server)
    assert (row["state"], row["on_trial"], row["code"]) == ("running", True, 1250)
    assert row["reason"] == "installed, on trial"
    assert server.api("GET", f"/devices/{DEVICE_ID}")["inventory"][0]["on_trial"] is True
    assert "on trial" in server.request("GET", f"/devices/{DEVICE_ID}").text
    # The device may do other things meanwhile, and is not offered the same again.
    arnold.session(request(CLOCK), request(BLINK))
    assert arnold.asked_to_install() == CLOCK
    arnold.session(report(running, 1200))
    assert [op["state"] for op in server.operations()] == ["done", "running"]


@pytest.mark.parametrize("code", sorted(results.ROLLED_BACK))
def test_why_it_was_rolled_back(server, arnold, running, code):
    arnold.session(report(running, 1250))
    arnold.deploy(BLINK, "0.9.0", BLINK, Release=0, LastError="ValueError: no pin 25")
    arnold.session(report(running, code))
    row = last(server)
    assert (row["state"], row["code"]) == ("failed", code)
    why = f"{results.VENDOR[code]} to 0.9.0 (ValueError: no pin 25)"
    assert row["reason"] == f"{BLINK}: {why}"
    [result] = row["results"]
    assert result["reason"] == why
    assert (result["rolled_back_to"], result["error"]) == ("0.9.0", "ValueError: no pin 25")
    page = server.request("GET", f"/devices/{DEVICE_ID}").text
    assert "to 0.9.0 (ValueError: no pin 25)" in page
    # What happens later to the component does not change the story.
    arnold.deploy(BLINK, "1.5.0", BLINK, Release=3)
    arnold.session(request("", None))
    assert last(server)["results"] == [result]


def test_a_first_version_leaves_nothing(server, arnold, running):
    arnold.session(report(running, 1473))
    assert last(server)["reason"].endswith("rolled back, nothing of it is active")


@pytest.fixture
def later(monkeypatch):
    """Let time pass on the server."""

    def pass_time(seconds):
        at = models.now() + seconds
        for module in (planner, operations):
            monkeypatch.setattr(module, "now", lambda: at)

    return pass_time


def test_a_trial_may_last_long_but_not_for_ever(server, arnold, running, later):
    arnold.session(report(running, 1250))
    later(3 * 3600)
    arnold.session()
    assert last(server)["on_trial"] is True
    later(planner.TRIAL_PATIENCE + 60)
    arnold.session()
    row = last(server)
    assert (row["state"], row["reason"]) == ("done", "installed; no report of the trial")
    arnold.session(report(running, 1472))
    assert server.last_operation() == ("failed", 1472)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1200, "done"),
        (1260, "done (code of the vendor)"),
        (1463, "failed on the device (code of the vendor)"),
        (1551, "the content server failed (code of the vendor)"),
        (425, "the device's access list does not allow it"),
        (499, "failed, for a reason without a name"),
        (200, ""),
    ],
)
def test_codes_in_words(code, words):
    assert results.explain(code) == words


def test_no_code_has_two_meanings():
    tables = (results.STANDARD, results.VENDOR, results.STATUSES)
    codes = [code for table in tables for code in table]
    assert len(codes) == len(set(codes))
    assert results.VENDOR.keys() >= results.ROLLED_BACK
    assert all("rolled back" in results.VENDOR[code] for code in results.ROLLED_BACK)


# -- releases ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deployed", "ext", "offered"),
    [
        ("0.1-test", {"Release": 7}, False),  # newer than what is published
        ("0.1-test", {"Release": 4}, True),
        ("0.1-test", {}, True),  # unknown, and another version
        ("1.0.0", {}, False),
        ("1.0.0", {"Release": 4}, True),  # the same version, built again
    ],
)
def test_releases_decide_and_versions_where_there_are_none(
    server, arnold, package, deployed, ext, offered
):
    server.publish(package(release=5))
    arnold.deploy(BLINK, deployed, BLINK, **ext)
    for source in ("./SCOMO/Inventory/Deployed/com.example.blink", None):
        arnold.session(request("", source))
        assert (arnold.asked_to_install() == BLINK) is offered
        if offered:
            return
        assert arnold.shown == ["Everything is up to date."]


def test_ext_leaves_without_lists(server, arnold):
    arnold.lists_data = False
    arnold.deploy(BLINK, "1.0.0", BLINK, Release=12, OnTrial=0, Retained="0.9", LastError="boom")
    arnold.deploy(CLOCK, "1.0.0", CLOCK, state="10", OnTrial=1)
    arnold.put_delivered("dp1", CLOCK)
    arnold.session()
    shown = server.api("GET", f"/devices/{DEVICE_ID}")
    [row, waiting] = shown["inventory"]
    assert waiting["on_trial"] is False  # its trial begins when it is activated
    assert (row["release"], row["on_trial"], row["retained"]) == (12, False, "0.9")
    assert row["last_error"] == "boom"
    assert [p["package"] for p in shown["delivered"]] == [CLOCK]
