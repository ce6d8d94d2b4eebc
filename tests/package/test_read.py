"""Reading: nothing that breaks a rule gets past the host, and the board agrees with it."""

from __future__ import annotations

import base64
import json
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uscomo import package as board
from uscomo.rules import safe_path
from uscomo_tools.package import (
    PackageError,
    Project,
    PublicKey,
    SignatureError,
    SigningKey,
    build,
    pack,
    read_package,
)
from uscomo_tools.package.build import compress
from uscomo_tools.package.rules import Component, Header

sys.path.append(str(Path(__file__).parents[1] / "device"))
import package_fixture as fixture

KEY = PublicKey(base64.b64decode(fixture.MODULUS))
APP = Component(
    id="app",
    name="App",
    version="1",
    release=0,
    dir="app",
    env="micropython",
    provides=("app",),
)
# A slow machine must not fail a property for its time.
relaxed = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def good(key: SigningKey, demo_apps: Path) -> bytes:
    return build(Project.load(demo_apps / "blink"), key)


def fixture_package(name: str) -> bytes:
    return base64.b64decode(fixture.PACKAGES[name])


@pytest.mark.parametrize("name", [name for name in fixture.PACKAGES if name != "good"])
def test_what_the_board_refuses(name: str) -> None:
    data = fixture_package(name)
    if name == "wrong_env":  # a matter between package and board
        read_package(data).verify([KEY])
        return
    with pytest.raises(PackageError):
        read_package(data).verify([KEY])


def test_good_fixture() -> None:
    package = read_package(fixture_package("good"))
    assert package.verify([KEY]).key_id == package.key_id == fixture.KEY_ID
    assert package.header.types == ("unix", "rp2")
    assert package.unpacked_size == sum(len(file.data) for file in package.files) > 1000


def test_signatures() -> None:
    unknown = read_package(fixture_package("unknown_key"))
    with pytest.raises(SignatureError, match="none of the given"):
        unknown.verify([KEY])
    with pytest.raises(SignatureError, match="not made with"):
        read_package(fixture_package("wrong_signature")).verify([KEY])
    with pytest.raises(SignatureError):
        read_package(fixture_package("good")).verify([])


def test_from_a_file(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.pkg"
    path.write_bytes(good)
    assert read_package(path) == read_package(good)
    with pytest.raises(PackageError, match="No such file"):
        read_package(tmp_path / "none")


@relaxed
@given(st.data())
def test_truncated(good: bytes, data: st.DataObject) -> None:
    with pytest.raises(PackageError):
        read_package(good[: data.draw(st.integers(0, len(good) - 1))])


@relaxed
@given(st.data())
def test_flipped(good: bytes, data: st.DataObject) -> None:
    # Of a gzip's head, time, system and such are nobody's concern, nor are the bits that fill
    # up the last byte before the CRC and the size; all else is.
    at = data.draw(st.integers(10, len(good) - 1).filter(lambda at: at != len(good) - 9))
    damaged = bytearray(good)
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(PackageError):
        read_package(bytes(damaged))


@relaxed
@given(st.data())
def test_any_byte_of_the_tar_counts(good: bytes, key: SigningKey, data: st.DataObject) -> None:
    # Packed again with a right CRC: what is not covered by a hash is covered by a form.
    tar = bytearray(zlib.decompress(good, 31))
    at = data.draw(st.integers(0, len(tar) - 1))
    tar[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        package = read_package(compress(bytes(tar)))
        package.verify([key.public])
    except PackageError:
        return
    # The padding behind a file is all that may differ.
    assert package.manifest == read_package(good).manifest
    assert package.files == read_package(good).files


def test_bomb() -> None:
    with pytest.raises(PackageError, match="inflates to more"):
        read_package(compress(bytes(20_000_000)))


def test_window() -> None:
    with pytest.raises(PackageError, match="more than 12 bits"):
        read_package(fixture_package("window_15"))


segments = st.text(st.sampled_from("aA0_.-"), max_size=4) | st.sampled_from(["..", "component"])
paths = st.lists(segments, min_size=1, max_size=8).map("/".join) | st.text(max_size=110)

names = st.text(st.sampled_from("aA0_"), min_size=1, max_size=3)
good_segments = st.builds("{}{}".format, names, st.sampled_from(["", ".txt", "-1", "."]))
good_paths = st.lists(good_segments, min_size=1, max_size=6).map("/".join)


@relaxed
@given(paths)
def test_paths_are_safe_or_refused(key: SigningKey, path: str) -> None:
    header = Header("app", (APP,))
    try:
        package = read_package(pack(header, {"app/app.py": b"", f"app/{path}": b"1"}, key))
    except PackageError:
        return
    assert safe_path(path)
    parts = path.split("/")
    assert all(part and part not in (".", "..") and part.isascii() for part in parts)
    assert len(package.files) == 2


@relaxed
@given(st.dictionaries(good_paths, st.binary(max_size=1500), max_size=5))
def test_host_and_board_agree(
    key: SigningKey, tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    files = {f"app/{path}": content for path, content in files.items()} | {"app/app.py": b"1"}
    try:
        data = pack(Header("app", (APP,)), files, key)
    except PackageError:
        return
    read_package(data)
    unpacked = unpack_as_board(data, key.public, tmp_path_factory.mktemp("board"))
    assert unpacked == files


def unpack_as_board(data: bytes, key: PublicKey, root: Path) -> dict[str, bytes]:
    (root / "k").mkdir()
    (root / "slot").mkdir()
    (root / "k" / key.key_id).write_bytes(key.modulus)
    (root / "d").write_bytes(data)
    package = board.Package(str(root / "d"), bytearray(700))
    package.verify(str(root / "k"), 0x1306, "unix")
    package.unpack({"app": str(root / "slot")})
    first, *rows = (root / "slot" / "component").read_bytes().decode().splitlines()
    assert json.loads(first)["signer"] == key.key_id
    found = {
        f"app/{path.relative_to(root / 'slot').as_posix()}": path.read_bytes()
        for path in (root / "slot").rglob("*")
        if path.is_file() and path != root / "slot" / "component"
    }
    assert {f"app/{row.split()[2]}" for row in rows} == set(found)
    return found
