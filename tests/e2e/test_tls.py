"""HTTPS from real MicroPython to the real server: whom it trusts, and whom it does not."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pairs import Pair

from uscomo_tools.device.tls import Tls
from uscomo_tools.package import SigningKey
from uscomo_tools.server.runner import RunningServer, ServerSettings
from uscomo_tools.testing.certificates import Authority, Issued

UNREACHABLE = 3
HOST = "localhost"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Somebody who signs certificates for our server's name, too."""
    return Authority(tmp_path_factory.mktemp("certificates"), "other")


@pytest.fixture
def secure_pair(
    tmp_path: Path, key: SigningKey, authority: Authority
) -> Iterator[Callable[..., Pair]]:
    """Make a device with an https account on a server that shows this certificate."""
    with ExitStack() as stack:

        def make(shown: Issued, clients: Path | None = None, **options: Any) -> Pair:
            settings = ServerSettings(
                tmp_path / "server",
                secrets.token_urlsafe(16),
                tls_certificate=shown.certificate,
                tls_key=shown.key,
                client_ca=clients,
            )
            server = stack.enter_context(RunningServer(settings))
            url = server.dm_url.replace("127.0.0.1", options.pop("host", HOST))
            unchecked = ssl.create_default_context()
            unchecked.check_hostname = False
            unchecked.verify_mode = ssl.CERT_NONE
            pair = Pair.make(
                tmp_path / "device", server, key, url=url, verify=unchecked, **options
            )
            stack.callback(pair.close)
            return pair

        yield make


def trusting(*authorities: Authority) -> Tls:
    return Tls([authority.der for authority in authorities])


def said(pair: Pair) -> list[str]:
    return [event for event in pair.events if event.startswith("https ")]


@pytest.mark.parametrize("encoding", ["wbxml", pytest.param("xml", marks=pytest.mark.full)])
def test_an_application_over_https(
    secure_pair: Callable[..., Pair], authority: Authority, other: Authority, encoding: str
) -> None:
    # Two authorities: the server's next certificate may be signed by another one.
    pair = secure_pair(authority.issue(HOST), tls=trusting(other, authority), encoding=encoding)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    messages = pair.api.get(f"/messages?after=0&device={pair.device_id}").json()
    assert {m["content_type"] for m in messages} == {f"application/vnd.syncml.dm+{encoding}"}
    assert said(pair) == []


@pytest.mark.parametrize(
    ("hosts", "days", "reason"),
    [
        (("elsewhere.example",), 1, "does not match"),
        ((HOST,), -1, "has expired"),
    ],
)
def test_a_certificate_that_proves_nothing(
    secure_pair: Callable[..., Pair],
    authority: Authority,
    hosts: tuple[str, ...],
    days: int,
    reason: str,
) -> None:
    pair = secure_pair(authority.issue(*hosts, days=days), tls=trusting(authority))
    assert pair.check() == UNREACHABLE
    assert reason in said(pair)[0], pair.events
    assert pair.events.count("session main unreachable") == 3


def test_another_authority(
    secure_pair: Callable[..., Pair], authority: Authority, other: Authority
) -> None:
    pair = secure_pair(other.issue(HOST), tls=trusting(authority))
    assert pair.check() == UNREACHABLE
    assert "not correctly signed by the trusted CA" in said(pair)[0], pair.events


def test_without_an_authority(secure_pair: Callable[..., Pair], authority: Authority) -> None:
    pair = secure_pair(authority.issue(HOST))
    assert pair.check() == UNREACHABLE
    assert said(pair)[0] == f"https {HOST}: no authority is trusted"


def test_unchecked_where_the_owner_says_so(
    secure_pair: Callable[..., Pair], other: Authority
) -> None:
    pair = secure_pair(other.issue("elsewhere.example"), settings={"tls": "unchecked"})
    assert pair.check() == 0
    assert said(pair) == []


def test_mutual(secure_pair: Callable[..., Pair], authority: Authority, other: Authority) -> None:
    """The device shows its certificate: the server that cannot check it lets nobody in."""
    good = authority.issue(name="device")
    fields: dict[str, Any] = {"auth": "none", "server_auth": "none"}
    tls = Tls.load([authority.pem], good.certificate, good.key)
    pair = secure_pair(authority.issue(HOST), authority.pem, tls=tls, **fields)
    assert pair.check() == 0


def test_mutual_with_a_certificate_of_somebody_else(
    secure_pair: Callable[..., Pair], authority: Authority, other: Authority
) -> None:
    foreign = other.issue(name="device")
    fields: dict[str, Any] = {"auth": "none", "server_auth": "none"}
    tls = Tls.load([authority.pem], foreign.certificate, foreign.key)
    pair = secure_pair(authority.issue(HOST), authority.pem, tls=tls, **fields)
    assert pair.check() == UNREACHABLE
