"""Runs every device test twice: on CPython here, and on real MicroPython in a VM of its own.

With ``-m full`` also a third time, in the VM on the agent as it is deployed: shrunk, in bundles,
and compiled; the tests then import the bundles.
Only what the tests themselves look for by name keeps its name then.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from uscomo_tools import resources
from uscomo_tools.device.agent import compile_module
from uscomo_tools.device.layout import LAYOUT
from uscomo_tools.device.shrink import shrink
from uscomo_tools.testing.unix import find_micropython

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
HEAP = "768k"  # tests compile from source, which costs heap that a board with .mpy files keeps

for folder in (HERE / "cpython", HERE, FIRMWARE / "root", FIRMWARE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


class MicroPythonTest(pytest.Item):
    """One test function, run by tests/device/vm_main.py inside the unix VM."""

    def __init__(self, *, function: str, compiled: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.test = function
        self.compiled = compiled

    def runtest(self) -> None:
        firmware = Path(compiled_firmware().name) if self.compiled else FIRMWARE
        folder = firmware / "device" if self.compiled else self.path.parent
        result = subprocess.run(
            [
                *(find_micropython(), "-X", f"heapsize={HEAP}", str(HERE / "vm_main.py")),
                *(str(firmware), str(folder), self.path.stem, self.test),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600 if self.test.startswith("test_all_") else 120,
        )
        output = result.stdout.decode(errors="replace")
        if result.returncode or not output.rstrip().endswith("PASSED"):
            raise MicroPythonFailure(f"exit {result.returncode}\n{output}")

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


@cache
def compiled_firmware() -> TemporaryDirectory:
    """The agent's modules in place of their sources, and these tests as they find them; the folder
    goes with the process."""
    folder = TemporaryDirectory(prefix="uscomo-compiled-")
    names = {
        name
        for path in (*HERE.glob("*.py"), *HERE.parent.glob("*/vm_*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (getattr(node, "attr", ""), getattr(node, "id", ""), getattr(node, "name", ""))
    }
    small = shrink(resources.board_sources(), names, LAYOUT)
    for name, source in small.sources.items():
        place = Path(folder.name) / ("root" if name == "uscomo_boot" else "uscomo")
        place.mkdir(exist_ok=True)
        (place / f"{name}.mpy").write_bytes(compile_module(name, source))
    (Path(folder.name) / "vectors").symlink_to(HERE.parent / "vectors")
    tests = Path(folder.name) / "device"
    tests.mkdir()
    for path in HERE.glob("*.py"):
        (tests / path.name).write_text(small.script(path.read_text()))
    return folder


class MicroPythonFailure(Exception):
    """The test failed in the VM; the message is what the VM printed."""


def pytest_pycollect_makeitem(collector, name, obj):
    if not (name.startswith("test_") and inspect.isfunction(obj)):
        return None
    compiled = MicroPythonTest.from_parent(
        collector, name=f"{name}[compiled]", function=name, compiled=True
    )
    compiled.add_marker("full")
    both = [
        pytest.Function.from_parent(
            collector, name=f"{name}[cpython]", originalname=name, callobj=obj
        ),
        MicroPythonTest.from_parent(collector, name=f"{name}[micropython]", function=name),
    ]
    if name.startswith("test_all_"):
        # It takes long; what is beside it is a sample.
        for item in both:
            item.add_marker("full")
    return [compiled, *both]


@pytest.fixture(autouse=True)
def _remove_temporary_roots():
    yield
    import support

    support.clean()
