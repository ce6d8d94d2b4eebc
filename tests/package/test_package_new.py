"""Where packages come from: the skeleton of an application, the agent, and extracting again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from uscomo import devinfo
from uscomo_tools import cli
from uscomo_tools.device.agent import agent_files
from uscomo_tools.package import (
    Abi,
    Header,
    PackageError,
    Project,
    SigningKey,
    agent_project,
    agent_version,
    build,
    create_project,
    limits,
    pack,
    read_package,
    release_of,
    unpack,
)
from uscomo_tools.testing.unix import find_micropython

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict]]:
    def run(*arguments: object) -> tuple[int, dict]:
        code = cli.run(["package", *map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert not captured.err
        return code, json.loads(captured.out)

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: SigningKey) -> Path:
    key.save(tmp_path / "key")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- init


@pytest.mark.parametrize("more", [(), ("--source",)], ids=["mpy", "source"])
def test_the_skeleton_works(run, folder: Path, more: tuple[str, ...]) -> None:
    code, shown = run("init", "my-app")
    assert code == 0
    assert sorted(shown["files"]) == [
        "my-app/greeting.txt",
        "my-app/my_app.py",
        "my-app/uscomo.toml",
    ]
    code, shown = run("build", "my-app", "--key", "key", *more)
    assert (code, shown["file"]) == (0, "com.example.my-app.pkg")
    (component,) = shown["components"]
    assert (component["entry"], component["provides"]) == ("my_app", ["my_app"])
    code, shown = run("unpack", "com.example.my-app.pkg")
    assert (code, shown["folder"]) == (0, "com.example.my-app")
    result = subprocess.run(
        [
            *(find_micropython(), str(Path(__file__).parent / "vm_skeleton.py")),
            *(str(ROOT / "firmware"), "com.example.my-app/my-app", "my_app"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.stdout.split("\n"), result.returncode) == (
        ["Hello from uscomo.", "still running", ""],
        0,
    ), result.stderr


def test_every_commented_line_of_the_description_is_one(tmp_path: Path, key: SigningKey) -> None:
    create_project(tmp_path, "com.example.app")
    path = tmp_path / "uscomo.toml"
    lines = path.read_text().splitlines()
    live = [line[2:] if " = " in line and line.startswith("# ") else line for line in lines]
    assert live != lines
    path.write_text("\n".join(live))
    package = read_package(build(Project.load(tmp_path), key))
    assert package.header.types == ("rp2", "esp32")
    assert package.header.downgrade is True
    assert package.components[0].requires == ("com.example.driver",)


def test_init_overwrites_nothing(run, folder: Path) -> None:
    assert run("init", "app", "--id", "org.example.lamp", "--name", 'A "lamp"')[0] == 0
    assert (folder / "app/lamp.py").is_file()
    assert Project.load(folder / "app").sources[0].component.name == 'A "lamp"'
    (folder / "app/lamp.py").write_text("mine")
    (folder / "app/uscomo.toml").unlink()
    code, shown = run("init", "app", "--id", "org.example.lamp")
    assert (code, "--force" in shown["error"]) == (1, True)
    assert (folder / "app/lamp.py").read_text() == "mine"
    assert not (folder / "app/uscomo.toml").exists()
    assert run("init", "app", "--id", "org.example.lamp", "--force")[0] == 0
    assert (folder / "app/lamp.py").read_text() != "mine"


@pytest.mark.parametrize(
    "id", ["a b", "com.example.main", "com.example.uscomo", "com.example.1/2"]
)
def test_ids_that_no_app_can_have(tmp_path: Path, id: str) -> None:
    with pytest.raises(PackageError, match="another --id"):
        create_project(tmp_path, id)
    assert not list(tmp_path.iterdir())


# -- build


def test_build_overwrites_nothing(run, folder: Path, demo_apps: Path) -> None:
    assert run("build", demo_apps / "clock")[0] == 0
    before = (folder / "com.example.clock.pkg").read_bytes()
    code, shown = run("build", demo_apps / "clock", "--key", "key")
    assert (code, "--force" in shown["error"]) == (1, True)
    assert (folder / "com.example.clock.pkg").read_bytes() == before
    assert run("build", demo_apps / "clock", "--key", "key", "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--agent"),
        (("app", "--agent"), "--agent"),
        (("--agent", "--source"), "--source"),
        (("app", "--release", "1"), "uscomo.toml"),
        (("app", "--mpy", "six"), "6.3"),
        (("app", "--mpy"), "--mpy"),
    ],
)
def test_wrong_usage(run, folder: Path, arguments: tuple[str, ...], words: str) -> None:
    code, shown = run("build", *arguments)
    assert (code, shown["ok"], words in shown["error"]) == (2, False, True), shown


def test_what_lies_in_a_project_by_accident(run, folder: Path, key: SigningKey) -> None:
    run("init", "app")
    first = build(Project.load(folder / "app"), key)
    run("build", "app", "--key", "key", "-o", "app/com.example.app.pkg")
    assert build(Project.load(folder / "app"), key) == first
    key.save(folder / "app/signing.key")
    with pytest.raises(PackageError, match=r"signing\.key: a private key"):
        Project.load(folder / "app")


def test_downgrade(run, folder: Path) -> None:
    run("init", "app")
    _, shown = run("build", "app", "--key", "key", "--downgrade")
    assert shown["downgrade"] is True
    manifest = read_package(Path("com.example.app.pkg")).manifest
    assert b'"downgrade":true' in manifest.partition(b"\n")[0]
    assert cli.run(["package", "inspect", "com.example.app.pkg"]) == 0


def test_compiled_modules_in_a_project(tmp_path: Path, key: SigningKey, demo_apps: Path) -> None:
    project = Project.load(demo_apps / "clock")
    (compiled,) = read_package(build(project, key)).files
    (tmp_path / "uscomo.toml").write_bytes((demo_apps / "clock/uscomo.toml").read_bytes())
    target = tmp_path / "clock.mpy"
    target.write_bytes(compiled.data)
    assert build(Project.load(tmp_path), key) == build(project, key)
    target.write_bytes(b"M\x05" + compiled.data[2:])
    with pytest.raises(PackageError, match=r"clock\.mpy: compiled for another"):
        build(Project.load(tmp_path), key)
    # Native code for armv6m, which is architecture 4.
    target.write_bytes(b"M\x06" + bytes([3 | 4 << 2]) + compiled.data[3:])
    native = read_package(build(Project.load(tmp_path), key, Abi(arch="armv6m")))
    assert native.components[0].env == "micropython;mpy=6.3;arch=armv6m"
    for abi in (Abi(), Abi(arch="xtensawin"), Abi(mpy=None)):
        with pytest.raises(PackageError, match=r"clock\.mpy: compiled for another"):
            build(Project.load(tmp_path), key, abi)
    target.write_bytes(b"text")
    with pytest.raises(PackageError, match=r"clock\.mpy: not compiled"):
        build(Project.load(tmp_path), key)


# -- the agent


def test_the_agent_as_a_package(run, folder: Path, key: SigningKey, monkeypatch) -> None:
    code, shown = run("build", "--agent", "--key", "key")
    assert (code, shown["file"], shown["id"]) == (0, "uscomo.pkg", "uscomo")
    package = read_package(folder / "uscomo.pkg")
    (component,) = package.components
    assert (component.id, component.agent, component.entry) == ("uscomo", True, None)
    assert component.provides == ("uscomo",)
    assert component.version == dict(devinfo.values({}))["DmV"]
    assert component.version == agent_version()
    assert component.release == release_of(component.version)
    assert b'"agent":true' in package.manifest.partition(b"\n")[0]
    # The same bytes as a board is provisioned with; stage 0 is not the component's.
    found = {"lib/" + file.path.partition("/")[2]: file.data for file in package.files}
    assert found == {
        path: content for path, content in agent_files().items() if path.startswith("lib/uscomo/")
    }
    assert "lib/uscomo/agent.mpy" in found
    # The board's own check of the header, and of every place.
    limits.check_header(json.loads(package.manifest.partition(b"\n")[0]))
    unpack(package, folder / "agent")
    assert (folder / "agent/agent/uscomo/agent.mpy").read_bytes() == found["lib/uscomo/agent.mpy"]
    code, shown = run("build", "--agent", "--release", 7, "--key", "key", "-o", "7.pkg")
    assert shown["components"][0]["release"] == 7
    assert cli.run(["package", "inspect", "7.pkg"]) == 0


def test_only_the_agent_is_the_agent(key: SigningKey) -> None:
    (source,) = agent_project(agent_files()).sources
    files = {f"agent/{path}": content for path, content in source.files.items()}
    component = replace(source.component, env="micropython;mpy=6.3")
    for wrong in (
        {"provides": ("uscomo", "json")},
        {"provides": ()},
        {"provides": ("app",)},
        {"entry": "uscomo"},
    ):
        with pytest.raises(PackageError, match="an agent provides 'uscomo'"):
            pack(Header("uscomo", (replace(component, **wrong),)), files, key)
    with pytest.raises(PackageError, match="'uscomo', which is reserved"):
        pack(Header("uscomo", (replace(component, agent=False),)), files, key)
    with pytest.raises(PackageError, match=r"x\.txt"):
        pack(Header("uscomo", (component,)), files | {"agent/json/x.txt": b""}, key)


@pytest.mark.parametrize(
    ("version", "release"),
    [("0.1.0", 1000), ("1.2.3", 1_002_003), ("2", 2_000_000), ("1.9", 1_009_000)],
)
def test_releases_of_versions(version: str, release: int) -> None:
    assert release_of(version) == release


@pytest.mark.parametrize("version", ["", "1.2.3.4", "1.0rc1", "1.1000", "-1", "1..2"])
def test_versions_without_a_release(version: str) -> None:
    with pytest.raises(PackageError, match="--release"):
        release_of(version)


# -- unpack


def test_unpack_spares_what_is_there(run, folder: Path, demo_apps: Path) -> None:
    run("build", demo_apps / "blink", "--key", "key", "-o", "b.pkg")
    target = folder / "x"
    (target / "blink").mkdir(parents=True)
    (target / "blink/pattern.txt").write_text("mine")
    code, shown = run("unpack", "b.pkg", "x")
    assert (code, "--force" in shown["error"]) == (1, True)
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["pattern.txt"]
    code, shown = run("unpack", "b.pkg", "x", "--force")
    assert (code, len(shown["files"])) == (0, 3)
    assert (target / "blink/pattern.txt").read_bytes() == (
        demo_apps / "blink/pattern.txt"
    ).read_bytes()
    run("unpack", "b.pkg", "empty")
    (folder / "file").write_text("")
    assert run("unpack", "b.pkg", "file")[0] == 1


def test_unpack_writes_through_no_link(run, folder: Path, demo_apps: Path) -> None:
    run("build", demo_apps / "blink", "--key", "key", "-o", "b.pkg")
    (folder / "elsewhere").mkdir()
    (folder / "x").mkdir()
    (folder / "x/blink").symlink_to(folder / "elsewhere")
    code, shown = run("unpack", "b.pkg", "x", "--force")
    assert (code, "a link" in shown["error"]) == (1, True)
    (folder / "x/blink").unlink()
    (folder / "x/blink").mkdir()
    (folder / "x/blink/pattern.txt").symlink_to(folder / "elsewhere/new.txt")
    assert run("unpack", "b.pkg", "x", "--force")[0] == 1
    assert not list((folder / "elsewhere").iterdir())


def test_devices_are_written_to_not_replaced(run, folder: Path, demo_apps: Path) -> None:
    code, shown = run("build", demo_apps / "clock", "--key", "key", "-o", "/dev/null", "--force")
    assert (code, shown["file"]) == (0, "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_files_are_readable_for_all_and_leave_nothing_behind(run, folder: Path, demo_apps) -> None:
    before = {path.name for path in folder.iterdir()}
    run("build", demo_apps / "clock", "--key", "key", "-o", "c.pkg")
    assert (folder / "c.pkg").stat().st_mode & 0o777 == 0o644
    (folder / "folder").mkdir()
    assert run("build", demo_apps / "clock", "-o", "folder", "--force")[0] == 1
    assert {path.name for path in folder.iterdir()} == before | {"c.pkg", "folder"}
