"""Flashing with programs of others, and the command line's refusals."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from image_files import dfu, esp, uf2

from uscomo_tools.board import firmware_cache
from uscomo_tools.board.description import load
from uscomo_tools.board.errors import BoardBusyError, BoardError, UnreachableError
from uscomo_tools.board.flash import dfu as dfu_module
from uscomo_tools.board.flash import flow, tool, uf2_file
from uscomo_tools.board.flash.errors import FlashError, MissingToolError
from uscomo_tools.board.flash.flow import Target
from uscomo_tools.board.identity import Identity
from uscomo_tools.board.lock import PortLock
from uscomo_tools.cli import run

FAKE = Path(__file__).with_name("fake_tool.py")
ESP32_NAME = b"v1.24.1 on 2024-11-29; Generic ESP32 module with ESP32\0"
PYBOARD_NAME = b"v1.24.1 on 2024-11-29; PYBv1.1 with STM32F405RG\0"


class Tool:
    """One fake program on PATH."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        log = self._path.with_name(self._path.name + ".log")
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tool]:
    """Make PATH a folder with nothing but what the test installs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    def make(name: str, *answers: tuple[int, str]) -> Tool:
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
        path.chmod(0o755)
        path.with_name(name + ".json").write_text(json.dumps(answers or [(0, "done")]))
        return Tool(path)

    return make


class Silent:
    """A board that answers, and takes note of what it is told."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.told: list[str] = []

    def identify(self) -> Identity:
        return self._identity

    def exec(self, code: str, timeout: float = 60) -> str:
        self.told.append(code)
        raise UnreachableError("the port is gone")

    def close(self) -> None:
        """Nothing to close."""


def quiet(*arguments: object) -> None:
    """Say and show nothing."""


@pytest.fixture
def esp_file(tmp_path: Path) -> Path:
    path = tmp_path / "esp32.bin"
    path.write_bytes(esp(0, 0x1000, ESP32_NAME))
    return path


@pytest.fixture
def dfu_file(tmp_path: Path) -> Path:
    path = tmp_path / "pyboard.dfu"
    path.write_bytes(dfu(PYBOARD_NAME))
    return path


PORT = f"/dev/port-{os.getpid()}"
ESP32 = Identity("esp32", "Generic ESP32 module with ESP32", (1, 24, 1), platform="esp32")
PYBOARD = Identity("pyboard", "PYBv1.1 with STM32F405RG", (1, 24, 1), platform="pyboard")


def test_esptool_writes_at_the_chips_offset(install, esp_file):
    esptool, board = install("esptool"), Silent(ESP32)
    plan = flow.prepare(load("esp32"), esp_file, force=True)
    outcome = flow.carry_out(plan, Target(PORT, lambda seconds: board, None, ESP32), quiet, quiet)
    base = ["--chip", "esp32", "--port", PORT, "--baud", "460800"]
    assert esptool.calls() == [[*base, "write_flash", "0x1000", str(esp_file)]]
    assert (outcome.before, outcome.after) == ("1.24.1", "1.24.1")
    assert outcome.machine == "ESP32 generic"
    assert board.told == []  # esptool enters the bootloader by itself
    assert not plan.loses_files


def test_erasing_comes_first_and_is_said(install, esp_file):
    esptool = install("esptool.py")
    plan = flow.prepare(load("esp32"), esp_file, force=True, erase=True)
    assert "LOST: all files" in plan.consequences()
    target = Target(PORT, lambda seconds: Silent(ESP32))
    outcome = flow.carry_out(plan, target, quiet, quiet)
    assert [call[6] for call in esptool.calls()] == ["erase_flash", "write_flash"]
    assert outcome.before == ""


def test_a_tool_that_fails_is_quoted(install, esp_file):
    install("esptool", (2, "A fatal error occurred: Failed to connect"))
    plan = flow.prepare(load("esp32"), esp_file, force=True)
    target = Target(PORT, lambda seconds: Silent(ESP32))
    with pytest.raises(FlashError, match=r"exit code 2\nA fatal error occurred"):
        flow.carry_out(plan, target, quiet, quiet)


