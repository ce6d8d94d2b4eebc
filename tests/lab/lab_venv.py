"""The environment that labgrid has to itself, made once per machine and set of requirements."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import platformdirs
from filelock import FileLock

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).parents[2]
EXTRAS = ("test", "labgrid")
SECONDS = 900
KEPT = 2


def lab_python() -> Path:
    """The interpreter of an environment with all that ``uscomo[labgrid,test]`` needs.

    uscomo itself is not in it: it is that of this checkout, see `paths`.
    """
    wanted = requirements()
    mark = hashlib.sha256(json.dumps([sys.version, sys.prefix, wanted]).encode()).hexdigest()[:16]
    root = Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "lab"
    root.mkdir(parents=True, exist_ok=True)
    folder = root / mark
    done = folder / "done"
    with FileLock(root / "lock", timeout=SECONDS):
        if not done.exists():
            for old in sorted(root.glob("*/done"), key=lambda path: -path.stat().st_mtime)[KEPT:]:
                shutil.rmtree(old.parent)
            venv.create(folder, clear=True, with_pip=True)
            made = subprocess.run(
                [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-input", *wanted],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            assert made.returncode == 0, made.stderr
            done.touch()
    return folder / "bin" / "python"


def requirements() -> list[str]:
    """As ``pip install 'uscomo[labgrid,test]'`` reads them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(line for name in EXTRAS for line in extras[name])]


def paths() -> str:
    """What PYTHONPATH has to be for uscomo to be that of this checkout."""
    return f"{REPOSITORY / 'firmware'}:{REPOSITORY / 'host_tools'}"
