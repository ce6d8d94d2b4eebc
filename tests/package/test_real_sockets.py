"""The board's download path over real sockets, in the MicroPython VM and on CPython."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from uscomo_tools.testing.unix import find_micropython

ROOT = Path(__file__).parents[2]
PACKAGE = bytes(range(251)) * 300
TYPE = "application/vnd.uscomo.package+gzip"


class Handler(BaseHTTPRequestHandler):
    """Serves PACKAGE in good and bad ways, each at a path of its own."""

    protocol_version = "HTTP/1.1"
    log: list[tuple[str, str, str | None, bytes]]

    def do_GET(self) -> None:
        self.log.append((self.command, self.path, self.headers.get("Range"), b""))
        name = self.path.rpartition("/")[2]
        getattr(self, "serve_" + name.partition(".")[0])()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.log.append((self.command, self.path, None, body))
        self.answer(204, b"")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Transfer_Encoding" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve_dd(self) -> None:
        text = (
            f"<media><type>{TYPE}</type><size>{len(PACKAGE)}</size>"
            "<objectURI>package</objectURI><installNotifyURI>/report</installNotifyURI></media>"
        )
        self.answer(200, text.encode(), Content_Type="application/vnd.oma.dd+xml")

    def serve_package(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        headers = {"Content_Type": TYPE, "ETag": '"v1"'}
        if start:
            assert self.headers.get("If-Range") in (None, '"v1"')
            headers["Content_Range"] = f"bytes {start}-{len(PACKAGE) - 1}/{len(PACKAGE)}"
        self.answer(206 if start else 200, PACKAGE[start:], **headers)

    def serve_dropping(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(PACKAGE) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(PACKAGE) - 1}/{len(PACKAGE)}")
        self.end_headers()
        self.wfile.write(PACKAGE[start : start + 30_000])
        self.close_connection = True

    def serve_chunked(self) -> None:
        pieces = (PACKAGE[i : i + 1000] for i in range(0, len(PACKAGE), 1000))
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.answer(200, body + b"0\r\n\r\n", Content_Type=TYPE, Transfer_Encoding="chunked")

    def serve_moved(self) -> None:
        self.answer(302, b"", Location="/dd")

    def serve_missing(self) -> None:
        self.answer(404, b"none", Content_Type="text/plain")

    def serve_broken(self) -> None:
        self.answer(500, b"oh", Content_Type="text/plain")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, str | None, bytes]]]]:
    log: list[tuple[str, str, str | None, bytes]] = []
    handler = type("LoggingHandler", (Handler,), {"log": log})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", log
        http.shutdown()
        thread.join()


@pytest.fixture(params=["micropython", "cpython"])
def fetch(request: pytest.FixtureRequest, tmp_path: Path):
    interpreter = sys.executable if request.param == "cpython" else find_micropython()

    def run(url: str) -> tuple[str, bytes]:
        path = tmp_path / "package"
        script = Path(__file__).parent / "vm_download.py"
        result = subprocess.run(
            [interpreter, str(script), str(ROOT / "firmware"), url, str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip(), path.read_bytes() if path.exists() else b""

    return run


def test_descriptor_package_and_report(server, fetch) -> None:
    url, log = server
    output, data = fetch(url + "/moved")
    assert output.splitlines() == [f"fetched {url}/report", "reported True"]
    assert data == PACKAGE
    assert log[-1] == ("POST", "/report", None, b"900 Success")
    assert [entry[1] for entry in log] == ["/moved", "/dd", "/package", "/report"]


def test_chunked(server, fetch) -> None:
    url, _ = server
    assert fetch(url + "/chunked") == ("fetched None", PACKAGE)


def test_resumes_after_drops(server, fetch) -> None:
    url, log = server
    assert fetch(url + "/dropping") == ("fetched None", PACKAGE)
    assert [entry[2] for entry in log] == [None, "bytes=30000-", "bytes=60000-"]


def test_resumes_what_an_earlier_run_left(server, fetch, tmp_path: Path) -> None:
    url, log = server
    (tmp_path / "package").write_bytes(PACKAGE[:50_000])
    assert fetch(url + "/dd")[1] == PACKAGE
    assert log[1][2] == "bytes=50000-"


@pytest.mark.parametrize(("name", "code"), [("missing", 1402), ("broken", 1500)])
def test_failures(server, fetch, name: str, code: int) -> None:
    url, _ = server
    assert fetch(f"{url}/{name}") == (f"failed {code} 954", b"")


def test_nobody_there(server, fetch) -> None:
    # Discard, which nobody serves any more.
    assert fetch("http://127.0.0.1:9/")[0] == "failed 1501 903"
