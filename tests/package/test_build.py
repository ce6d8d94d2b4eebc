"""Building: what goes in comes out, the same bytes each time, and every rule has its words."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from uscomo import package as board
from uscomo_tools.package import (
    Abi,
    Component,
    PackageError,
    Project,
    PublicKey,
    SigningKey,
    build,
    pack,
    read_package,
)
from uscomo_tools.package.build import Source
from uscomo_tools.package.rules import Header

APP = Component(
    id="com.example.app",
    name="App",
    version="1.0",
    release=1,
    dir="app",
    env="micropython",
    entry="app",
    provides=("app",),
)
HEADER = Header("com.example.app", (APP,))


def project(files: dict[str, bytes], **changes: object) -> Project:
    component = replace(APP, **({"provides": ()} | changes))
    return Project("com.example.app", (Source(component, files),))


def test_demo_app(key: SigningKey, demo_apps: Path) -> None:
    package = read_package(build(Project.load(demo_apps / "blink"), key))
    (component,) = package.components
    assert component.env == "micropython;mpy=6.3"
    assert component.provides == ("blink", "blinklib")
    assert [file.path for file in package.files] == [
        "blink/blink.mpy",
        "blink/blinklib.mpy",
        "blink/pattern.txt",
    ]
    assert package.files[0].data[:2] == b"M\x06"
    assert package.verify([SigningKey.generate().public, key.public]) == key.public


def test_same_bytes_each_time(key: SigningKey, demo_apps: Path) -> None:
    first = build(Project.load(demo_apps / "blink"), key)
    assert build(Project.load(demo_apps / "blink"), key) == first


def test_tar_lists_it(key: SigningKey, demo_apps: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.pkg"
    path.write_bytes(build(Project.load(demo_apps / "clock"), key))
    listed = subprocess.run(
        ["tar", "tvzf", str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line.split()[-1] for line in listed] == ["manifest", "manifest.sig", "clock/clock.mpy"]
    assert all(line.startswith("-rw-r--r--") for line in listed)


def test_sources_as_they_are(key: SigningKey) -> None:
    package = read_package(build(project({"app.py": b"x = 1\n"}), key, Abi(mpy=None)))
    assert package.components[0].env == "micropython"
    assert package.files[0].data == b"x = 1\n"


def test_native_code_is_for_one_architecture(key: SigningKey) -> None:
    native = b"@micropython.native\ndef f():\n    return 1\n"
    files = {"app.py": native}
    package = read_package(build(project(files), key, Abi(arch="armv6m")))
    assert package.components[0].env == "micropython;mpy=6.3;arch=armv6m"
    assert board.environment_fits(package.components[0].env, 6 | 3 << 8 | 4 << 10)
    plain = read_package(build(project({"app.py": b"1\n"}), key, Abi(arch="armv6m")))
    assert plain.components[0].env == "micropython;mpy=6.3"
    with pytest.raises(PackageError, match=r"app\.py.*architecture"):
        build(project(files), key)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"app.py": b"def\n"}, r"app\.py: SyntaxError"),
        ({"app.py": b"", "app.mpy": b""}, r"app\.mpy.*twin"),
        ({"app.py": b"", "json.py": b""}, "json.*reserved"),
        ({"app.py": b"", "main.py": b""}, "main.*reserved"),
        ({"app.py": b"", "component": b""}, "reserved for the board"),
        ({"app.py": b"", "a b.txt": b""}, "letters, digits"),
        ({"app.py": b"", "\u00e4.txt": b""}, "ASCII"),
        ({"app.py": b"", "x" * 100: b""}, "99 ASCII"),
        ({"app.py": b"", "1/2/3/4/5/6/7": b""}, "6 deep"),
        ({"app.py": b"", "A.txt": b"", "a.txt": b""}, "in the way"),
        ({"app.py": b"", "d/A": b"", "D/b": b""}, "in the way"),
        ({"app.py": b"", "d": b"", "d/b": b""}, "is a file"),
        ({"app.py": b"", "socket/data.txt": b""}, "socket.*reserved"),
        ({"app.py": b""} | {f"{i}.txt": b"" for i in range(300)}, "301 files"),
        ({"app.py": b"", "big": bytes(board.MAX_UNPACKED + 1)}, "at most 8388608"),
        ({"other.py": b""}, "entry 'app'"),
    ],
)
def test_rules_for_files(key: SigningKey, files: dict[str, bytes], words: str) -> None:
    with pytest.raises(PackageError, match=words):
        build(project(files), key)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "a b"}, "id 'a b'"),
        ({"id": "x" * 65}, "at most 64"),
        ({"dir": "a/b"}, "dir 'a/b'"),
        ({"version": ""}, "version"),
        ({"env": "micropython;mpy=six"}, "environment"),
        ({"release": -1}, "release -1"),
        ({"release": 1 << 31}, "out of range"),
        ({"provides": ("app", "uscomo_x")}, "reserved"),
        ({"provides": ("app", "a-b")}, "no module name"),
        ({"provides": ("app", "app")}, "twice"),
        ({"entry": "other"}, "entry 'other'"),
        ({"requires": ("a/b",)}, "requires 'a/b'"),
        ({"name": "n" * 1000}, "at most 1024"),
    ],
)
def test_rules_for_components(key: SigningKey, changes: dict[str, object], words: str) -> None:
    header = replace(HEADER, components=(replace(APP, **changes),))
    with pytest.raises(PackageError, match=words):
        pack(header, {"app/app.py": b""}, key)


def test_rules_for_several_components(key: SigningKey) -> None:
    other = replace(APP, id="com.example.other", dir="other")
    with pytest.raises(PackageError, match="twice"):
        pack(replace(HEADER, components=(APP, other)), {"app/app.py": b""}, key)
    library = replace(other, entry=None, provides=("lib",))
    with pytest.raises(PackageError, match="no file in other/"):
        pack(replace(HEADER, components=(APP, library)), {"app/app.py": b""}, key)
    with pytest.raises(PackageError, match="in no component"):
        pack(HEADER, {"app/app.py": b"", "lib/lib.py": b""}, key)
    with pytest.raises(PackageError, match="device type"):
        pack(replace(HEADER, types=("a\n",)), {"app/app.py": b""}, key)


def test_limits_are_reached(key: SigningKey) -> None:
    # What the host packs at the edge, the host reads.
    files = {"app/app.py": b""} | {f"app/{i:03}.txt": b"" for i in range(board.MAX_FILES - 1)}
    files = {path if len(files) < 9 else path.ljust(99, "x"): data for path, data in files.items()}
    files["app/app.py"] = files.pop("app/app.py".ljust(99, "x"))
    assert len(read_package(pack(HEADER, files, key)).files) == board.MAX_FILES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no \[package\]"),
        ("[package", "uscomo.toml"),
        ("[package]\nid='a'", r"no \[\[component"),
        ("[package]\n[[component]]\nid='a'\nversion='1'", "needs id"),
        ("[package]\nid='a'\n[[component]]\nid='a'", "needs version"),
        ("[package]\nid='a'\ntypes='unix'\n[[component]]\n", "types: not of type list"),
        ("[package]\nid='a'\ntypes=[1]\n[[component]]\n", "not a list of strings"),
        ("[package]\nid='a'\n[[component]]\nid='a'\nversion='1'\nrelease=true", "release: not"),
        ("[package]\nid='a'\n[[component]]\nid='a'\nversion='1'\ncolour='x'", "no 'colour'"),
        ("[package]\nid='a'\n[[component]]\nid='a'\nversion='1'\nsource='x'", "no files"),
    ],
)
def test_description(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "uscomo.toml").write_text(text)
    with pytest.raises(PackageError, match=words):
        Project.load(tmp_path)


def test_no_description(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"uscomo\.toml: No such file"):
        Project.load(tmp_path)


def test_description_of_several_components(tmp_path: Path, key: SigningKey) -> None:
    (tmp_path / "uscomo.toml").write_text(
        "[package]\nid='com.example.both'\ntypes=['unix', 'rp2']\n"
        "[[component]]\nid='com.example.one'\nversion='1'\nsource='one'\nentry='one'\n"
        "requires=['com.example.two']\n"
        "[[component]]\nid='com.example.two'\nname='Two'\nversion='2'\nrelease=5\nsource='2'\n"
        "dir='second'\nprovides=['two']\n"
    )
    for name, module in (("one", "one"), ("2", "two")):
        (tmp_path / name / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "__pycache__" / "x.pyc").write_text("left out")
        (tmp_path / name / ".hidden").write_text("left out")
        (tmp_path / name / f"{module}.py").write_text("x = 1\n")
    package = read_package(build(Project.load(tmp_path), key))
    assert package.header.types == ("unix", "rp2")
    one, two = package.components
    assert (one.dir, one.name, one.provides) == ("one", "com.example.one", ("one",))
    assert one.requires == ("com.example.two",)
    assert (two.dir, two.name, two.release, two.entry) == ("second", "Two", 5, None)
    assert [file.path for file in package.files] == ["one/one.mpy", "second/two.mpy"]


def test_links_are_refused(tmp_path: Path, demo_apps: Path) -> None:
    (tmp_path / "uscomo.toml").write_bytes((demo_apps / "clock" / "uscomo.toml").read_bytes())
    (tmp_path / "clock.py").symlink_to(demo_apps / "clock" / "clock.py")
    with pytest.raises(PackageError, match="a link"):
        Project.load(tmp_path)


def test_keys_in_files(tmp_path: Path) -> None:
    key = SigningKey.generate()
    private, public = tmp_path / "k", tmp_path / "k.pub"
    key.save(private)
    key.public.save(public)
    assert private.stat().st_mode & 0o77 == 0
    assert SigningKey.load(private).public == key.public
    assert PublicKey.load(public) == PublicKey.load(private) == key.public
    assert len(key.public.modulus) == 256
    assert len(key.public.key_id) == 16
    with pytest.raises(PackageError, match="File exists"):
        key.save(private)
    with pytest.raises(PackageError, match="not an unencrypted PEM private key"):
        SigningKey.load(public)
    with pytest.raises(PackageError, match="No such file"):
        PublicKey.load(tmp_path / "none")
    public.write_text("nonsense")
    with pytest.raises(PackageError, match="not a PEM key"):
        PublicKey.load(public)


def test_weak_keys_are_refused() -> None:
    with pytest.raises(PackageError, match="2048 to 4096"):
        PublicKey(b"\xff" * 128)
