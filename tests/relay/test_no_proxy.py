"""A relay is no open proxy: what a board may reach, and what it may not, however it asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificate import certificate
from puppet import Puppet, Site
from relaying import Relay, settings_for

from uscomo_tools.errors import UsageError
from uscomo_tools.relay.allowed import AllowList, Origin
from uscomo_tools.relay.exchange import Limits, Rate


@pytest.fixture
def own() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def foreign() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def relay(own: Site, board: Puppet) -> Iterator[Relay]:
    with Relay(settings_for(board.url, own.url + "/dm")) as relay:
        relay.wait_event("attached")
        yield relay


def refused(board: Puppet, origin: str) -> None:
    with pytest.raises(OSError, match="104"):
        board.ask(origin.encode(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_what_a_board_asks_for_goes_there_and_back(relay: Relay, board: Puppet, own: Site) -> None:
    own.headers = {"ETag": '"7"', "Content-Type": "a/b", "Set-Cookie": "a=b", "Server": "x"}
    answer = board.get(own.url + "/dm?x=1", "Accept: a/b\r\nX-Other: 1\r\n", "POST", b"question")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"200", b"content")
    assert b'etag: "7"' in head.lower()
    assert b"set-cookie" not in head.lower()
    ((method, path, headers, body),) = own.seen
    assert (method, path, body) == ("POST", "/dm?x=1", b"question")
    names = {name.lower() for name in headers}
    assert names == {"host", "accept", "content-length"}
    assert headers["Host"] == own.url.partition("://")[2]


def test_other_hosts_ports_and_schemes(relay: Relay, board: Puppet, own: Site, foreign: Site):
    refused(board, foreign.url)
    refused(board, f"https://127.0.0.1:{own.port}")
    refused(board, f"http://localhost:{own.port}")
    refused(board, f"http://127.0.0.2:{own.port}")
    refused(board, "http://169.254.169.254:80")
    assert not own.seen
    assert not foreign.seen
    assert len(relay.heard.all("refused")) == 5


@pytest.mark.parametrize(
    "origin",
    [
        "http://user@127.0.0.1:{own}",
        "http://127.0.0.1:{own}@127.0.0.1:{foreign}",
        "http://127.0.0.1:{foreign}#@127.0.0.1:{own}",
        "http://127.0.0.1:{own}/",
        "http://127.0.0.1:{own}?",
        "http://127.1:{own}",
        "http://0x7f.0.0.1:{own}",
        "http://2130706433:{own}",
        "http://0177.0.0.1:{own}",
        "http://127.0.0.1.:{own}",
        "http://[::1]:{own}",
        "http://[::ffff:127.0.0.1]:{own}",
        "http://127.0.0.1:0{own}",
        "http://127.0.0.1:+{own}",
        "http://127.0.0.1",
        "http://:{own}",
        "http:127.0.0.1:{own}",
        "//127.0.0.1:{own}",
        "ftp://127.0.0.1:{own}",
        "file:///etc/passwd",
        "http://127.0.0.1:{own}\r\nHost: x",
        "http://127.0.0.1%2f:{own}",
        "http://127.0.0\u30021:{own}",
        "",
    ],
)
def test_odd_spellings(relay: Relay, board: Puppet, own: Site, foreign: Site, origin: str) -> None:
    spelled = origin.format(own=own.port, foreign=foreign.port)
    if spelled == f"http://127.0.0.1:0{own.port}":
        spelled = f"http://127.0.0.1:{own.port + 65536}"
    refused(board, spelled)
    assert not own.seen
    assert not foreign.seen


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET http://127.0.0.1:{foreign}/ HTTP/1.1", 400),
        ("GET http://127.0.0.1:{own}/ HTTP/1.1", 400),
        ("CONNECT 127.0.0.1:{foreign} HTTP/1.1", 405),
        ("OPTIONS * HTTP/1.1", 405),
        ("PUT / HTTP/1.1", 405),
        ("DELETE / HTTP/1.1", 405),
        ("GET 127.0.0.1:{foreign} HTTP/1.1", 400),
        ("GET / HTTP/1.1\r\nbroken", 400),
        ("nonsense", 400),
    ],
)
def test_requests_that_are_a_proxys(
    relay: Relay, board: Puppet, own: Site, foreign: Site, request_line: str, status: int
) -> None:
    line = request_line.format(own=own.port, foreign=foreign.port)
    request = f"{line}\r\nHost: 127.0.0.1:{foreign.port}\r\n\r\n"
    answer = board.ask(own.url.encode(), request.encode())
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert not own.seen
    assert not foreign.seen


def test_a_path_and_a_host_header_lead_nowhere_else(
    relay: Relay, board: Puppet, own: Site, foreign: Site
) -> None:
    elsewhere = f"127.0.0.1:{foreign.port}"
    paths = [f"//{elsewhere}/x", f"/@{elsewhere}/", "/../../x", "/%0d%0aHost:%20x", "/\\x"]
    for path in paths:
        request = f"GET {path} HTTP/1.1\r\nHost: {elsewhere}\r\n\r\n"
        assert b" 200 " in board.ask(own.url.encode(), request.encode()).partition(b"\r\n")[0]
    assert not foreign.seen
    assert {headers["Host"] for _, _, headers, _ in own.seen} == {f"127.0.0.1:{own.port}"}
    assert len(own.seen) == len(paths)


def test_one_request_a_stream_however_it_is_framed(relay: Relay, board: Puppet, own: Site) -> None:
    host = f"Host: 127.0.0.1:{own.port}\r\n"
    second = f"GET /second HTTP/1.1\r\n{host}\r\n"
    board.ask(own.url.encode(), f"GET /first HTTP/1.1\r\n{host}\r\n{second}".encode())
    smuggled = (
        f"POST /third HTTP/1.1\r\n{host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"0\r\n\r\n{second}"
    )
    board.ask(own.url.encode(), smuggled.encode())
    assert [(path, body) for _, path, _, body in own.seen] == [("/first", b""), ("/third", b"")]


def test_a_redirect_is_the_boards_affair(
    relay: Relay, board: Puppet, own: Site, foreign: Site
) -> None:
    own.status, own.headers = 302, {"Location": foreign.url + "/x"}
    answer = board.get(own.url + "/package")
    assert answer.startswith(b"HTTP/1.1 302")
    assert (foreign.url + "/x").encode() in answer
    refused(board, foreign.url)
    assert not foreign.seen


def test_what_the_operator_allows_beside(board: Puppet, own: Site, foreign: Site) -> None:
    allowed = AllowList(own.url, [foreign.url + "/"])
    with Relay(settings_for(board.url, own.url, allowed=allowed)) as relay:
        relay.wait_event("attached")
        assert b"content" in board.get(foreign.url + "/package")
    assert [path for _, path, _, _ in foreign.seen] == ["/package"]


def test_a_name_that_leads_to_a_private_address(board: Puppet, own: Site, foreign: Site) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    other = f"http://packages.example:{foreign.port}"
    server = f"http://dm.example:{own.port}"
    for private, status in ((False, b"403"), (True, b"200")):
        allowed = AllowList(server, [other], private, resolve)
        with Relay(settings_for(board.url, server, allowed=allowed)) as relay:
            relay.wait_event("attached")
            assert board.get(other + "/x").split()[1] == status
            # The server's own address is the operator's affair.
            assert board.get(server + "/dm").split()[1] == b"200"
    assert [headers["Host"] for _, _, headers, _ in foreign.seen] == [other.partition("://")[2]]
    # Asked for once a request: what was checked is what is connected to.
    assert asked == ["packages.example", "dm.example"] * 2


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0", "fd00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1", "::"),
    ],
)
@pytest.mark.anyio
async def test_addresses_that_are_none_of_the_internets(address: str) -> None:
    from uscomo_tools.errors import RefusedError

    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    allowed = AllowList("http://dm.example", ["http://packages.example"], resolve=resolve)
    with pytest.raises(RefusedError, match="private"):
        await allowed.addresses(Origin("http", "packages.example", 80))


@pytest.mark.anyio
async def test_of_several_addresses_the_public_ones_are_left() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "8.8.8.8", "2001:4860:4860::8888", "::1"]

    allowed = AllowList("http://dm.example", ["http://packages.example"], resolve=resolve)
    found = await allowed.addresses(Origin("http", "packages.example", 80))
    assert found == ["8.8.8.8", "2001:4860:4860::8888"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_proxy_of_the_environment_is_not_used(
    board: Puppet, own: Site, foreign: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, foreign.url)
    with Relay(settings_for(board.url, own.url)) as relay:
        relay.wait_event("attached")
        assert b"content" in board.get(own.url + "/dm")
    assert not foreign.seen


# -- limits


def test_sizes(board: Puppet, own: Site) -> None:
    limits = Limits(request=1000, answer=1000)
    with Relay(settings_for(board.url, own.url, limits=limits)) as relay:
        relay.wait_event("attached")
        assert board.get(own.url + "/dm", "", "POST", bytes(1001)).split()[1] == b"413"
        assert not own.seen
        assert board.get(own.url + "/dm", "", "POST", bytes(1000)).split()[1] == b"200"
        own.body = bytes(1001)
        assert board.get(own.url + "/dm").split()[1] == b"502"
        own.body = bytes(1000)
        assert board.get(own.url + "/dm").endswith(bytes(1000))
        # A head without an end.
        endless = b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 20_000
        assert board.ask(own.url.encode(), endless).split()[1] in (b"400", b"431")


def test_rate(board: Puppet, own: Site) -> None:
    with Relay(settings_for(board.url, own.url, limits=Limits(per_minute=3))) as relay:
        relay.wait_event("attached")
        for _ in range(3):
            board.get(own.url + "/dm")
        refused(board, own.url)
        assert relay.heard.all("refused")[0]["problem"] == "too many requests"
    assert len(own.seen) == 3


def test_a_rate_recovers_and_never_exceeds_its_size() -> None:
    rate = Rate(60)
    assert [rate.take(100.0) for _ in range(61)] == [True] * 60 + [False]
    assert [rate.take(102.0) for _ in range(3)] == [True, True, False]
    assert sum(rate.take(10_000.0) for _ in range(200)) == 60


def test_an_answer_that_breaks_off_breaks_the_stream(
    relay: Relay, board: Puppet, own: Site
) -> None:
    own.body, own.breaks_after = bytes(3000), 1000
    own.promised = 3000
    with pytest.raises(OSError, match="104"):
        board.get(own.url + "/package")
    relay.wait(lambda: relay.heard.requests)
    assert relay.heard.requests[0].problem


def test_a_server_that_is_not_there(relay: Relay, board: Puppet, own: Site) -> None:
    own.close()
    try:
        with pytest.raises(OSError, match="104"):
            board.get(own.url + "/dm")
    finally:
        own.close = lambda: None  # type: ignore[method-assign]


# -- TLS


def test_the_host_checks_certificates(board: Puppet, tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    good, other = certificate(tmp_path, "dm.example"), certificate(tmp_path, "other.example")
    with Site(good) as site:
        for server, ca, is_good in (
            (f"https://dm.example:{site.port}", good, True),
            (f"https://dm.example:{site.port}", other, False),
            (f"https://dm.example:{site.port}", None, False),
            (f"https://wrong.example:{site.port}", good, False),
            (site.url, good, False),
        ):
            allowed = AllowList(server, resolve=resolve)
            with Relay(settings_for(board.url, server, allowed=allowed, ca=ca)) as relay:
                relay.wait_event("attached")
                if is_good:
                    assert b"content" in board.get(server + "/dm")
                    assert site.seen[-1][2]["Host"] == server.partition("://")[2]
                else:
                    with pytest.raises(OSError, match="104"):
                        board.get(server + "/dm")
                    relay.wait(lambda relay=relay: relay.heard.requests)
                    assert "certificate" in relay.heard.requests[0].problem.lower()
        assert len(site.seen) == 1


# -- the command line's URLs


@pytest.mark.parametrize(
    "url",
    [
        *("", "dm.example", "ftp://dm.example", "http://", "http://u:p@dm.example"),
        *("http://127.1", "http://0x7f.1", "http://2130706433", "http://dm.example:0"),
        *("http://dm.example:99999", "http://[::1]:80", "http://dm example", "http://-x-"),
    ],
)
def test_a_server_that_is_none(url: str) -> None:
    with pytest.raises(UsageError):
        AllowList(url)


def test_a_path_is_no_part_of_what_is_allowed() -> None:
    assert str(AllowList("https://DM.example/dm?x").server) == "https://dm.example"
    with pytest.raises(UsageError, match="path"):
        AllowList("https://dm.example", ["https://packages.example/mine"])
