"""REST, content and pages."""

from __future__ import annotations

import pytest
from scripted import DEVICE_ID, request

BLINK = "com.example.blink"


def test_tokens(server, fun_applications):
    assert server.request("GET", "/api/health").json() == {"ok": True}
    assert server.request("GET", "/api/devices").status_code == 401
    assert server.api("GET", "/devices", token="wrong") == 401
    assert server.api("GET", "/devices", token=fun_applications) == 403
    assert server.api("GET", "/packages", token=fun_applications) == []
    assert server.api("GET", "/nothing") == 404
    assert server.api("DELETE", "/packages") == 405


def test_an_application_id_belongs_to_its_first_publisher(server, package, fun_applications):
    assert server.publish(package(), fun_applications)["vendor"] == "Fun Applications Co."
    other = server.api("POST", "/providers", json={"name": "Mobile Security Forces Co."})["token"]
    assert server.publish(package(version="2.0.0", release=2), other) == 403
    # Neither does another package id give a way to somebody's component.
    assert server.publish(package(release=3, version="3", package_id="com.other"), other) == 403
    assert server.publish(package(version="2.0.0", release=2), fun_applications)["ok"]


def test_publishing_twice(server, package):
    assert server.publish(package())["release"] == 1
    assert server.publish(package())["ok"]
    assert len(server.api("GET", "/packages")) == 1
    assert server.publish(package(version="1.0.1", release=1)) == 409
    assert server.publish(package(version="1.0.0", release=2)) == 409
    assert server.publish(package(types=("pico",)))["types"] == ["pico"]


def test_not_a_package(server, package):
    assert server.publish(b"nothing") == 400
    assert server.publish(package()[:-20]) == 400
    assert server.publish(package(), ask="nobody") == 400
    assert server.publish(b"\0" * (16 * 1024 * 1024 + 1)) == 413


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"device_id": ""},
        {"device_id": 1},
        {"device_id": "x", "auth": "telepathy"},
        {"device_id": "x", "surprise": 1},
        {"device_id": "x", "client_nonce": "%"},
        [],
    ],
)
def test_bad_accounts(server, body):
    assert server.api("POST", "/devices", json=body) == 400


def test_accounts(server, enrol):
    enrol()
    assert server.api("POST", "/devices", json={"device_id": DEVICE_ID}) == 409
    [listed] = server.api("GET", "/devices")
    assert listed["type"] == "unix"
    shown = server.api("GET", f"/devices/{DEVICE_ID}")
    assert "secret" not in str(shown)
    assert shown["inventory"] == []
    assert shown["last_session"] is None
    assert server.api("GET", "/devices/nobody") == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"primitive": "explode"}, 400),
        ({"primitive": "install"}, 400),
        ({"primitive": "install", "package": BLINK}, 404),
        ({"primitive": "remove"}, 400),
        ({"primitive": "remove", "package": BLINK}, 404),
        ({"primitive": "install", "package": BLINK, "ask": "nobody"}, 400),
    ],
)
def test_bad_operations(server, enrol, body, status):
    enrol()
    assert server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body) == status


def test_operations_on_a_package(server, arnold):
    for name in ("one", "two"):
        arnold.deploy(name, "1", "suite")
    arnold.session()
    body = {"primitive": "deactivate", "package": "suite"}
    answer = server.api("POST", f"/devices/{DEVICE_ID}/operations", json=body)
    assert [op["subject"] for op in answer["operations"]] == ["one", "two"]


def test_providers(server, fun_applications):
    assert server.api("POST", "/providers", json={"name": "Fun Applications Co."}) == 409
    assert server.api("POST", "/providers", json={"name": "operator"}) == 400
    nobody = {"provider": "nobody"}
    assert server.api("POST", "/types/unix/authorisations", json=nobody) == 404


def test_ranges_of_content(server, package):
    data = package()
    digest = server.publish(data)["sha256"]
    path = f"/content/{digest}.pkg"
    whole = server.request("GET", path)
    assert whole.headers["etag"] == f'"{digest}"'
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "application/vnd.uscomo.package+gzip"
    part = {"range": "bytes=100-", "if-range": f'"{digest}"'}
    resumed = server.request("GET", path, headers=part)
    assert (resumed.status_code, resumed.content) == (206, data[100:])
    changed = server.request("GET", path, headers=part | {"if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, data)
    beyond = server.request("GET", path, headers={"range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    assert server.request("GET", "/content/nothing.pkg").status_code == 404
    assert server.request("GET", "/content/..%2Fserver.sqlite.pkg").status_code == 404


def test_a_page_without_devices(server):
    assert "No device" in server.request("GET", "/").text


def test_pages(server, arnold, package):
    server.publish(package())
    arnold.deploy("<script>", "1", "x")
    arnold.session(request(BLINK))
    fleet = server.request("GET", "/").text
    assert DEVICE_ID in fleet
    assert "&lt;script&gt;" in fleet
    device = server.request("GET", f"/devices/{DEVICE_ID}").text
    assert "running" in device
    session = server.request("GET", "/sessions/1").text
    assert "&lt;VerDTD&gt;1.2&lt;/VerDTD&gt;" in session
    assert "DownloadInstall" in session
    assert server.request("GET", "/style.css").headers["content-type"].startswith("text/css")
    assert server.request("GET", "/devices/nobody").status_code == 404
    assert server.request("GET", "/sessions/99").status_code == 404


def test_pages_are_for_this_machine_or_the_token(server):
    far = {"peer": "192.0.2.1", "base_url": "http://dm.example"}
    assert server.request("GET", "/", **far).status_code == 403
    assert server.request("GET", "/", base_url="http://rebound.example").status_code == 403
    assert server.request("GET", "/?token=wrong", **far).status_code == 403
    entered = server.request("GET", "/?token=operator-token", **far)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].partition(";")[0]
    assert "operator-token" not in cookie
    assert server.request("GET", "/", headers={"cookie": cookie}, **far).status_code == 200
