"""One process at a time per port. The lock goes with its process, so none is ever stale."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from types import TracebackType

import platformdirs
from filelock import FileLock, Timeout

from .errors import BoardBusyError


class PortLock:
    """The right to use a port; a context manager.

    Parameters
    ----------
    url
        The port; a link to a device is the device.

    Raises
    ------
    BoardBusyError
        When it is acquired and another process has it: the message names that one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        name = hashlib.sha256(_normal(url).encode()).hexdigest()[:24]
        self._file = _folder() / f"{name}.lock"
        self._holder = self._file.with_suffix(".holder")
        # Not bound to a thread: one opens several boards, another closes them.
        self._lock = FileLock(self._file, timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take it, or say who has it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise BoardBusyError(f"{self._url} is in use by {self._described()}") from None
        holder = {"pid": os.getpid(), "command": " ".join(sys.argv)}
        self._holder.write_text(json.dumps(holder), encoding="utf-8")

    def release(self) -> None:
        """Give it back."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def _described(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return f"process {holder['pid']}: {holder['command']}"
        except (OSError, ValueError, KeyError):
            return "another process"

    def __enter__(self) -> PortLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def user_of(path: str) -> str:
    """Which other process has a device open, where the system tells (Linux); else empty."""
    device = os.path.realpath(path)
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(os.path.realpath(file) == device for file in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").strip()
                return f"process {process.name}: {command.decode(errors='replace')}"
        except OSError:
            continue  # somebody else's process, or one that has just ended
    return ""


def _folder() -> Path:
    return Path(platformdirs.user_cache_dir("uscomo", appauthor=False)) / "locks"


def _normal(url: str) -> str:
    return url if "://" in url else os.path.realpath(url)