def test_erasing_that_fails_writes_nothing(install, esp_file):
    esptool = install("esptool", (1, "no"))
    plan = flow.prepare(load("esp32"), esp_file, force=True, erase=True)
    with pytest.raises(FlashError):
        flow.carry_out(plan, Target(PORT, lambda seconds: Silent(ESP32)), quiet, quiet)
    assert len(esptool.calls()) == 1


def test_dfu_util_finds_the_bootloader_after_a_moment(install, dfu_file, monkeypatch):
    monkeypatch.setattr(dfu_module, "_PAUSE", 0)
    dfu_util = install("dfu-util", (74, "No DFU capable USB device available"), (0, "Done!"))
    board = Silent(PYBOARD)
    plan = flow.prepare(load("pyboard_v11"), dfu_file, force=True)
    outcome = flow.carry_out(
        plan, Target(PORT, lambda seconds: board, None, PYBOARD), quiet, quiet
    )
    call = ["-a", "0", "-d", "0483:df11", "-D", str(dfu_file), "-s", ":leave"]
    assert dfu_util.calls() == [call, call]
    assert ["machine.bootloader()" in code for code in board.told] == [True]
    assert outcome.after == "1.24.1"


def test_a_board_that_does_not_enter_its_bootloader_is_not_written(install, dfu_file):
    dfu_util = install("dfu-util")

    class Old(Silent):
        def exec(self, code: str, timeout: float = 60) -> str:
            raise BoardError("AttributeError: no attribute 'bootloader'", "")

    board, closed = Old(PYBOARD), []
    board.close = lambda: closed.append(True)  # type: ignore[method-assign]
    plan = flow.prepare(load("pyboard_v11"), dfu_file, force=True)
    target = Target(PORT, lambda seconds: board, None, PYBOARD)
    with pytest.raises(FlashError, match=r"connect BOOT0 .*\n.*no attribute 'bootloader'"):
        flow.carry_out(plan, target, quiet, quiet)
    assert (dfu_util.calls(), closed) == ([], [True])


def test_a_port_in_use_is_not_written(install, esp_file):
    esptool = install("esptool")
    plan = flow.prepare(load("esp32"), esp_file, force=True)
    port = f"/dev/of-this-test-{os.getpid()}"
    with PortLock(port), pytest.raises(BoardBusyError, match="in use"):
        flow.carry_out(plan, Target(port, lambda seconds: Silent(ESP32)), quiet, quiet)
    assert esptool.calls() == []


