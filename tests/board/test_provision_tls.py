"""Certificates on a device: what is written, what is refused, and what the command lines say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from uscomo_tools import cli
from uscomo_tools.board.connection import Board
from uscomo_tools.device.simulated import SimulatedDevice
from uscomo_tools.device.tls import Tls, authority_name
from uscomo_tools.errors import UsageError
from uscomo_tools.testing.certificates import Authority
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.states import deployed_files
from uscomo_tools.testing.unix import read_image

Command = Callable[..., tuple[int, str, str]]
URL = "https://dm.example/dm"
NOBODY = ("--auth", "none", "--server-auth", "none")


@pytest.fixture
def uscomo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line with nobody at the terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "certificates"
    folder.mkdir()
    return Authority(folder)


def test_files_in_any_form(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other", "rsa")
    both = tmp_path / "both.pem"
    both.write_bytes(authority.pem.read_bytes() + other.pem.read_bytes())
    assert Tls.load([both]).authorities == [authority.der, other.der]
    der = tmp_path / "ca.der"
    der.write_bytes(authority.der)
    assert Tls.load([der]).authorities == [authority.der]
    own = other.issue(name="device")
    tls = Tls.load([der], own.certificate, own.key)
    files = tls.files("https://DM.example:8443/dm")
    assert sorted(files) == sorted(
        ["s/dm.example.crt", "s/dm.example.key", f"s/{authority_name(authority.der)}"]
    )
    key = files["s/dm.example.key"]
    assert key
    assert serialization.load_der_private_key(key, None)


def test_what_is_no_certificate(authority: Authority, tmp_path: Path) -> None:
    own, another = authority.issue(name="one"), authority.issue(name="two")
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    locked = tmp_path / "locked"
    locked.write_bytes(
        serialization.load_pem_private_key(own.key.read_bytes(), None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    for ca, certificate, key, reason in (
        ([wrong], None, None, "is no certificate"),
        ([own.key], None, None, "is no certificate"),
        ([tmp_path / "none"], None, None, "No such file"),
        ([authority.pem] * 5, None, None, "a board takes 4"),
        ([], own.certificate, None, "go together"),
        ([], own.certificate, another.key, "is not the key of"),
        ([], own.certificate, locked, "without a password"),
        ([], own.certificate, wrong, "is no key"),
    ):
        with pytest.raises(UsageError, match=reason):
            Tls.load(ca, certificate, key)


def test_a_device_for_https(uscomo: Command, authority: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "device"
    code, output, errors = uscomo("device", "new", folder, "--url", URL, *NOBODY)
    assert code == 2
    assert "--ca" in errors
    assert not folder.exists()
    code, output, errors = uscomo(
        *("device", "new", folder, "--url", URL, *NOBODY, "--ca", authority.pem, "--json")
    )
    assert code == 0, errors
    assert json.loads(output)["url"] == URL
    files = read_image(SimulatedDevice(folder).board.image)
    assert files[f"/uscomo.d/s/{authority_name(authority.der)}"] == authority.der
    unchecked = ("--setting", "tls=unchecked")
    assert uscomo("device", "new", tmp_path / "two", "--url", URL, *NOBODY, *unchecked)[0] == 0
    own = authority.issue(name="device")
    pair = ("--client-cert", own.certificate, "--client-key", own.key)
    http = ("--url", "http://dm.example/dm")
    assert uscomo("device", "new", tmp_path / "three", *http, *NOBODY, *pair)[0] == 2


@pytest.mark.full
def test_a_board_for_https(uscomo: Command, authority: Authority, tmp_path: Path) -> None:
    second = Authority(tmp_path, "second")
    own = authority.issue(name="board")
    files = {path: data for path, data in deployed_files().items() if path != "/main.py"}
    with unix.start(files=files, heap="320k") as provided:
        command = ("board", "provision", "--port", provided.url)
        code, output, errors = uscomo(*command, "--url", URL, *NOBODY)
        assert code == 2
        assert "--ca" in errors
        code, output, errors = uscomo(
            *(*command, "--url", URL, *NOBODY, "--ca", authority.pem),
            *("--client-cert", own.certificate, "--client-key", own.key),
        )
        assert code == 0, errors
        first, next = authority_name(authority.der), authority_name(second.der)
        assert f"https: authority {first}\n" in output
        assert "https: certificate for dm.example\nhttps: key for dm.example\n" in output
        # Another one beside it, as before the server's certificate changes; then that alone.
        code, output, errors = uscomo(*command, "--ca", second.pem, "--json")
        assert code == 0, errors
        told = json.loads(output)["board"]["tls"]
        assert told == sorted([first, next, "dm.example.crt", "dm.example.key"])
        code, output, errors = uscomo(*command, "--forget-tls", "--json")
        assert code == 2, output  # its account would have nobody to trust
        code, output, errors = uscomo(*command, "--forget-tls", "--ca", second.pem, "--json")
        assert code == 0, errors
        assert json.loads(output)["board"]["tls"] == [next]
        with Board.open(provided.url) as board:
            assert board.read(f"/uscomo.d/s/{next}") == second.der
