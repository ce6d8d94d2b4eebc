"""Each tool as a user runs it: one process a set of files, on one emulated board."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uscomo_tools.board.connection import Board
from uscomo_tools.errors import UscomoError
from uscomo_tools.testing.providers.provided import ProvidedBoard

_PATIENCE = 1800.0


@dataclass
class Cost:
    """Of one set of files.

    Attributes
    ----------
    size
        Bytes of the files.
    wall, emulated
        Seconds on the clock on the wall, and on the board's own.
    sent
        Octets that went to the board; 0: not counted.
    """

    size: int
    wall: float
    emulated: float
    sent: int = 0


class Bench:
    """One board, and the tools that put a folder's files on it."""

    def __init__(self, board: ProvidedBoard, folder: Path) -> None:
        self.board = board
        self.folder = folder

    def set_of_files(self, name: str, files: dict[str, bytes]) -> Path:
        """Write a set of files into a folder of this computer."""
        folder = self.folder / name
        folder.mkdir()
        for file, data in files.items():
            (folder / file).write_bytes(data)
        return folder

    def uscomo(self, folder: Path) -> Cost:
        """`uscomo board put`."""
        command = ["uscomo", "board", "put", folder, "--to", "/uscomo", "--json"]
        cost, printed = self._timed([*command, "-p", self.board.url], folder)
        cost.sent = json.loads(printed)["sent"]
        self._verify(f"/uscomo/{folder.name}", folder)
        return cost

    def mpremote(self, folder: Path) -> Cost:
        """`mpremote fs cp` of all files at once."""
        self._mkdir(f"/mpremote/{folder.name}")
        target = f":/mpremote/{folder.name}/"
        command = ["mpremote", "connect", self.board.url, "fs", "cp", *_files(folder), target]
        cost, _ = self._timed(command, folder)
        self._verify(f"/mpremote/{folder.name}", folder)
        return cost

    def mip(self, folder: Path) -> Cost:
        """`mpremote mip install` of a package that a server on loopback has."""
        self._mkdir("/mip")
        with _served(folder) as url:
            urls = [
                [f"{folder.name}/{file.name}", f"{url}/{file.name}"] for file in _files(folder)
            ]
            package = self.folder / "package.json"
            package.write_text(json.dumps({"urls": urls, "version": "1"}))
            target = ["--target", "/mip", "--no-mpy", str(package)]
            command = ["mpremote", "connect", self.board.url, "mip", "install", *target]
            cost, _ = self._timed(command, folder)
        self._verify(f"/mip/{folder.name}", folder)
        return cost

    def ampy(self, folder: Path) -> Cost:
        """`ampy put` of a folder."""
        self._mkdir("/ampy")
        command = ["ampy", "-p", self.board.url, "put", folder, f"/ampy/{folder.name}"]
        cost, _ = self._timed(command, folder)
        self._verify(f"/ampy/{folder.name}", folder)
        return cost

    def _timed(self, command: list[str | Path], folder: Path) -> tuple[Cost, str]:
        program = Path(sys.executable).with_name(str(command[0]))
        emulated = self.board.state()["seconds"]
        started = time.monotonic()
        done = subprocess.run(
            [str(program), *map(str, command[1:])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        if done.returncode:
            raise UscomoError(f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}")
        wall = time.monotonic() - started
        size = sum(file.stat().st_size for file in _files(folder))
        return Cost(size, wall, self.board.state()["seconds"] - emulated), done.stdout

    def _mkdir(self, path: str) -> None:
        with Board.open(self.board.url) as board:
            board.mkdir(path)

    def _verify(self, path: str, folder: Path) -> None:
        """A tool counts only when what it wrote is right, by size and for one file by content."""
        with Board.open(self.board.url) as board:
            there = {entry.name: entry.size for entry in board.listdir(path)}
            wanted = {file.name: file.stat().st_size for file in _files(folder)}
            if there != wanted:
                raise UscomoError(f"{path}: {there} instead of {wanted}")
            smallest = min(_files(folder), key=lambda file: file.stat().st_size)
            if board.read(f"{path}/{smallest.name}") != smallest.read_bytes():
                raise UscomoError(f"{path}/{smallest.name} has other contents")


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
