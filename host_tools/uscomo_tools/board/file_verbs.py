"""The verbs of files and folders, on top of code that runs on the board."""

from __future__ import annotations

import ast
import hashlib
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import scripts, transfer
from .errors import BoardError, os_error
from .transfer import File, Lane

if TYPE_CHECKING:
    from .connection import Running
    from .transport import Output

#: Called with the bytes that are done and the bytes in all.
Progress = Callable[[int, int], None]

#: Beside a file: what has come of it.
PART = ".part"

_SLOW_SECONDS = 120.0
_Found = tuple[int, "bytes | None"] | None
_NOTHING: tuple[_Found, _Found] = (None, None)


@dataclass(frozen=True)
class Entry:
    """One entry of a folder: size in bytes, 0 for a folder."""

    name: str
    size: int
    is_folder: bool


class FileVerbs(ABC):
    """What can be done with a board's files. `Board` runs the scripts."""

    @abstractmethod
    def run_script(
        self,
        path: Path,
        values: Mapping[str, object] = ...,
        timeout: float = ...,
        on_output: Output | None = ...,
    ) -> str:
        """Run a file of a `board` folder, with ``NAME = literal`` lines in front of it."""

    @abstractmethod
    def running(self) -> Running:
        """The wire with its REPL ready."""

    def listdir(self, path: str = "/") -> list[Entry]:
        """The entries of a folder by name."""
        found = self.script("list", {"PATH": path}, path)
        return [Entry(*entry) for entry in sorted(found)]

    def stat(self, path: str) -> Entry:
        """One file or folder."""
        size, is_folder = self.script("stat", {"PATH": path}, path)
        return Entry(posixpath.basename(path.rstrip("/")), size, is_folder)

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of that name."""
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def read(self, path: str, progress: Progress | None = None) -> bytes:
        """The contents of a file."""
        from . import fetch

        try:
            return fetch.fetch(self, path, progress)
        except BoardError as error:
            raise os_error(error, path) or error from None

    def write(self, path: str, data: bytes, progress: Progress | None = None) -> None:
        """Write a file; its folder must be there."""
        self.write_all({path: data}, progress)

    def write_all(self, files: Mapping[str, bytes], progress: Progress | None = None) -> list[str]:
        """Write files by absolute path, making their folders; what is there is left alone.

        Each file is written under another name and then renamed. Together they are not atomic.

        Returns
        -------
        list
            The paths that were written, in their order.
        """
        told = progress or (lambda done, total: None)
        folders = {posixpath.dirname(path) for path in files} - {"", "/"}
        made = self.mkdirs(sorted(folders)) if folders else frozenset()
        known = self._known(files, made)
        missing = [
            path
            for path, data in files.items()
            if known.get(path, _NOTHING)[0] != (len(data), hashlib.sha256(data).digest())
        ]
        total = sum(len(data) for data in files.values())
        done = total - sum(len(files[path]) for path in missing)
        told(done, total)
        if not missing:
            return []
        lane = self.lane() if known else None
        if lane is not None:
            parts = [
                File(path, files[path], _kept(known[path][1], files[path])) for path in missing
            ]
            done += sum(part.offset for part in parts)
            self._send(lane, parts, lambda sent: told(min(done + sent, total), total))
            return missing
        for path in missing:
            self._write_plainly(path, files[path], _shifted(told, done, total), bool(known))
            done += len(files[path])
        return missing

    @abstractmethod
    def lane(self) -> Lane | None:
        """The fast lane, when the board can; its receiver is there then."""

    def _known(
        self, files: Mapping[str, bytes], made: Set[str]
    ) -> dict[str, tuple[_Found, _Found]]:
        """Of each path what is there and what is left of a transfer; empty: it cannot be told.

        In folders that were `made` for them there is nothing.
        """
        known = {path: _NOTHING for path in files if posixpath.dirname(path) in made}
        files = {path: data for path, data in files.items() if path not in known}
        if not files:
            return known
        values = {"PATHS": list(files), "SIZES": list(map(len, files.values())), "PARTS": True}
        try:
            printed = self.run_script(scripts.path("hashes"), values, _SLOW_SECONDS)
        except BoardError:
            return {}  # a board without os.stat
        found = [ast.literal_eval(line) for line in printed.splitlines()]
        return known | dict(zip(files, zip(found[::2], found[1::2], strict=True), strict=True))

    @abstractmethod
    def forget(self) -> None:
        """What was defined on the board is gone."""

    def _send(self, lane: Lane, parts: Sequence[File], progress: Callable[[int], None]) -> None:
        for again in (False, False, True):
            with self.running() as transport:
                try:
                    transfer.send(transport, lane, parts, progress)
                    return
                except BoardError as error:
                    if "MemoryError" in error.traceback and lane.is_large:
                        # As much is free, and not in one piece. What has come is sent again.
                        lane = lane.smaller()
                        parts = [File(part.path, part.data) for part in parts]
                    elif again or "NameError" not in error.traceback:
                        path = ", ".join(part.path for part in parts)
                        raise os_error(error, path) or error from None
            # A program of the board's has soft-reset it since: the receiver is gone.
            self.forget()
            self.lane()

    def _write_plainly(self, path: str, data: bytes, progress: Progress, rename: bool) -> None:
        written = path + PART if rename else path
        with self.running() as transport:
            try:
                transport.write_file(written, data, progress)
            except BoardError as error:
                raise os_error(error, path) or error from None
        if rename:
            self.rename(written, path)

    def sha256(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The hashes of those paths that are files on the board."""
        if not paths:
            return {}
        values = {"PATHS": list(paths), "SIZES": [-1] * len(paths), "PARTS": False}
        lines = self.run_script(scripts.path("hashes"), values, _SLOW_SECONDS).splitlines()
        hashes = {}
        for path, line in zip(paths, lines, strict=True):
            found = ast.literal_eval(line)
            if found is not None:
                hashes[path] = found[1] or hashlib.sha256(self.read(path)).digest()
        return hashes

    def remove(self, path: str, recursive: bool = False) -> None:
        """Remove a file, or a folder, with all that is in it only if `recursive`."""
        self.script("remove", {"PATH": path, "RECURSIVE": recursive}, path)

    def mkdir(self, path: str, parents: bool = True) -> None:
        """Make a folder, with those above it, where it is not there."""
        if parents:
            self.mkdirs([path])
        else:
            self.script("folders", {"PATHS": [path]}, path)

    def mkdirs(self, paths: Sequence[str]) -> frozenset[str]:
        """Make several folders with all above them, where they are not there: those it made."""
        wanted = {parent for path in paths for parent in _parents(path)}
        made = self.script("folders", {"PATHS": sorted(wanted)}, " ".join(paths))
        return frozenset(made)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, over what has that name."""
        self.script("rename", {"OLD": old, "NEW": new}, old)

    def free(self, path: str = "/") -> int:
        """Free bytes of the file system."""
        return int(self.script("free", {"PATH": path}, path))

    def script(
        self, name: str, values: Mapping[str, object], path: str = "", timeout: float = 60
    ) -> Any:
        """What a script of this part prints, as a value; the board's ``OSError`` is raised."""
        try:
            printed = self.run_script(scripts.path(name), values, timeout)
        except BoardError as error:
            raise os_error(error, path) or error from None
        return ast.literal_eval(printed) if printed.strip() else None


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: end + 1]) for end in range(len(parts)) if parts[0]]


def _kept(found: _Found, data: bytes) -> int:
    """From which octet on a file has to be sent, given what an earlier transfer has left."""
    if found is None or not 0 < found[0] <= len(data):
        return 0
    return found[0] if hashlib.sha256(data[: found[0]]).digest() == found[1] else 0


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)
