"""Each malformed package is refused with its reason, and what is well formed goes round."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from uscomo_tools.cli.package import app
from uscomo_tools.package import (
    Component,
    Header,
    PackageError,
    Project,
    SigningKey,
    Source,
    build,
    limits,
    pack,
    read_package,
    unpack,
)
from uscomo_tools.package.build import assemble, compress, tar

HEADER: dict[str, Any] = {
    "format": 1,
    "id": "app",
    "components": [
        {
            "id": "app",
            "name": "App",
            "version": "1",
            "release": 0,
            "dir": "app",
            "env": "micropython",
            "provides": ["app"],
            "requires": [],
        }
    ],
}
FILES = [("app/app.py", b"1"), ("app/b.txt", b"2")]


def header(**changes: Any) -> bytes:
    return json.dumps(HEADER | changes).encode()


def component(**changes: Any) -> bytes:
    return header(components=[HEADER["components"][0] | changes])


def line(path: str, content: bytes, **changes: str) -> bytes:
    fields = {"sha256": hashlib.sha256(content).hexdigest(), "size": str(len(content))} | changes
    return f"{fields['sha256']} {fields['size']} {path}".encode()


LINES = [line(*file) for file in FILES]


def manifest(first: bytes | None = None, lines: list[bytes] | None = None) -> bytes:
    return b"\n".join([first or header(), *(LINES if lines is None else lines), b""])


def reason(data: bytes) -> str:
    with pytest.raises(PackageError) as caught:
        read_package(data, allow_update=True, allow_unsigned=True)
    return str(caught.value)


def test_the_one_they_are_all_made_of(key: SigningKey) -> None:
    read_package(assemble(manifest(), b"", FILES), allow_unsigned=True)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"{", "unusable header"),
        (b"[]", "header: it needs"),
        (b"[" * 1000, "unusable header"),
        (b"\xff", "unusable header"),
        (header(format=2), "header: it needs"),
        (header(id="a/b"), "header: it needs"),
        (header(components=[]), "header: it needs"),
        (header(components=None), "header: it needs"),
        (header(types=["a\n"]), "device type"),
        (header(types=[1]), "unusable header"),
        (header(downgrade=1), "'downgrade' is true or absent, not 1"),
        (header(downgrade="yes"), "'downgrade' is true or absent"),
        (component(agent=1), "header: it needs"),
        (component(agent="yes", provides=["uscomo"]), "'agent' is true or absent"),
        (component(provides=["uscomo"]), "header: it needs"),
        (component(provides=["uscomo"], agent=True, entry="uscomo"), "has no entry"),
        (component(requires=["a/b"]), "header: it needs"),
        (component(env="linux"), "unknown environment"),
        (component(colour="red"), "unusable header"),
        (component(release=1 << 31), "header: it needs"),
        (component(release="1"), "header: it needs"),
        (component(dir=".."), "header: it needs"),
        (component(version=""), "header: it needs"),
        (component(name="n" * 1000), "header of more than 1024 bytes"),
    ],
)
def test_headers(first: bytes, words: str) -> None:
    assert words in reason(assemble(manifest(first), b"", FILES))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no file in app/"),
        (LINES[::-1], "paths must ascend"),
        ([LINES[0], *LINES], "paths must ascend"),
        ([b"", *LINES], "manifest: b''"),
        ([LINES[0] + b" more"], "manifest: b'"),
        ([line(*FILES[0], sha256="00")], "no SHA-256"),
        ([line(*FILES[0], sha256="0" * 64)], "its hash is not the manifest's"),
        ([line(*FILES[0], size="-1")], "no usable size"),
        ([line(*FILES[0], size="x")], "no usable size"),
        ([line(*FILES[0], size="12345678")], "no usable size"),
        ([line("app/" + "x" * 96, b"")], "at most 99 ASCII"),
        ([line("app/" + "x" * 300, b"")], "a line of"),
        (["0 0 app/\u00e4".encode()], "'ascii' codec"),
        ([line("other/app.py", b"")], "in no component's folder"),
        ([line("app/../app.py", b"")], "names are letters"),
        ([line("/app.py", b"")], "in no component's folder"),
        ([line("app/component", b"")], "reserved for the board"),
        ([line("app/json.py", b"")], "is not among what"),
        ([line("app/1/2/3/4/5/6/7", b"")], "6 deep"),
        ([line("app/big", b"", size=str(limits.MAX_UNPACKED + 1))], "at most 8388608"),
        ([line(f"app/{number:03}", b"") for number in range(301)], "301 files"),
        ([line("app/A", b""), line("app/a", b"")], "in the way of"),
    ],
)
def test_lines(lines: list[bytes], words: str) -> None:
    assert words in reason(
        assemble(manifest(lines=lines), b"", FILES[: 1 if len(lines) == 1 else 0])
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no gzip file"),
        (b"PK", "no gzip file"),
        (b"\x1f\x8b\x09", "gzip: "),
        (compress(b""), "manifest: the package ends early"),
        (compress(b"x" * 1024), "manifest: tar header without size"),
        (compress(tar([("manifest", b"")])), "manifest: 0 bytes"),
        (compress(tar([("manifest", bytes(65537))])), "manifest: 65537 bytes, at most 65536"),
        (compress(tar([("Manifest", manifest())])), "not the one of this format"),
        (compress(tar([("manifest", manifest()[:-1])])), "its last line has no end"),
        (compress(tar([("manifest", manifest()), *FILES])[:-512]), "two empty blocks"),
        (compress(tar([("manifest", manifest()), *FILES]) + bytes(512)), "two empty blocks"),
        (compress(tar([("manifest", manifest()), *FILES])) + b"x", "bytes after its end"),
        (assemble(manifest(), b"\x03" + bytes(300), FILES), "no signature of a known type"),
        (assemble(manifest(), b"\x01" + bytes(100), FILES), "no signature of a known type"),
        (assemble(manifest(), b"\x02" + bytes(300), FILES), "lengths in it do not agree"),
        (assemble(manifest(), b"\x02" + bytes(8) + b"\1\0" + bytes(800), FILES), "not an RSA key"),
        (assemble(manifest(), b"\x01" * 1556, FILES), "manifest.sig: 1556 bytes, at most 1555"),
    ],
)
def test_containers(data: bytes, words: str) -> None:
    assert words in reason(data)


def test_an_endorsed_key_has_the_id_that_is_named(key: SigningKey) -> None:
    block = b"\x02" + bytes(8) + b"\x01\x00" + key.public.modulus + bytes(8 + 256 + 256)
    assert "not the one that it names" in reason(assemble(manifest(), block, FILES))


names = st.text(st.sampled_from("aB0_-."), min_size=1, max_size=5)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
sizes = st.binary(max_size=30) | st.integers(1, 3000).map(bytes)
versions = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
ABOUT = Component("app", "App", "1", 0, "app", "", provides=("app",))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(paths, sizes, max_size=6), versions, st.integers(0, 2**31 - 1), st.booleans()
)
def test_what_is_built_is_read_and_extracted(
    key: SigningKey,
    tmp_path_factory: pytest.TempPathFactory,
    extra: dict[str, bytes],
    version: str,
    release: int,
    downgrade: bool,
) -> None:
    files = {"app.py": b"x = 1\n"} | {f"d/{path}.bin": content for path, content in extra.items()}
    about = Component(
        **{**vars(ABOUT), "version": version, "release": release, "requires": ("com.example.x",)}
    )
    project = Project("app", (Source(about, files),), ("unix",), downgrade)
    try:
        data = build(project, key)
    except PackageError:
        # Only for a path that the board would not take.
        assert not all(limits.safe_path(path) for path in files) or _clash(files)
        return
    assert build(project, key) == data
    package = read_package(data)
    assert package.verify([key.public]) == key.public
    assert (package.header.types, package.header.downgrade) == (("unix",), downgrade)
    (found,) = package.components
    assert (found.version, found.release, found.requires) == (version, release, about.requires)
    folder = tmp_path_factory.mktemp("unpacked")
    (folder / "package").write_bytes(data)
    shown = json.loads(
        CliRunner().invoke(app, ["inspect", str(folder / "package"), "--json"]).output
    )
    unpack(package, folder / "x")
    on_disk = {
        path.relative_to(folder / "x").as_posix(): path.read_bytes()
        for path in (folder / "x").rglob("*")
        if path.is_file()
    }
    assert on_disk.pop("app/app.mpy")[:1] == b"M"
    assert on_disk == {f"app/{path}": data for path, data in files.items() if path != "app.py"}
    listed = {row["path"]: (row["size"], row["sha256"]) for row in shown["files"]}
    assert {path: listed[path] for path in on_disk} == {
        path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in on_disk.items()
    }
    assert shown["unpacked_size"] == sum(size for size, _ in listed.values())


def _clash(files: dict[str, bytes]) -> bool:
    # Names that differ by case alone, or a file where another one needs a folder.
    lower = [path.lower() for path in files]
    prefixes = {
        "/".join(path.split("/")[:end]) for path in files for end in range(1, path.count("/") + 1)
    }
    folded = {prefix.lower() for prefix in prefixes}
    return len(set(lower)) < len(lower) or bool(folded & set(lower)) or len(folded) < len(prefixes)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=600), st.booleans())
def test_no_bytes_surprise(data: bytes, packed: bool) -> None:
    if packed:
        data = compress(tar([("manifest", data or b"x")]))
    with pytest.raises(PackageError):
        read_package(data, allow_update=True, allow_unsigned=True)


def test_a_large_package_keeps_to_its_window(key: SigningKey, tmp_path: Path) -> None:
    # Repeated text far apart, which a larger window would find again.
    block = bytes(range(256)) * 24
    files = {f"app/{number}.bin": block for number in range(20)} | {"app/app.py": b""}
    about = Component(**{**vars(ABOUT), "env": "micropython"})
    data = pack(Header("app", (about,)), files, key)
    assert len(zlib.decompressobj(16 + limits.WINDOW_BITS).decompress(data)) > 20 * len(block)
    assert read_package(data).unpacked_size == 20 * len(block)
