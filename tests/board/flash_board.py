"""A board that is nothing but a littlefs: file verbs, and power that fails at the n-th write."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from littlefs import LittleFS, LittleFSError, UserContext

BLOCK, COUNT = 4096, 128


class PowerCutError(Exception):
    """The power has failed."""


class _Flash(UserContext):
    def __init__(self, buffer: bytearray) -> None:
        super().__init__(buffer=buffer)
        self.left = -1
        self.writes = 0
        self.landed = 0.5
        self.survived: bytearray | None = None

    def _write(self, at: int, data: bytes) -> int:
        self.writes += 1
        self.left -= 1
        if self.left == 0:
            # What is on the chips from now on; littlefs goes on, and nobody sees it.
            self.survived = bytearray(self.buffer)
            kept = data[: int(len(data) * self.landed)]
            self.survived[at : at + len(kept)] = kept
        self.buffer[at : at + len(data)] = data
        return 0

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return self._write(block * BLOCK + off, data)

    def erase(self, cfg: Any, block: int) -> int:
        return self._write(block * BLOCK, b"\xff" * BLOCK)


class FlashBoard:
    """The verbs of `deploy.Verbs`; `image` is what survives."""

    def __init__(self, image: bytes | None = None) -> None:
        self.flash = _Flash(bytearray(image or b"\xff" * BLOCK * COUNT))
        self._fs = LittleFS(
            context=self.flash,
            block_size=BLOCK,
            block_count=COUNT,
            read_size=256,
            prog_size=256,
            mount=image is not None,
        )
        if image is None:
            self._fs.format()
            self._fs.mount()
        self.flash.writes = 0

    @property
    def image(self) -> bytes:
        return bytes(self.flash.survived or self.flash.buffer)

    def cut(self, at: int, landed: float = 0.5) -> None:
        """Let the power fail at the n-th write from now on."""
        self.flash.left = at
        self.flash.landed = landed

    def files(self) -> dict[str, bytes | None]:
        """All that is there; a folder has no contents."""
        found: dict[str, bytes | None] = {}
        for folder, folders, files in self._fs.walk("/"):
            base = folder.rstrip("/") + "/"
            found.update(dict.fromkeys((base + name for name in folders)))
            found.update({base + name: self.read(base + name) for name in files})
        return found

    def put(self, files: Mapping[str, bytes]) -> None:
        """Put files there, as their owner does."""
        for path, data in files.items():
            self._fs.makedirs(path.rpartition("/")[0] or "/", exist_ok=True)
            self._write(path, data)

    # -- the verbs

    def run_script(self, path: Path, values: Mapping[str, object] = {}) -> str:
        if path.stem == "copy":
            for source, target in values["PAIRS"]:  # type: ignore[attr-defined]
                self._write(target, self.read(source))
            return ""
        assert path.stem == "deployed"
        root = str(values["ROOT"])
        found = self.files()
        below = [
            name for name in found if name in (root, values["NEW"]) or name.startswith(root + "/")
        ]
        return repr(
            {
                "files": [name for name in below if found[name] is not None],
                "folders": [name for name in below if found[name] is None],
                "library": [
                    name
                    for name in found
                    if found[name] is not None
                    and name.startswith(("/lib/uscomo/", "/lib/uscomo_"))
                ],
                "store": values["STORE"] in found,
                "boot": "/boot.py" in found,
                "main": "/main.py" in found,
                "home": "/",
                "block": BLOCK,
            }
        )

    def read(self, path: str) -> bytes:
        try:
            with self._fs.open(path, "rb") as file:
                return bytes(file.read())
        except LittleFSError as error:
            raise self._error(error) from None

    def write_all(self, files: Mapping[str, bytes], progress: Any = None) -> list[str]:
        there = self.sha256(list(files))
        wanted = [p for p in files if there.get(p) != hashlib.sha256(files[p]).digest()]
        for path in wanted:
            self.mkdirs([path.rpartition("/")[0] or "/"])
            self._write(path, files[path])
        return wanted

    def sha256(self, paths: list[str]) -> dict[str, bytes]:
        found = self.files()
        return {
            path: hashlib.sha256(data).digest()
            for path in paths
            if (data := found.get(path)) is not None
        }

    def remove(self, path: str, recursive: bool = False) -> None:
        self._do(lambda: self._fs.remove(path, recursive=recursive))

    def mkdirs(self, paths: list[str]) -> None:
        for path in paths:
            self._do(lambda path=path: self._fs.makedirs(path, exist_ok=True))  # type: ignore[misc]

    def rename(self, old: str, new: str) -> None:
        self._do(lambda: self._fs.rename(old, new))

    def free(self, path: str = "/") -> int:
        return (COUNT - self._fs.used_block_count) * BLOCK

    def _write(self, path: str, data: bytes) -> None:
        def write() -> None:
            with self._fs.open(path, "wb") as file:
                file.write(data)

        self._do(write)

    def _do(self, action: Any) -> None:
        try:
            action()
        except LittleFSError as error:
            raise self._error(error) from None
        if self.flash.survived is not None:
            raise PowerCutError

    def _error(self, error: LittleFSError) -> Exception:
        return FileNotFoundError(str(error)) if error.code == -2 else error
