"""A lab on loopback: labgrid's own coordinator and exporter, one board, two users."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab_bench import Bench, bench
from lab_venv import lab_python, paths

pytestmark = pytest.mark.full

HERE = Path(__file__).parent
EXAMPLE = HERE / "example"
SECONDS = 300.0  # a busy machine
EXPORTED = """
board-a:
  NetworkSerialPort:
    host: 127.0.0.1
    port: {port}
    protocol: raw
  NetworkPowerPort:
    model: rest
    host: "{switch}"
    index: "1"
  MicroPythonBoard:
    kind: unix
    path: "{flasher}"
"""


class Lab:
    """A coordinator and an exporter, and users of theirs."""

    def __init__(self, folder: Path, board: Bench) -> None:
        self.folder = folder
        self.bench = board
        self.python = lab_python()
        self.coordinator = ""
        self.runs: list[subprocess.Popen[str]] = []

    def environment(self, user: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        kept.pop("LG_TOKEN", None)
        return {
            **kept,
            **{"PYTHONPATH": paths(), "PYTHONUNBUFFERED": "1", "LG_COORDINATOR": self.coordinator},
            **{"LG_USERNAME": user, "LG_HOSTNAME": "desk", "NO_PROXY": "*"},
        }

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), "-m", *arguments]

    @contextmanager
    def running(self, name: str, *arguments: str) -> Iterator[Path]:
        """A program of labgrid's; what it says is in the file."""
        said = self.folder / f"{name}.log"
        with said.open("wb") as log:
            process = subprocess.Popen(
                self.command(f"labgrid.remote.{name}", *arguments),
                cwd=self.folder,
                env=self.environment("lab"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield said
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def client(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command("labgrid.remote.client", *arguments),
            env=self.environment("operator"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pytest(self, user: str, file: Path, yaml: Path, *options: str) -> subprocess.Popen[str]:
        """Begin somebody's test run on a board of the lab."""
        run = subprocess.Popen(
            [
                *self.command("pytest", "-p", "uscomo_tools.testing.plugin", "-p"),
                *("no:cacheprovider", "-c", "/dev/null", "--rootdir", str(file.parent)),
                *("-rA", "--board", f"labgrid:{yaml}", *options, str(file)),
            ],
            cwd=self.folder,
            env=self.environment(user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.runs.append(run)
        return run

    def close(self) -> None:
        """End what a failed test has left."""
        for run in self.runs:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.communicate()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with bench() as board:
        made = Lab(tmp_path_factory.mktemp("lab"), board)
        exporter = made.folder / "exporter.yaml"
        values = {"port": board.port, "switch": board.switch, "flasher": board.flasher}
        exporter.write_text(EXPORTED.format(**values))
        with made.running("coordinator", "-l", "127.0.0.1:0") as said:
            made.coordinator = heard(said, r"listening on (127\.0\.0\.1:\d+)")
            options = ("-c", made.coordinator, "-n", "bench", "--hostname", "127.0.0.1")
            with made.running("exporter", *options, str(exporter)) as said:
                heard(said, r"add resource board-a/(MicroPythonBoard)")
                made.client("-p", "bench-a", "create")
                made.client("-p", "bench-a", "add-match", "bench/board-a/*")
                made.client("-p", "bench-a", "set-tags", "kind=unix")
                until(lambda: "MicroPythonBoard" in made.client("resources"))
                yield made
                made.close()


@pytest.fixture
def yaml(lab: Lab, tmp_path: Path) -> Path:
    """The example's environment, for a board that is not a Pico."""
    return written(tmp_path, version(lab))


def version(lab: Lab) -> str:
    with lab.bench.board.open() as board:
        return board.identify().version


def written(folder: Path, firmware: str, more: str = "") -> Path:
    tool = f'command: "{sys.executable} {HERE / "flash_tool.py"} {{image}} {{port}}"'
    text = (EXAMPLE / "lab.yaml").read_text()
    for old, new in (
        ('firmware: "1.24.1"', f'firmware: "{firmware}"{more}'),
        ("image: pico", f"image: pico\n        {tool}"),
        ("RPI_PICO-20241129-v1.24.1.uf2", "firmware.img"),
        ("kind=rpi_pico", "kind=unix"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "firmware.img").write_bytes(b"other firmware")
    path = folder / "lab.yaml"
    path.write_text(text)
    return path


def heard(said: Path, pattern: str) -> str:
    until(lambda: re.search(pattern, said.read_text()) is not None)
    found = re.search(pattern, said.read_text())
    assert found is not None
    return found[1]


def until(condition, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def ended(run: subprocess.Popen[str], code: int = 0) -> str:
    """What a test run said."""
    said = run.communicate(timeout=SECONDS)[0]
    assert run.returncode == code, said
    return said


def test_a_board_is_reserved_prepared_tested_and_released(lab, yaml):
    left = {"/uscomo.a/1/uscomo/old.mpy": b"of before", "/uscomo.d/a/record": b"without an agent"}
    lab.bench.board.write(left)
    said = ended(lab.pytest("anna", EXAMPLE / "test_lab_board.py", yaml))
    assert "3 passed" in said
    assert not lab.bench.flashed  # the right version was there
    assert "acquired" not in lab.client("reservations")
    assert "acquired: None" in lab.client("-p", "bench-a", "show")


def test_it_is_flashed_where_that_is_asked_for(lab, tmp_path):
    lab.bench.board.write({"/main.py": b"print('of somebody else')"})
    yaml = written(tmp_path, version(lab), "\n        always: true")
    said = ended(lab.pytest("anna", EXAMPLE / "test_lab_board.py", yaml, "-k", "nothing"))
    assert "1 passed" in said
    assert lab.bench.flashed.pop() == b"other firmware"
    assert "/main.py" not in lab.bench.board.files()


def test_the_wrong_version_after_flashing_is_an_error(lab, tmp_path):
    lab.bench.flashed.clear()
    yaml = written(tmp_path, "9.9.9")
    said = ended(lab.pytest("anna", EXAMPLE / "test_lab_board.py", yaml, "-k", "nothing"), 1)
    assert len(lab.bench.flashed) == 1
    assert f"the board runs MicroPython {version(lab)} and not 9.9.9" in said
    assert "acquired: None" in lab.client("-p", "bench-a", "show")


def test_the_second_user_waits(lab, yaml, tmp_path):
    case = tmp_path / "test_held.py"
    shutil.copy(HERE / "held.py", case)
    first = lab.pytest("anna", case, yaml)
    until((tmp_path / "anna.has").exists)
    second = lab.pytest("ben", case, yaml)
    try:
        until(lambda: "owner: desk/ben" in lab.client("reservations"))
        time.sleep(2.5)  # in which nothing comes of it
        found = lab.client("reservations")
        print(found)
        assert states(found) == {"desk/anna": "acquired", "desk/ben": "waiting"}
        assert not (tmp_path / "ben.has").exists()
        assert "acquired: desk/anna" in lab.client("-p", "bench-a", "show")
    finally:
        (tmp_path / "go").touch()
    assert "1 passed" in ended(first)
    assert "1 passed" in ended(second)
    assert (tmp_path / "ben.has").exists()
    assert "Reservation" not in lab.client("reservations")


def states(reservations: str) -> dict[str, str]:
    owners = re.findall(r"owner: (\S+)", reservations)
    return dict(zip(owners, re.findall(r"state: (\S+)", reservations), strict=True))


def test_who_gives_up_waiting_leaves_nothing(lab, yaml, tmp_path):
    case = tmp_path / "test_held.py"
    shutil.copy(HERE / "held.py", case)
    token = re.findall(r"LG_TOKEN=(\S+)", lab.client("reserve", "--shell", "name=bench-a"))[0]
    try:
        run = lab.pytest("ben", case, yaml)
        until(lambda: "owner: desk/ben" in lab.client("reservations"))
        os.killpg(run.pid, signal.SIGINT)
        assert "KeyboardInterrupt" in ended(run, 2)
        until(lambda: "owner: desk/ben" not in lab.client("reservations"), 20)
    finally:
        lab.client("cancel-reservation", token)


def test_the_power_is_switched(lab, yaml, tmp_path):
    case = tmp_path / "test_switched.py"
    shutil.copy(HERE / "switched.py", case)
    assert "1 passed" in ended(lab.pytest("anna", case, yaml))
    assert lab.bench.board.power.is_on


def test_the_example_of_an_exporter_is_one(lab):
    done = subprocess.run(
        [str(lab.python), str(HERE / "exported.py"), str(EXAMPLE / "exporter.yaml")],
        env=lab.environment("lab"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "10 MicroPythonBoard NetworkPowerPort USBSerialPort"
