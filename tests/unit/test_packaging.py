"""What is shipped: the wheel, and the lists that name the agent's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from uscomo_tools import resources

ROOT = Path(__file__).parents[2]


def test_package_json_names_every_module() -> None:
    listed = json.loads((ROOT / "firmware/package.json").read_text())["urls"]
    modules = {f"uscomo/{path.name}" for path in resources.agent_sources()}
    assert {target for target, _ in listed} == modules | {"uscomo_boot.py"}
    for _, source in listed:
        assert (ROOT / "firmware" / source).is_file()


def test_the_versions_agree() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    version = project.split('\nversion = "')[1].split('"')[0]
    assert json.loads((ROOT / "firmware/package.json").read_text())["version"] == version
    for name in ("firmware/manifest.py", "firmware/uscomo/devinfo.py"):
        assert version in (ROOT / name).read_text(), name
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_resources_are_found() -> None:
    assert (resources.board_root() / "boot.py").is_file()
    assert (resources.demo_apps() / "blink" / "uscomo.toml").is_file()
    assert (resources.boards() / "pico.toml").is_file()


@pytest.mark.full(minutes=1)
def test_a_built_wheel_in_a_clean_venv_runs_the_demo(tmp_path: Path) -> None:
    def call(*arguments: str | Path, cwd: Path = tmp_path) -> str:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        result = subprocess.run(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert not result.returncode, result.stdout + result.stderr
        return result.stdout

    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("uscomo-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert "uscomo_tools/_resources/root/uscomo_boot.py" in names
    assert "uscomo_tools/_resources/boards/pico.toml" in names
    assert "uscomo_tools/_resources/boards/schema.json" in names
    assert "uscomo_tools/board/flash/board/bootloader.py" in names
    assert "uscomo_boot.py" not in names
    assert not [name for name in names if name.startswith(("root/", "demo_apps/"))]
    call(sys.executable, "-m", "venv", tmp_path / "venv")
    bin = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    call(bin / "python", "-m", "pip", "install", "-q", wheel)
    result = json.loads(call(bin / "uscomo", "demo", "--yes", "--json"))
    assert result["ok"]
    assert sum(step["seconds"] for step in result["steps"]) < 30
