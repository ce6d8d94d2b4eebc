"""Update packages: small, keyless, and together with the old package exactly the new one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uscomo_tools import cli, resources
from uscomo_tools.package import (
    Component,
    Header,
    Package,
    PackageError,
    Project,
    SigningKey,
    Source,
    build,
    complete,
    diff,
    make_update,
    pack,
    read_package,
    sign,
    update,
)
from uscomo_tools.package.build import assemble

APP = Component(
    id="com.example.app",
    name="App",
    version="1.0",
    release=1,
    dir="app",
    env="micropython",
    provides=("app",),
)
NEXT = replace(APP, version="1.1", release=2)
Files = dict[str, bytes]


def package(
    key: SigningKey | None, files: Files, component: Component = APP, id: str = "com.example.app"
) -> Package:
    files = {f"{component.dir}/{path}": content for path, content in files.items()}
    return read_package(pack(Header(id, (component,)), files, key), allow_unsigned=True)


@pytest.fixture(scope="module")
def old(key: SigningKey) -> Package:
    return package(key, {"app.py": b"old", "same.txt": b"s", "gone.txt": b"g", "empty.txt": b""})


@pytest.fixture(scope="module")
def new(key: SigningKey) -> Package:
    files = {"app.py": b"newer", "same.txt": b"s", "new/x.txt": b"12", "empty.txt": b""}
    return package(key, files, NEXT)


@pytest.fixture(scope="module")
def between(old: Package, new: Package) -> Package:
    return read_package(make_update(old, new), allow_update=True)


def test_one_of_twenty_files(key: SigningKey, tmp_path: Path) -> None:
    # Real code, the agent's, as somebody's library.
    sources = {path.name: path.read_bytes() for path in resources.agent_sources()[:20]}
    assert len(sources) == 20
    component = Component("com.example.lib", "Lib", "1", 1, "lib", "", provides=("lib",))
    paths = []
    for release in (1, 2):
        files = {f"lib/{name}": content for name, content in sources.items()}
        files["lib/dmacc.py"] += b"\nRELEASE = %d\n" % release
        project = Project("lib", (Source(replace(component, release=release), files),))
        paths.append(tmp_path / f"{release}.pkg")
        paths[-1].write_bytes(build(project, key))
    made = update(paths[0], paths[1], tmp_path / "update.pkg")
    assert (made.files, made.kept) == (1, 19)
    assert (made.added, made.changed, made.removed) == (0, 1, 0)
    assert made.size == made.path.stat().st_size
    assert made.whole_size == paths[1].stat().st_size
    assert made.size <= 0.15 * made.whole_size
    whole = complete(read_package(made.path, allow_update=True), read_package(paths[0]))
    assert whole == read_package(paths[1])


def test_what_differs(old: Package, new: Package) -> None:
    found = [(change.kind, change.path, change.old, change.new) for change in diff(old, new)]
    assert found == [
        ("changed", "app.py", 3, 5),
        ("removed", "gone.txt", 1, None),
        ("added", "new/x.txt", None, 2),
    ]
    assert {change.component for change in diff(old, new)} == {"com.example.app"}
    assert diff(new, new) == []


def test_the_manifest_is_the_new_one(
    between: Package, old: Package, new: Package, key: SigningKey
) -> None:
    assert [file.path for file in between.files] == ["app/app.py", "app/new/x.txt"]
    assert [entry.path for entry in between.missing] == ["app/empty.txt", "app/same.txt"]
    assert (between.manifest, between.signature) == (new.manifest, new.signature)
    assert between.unpacked_size == new.unpacked_size == 8
    assert between.is_update
    assert not new.is_update
    assert between.verify([key.public]) == key.public
    assert complete(between, old) == new
    assert make_update(old, new) == between.data


def test_of_a_new_release_of_the_same_files(key: SigningKey, old: Package) -> None:
    files = {file.path.removeprefix("app/"): file.data for file in old.files}
    again = package(key, files, NEXT)
    empty = read_package(make_update(old, again), allow_update=True)
    assert empty.files == ()
    assert complete(empty, old) == again


def test_components_are_known_by_their_ids(key: SigningKey, old: Package) -> None:
    # Another folder in the package is the same place on the board.
    files = {file.path.removeprefix("app/"): file.data for file in old.files}
    moved = package(key, files, replace(NEXT, dir="elsewhere"))
    assert diff(old, moved) == []
    other = replace(NEXT, id="com.example.other")
    assert len(diff(old, package(key, files, other))) == 2 * len(files)
    with pytest.raises(PackageError, match="no component in common"):
        make_update(old, package(key, files, other))


def test_several_components(key: SigningKey, old: Package) -> None:
    library = replace(APP, id="com.example.lib", dir="lib", provides=("lib",))
    files = {file.path: file.data for file in old.files} | {"lib/lib.py": b"1"}
    data = pack(Header("com.example.app", (NEXT, library)), files, key)
    made = read_package(make_update(old, read_package(data)), allow_update=True)
    assert [file.path for file in made.files] == ["lib/lib.py"]
    assert complete(made, old).data == data


def test_what_no_update_is_made_of(key: SigningKey, old: Package, new: Package, between) -> None:
    with pytest.raises(PackageError, match="an update package; the whole"):
        make_update(old, between)
    with pytest.raises(PackageError, match="not signed"):
        make_update(old, package(None, {"app.py": b""}, NEXT))
    with pytest.raises(PackageError, match="sign the whole package"):
        sign(between, key)
    # The manifest of an update tells all that is asked of the old package.
    assert make_update(between, new) != new.data


def test_the_base_has_to_be_the_right_one(key: SigningKey, between: Package) -> None:
    files = {"app.py": b"old", "same.txt": b"s", "empty.txt": b""}
    complete(between, package(key, files))
    with pytest.raises(PackageError, match=r"same\.txt: is not in .*1455"):
        complete(between, package(key, {"app.py": b"", "empty.txt": b""}))
    with pytest.raises(PackageError, match=r"same\.txt: is another in .*1455"):
        complete(between, package(key, files | {"same.txt": b"t"}))
    with pytest.raises(PackageError, match="an update package"):
        complete(between, between)


def test_reading_is_strict(between: Package, new: Package) -> None:
    with pytest.raises(PackageError, match="2 of 4 files are left out"):
        read_package(between.data)
    files = [(file.path, file.data) for file in between.files]

    def reading(entries: list[tuple[str, bytes]]) -> None:
        read_package(assemble(new.manifest, new.signature, entries), allow_update=True)

    reading(files)
    with pytest.raises(PackageError, match="not in its place"):
        reading(files[::-1])
    with pytest.raises(PackageError, match="not in its place"):
        reading([*files, ("app/other.txt", b"")])
    with pytest.raises(PackageError, match="not in its place"):
        reading([files[0], files[0]])
    with pytest.raises(PackageError, match="not in its place"):
        reading([("app/app.py", b"longer than it says")])
    with pytest.raises(PackageError, match="hash"):
        reading([("app/app.py", b"NEWER")])


names = st.sampled_from(["a.txt", "b.txt", "c/d.txt", "c/e.bin"])
contents = st.binary(max_size=40)
trees = st.dictionaries(names, contents)


@settings(deadline=None, max_examples=60)
@given(trees, trees)
def test_old_and_update_make_the_new_one(key: SigningKey, before: Files, after: Files) -> None:
    one = package(key, {"app.py": b"1"} | before)
    two = package(key, {"app.py": b"1"} | after, NEXT)
    made = read_package(make_update(one, two), allow_update=True)
    assert complete(made, one) == two
    sent = {file.path.removeprefix("app/"): file.data for file in made.files}
    assert sent == {
        path: content for path, content in after.items() if before.get(path) != content
    }


# -- the command line


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict]]:
    def run(*arguments: object) -> tuple[int, dict]:
        code = cli.run(["package", *map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert not captured.err
        return code, json.loads(captured.out)

    return run


@pytest.fixture
def files(tmp_path: Path, old: Package, new: Package, key: SigningKey) -> Path:
    (tmp_path / "old.pkg").write_bytes(old.data)
    (tmp_path / "new.pkg").write_bytes(new.data)
    key.public.save(tmp_path / "key.pub")
    return tmp_path


def test_commands(run, files: Path, new: Package, capsys) -> None:
    old_path, new_path, out = files / "old.pkg", files / "new.pkg", files / "up.pkg"
    code, shown = run("diff", old_path, new_path)
    assert (code, shown["ok"], shown["same"], shown["update"]) == (0, True, 2, None)
    assert not out.exists()
    code, shown = run("diff", old_path, new_path, "-o", out)
    assert shown["update"] == {
        "file": str(out),
        "size": out.stat().st_size,
        "whole_size": len(new.data),
        "files": 2,
        "kept": 2,
    }
    assert shown["changes"][0] == {
        "kind": "changed",
        "component": "com.example.app",
        "path": "app.py",
        "old_size": 3,
        "new_size": 5,
    }
    assert shown["old"]["versions"] == {"com.example.app": "1.0"}
    code, shown = run("diff", old_path, new_path, "-o", out)
    assert code == 1
    assert "--force" in shown["error"]
    assert run("diff", old_path, new_path, "-o", out, "--force")[0] == 0

    code, shown = run("inspect", out)
    assert shown["update"] is True
    assert [entry["present"] for entry in shown["files"]] == [True, False, True, False]
    key = files / "key.pub"
    _, shown = run("verify", out, "--key", key)
    assert (shown["update"], shown["whole"]) == (True, False)
    _, shown = run("verify", out, "--key", key, "--base", old_path)
    assert (shown["update"], shown["whole"]) == (True, True)
    code, shown = run("verify", new_path, "--key", key, "--base", old_path)
    assert code == 2
    assert "no update package" in shown["error"]
    code, shown = run("verify", out, "--key", key, "--base", new_path)
    assert code == 0  # who has the new one has what is left out

    _, shown = run("unpack", out, files / "part")
    assert shown["left_out"] == ["app/empty.txt", "app/same.txt"]
    _, shown = run("unpack", out, files / "all", "--base", old_path)
    assert shown["left_out"] == []
    assert (files / "all/app/same.txt").read_bytes() == b"s"
    assert (files / "all/app/app.py").read_bytes() == b"newer"
    assert cli.run(["package", "diff", str(old_path), str(out)]) == 0
    assert "3 files differ, 2 are the same" in capsys.readouterr().out
    assert cli.run(["package", "inspect", str(out)]) == 0
    assert "(left out)" in capsys.readouterr().out


def test_update_is_written_whole_or_not_at_all(files: Path) -> None:
    with pytest.raises(PackageError, match="No such file"):
        update(files / "old.pkg", files / "new.pkg", files / "none" / "up.pkg")
    before = sorted(files.iterdir())
    (files / "new.pkg").write_bytes(b"")
    with pytest.raises(PackageError):
        update(files / "old.pkg", files / "new.pkg", files / "up.pkg")
    assert sorted(files.iterdir()) == before
