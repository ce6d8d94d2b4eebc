"""Runs every device test twice: on CPython here, and on real MicroPython in a VM of its own."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from uscomo_tools.testing.unix import find_micropython

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
HEAP = "768k"  # tests compile from source, which costs heap that a board with .mpy files keeps

for folder in (HERE / "cpython", HERE, FIRMWARE / "root", FIRMWARE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


class MicroPythonTest(pytest.Item):
    """One test function, run by tests/device/vm_main.py inside the unix VM."""

    def __init__(self, *, function: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.test = function

    def runtest(self) -> None:
        result = subprocess.run(
            [
                *(find_micropython(), "-X", f"heapsize={HEAP}", str(HERE / "vm_main.py")),
                *(str(FIRMWARE), str(self.path.parent), self.path.stem, self.test),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
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


class MicroPythonFailure(Exception):
    """The test failed in the VM; the message is what the VM printed."""


def pytest_pycollect_makeitem(collector, name, obj):
    if not (name.startswith("test_") and inspect.isfunction(obj)):
        return None
    return [
        pytest.Function.from_parent(
            collector, name=f"{name}[cpython]", originalname=name, callobj=obj
        ),
        MicroPythonTest.from_parent(collector, name=f"{name}[micropython]", function=name),
    ]


@pytest.fixture(autouse=True)
def _remove_temporary_roots():
    yield
    import support

    support.clean()
