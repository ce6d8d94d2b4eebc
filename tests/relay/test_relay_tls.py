"""A board without TLS of its own whose server has nothing else; and how it is provisioned so."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificate import certificate
from relaying import Relay, settings_for
from tape import Tape

from uscomo_tools.board.identity import Identity
from uscomo_tools.board.provisioning import Wishes, compose
from uscomo_tools.errors import UsageError
from uscomo_tools.package import SigningKey
from uscomo_tools.relay.allowed import AllowList
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.states import deployed_files, store_files


async def resolve(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_session_with_a_server_that_has_tls(tmp_path: Path) -> None:
    ca = certificate(tmp_path, "dm.example")
    with DmServer(tmp_path / "server", SigningKey.generate()) as server:
        front = Tape(server.url, ca)
        try:
            url = f"https://dm.example:{front.port}"
            spec = server.enrol("unix", settings={"bearer": "relay", "poll": "1"})
            spec.url = url + "/dm"
            files = {**deployed_files(), **store_files(spec)}
            allowed = AllowList(url, resolve=resolve)
            with (
                unix.start(tmp_path / "board", files=files) as board,
                Relay(settings_for(board.url, url, allowed=allowed, ca=ca)) as relay,
            ):
                relay.wait_for("session main done")
                found = relay.heard.requests[0]
                assert (found.status, found.url) == (200, url + "/dm")
        finally:
            front.close()


IDENTITY = Identity("unix", "unix", (1, 28, 0), unique_id="1", platform="unix")
ACCOUNT = {"url": "https://dm.example/dm", "password": "p", "server_password": "s"}


def test_an_account_with_https_goes_through_the_relay() -> None:
    wishes = Wishes("main", dict(ACCOUNT), settings={"bearer": "relay"})
    found = compose(wishes, {"accounts": {}, "settings": {}}, IDENTITY)
    assert found.values["DMAcc/main/AppAddr/1/Addr"] == b"https://dm.example/dm"
    assert found.values["~set/bearer"] == b"relay"
    # It may have been said before.
    there = {"accounts": {}, "settings": {"bearer": "relay"}}
    assert compose(Wishes("main", dict(ACCOUNT)), there, IDENTITY).account == "main"
    pigeon = Wishes(settings={"bearer": "pigeon"})
    with pytest.raises(UsageError, match="bearer"):
        pigeon.check(IDENTITY)
