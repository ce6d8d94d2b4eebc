"""The emulated Pico W with official firmware: Wi-Fi, HTTPS, lines that break, power that fails."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway import Answer, Gateway
from pairs import BOARD

from uscomo_tools.board import firmware_cache
from uscomo_tools.device.agent import shrunk
from uscomo_tools.device.provision import DeviceSpec
from uscomo_tools.device.tls import Tls
from uscomo_tools.package import SigningKey
from uscomo_tools.testing.apps import AppBuilder
from uscomo_tools.testing.certificates import Authority
from uscomo_tools.testing.dm_server import DmServer
from uscomo_tools.testing.pool import GATEWAY
from uscomo_tools.testing.providers import rp2w
from uscomo_tools.testing.providers.provided import ServedBoard
from uscomo_tools.testing.skipping import image_or_skip
from uscomo_tools.testing.states import deployed_files, store_files

pytestmark = pytest.mark.full(minutes=3)

APPS = Path(__file__).parents[1] / "hil"
#: The name that the server has; whatever is asked for, the emulated network says it is here.
HOST = "dm.example"
_PATIENCE = 900.0  # the machine may have other things to do
_TO_1970 = 2208988800
#: Flash operations after which the power fails: some of the package is there.
_CUT = 30


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    image_or_skip(firmware_cache.PICO_W)


@pytest.fixture
def server(tmp_path: Path, key: SigningKey) -> Iterator[DmServer]:
    with DmServer(tmp_path / "server", key) as running:
        yield running


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "certificates"
    folder.mkdir()
    # As most servers have it, and a third less work for the board than P-256.
    return Authority(folder, kind="rsa")


@pytest.fixture
def clock() -> Iterator[str]:
    """A time server: what the setting `ntp` says."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (asked := bound.recvfrom(100))[0]:
                question, sender = asked
                head = bytes((0x24, 2)) + bytes(22) + question[40:48] + bytes(8)
                now = struct.pack(">II", int(time.time()) + _TO_1970, 0)
                bound.sendto(head + now, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"time.example:{bound.getsockname()[1]}"
        bound.sendto(b"", bound.getsockname())
        thread.join()


class Pico:
    """A Pico W that is provisioned, and what it says from power-on."""

    def __init__(self, spec: DeviceSpec, nodes: dict[str, bytes]) -> None:
        files = {**deployed_files(), **store_files(spec, nodes)}
        self.board: ServedBoard = rp2w.start(files=files)

    def wait_for(self, pattern: str) -> str:
        """Wait until the console has this."""
        end = time.monotonic() + _PATIENCE
        while True:
            log = self.board.console_log
            if re.search(pattern, log):
                return log
            assert time.monotonic() < end, log
            assert "Traceback" not in log, log
            time.sleep(0.2)


@pytest.fixture
def pico() -> Iterator[Callable[..., Pico]]:
    with contextlib.ExitStack() as stack:

        def make(spec: DeviceSpec, **nodes: bytes) -> Pico:
            made = Pico(spec, nodes)
            stack.callback(made.board.stop)
            return made

        yield make


def enrolled(server: DmServer, gateway: Gateway, host: str, **fields: Any) -> DeviceSpec:
    spec = server.enrol("rp2w", GATEWAY, networks={rp2w.SSID: "any key."}, **fields)
    scheme = gateway.url.partition("://")[0]
    spec.url = f"{scheme}://{host}:{gateway.port}/dm"
    return spec


@pytest.fixture
def plain(server: DmServer) -> Iterator[Gateway]:
    gateway = Gateway(server.url)
    yield gateway
    gateway.stop()


@pytest.fixture
def secure(server: DmServer, authority: Authority) -> Iterator[Gateway]:
    gateway = Gateway(server.url, authority.issue(HOST).server_context())
    yield gateway
    gateway.stop()


def asking_for(package: str) -> dict[str, bytes]:
    """A request of the board's user, as it is kept until it was sent."""
    entry = {"kind": "install", "id": package, "cause": "User", "account": "main", "tries": 0}
    return {"~request/1": json.dumps(entry).encode()}


def broken_once(ranges: list[str]) -> Callable[[str, Answer], Answer]:
    """The line breaks in the middle of the package, the first time."""

    def content(path: str, answer: Answer) -> Answer:
        if path.endswith("pkg"):
            ranges.append(answer.headers.get("content-range", ""))
            if len(ranges) == 1:
                answer.headers["content-length"] = str(len(answer.body))
                answer.pieces = [answer.body[: len(answer.body) // 2]]
        return answer

    return content


def test_an_application_comes_over_wifi_and_a_line_that_breaks(
    server: DmServer, plain: Gateway, clock: str, pico: Callable[..., Pico]
) -> None:
    hello = AppBuilder(APPS, server).published("apps/hello")
    ranges: list[str] = []
    plain.content = broken_once(ranges)
    spec = enrolled(server, plain, GATEWAY, settings={"ntp": clock})
    board = pico(spec, **asking_for(hello.id))
    log = board.wait_for("uscomo: operation 1 1200")
    assert f"uscomo: network {rp2w.SSID}, address 10.0.0.2" in log
    assert "uscomo: clock set" in log
    assert f"uscomo: request {hello.id} installing" in log
    assert ranges[0] == ""
    assert re.fullmatch(r"bytes [1-9]\d*-\d+/\d+", ranges[1]), ranges


def test_one_exchange_over_tls(
    server: DmServer,
    secure: Gateway,
    authority: Authority,
    clock: str,
    pico: Callable[..., Pico],
    record_property: Callable[[str, object], None],
) -> None:
    spec = enrolled(server, secure, HOST, tls=Tls([authority.der]))
    # Nothing is due: what runs is the script below.
    board = pico(spec)
    with board.board.open() as opened:
        opened.soft_reset()
        values = {"URL": f"https://{HOST}:{secure.port}/api/health", "NTP": clock}
        script = BOARD / "tls_cost.py"
        told = opened.run_script(Path(shrunk_script(script, board.board.folder)), values, 200)
    found = json.loads(told.splitlines()[-1])
    print(found)
    record_property("tls", found)
    assert found["status"] == 200
    assert found["known"] == [False, True]
    before, during, after = found["heap"]
    assert 4_000 < during - before < 32_000
    assert after - before < 3_000
    assert found["ms"] < 5_000


def shrunk_script(script: Path, folder: Path) -> str:
    """A script for a board whose agent has other names."""
    made = folder / script.name
    made.write_text(shrunk().script(script.read_text()))
    return str(made)


def test_a_session_over_tls(
    server: DmServer,
    secure: Gateway,
    authority: Authority,
    clock: str,
    pico: Callable[..., Pico],
) -> None:
    spec = enrolled(server, secure, HOST, settings={"ntp": clock}, tls=Tls([authority.der]))
    board = pico(spec, **{"~check/main": b""})
    board.wait_for("session main done")
    assert len(secure.sent) >= 2


def test_another_authority_is_not_believed(
    server: DmServer, secure: Gateway, tmp_path: Path, clock: str, pico: Callable[..., Pico]
) -> None:
    other = Authority(tmp_path, "other", "rsa")
    spec = enrolled(server, secure, HOST, settings={"ntp": clock}, tls=Tls([other.der]))
    board = pico(spec, **{"~check/main": b""})
    log = board.wait_for("session main unreachable")
    assert f"uscomo: https {HOST}: The certificate is not correctly signed" in log
    assert secure.sent == []


def test_power_fails_during_the_download(
    server: DmServer, plain: Gateway, clock: str, pico: Callable[..., Pico]
) -> None:
    hello = AppBuilder(APPS, server).published("apps/hello")
    asked: list[str] = []

    def content(path: str, answer: Answer) -> Answer:
        # From the moment that the package is asked for so many flash operations.
        if path.endswith("pkg"):
            asked.append(path)
            if len(asked) == 1:
                board.board.power.cut(_CUT)
        return answer

    plain.content = content
    spec = enrolled(server, plain, GATEWAY, settings={"ntp": clock})
    board = pico(spec, **asking_for(hello.id))
    end = time.monotonic() + _PATIENCE
    while board.board.power.is_on:
        assert time.monotonic() < end
        time.sleep(0.2)
    before = len(server.operations(spec.device_id))
    board.board.power.on()
    board.wait_for(r"report \d+ answered: 200")
    (operation,) = server.operations(spec.device_id)
    assert before == 1
    assert (operation["state"], operation["code"]) == ("done", 1200)
