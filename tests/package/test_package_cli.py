"""`uscomo package`: what it prints, writes, and ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from uscomo_tools.cli.package import app
from uscomo_tools.errors import UsageError
from uscomo_tools.package import PackageError, PublicKey, SignatureError, read_package


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    run("keygen", path)
    return path


def test_from_key_to_verified_package(key: Path, demo_apps: Path, tmp_path: Path) -> None:
    path = tmp_path / "blink.pkg"
    built = json.loads(run("build", demo_apps / "blink", "--key", key, "-o", path, "--json"))
    public = PublicKey.load(key.with_name("key.pub"))
    assert built["key_id"] == public.key_id
    assert built["size"] == path.stat().st_size
    shown = json.loads(run("inspect", path, "--json"))
    assert built == {"file": str(path)} | shown
    assert shown["components"][0]["entry"] == "blink"
    assert "blink/pattern.txt" in run("inspect", path)
    assert json.loads(run("verify", path, "--key", key.with_name("key.pub"), "--json")) == {
        "ok": True,
        "id": "com.example.blink",
        "key_id": public.key_id,
        "signer": public.key_id,
        "update": False,
        "whole": True,
    }
    assert public.key_id in run("verify", path, "--key", key)


def test_sources(key: Path, demo_apps: Path, tmp_path: Path) -> None:
    path = tmp_path / "clock.pkg"
    assert str(path) in run("build", demo_apps / "clock", "--key", key, "-o", path, "--source")
    assert read_package(path).components[0].env == "micropython"


def test_failures(key: Path, demo_apps: Path, tmp_path: Path) -> None:
    path = tmp_path / "clock.pkg"
    run("build", demo_apps / "clock", "--key", key, "-o", path)
    run("keygen", tmp_path / "other")
    with pytest.raises(SignatureError):
        run("verify", path, "--key", tmp_path / "other.pub")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PackageError, match=f"{path.name}: "):
        run("inspect", path)
    with pytest.raises(PackageError, match=r"other\.pub: no gzip file"):
        run("inspect", tmp_path / "other.pub")
    with pytest.raises(PackageError, match="exists"):
        run("keygen", key)
    with pytest.raises(UsageError):
        run("keygen", tmp_path / "weak", "--bits", 1024)
    with pytest.raises(UsageError):
        run("build", demo_apps / "clock", "--key", key, "--source", "--arch", "armv6m")
    with pytest.raises(PackageError, match="No such file"):
        run("build", tmp_path, "--key", key)
    missing = tmp_path / "no" / "x"
    with pytest.raises(PackageError, match="No such file"):
        run("build", demo_apps / "clock", "--key", key, "-o", missing)
