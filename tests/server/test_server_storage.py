"""The database of an older release: what it lacks is added, what it has stays."""

from __future__ import annotations

import sqlite3

from scripted import DEVICE_ID, Device, report, request
from served import Server

BLINK = "com.example.blink"
NEW = {
    "operation": ("delivery", "results", "needs", "whole", "base", "value", "arrived_at"),
    "device": ("has_ext", "has_delivered", "anchors", "max_obj_size", "max_msg_size", "safe_mode"),
    "component": ("release", "on_trial", "last_error", "retained"),
}


def test_columns_are_added(tmp_path, package):
    server = Server(tmp_path)
    account = {"device_id": DEVICE_ID, "type": "unix", "auth": "none", "server_auth": "none"}
    server.api("POST", "/devices", json=account)
    server.publish(package())
    device = Device(server.post_dm, auth="none", server_password=None)
    device.session(request(BLINK))
    server.stop()
    with sqlite3.connect(tmp_path / "server.sqlite") as old:
        old.execute("DROP TABLE delivered")
        for table, columns in NEW.items():
            for column in columns:
                old.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    old.close()

    server = Server(tmp_path)
    [row] = server.operations()
    assert (row["state"], row["delivery"], row["results"], row["needs"]) == (
        *("running", "indirect"),
        *([], []),
    )
    shown = server.api("GET", f"/devices/{DEVICE_ID}")
    assert (shown["safe_mode"], shown["trusts"], shown["delivered"]) == (False, [], [])
    device.post = server.post_dm
    device.deploy(BLINK, "1.0.0", BLINK, Release=1)
    device.session(report(row["correlator"]))
    assert server.last_operation() == ("done", 1200)
    assert server.inventory() == {BLINK: "1.0.0"}
    server.stop()


def test_a_device_has_a_number_of_sessions_that_are_kept(tmp_path):
    server = Server(tmp_path, kept_sessions=3)
    for name in (DEVICE_ID, "urn:other"):
        account = {"device_id": name, "type": "unix", "auth": "none", "server_auth": "none"}
        server.api("POST", "/devices", json=account)
    device = Device(server.post_dm, auth="none", server_password=None)
    for _ in range(5):
        device.session()
    server.stop()
    with sqlite3.connect(tmp_path / "server.sqlite") as kept:
        sessions = [row[0] for row in kept.execute("SELECT id FROM session ORDER BY id")]
        spoken = {row[0] for row in kept.execute("SELECT session_pk FROM message")}
    kept.close()
    assert sessions == [3, 4, 5]
    assert spoken == {3, 4, 5}