def test_who_interrupts_is_told_what_state_the_board_is_in(install, esp_file, monkeypatch):
    install("esptool")
    plan = flow.prepare(load("esp32"), esp_file, force=True)
    said: list[str] = []

    def interrupted(command: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        flow.carry_out(plan, Target(PORT, lambda seconds: Silent(ESP32)), said.append, quiet)
    assert "flash it again" in said[-1]


def test_without_a_board_in_dfu_the_way_there_is_said(install, dfu_file):
    dfu_util = install("dfu-util", (74, "No DFU capable USB device available"))
    plan = flow.prepare(load("pyboard_v11"), dfu_file, force=True)
    with pytest.raises(FlashError, match="connect BOOT0"):
        flow.carry_out(plan, Target(), quiet, quiet)
    assert len(dfu_util.calls()) == 1


def test_mpflash_is_given_board_and_version(install):
    mpflash = install("mpflash")
    pico = Identity("rp2", "Raspberry Pi Pico with RP2040", (1, 24, 1), platform="rp2")
    plan = flow.by_mpflash(load("pico"), (1, 24, 1), erase=False, force=False)
    flow.carry_out(plan, Target("COM3", lambda seconds: Silent(pico)), quiet, quiet)
    arguments = ["--serial", "COM3", "--board", "RPI_PICO", "--version", "1.24.1"]
    assert mpflash.calls() == [["flash", *arguments]]


@pytest.mark.parametrize(
    ("key", "content", "said"),
    [
        ("esp32", esp(0, 0x1000, ESP32_NAME), r"pip install 'uscomo\[flash\]'"),
        ("pyboard_v11", dfu(PYBOARD_NAME), "apt-get install dfu-util"),
    ],
)
def test_a_missing_tool_is_named_before_anything_is_touched(install, tmp_path, key, content, said):
    path = tmp_path / "image"
    path.write_bytes(content)
    plan = flow.prepare(load(key), path, force=True)

    def never(seconds: float) -> Silent:
        raise AssertionError("the board was opened")

    with pytest.raises(MissingToolError, match=said):
        flow.carry_out(plan, Target(PORT, never), quiet, quiet)


def test_a_tool_may_be_a_module_of_this_python(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tool.find(("no-such-tool",), "json", "x") == [sys.executable, "-m", "json"]


def test_a_tool_that_hangs_is_ended(install, monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "_SECONDS", 0.3)
    with pytest.raises(FlashError, match="did not end"):
        tool.run([sys.executable, "-c", "import time; time.sleep(60)"])


Uscomo = Callable[..., tuple[int, str]]


@pytest.fixture
def uscomo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Uscomo:
    """Run `uscomo board flash` without a terminal: exit code and all it says."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def call(*arguments: object) -> tuple[int, str]:
        code = run(["board", "flash", *map(str, arguments)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out + captured.err

    return call


@pytest.fixture
def pico_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.uf2"
    path.write_bytes(uf2())
    return path


@pytest.mark.parametrize(
    ("board", "said"),
    [("microbit", "9 KB of heap"), ("esp8266", "freeze the agent"), ("unix", "no flash")],
)
def test_refused_boards_are_refused_politely(uscomo, pico_file, board, said):
    code, told = uscomo(pico_file, "--board", board, "--yes")
    assert code == 4
    assert said in told


def test_nothing_is_written_without_being_asked(uscomo, pico_file, tmp_path):
    digest = hashlib.sha256(pico_file.read_bytes()).hexdigest()
    drive = tmp_path / "drive"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    arguments = (pico_file, "--board", "pico", "--sha256", digest, "--drive", drive)
    code, told = uscomo(*arguments)
    assert code == 2
    assert "--yes" in told
    assert "kept: the file system" in told
    assert [path.name for path in drive.iterdir()] == ["INFO_UF2.TXT"]
    assert uscomo(*arguments, "--yes")[0] == 0
    assert (drive / "mine.uf2").read_bytes() == pico_file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--yes",), 2, "which board"),
        (("--board", "pico3", "--yes"), 2, "no board is called"),
        (("nowhere/x.uf2", "--board", "pico", "--yes"), 2, "no such file"),
        (("--board", "feather_nrf52840", "--yes"), 2, "build one"),
        (("x.uf2", "--board", "pico", "--yes"), 1, "unknown"),
        (("--board", "pico", "--yes"), 1, "firmware download"),
        (("--port", "/dev/nowhere", "--yes"), 3, "/dev/nowhere"),
    ],
)
def test_wrong_calls_are_answered(uscomo, monkeypatch, tmp_path, arguments, code, said):
    monkeypatch.setenv(firmware_cache.ENVIRONMENT, str(tmp_path))
    got, told = uscomo(*arguments)
    assert got == code, told
    assert said in told


def test_a_wrong_file_is_refused_and_no_drive_is_touched(uscomo, pico_file, tmp_path):
    drive = tmp_path / "drive"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    common = ("--board", "pico", "--drive", drive, "--yes", "--force")
    pico_file.write_bytes(uf2()[: -uf2_file.BLOCK])
    assert uscomo(pico_file, *common)[0] == 4
    pico_file.write_bytes(uf2(family=0xE48BFF59))
    assert uscomo(pico_file, *common)[0] == 4
    pico_file.write_bytes(uf2())
    code, told = uscomo(pico_file, *common, "--sha256", "0" * 64)
    assert code == 4
    assert "SHA-256" in told
    assert uscomo(pico_file, *common, "--erase")[0] == 4
    assert [path.name for path in drive.iterdir()] == ["INFO_UF2.TXT"]


def test_a_board_on_a_port_is_asked_what_it_is(uscomo, pico_file):
    from uscomo_tools.testing.providers import unix

    with unix.start() as board:
        code, told = uscomo(pico_file, "--port", board.url, "--yes", "--force")
        assert code == 4
        assert "no flash that could be written" in told
        code, told = uscomo(pico_file, "--port", board.url, "--board", "pico", "--yes")
        assert code == 4
        assert "not a Raspberry Pi Pico" in told
