"""A device whose account wants XML messages."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pairs import APP, Pair

from uscomo_tools.package import SigningKey
from uscomo_tools.server.runner import RunningServer, ServerSettings


def command(pair: Pair, name: str, **item: str) -> dict[str, Any]:
    """Let the operator order a command of one item, and the device do it: what it answered."""
    given = {"command": name, "items": [item]}
    answer = pair.api.post(f"/devices/{pair.device_id}/commands", json=given)
    assert answer.status_code == 201, answer.text
    assert pair.check() == 0
    found: list[dict[str, Any]] = pair.api.get(f"/devices/{pair.device_id}/commands").json()
    return found[-1]


def test_install(new_pair: Callable[..., Pair]) -> None:
    stale = {"client_nonce": "c3RhbGU=", "server_nonce": "c3RhbGU="}
    pair = new_pair(encoding="xml", **stale)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    assert pair.status() == {package: 20}
    assert pair.inventory() == {package: "active"}
    assert set(pair.gateway.encodings) == {"xml"}
    # Neither end believed the other one's first message.
    for messages in (pair.gateway.received, pair.gateway.sent):
        headers = [str(m.commands[0].data) for m in messages if m.commands[0].name == "Status"]
        assert headers[0] in ("401", "407")
        assert "212" in headers[1:3]


def test_large_objects_and_a_small_server(tmp_path: Path, key: SigningKey) -> None:
    settings = ServerSettings(tmp_path / "server", secrets.token_urlsafe(16), max_body=2600)
    with RunningServer(settings) as server:
        pair = Pair.make(tmp_path / "device", server, key, encoding="xml")
        try:
            package = pair.publish({"noise": secrets.token_bytes(9000), "app.py": APP})
            answer = pair.api.post(
                f"/devices/{pair.device_id}/operations",
                json={"primitive": "install", "package": package, "delivery": "direct"},
            )
            assert answer.status_code == 201, answer.text
            assert pair.check() == 0
            assert pair.outcome() == ("done", 1200)
            assert not pair.gateway.fetched()
            assert pair.gateway.statuses("Add").count("213") > 2
            uri, text = "./SCOMO/Download/p/Description", "0123456789<&>\t\u20ac\xe4" * 20
            command(pair, "Add", target="./SCOMO/Download/p", format="node")
            command(pair, "Add", target=uri, format="chr", data=text)
            told = command(pair, "Get", target=uri)
            assert [row["data"] for row in told["results"]] == [text]
            parts = [i for m in pair.gateway.sent for c in m.commands for i in c.items if i.more]
            assert parts
            assert set(pair.gateway.encodings) == {"xml"}
        finally:
            pair.close()
