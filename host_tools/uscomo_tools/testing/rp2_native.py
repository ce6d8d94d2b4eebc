"""Five times faster emulated Picos: ``python -m uscomo_tools.testing.rp2_native``.

rp2040py's wheels for Python 3.11 and later are compiled for the stable ABI, through which each
access to the emulated memory looks a Python attribute up. This compiles the same release for the
one Python that runs here, its slow places changed (`rp2_source`), keeps the wheel in the user's
cache folder and installs it in place of the other. It wants a C compiler and Python's headers
(Debian: ``build-essential python3-dev``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tarfile import TarFile
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import platformdirs

from ..errors import UscomoError
from . import rp2_source

_NAME = "rp2040py"
_MODULE = "uscomo_tools.testing.rp2_native"  # not `__name__`, which is another one as a command
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: all types of the stable ABI are
#: Read before the sources: what rp2040py's setup.py defines is gone again.
_HEADER = "#undef Py_LIMITED_API\n"


def is_installed() -> bool:
    """Whether there is an emulator at all."""
    return find_spec(_NAME) is not None


def is_native() -> bool:
    """Whether the emulator that is installed was compiled for this Python alone, and changed."""
    try:
        from rp2040py.native import _rp2040, _simulator
    except ImportError:
        return False
    changed = getattr(_simulator, rp2_source.MARK, None) == rp2_source.DIGEST
    return changed and not _rp2040.RP2040.__flags__ & _HEAP_TYPE


def install() -> Path:
    """Compile the emulator, unless the cache has it, and install it here; its wheel.

    Raises
    ------
    UscomoError
        It is not installed, something that is needed to compile it is missing, or that failed.
    """
    try:
        release = version(_NAME)
    except PackageNotFoundError as missing:
        raise UscomoError(f"{_NAME} is not installed: pip install 'uscomo[test]'") from missing
    folder = _cache() / f"{_NAME}-{release}-{rp2_source.DIGEST}-{sys.implementation.cache_tag}"
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        wheel = _compiled(release, folder)
    _pip("install", "--force-reinstall", "--no-deps", str(wheel))
    # Asked of a process that has not imported the one of before.
    asked = [sys.executable, "-c", f"from {_MODULE} import is_native; exit(not is_native())"]
    if subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise UscomoError(f"what was compiled is not for this Python alone: pip install {_NAME}")
    return wheel


def _cache() -> Path:
    platform = sysconfig.get_platform()
    return Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "testing" / platform


def _compiled(release: str, folder: Path) -> Path:
    if os.name == "nt":
        raise UscomoError("this knows the compilers of Linux and macOS only")
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        raise UscomoError(f"no C compiler ({compiler}): install one, on Debian build-essential")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise UscomoError("no headers of this Python: install them, on Debian python3-dev")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="uscomo-rp2-", dir=folder.parent) as name:
        header = Path(name, "whole.h")
        header.write_text(_HEADER)
        flags = f"{os.environ.get('CFLAGS', '')} -include {header}".strip()
        source = _source(release, Path(name))
        rp2_source.change(source / "src" / _NAME / "native")
        # Not into pip's own cache: the wheel's name says that it is the stable ABI's.
        wanted = ("--no-deps", "--no-cache-dir", "--wheel-dir", f"{name}/wheel", str(source))
        _pip("wheel", *wanted, flags=flags)
        wheel = next(Path(name, "wheel").glob("*.whl"))
        # A part that cannot be compiled is left out by its build, without an error.
        with ZipFile(wheel) as inside:
            compiled = [Path(file).suffix for file in inside.namelist() if "/native/" in file]
        if not compiled.count(".so") == compiled.count(".pyx") > 0:
            raise UscomoError(f"{_NAME} was not compiled whole: pip wheel -v --no-binary says why")
        with suppress(OSError):  # somebody else was quicker
            Path(name, "wheel").replace(folder)
    return folder / wheel.name


def _source(release: str, folder: Path) -> Path:
    wanted = ("--no-binary", _NAME, f"{_NAME}=={release}")
    _pip("download", "--no-deps", "--dest", str(folder), *wanted)
    with TarFile.open(next(folder.glob("*.tar.gz"))) as packed:
        packed.extractall(folder, filter="data")
    return folder / f"{_NAME}-{release}"


def _pip(*arguments: str, flags: str = "") -> None:
    environment = {**os.environ, "CFLAGS": flags} if flags else None
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise UscomoError(f"pip {arguments[0]} failed:\n{done.stderr.strip()[-1500:]}")


def main() -> int:
    """Run the command: 0 when emulated Picos are fast from now on, else 1."""
    argparse.ArgumentParser(prog=f"python -m {_MODULE}", description=__doc__).parse_args()
    if is_native():
        sys.stdout.write(f"{_NAME} is compiled for this Python already\n")
        return 0
    try:
        wheel = install()
    except UscomoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{_NAME} is compiled for this Python; kept: {wheel}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
