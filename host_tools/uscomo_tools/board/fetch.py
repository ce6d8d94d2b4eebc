"""Files from the board: blocks with a CRC, asked for one by one, two under way."""

from __future__ import annotations

import ast
import struct
import time
from binascii import crc32
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import scripts
from .errors import BoardError, UnreachableError

if TYPE_CHECKING:
    from .file_verbs import FileVerbs
    from .transport import Transport

_BLOCK = 1024
_HEADER = struct.Struct("<BBBH")
_FLAG = b"\x1e"
_KIND = 0x44  # data
_AHEAD = 2
_START_SECONDS = 20.0
_PATIENCE = 3.0
_ATTEMPTS = 12
_SLOW_SECONDS = 120.0


def fetch(board: FileVerbs, path: str, progress: Callable[[int, int], None] | None) -> bytes:
    """The contents of a file on the board.

    Raises
    ------
    BoardError
        The board cannot read it.
    """
    told = progress or (lambda done, total: None)
    code = scripts.with_values(scripts.path("send"), {"PATH": path, "BLOCK": _BLOCK})
    try:
        with board.running() as transport:
            transport.begin(code.encode())
            data = _Blocks(transport, told).all()
            _, traceback = transport.end(_START_SECONDS)
            if traceback:
                raise BoardError(traceback, "")
            if data is not None:
                return data
    except BoardError as error:
        if "OSError" in error.traceback:
            raise
    printed = board.run_script(scripts.path("read"), {"PATH": path}, _SLOW_SECONDS)
    return b"".join(ast.literal_eval(line) for line in printed.splitlines())


class _Blocks:
    def __init__(self, transport: Transport, progress: Callable[[int, int], None]) -> None:
        self._transport = transport
        self._line = transport.line
        self._progress = progress

    def all(self) -> bytes | None:
        """The file; None when the script ended before it began."""
        first = self._line.until(b"\n", _START_SECONDS)
        if not first.strip().isdigit():
            self._line.unread(first)
            return None
        size = int(first)
        data = bytearray()
        asked = 0
        failures = 0
        while len(data) < size:
            while asked < size and asked < len(data) + _AHEAD * _BLOCK:
                self._line.write(b"%d\n" % asked)
                asked += _BLOCK
            block = self._block(len(data) // _BLOCK & 0xFF, min(_BLOCK, size - len(data)))
            if block is not None:
                data += block
                failures = 0
                self._progress(len(data), size)
                continue
            failures += 1
            if failures > _ATTEMPTS:
                raise UnreachableError("the file does not come through: the line is too bad")
            # What was asked for may still come: silence first, then all from here again.
            while self._line.take(0.3):
                pass
            self._line.write(b"\n")
            asked = len(data)
        self._finish()
        return bytes(data)

    def _finish(self) -> None:
        # Said again where it was lost: to a REPL it is a number like any other.
        for _ in range(_ATTEMPTS):
            self._line.write(b"-1\n")
            if self._line.until_any(b"\x04", _PATIENCE):
                self._line.unread(b"\x04")
                return

    def _block(self, sequence: int, size: int) -> bytes | None:
        end = time.monotonic() + _PATIENCE
        head = self._line.until(_FLAG, _PATIENCE)
        if not head.endswith(_FLAG):
            return None
        self._line.timeout = max(0.1, end - time.monotonic())
        body = self._line.read(_HEADER.size - 1 + size + 4)
        if len(body) < size + 8:
            return None
        kind, number, length = struct.unpack_from("<BBH", body)
        if (kind, number, length) != (_KIND, sequence, size):
            return None
        if crc32(body[: size + 4]) != int.from_bytes(body[size + 4 :], "little"):
            return None
        return body[4 : size + 4]
