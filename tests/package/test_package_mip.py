"""What mip would install, as a component: formats, dependencies, limits, and what is refused."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from uscomo_tools import cli
from uscomo_tools.errors import RefusedError, UnreachableError
from uscomo_tools.package import (
    PackageError,
    Project,
    SigningKey,
    build,
    limits,
    read_mip,
    read_package,
)
from uscomo_tools.package.mip import MAX_DEPENDENCY_DEPTH, MAX_DESCRIPTIONS, fetch

MODULE = b"a = 1  # " + b"-" * 991
RAW = "https://raw.githubusercontent.com"


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = (
                content.encode() if isinstance(content, str) else json.dumps(content).encode()
            )
        path.write_bytes(content)
    return folder


class Web:
    """Answers from a dict, like `fetch`; remembers what was asked for."""

    def __init__(self, pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def __call__(self, url: str, limit: int) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise PackageError(f"{url}: HTTP 404")
        page = self.pages[url]
        return page if isinstance(page, bytes) else json.dumps(page).encode()


def test_a_folder_on_this_machine(tmp_path: Path, key: SigningKey) -> None:
    folder = write(
        tmp_path / "my lib",
        {
            "package.json": {
                "urls": [["lib/__init__.py", "src/lib/__init__.py"], ["lib/data.txt", "data.txt"]],
                "version": "1.2.3",
            },
            "src/lib/__init__.py": "x = 1\n",
            "data.txt": "d",
        },
    )
    expected = {"lib/__init__.py": b"x = 1\n", "lib/data.txt": b"d"}
    for source in (str(folder), str(folder / "package.json"), folder.as_uri()):
        found = read_mip(source)
        assert found.files == expected
        assert (found.name, found.version) == ("my-lib", "1.2.3")
        assert len(found.descriptions) == 1
    component = found.component()
    assert (component.id, component.version, component.release) == (
        "mip.my-lib",
        "1.2.3",
        1_002_003,
    )
    package = read_package(build(found.project(component), key))
    assert [file.path for file in package.files] == [
        "my-lib/lib/__init__.mpy",
        "my-lib/lib/data.txt",
    ]
    assert package.components[0].provides == ("lib",)


def test_one_file(tmp_path: Path) -> None:
    write(tmp_path, {"one.py": "1\n"})
    found = read_mip(str(tmp_path / "one.py"))
    assert (found.name, found.files) == ("one", {"one.py": b"1\n"})


@pytest.mark.parametrize(
    ("source", "description", "file"),
    [
        ("github:owner/repo", "/owner/repo/HEAD/package.json", "/owner/repo/HEAD/src/a.py"),
        (
            "github:owner/repo/sub@v1",
            "/owner/repo/v1/sub/package.json",
            "/owner/repo/v1/sub/src/a.py",
        ),
        (
            "github:owner/repo/x/other.json@feature/x",
            "/owner/repo/feature/x/x/other.json",
            "/owner/repo/feature/x/x/src/a.py",
        ),
    ],
)
def test_shorthand(source: str, description: str, file: str) -> None:
    web = Web({RAW + description: {"urls": [["a.py", "src/a.py"]]}, RAW + file: b"a"})
    found = read_mip(source, fetch=web)
    assert found.files == {"a.py": b"a"}
    assert web.asked == [RAW + description, RAW + file]
    assert found.name in ("repo", "sub", "x")


def test_other_hosts() -> None:
    web = Web(
        {
            "https://gitlab.com/o/r/-/raw/HEAD/package.json": {
                "urls": [["a.py", "codeberg:o/r/a.py"], ["b.py", "https://example.org/b"]]
            },
            "https://codeberg.org/o/r/raw/branch/HEAD/a.py": b"a",
            "https://example.org/b": b"b",
        }
    )
    assert read_mip("gitlab:o/r", fetch=web).files == {"a.py": b"a", "b.py": b"b"}


def test_a_shorthand_in_a_description_takes_its_branch() -> None:
    # As mip does: one version for a description and what it names.
    web = Web(
        {
            f"{RAW}/o/r/v2/package.json": {"urls": [["a.py", "github:o/r/a.py"]]},
            f"{RAW}/o/r/v2/a.py": b"2",
        }
    )
    assert read_mip("github:o/r@v2", fetch=web).files == {"a.py": b"2"}


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    content = {name: f"# {name}\n".encode() for name in ("top", "dep", "dep1")}
    files: dict[str, Any] = {
        f"file/{hashed(data)[:2]}/{hashed(data)}": data for data in content.values()
    }
    packages = {
        "top/latest": ("top", [["dep", ""]]),
        "dep/latest": ("dep", []),
        "dep/1.0": ("dep1", [["top", "latest"]]),
    }
    for name, (which, deps) in packages.items():
        files[f"package/py/{name}.json"] = {
            "v": 1,
            "hashes": [[f"{which[:3]}.py", hashed(content[which])]],
            "deps": deps,
            "version": "2.0",
        }
    return write(tmp_path / "index", files)


def test_names_in_an_index(index: Path) -> None:
    found = read_mip("top", str(index))
    assert found.files == {"top.py": b"# top\n", "dep.py": b"# dep\n"}
    assert (found.name, found.version) == ("top", "2.0")
    assert read_mip("dep@1.0", index.as_uri()).files == {
        "dep.py": b"# dep1\n",
        "top.py": b"# top\n",
    }
    assert read_mip("top", str(index), without=["dep"]).files == {"top.py": b"# top\n"}
    with pytest.raises(PackageError, match=r"2\.0.*No such file"):
        read_mip("top@2.0", str(index))
    with pytest.raises(PackageError, match="--index"):
        read_mip("top")
    for wrong in ("../x", "top@../../x", "top@1 0"):
        with pytest.raises(PackageError):
            read_mip(wrong, str(index))


def test_hashes_are_checked(index: Path, tmp_path: Path) -> None:
    (file,) = (index / "file").rglob(hashed(b"# dep\n"))
    file.write_bytes(b"else")
    with pytest.raises(PackageError, match=r"dep\.py: its content has not the hash"):
        read_mip("top", str(index))
    write(tmp_path, {"package.json": {"hashes": [["a.py", "../../etc"]]}})
    with pytest.raises(PackageError, match="a hash in no index"):
        read_mip(str(tmp_path), str(index))
    write(tmp_path, {"package.json": {"hashes": [["a.py", "01234567"]]}})
    with pytest.raises(PackageError, match="a hash in no index"):
        read_mip(str(tmp_path))


def test_a_cycle_ends(index: Path) -> None:
    # top -> dep 1.0 -> top, each taken once.
    description = index / "package/py/top/latest.json"
    about = json.loads(description.read_text())
    description.write_text(json.dumps(about | {"deps": [["dep", "1.0"], ["dep", "1.0"]]}))
    found = read_mip("top", str(index))
    assert len(found.descriptions) == 2
    assert found.files == {"top.py": b"# top\n", "dep.py": b"# dep1\n"}


def test_two_versions_of_one_package(index: Path, tmp_path: Path) -> None:
    app = {"deps": [["top", ""], ["dep", "1.0"]]}
    write(tmp_path, {"package.json": app})
    with pytest.raises(PackageError, match=r"dep: .* asks for 1\.0, another package for latest"):
        read_mip(str(tmp_path), str(index))
    # Who does not care takes what the other one asks for.
    write(tmp_path, {"package.json": {"deps": app["deps"][::-1]}})
    assert read_mip(str(tmp_path), str(index)).files["dep.py"] == b"# dep1\n"


def test_depth_and_number_are_limited(tmp_path: Path) -> None:
    def chain(length: int) -> Path:
        packages: dict[str, Any] = {
            f"package/py/p{number}/latest.json": {"deps": [[f"p{number + 1}", ""]]}
            for number in range(length)
        }
        packages[f"package/py/p{length}/latest.json"] = {"urls": [["a.py", "a.py"]]}
        packages[f"package/py/p{length}/a.py"] = "a"
        return write(tmp_path / str(length), packages)

    assert read_mip("p0", str(chain(MAX_DEPENDENCY_DEPTH))).files == {"a.py": b"a"}
    with pytest.raises(PackageError, match=f"deeper than {MAX_DEPENDENCY_DEPTH}"):
        read_mip("p0", str(chain(MAX_DEPENDENCY_DEPTH + 1)))
    names = [f"q{number}" for number in range(MAX_DESCRIPTIONS)]
    packages: dict[str, Any] = {f"package/py/{name}/latest.json": {} for name in names}
    packages["package/py/all/latest.json"] = {"deps": [[name] for name in names]}
    folder = write(tmp_path / "many", packages)
    with pytest.raises(PackageError, match=f"more than {MAX_DESCRIPTIONS} packages"):
        read_mip("all", str(folder))
    assert len(read_mip("all", str(folder), names[:1]).descriptions) == MAX_DESCRIPTIONS


def test_size_and_number_of_files_are_limited(tmp_path: Path) -> None:
    big = "big.bin"
    write(tmp_path, {big: bytes(limits.MAX_UNPACKED), "a.txt": "1"})
    write(tmp_path, {"package.json": {"urls": [["b", big]]}})
    assert len(read_mip(str(tmp_path)).files["b"]) == limits.MAX_UNPACKED
    write(tmp_path, {"package.json": {"urls": [["b", big], ["a", "a.txt"]]}})
    with pytest.raises(PackageError, match=r"a\.txt: more than 0 bytes"):
        read_mip(str(tmp_path))
    many = [[f"{number}.txt", "a.txt"] for number in range(limits.MAX_FILES + 1)]
    write(tmp_path, {"package.json": {"urls": many}})
    with pytest.raises(PackageError, match=f"more than {limits.MAX_FILES} files"):
        read_mip(str(tmp_path))
    write(tmp_path, {"package.json": " " * 65_537})
    with pytest.raises(PackageError, match="more than 65536 bytes"):
        read_mip(str(tmp_path))


@pytest.mark.parametrize(
    "target",
    [
        "../a.py",
        "/lib/a.py",
        "a/../../b.py",
        "",
        "a//b",
        ".hidden",
        "component",
        "uscomo.toml",
        "a b",
    ],
)
def test_targets_that_may_stand_in_no_component(tmp_path: Path, target: str) -> None:
    write(tmp_path, {"package.json": {"urls": [[target, "a.py"]]}, "a.py": "1"})
    with pytest.raises(PackageError, match="may not stand in a component"):
        read_mip(str(tmp_path))


def test_a_description_reads_nothing_outside_its_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("mine")
    folder = tmp_path / "p"
    write(folder, {"inside/a.py": "a"})
    (folder / "link.py").symlink_to(secret)
    for where in (
        "../secret.py",
        str(secret),
        secret.as_uri(),
        "link.py",
        "inside/../../secret.py",
    ):
        write(folder, {"package.json": {"urls": [["a.py", where]]}})
        with pytest.raises(PackageError, match="not in its folder"):
            read_mip(str(folder))
    write(folder, {"package.json": {"urls": [["a.py", "inside/../inside/a.py"]]}})
    assert read_mip(str(folder)).files == {"a.py": b"a"}


@pytest.mark.parametrize("name", ["urls", "deps"])
def test_what_comes_from_a_network_names_no_local_file(tmp_path: Path, name: str) -> None:
    local = write(tmp_path, {"package.json": {}, "a.py": "1"}) / "a.py"
    pairs = [["a.py", local.as_uri()]] if name == "urls" else [[local.as_uri(), ""]]
    web = Web({"http://example.org/package.json": {name: pairs}})
    with pytest.raises(PackageError, match="comes from a network"):
        read_mip("http://example.org", fetch=web)


def test_a_dependency_is_never_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"dep/package.json": {"urls": [["a.py", "a.py"]]}, "dep/a.py": "mine"})
    monkeypatch.chdir(tmp_path)
    web = Web({"http://example.org/package.json": {"deps": [["dep", ""]]}})
    with pytest.raises(PackageError, match="--index"):
        read_mip("http://example.org", fetch=web)
    assert read_mip("dep").files == {"a.py": b"mine"}


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "65536"),
        ("[" * 60_000, "not JSON"),
        ("[]", "not a description"),
        ({"urls": {}}, "'urls' is not a list of pairs"),
        ({"urls": ["ab"]}, "'urls' is not a list of pairs"),
        ({"urls": [["a.py"]]}, "'urls' is not a list of pairs"),
        ({"deps": [["a", "b", "c"]]}, "'deps' is not a list of pairs"),
        ({"urls": [["a.py", 1]]}, "1 stands where a text"),
        ({"version": 1}, "1 stands where a text"),
        ({"urls": [["a.py", "none.py"]]}, "No such file"),
        ({"urls": [["a.py", "ftp://example.org/a"]]}, "http, https, file"),
        ({"urls": [["a.py", "github:owner/repo"]]}, "owner/repository/path"),
        ({"urls": [["a.py", "github:owner//x/y"]]}, "owner/repository/path"),
        ({"urls": [["a.py", "a.py"], ["a.py", "b.py"]]}, "not the same in"),
        ({"deps": [["../x", ""]]}, "not a name"),
    ],
)
def test_descriptions_against_the_rules(tmp_path: Path, description: Any, words: str) -> None:
    write(tmp_path, {"package.json": description, "a.py": "a", "b.py": "b"})
    with pytest.raises(PackageError, match=words):
        read_mip(str(tmp_path), "http://example.org/index")


# -- over a real socket


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {
            "/p/package.json": json.dumps({"urls": [["a.py", "a.py"]], "version": "3"}).encode(),
            "/p/a.py": MODULE,
        }
        if self.path == "/moved/package.json":
            self.send_response(302)
            self.send_header("Location", "/p/package.json")
        elif self.path in pages:
            self.send_response(200)
        else:
            self.send_response(403 if self.path.startswith("/secret") else 404)
        body = pages.get(self.path, b"")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_over_http(url: str) -> None:
    assert read_mip(f"{url}/p").files == {"a.py": MODULE}
    assert len(fetch(f"{url}/p/a.py", 1000)) == 1000
    with pytest.raises(PackageError, match="more than 999 bytes"):
        fetch(f"{url}/p/a.py", 999)
    assert json.loads(fetch(f"{url}/moved/package.json", 1000))["version"] == "3"
    with pytest.raises(PackageError, match="HTTP 404"):
        read_mip(f"{url}/none")
    with pytest.raises(RefusedError, match="HTTP 403"):
        read_mip(f"{url}/secret")
    with pytest.raises(UnreachableError):
        read_mip("http://127.0.0.1:9/p")
    with pytest.raises(PackageError):
        read_mip("http://[/p")


# -- the command line


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("USCOMO_MIP_INDEX", raising=False)

    def run(*arguments: object) -> tuple[int, dict]:
        code = cli.run(["package", "from-mip", *map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert not captured.err
        return code, json.loads(captured.out)

    return run


def test_into_a_project(run, index: Path, tmp_path: Path, key: SigningKey) -> None:
    code, shown = run("top", "--index", index, "--id", "org.example.top", "--entry", "top")
    assert (code, shown["folder"], shown["version"]) == (0, "top", "2.0")
    assert shown["files"] == ["dep.py", "top.py"]
    project = Project.load(tmp_path / "top")
    (source,) = project.sources
    assert (project.id, source.component.entry) == ("org.example.top", "top")
    assert source.component.release == 2_000_000
    assert source.files == {"dep.py": b"# dep\n", "top.py": b"# top\n"}
    code, shown = run("top", "--index", index)
    assert (code, "--force" in shown["error"]) == (1, True)
    assert Project.load(tmp_path / "top") == project
    assert run("top", "--index", index, "--force")[0] == 0


def test_into_a_package(run, index: Path, tmp_path: Path, key: SigningKey, url: str) -> None:
    key.save(tmp_path / "key")
    code, shown = run("top", "--index", index, "--package", "--key", "key", "--release", 4)
    assert (code, shown["file"], shown["key_id"]) == (0, "mip.top.pkg", key.public.key_id)
    package = read_package(tmp_path / "mip.top.pkg")
    assert package.components[0].release == 4
    # By way of a project it is the same package.
    run("top", "--index", index, "--release", 4)
    assert build(Project.load(tmp_path / "top"), key) == package.data
    assert run("top", "--index", index, "--package")[0] == 1
    code, shown = run(f"{url}/p", "--package", "-o", "unsigned.pkg")
    assert (code, shown.get("key_id")) == (0, ""), shown
    assert read_package(tmp_path / "unsigned.pkg", allow_unsigned=True).id == "mip.p"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("top",), 1, "--index"),
        (("top", "--key", "key"), 2, "--package"),
        ((), 2, "SOURCE"),
        (("http://127.0.0.1:9/p",), 3, "127.0.0.1"),
        (("URL/secret",), 4, "403"),
        (("URL/none",), 1, "404"),
    ],
)
def test_exit_codes(run, url: str, arguments: tuple[str, ...], code: int, words: str) -> None:
    found, shown = run(*(argument.replace("URL", url) for argument in arguments))
    assert (found, shown["ok"]) == (code, False)
    assert words in shown["error"]
