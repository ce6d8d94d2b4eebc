"""`uscomo board firmware`: images fetched, added, listed, verified."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from image_files import uf2

from uscomo_tools import resources
from uscomo_tools.board import description, firmware_cache, firmware_download
from uscomo_tools.cli import run

NAME = "MINE-20260101-v1.24.1.uf2"
CONTENT = uf2()
DIGEST = hashlib.sha256(CONTENT).hexdigest()

Uscomo = Callable[..., tuple[int, dict[str, object]]]


class Publisher:
    """A site on loopback with one image, and with the ways in which sites fail."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.content = CONTENT
        self.promised: int | None = None
        self.status = 200
        self.moved_to = ""
        self.asked = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                if publisher.moved_to:
                    self.send_response(302)
                    self.send_header("Location", publisher.moved_to)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(publisher.status)
                size = publisher.promised or len(publisher.content)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                self.wfile.write(publisher.content)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/{NAME}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    running = Publisher()
    yield running
    running.stop()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path / "cache"


@pytest.fixture
def own_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Add a board like a Pico whose one image is published somewhere, with or without a hash."""

    def make(source: str, sha256: str = DIGEST) -> None:
        folder = tmp_path / "boards"
        folder.mkdir()
        text = (resources.boards() / "pico.toml").read_text()
        head, rest = text.split("[[images]]")
        image = f'name = "{NAME}"\nversion = "1.24.1"\nsource = "{source}"\n'
        image += f'sha256 = "{sha256}"\n' if sha256 else ""
        tested = rest[rest.index("[[tested]]") :]
        head = head.replace('port = "RPI_PICO"', 'port = "MINE"')
        (folder / "mine.toml").write_text(f"{head}[[images]]\n{image}\n{tested}")
        monkeypatch.setenv(description.ENVIRONMENT, str(folder))

    return make


@pytest.fixture
def uscomo(cache: Path, capsys: pytest.CaptureFixture[str]) -> Uscomo:
    """Run `uscomo board firmware ... --json`: exit code and object."""

    def call(*arguments: object) -> tuple[int, dict[str, object]]:
        code = run(["board", "firmware", *map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_an_image_is_fetched_once_and_found(uscomo, cache, own_board, publisher):
    own_board(publisher.url)
    code, told = uscomo("download", NAME)
    assert (code, told["fetched"], told["listed"], told["sha256"]) == (0, True, True, DIGEST)
    assert (cache / NAME).read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == [NAME]
    assert uscomo("path", NAME) == (0, {"ok": True, "path": str(cache / NAME)})
    assert uscomo("download", "mine")[1]["fetched"] is False
    assert publisher.asked == 1


def test_what_is_not_the_image_is_not_kept(uscomo, cache, own_board, publisher):
    own_board(publisher.url)
    publisher.content = CONTENT[:-1] + b"\0"
    code, told = uscomo("download", NAME)
    assert (code, told["ok"]) == (4, False)
    assert DIGEST in str(told["error"])
    assert not cache.exists() or not list(cache.iterdir())


def test_a_good_image_stays_when_a_new_one_is_wrong(uscomo, cache, own_board, publisher):
    own_board(publisher.url)
    assert uscomo("download", NAME)[0] == 0
    publisher.content = b"something else"
    assert uscomo("download", NAME, "--force")[0] == 4
    assert (cache / NAME).read_bytes() == CONTENT


def test_a_transfer_that_breaks_off_leaves_nothing(uscomo, cache, own_board, publisher):
    own_board(publisher.url)
    publisher.promised = len(CONTENT) + 1000
    code, told = uscomo("download", NAME)
    assert code == 3
    assert NAME in str(told["error"])
    assert not cache.exists() or not list(cache.iterdir())


def test_what_the_site_does_not_have_is_said(uscomo, own_board, publisher):
    own_board(publisher.url)
    publisher.status = 404
    code, told = uscomo("download", NAME)
    assert code == 3
    assert "404" in str(told["error"])


def test_a_site_that_is_down_is_not_reachable(uscomo, own_board, publisher):
    own_board(publisher.url)
    publisher.stop()
    assert uscomo("download", NAME)[0] == 3


def test_more_than_any_flash_is_refused(uscomo, own_board, publisher, monkeypatch):
    own_board(publisher.url)
    monkeypatch.setattr(firmware_download, "MOST_BYTES", len(CONTENT) - 1)
    code, told = uscomo("download", NAME)
    assert code == 4
    assert "no image" in str(told["error"])


def test_without_a_hash_plain_http_is_not_believed(uscomo, cache, own_board, publisher):
    own_board(publisher.url, sha256="")
    code, told = uscomo("download", NAME)
    assert code == 4
    assert "not https" in str(told["error"])
    assert not cache.exists()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "publisher")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "publisher.pem"
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, pkcs8, plain) + made.public_bytes(pem))
    return path


@pytest.fixture
def secure_publisher(certificate: Path) -> Iterator[Publisher]:
    running = Publisher(certificate)
    yield running
    running.stop()


def test_without_a_hash_the_first_one_counts(
    uscomo, cache, own_board, secure_publisher, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own_board(secure_publisher.url, sha256="")
    code, told = uscomo("download", NAME)
    assert (code, told["listed"], told["sha256"]) == (0, False, DIGEST)
    assert uscomo("verify")[1]["images"] == {NAME: "recorded"}
    (cache / NAME).write_bytes(CONTENT + b"more")
    code, told = uscomo("verify")
    assert code == 1
    assert "DAMAGED" in str(told["error"])
    assert uscomo("path", NAME)[0] == 1
    # Damaged is as good as not there.
    assert uscomo("download", NAME)[1]["fetched"] is True
    assert uscomo("path", NAME)[0] == 0


def test_a_site_whose_certificate_is_not_trusted_is_not_believed(
    uscomo, own_board, secure_publisher
):
    own_board(secure_publisher.url)
    code, told = uscomo("download", NAME)
    assert code == 3
    assert "CERTIFICATE" in str(told["error"]).upper()


def test_a_detour_over_plain_http_is_not_believed(
    uscomo, cache, own_board, publisher, secure_publisher, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own_board(secure_publisher.url, sha256="")
    secure_publisher.moved_to = publisher.url
    assert uscomo("download", NAME)[0] == 4
    assert not cache.exists()


def test_where_plain_http_leads_is_not_believed(
    uscomo, cache, own_board, publisher, secure_publisher, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own_board(publisher.url, sha256="")
    publisher.moved_to = secure_publisher.url
    assert uscomo("download", NAME)[0] == 4
    assert not cache.exists()


def test_an_image_without_a_hash_has_to_be_one_at_least(
    uscomo, cache, own_board, secure_publisher, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    own_board(secure_publisher.url, sha256="")
    secure_publisher.content = b"<html>Our site has moved</html>"
    code, told = uscomo("download", NAME)
    assert code == 4
    assert "no UF2 file" in str(told["error"])
    assert not cache.exists()


def test_an_image_that_nobody_publishes_is_not_fetched(uscomo):
    code, told = uscomo("download", "RPI_PICO_W-v1.22.2.uf2")
    assert code == 1
    assert "firmware add" in str(told["error"])


@pytest.mark.parametrize(
    ("name", "said"), [("feather_nrf52840", "build one"), ("esp8266", "freeze the agent")]
)
def test_boards_without_an_official_image_say_what_to_do(uscomo, name, said):
    code, told = uscomo("download", name)
    assert code == 2
    assert said in str(told["error"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.uf2"
    path.write_bytes(CONTENT)
    return path


def test_an_own_file_is_added_with_force_only(uscomo, cache, file):
    code, told = uscomo("add", file)
    assert code == 4
    assert "--force" in str(told["error"])
    assert not cache.exists()
    assert uscomo("add", file, "--force")[1]["state"] == "recorded"
    assert uscomo("path", file.name) == (0, {"ok": True, "path": str(cache / file.name)})
    assert uscomo("verify", file.name)[0] == 0
    # The same again changes nothing; another one has to be meant.
    assert uscomo("add", file, "--force")[0] == 0
    file.write_bytes(uf2(size=1024))
    assert uscomo("add", file, "--force")[0] == 4
    assert uscomo("add", file, "--force", "--replace")[0] == 0
    assert uscomo("verify", file.name)[0] == 0


def test_a_listed_file_is_added_when_it_is_that_file(uscomo, cache, own_board, file):
    own_board("https://127.0.0.1/never-asked")
    right = file.rename(file.with_name(NAME))
    assert uscomo("add", right)[1]["state"] == "good"
    wrong = right.with_name(firmware_cache.PICO)
    wrong.write_bytes(CONTENT)
    code, told = uscomo("add", wrong, "--force")
    assert code == 4
    assert "a41b7dba" in str(told["error"])
    assert [path.name for path in cache.iterdir()] == [NAME]


def test_a_file_that_was_just_put_there_is_listed_as_unknown(uscomo, cache, file):
    cache.mkdir()
    file.rename(cache / "stray.uf2")
    images = {row["image"]: row for row in uscomo("list")[1]["images"]}
    assert images["stray.uf2"]["state"] == "unknown"
    assert images[firmware_cache.PICO]["state"] == ""
    assert images[firmware_cache.PICO]["board"] == "pico"
    assert uscomo("verify")[0] == 1


def test_the_list_is_of_one_board(uscomo):
    images = uscomo("list", "--board", "RPI_PICO_W")[1]["images"]
    assert {row["board"] for row in images} == {"pico_w"}
    assert len(images) == 3


def test_an_image_that_is_not_here_is_asked_for(uscomo, cache):
    code, told = uscomo("path", "pico")
    assert code == 1
    assert str(cache) in str(told["error"])
    assert "firmware download" in str(told["error"])
    assert uscomo("verify", "nothing.uf2")[0] == 1
    assert uscomo("path") == (0, {"ok": True, "path": str(cache)})
