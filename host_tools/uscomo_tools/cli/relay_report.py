"""What `uscomo relay` tells: boards' consoles, its log, progress bars; or lines of JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..relay.exchange import Outcome

# A shorter answer needs no bar.
_LARGE = 4096


class TerminalReporter:
    """Console text on standard output, the log on standard error; with JSON all on the first.

    Parameters
    ----------
    prefixed
        Whether lines say which board they are of.
    """

    def __init__(self, as_json: bool, prefixed: bool) -> None:
        self._as_json = as_json
        self._prefixed = prefixed
        terminal = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=terminal,
            transient=True,
            disable=as_json or not terminal.is_terminal,
        )
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> TerminalReporter:
        self._progress.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._progress.stop()

    def event(self, name: str, board: str = "", **fields: Any) -> None:
        """Something has happened."""
        if self._as_json:
            self._json(event=name, **({"board": board} if board else {}), **fields)
            return
        told = " ".join(f"{key}={value}" for key, value in fields.items())
        print(" ".join(filter(None, ("relay:", board, name, told))), file=sys.stderr, flush=True)

    def text(self, board: str, line: str) -> None:
        """A line of a board's console."""
        if self._as_json:
            self._json(event="console", board=board, text=line)
        else:
            print(f"{board}: {line}" if self._prefixed else line, flush=True)

    def exchange(self, board: str, outcome: Outcome, ended: bool) -> None:
        """How far an exchange has come."""
        if not ended:
            if (outcome.size or 0) >= _LARGE and outcome.received:
                name = f"{board} {outcome.url.rpartition('/')[2]}"
                if board not in self._bars:
                    self._bars[board] = self._progress.add_task(name, total=outcome.size)
                self._progress.update(self._bars[board], completed=outcome.received)
            return
        if board in self._bars:
            self._progress.remove_task(self._bars.pop(board))
        fields = {
            "method": outcome.method,
            "url": outcome.url,
            "status": outcome.status,
            "sent": outcome.sent,
            "received": outcome.received,
            "seconds": round(outcome.seconds, 3),
        }
        if outcome.problem:
            fields["problem"] = outcome.problem
        self.event("request", board, **fields)

    def _json(self, **fields: Any) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        print(json.dumps({"time": now, **fields}), flush=True)
