"""The same work on several boards at once: a thread, a progress bar and an answer for each."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console as Terminal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..board import find
from ..board.connection import Board
from ..board.errors import CancelledError
from ..errors import UsageError, UscomoError

#: What is told of a board's work, by name.
Fields = dict[str, Any]


class Turn:
    """One board's work, as the terminal shows it: its bar, its lines, its questions.

    Attributes
    ----------
    is_alone
        Whether no other board is worked on: only then its user can be asked.
    terminal
        Where its lines go.
    """

    def __init__(self, url: str, bars: Progress, is_alone: bool) -> None:
        self.is_alone = is_alone
        self.terminal = bars.console
        self._url = url
        self._bars = bars
        self._task = bars.add_task(url, total=None, visible=False)

    def __call__(self, done: int, total: int, what: str = "") -> None:
        """So many bytes are done, of so many; 0 in all: not known."""
        name = f"{self._url} {what}" if what else self._url
        self._bars.update(
            self._task, description=name, completed=done, total=total or None, visible=True
        )

    def tell(self, what: str, done: int, total: int) -> None:
        """Show what is being done, too."""
        self(done, total, what)

    def say(self, line: str, style: str | None = None) -> None:
        """Show a line above the bars."""
        shown = line if self.is_alone else f"{self._url}: {line}"
        self.terminal.print(shown, style=style, markup=False)

    @contextmanager
    def asking(self, question: str, instead: str) -> Iterator[None]:
        """The terminal without bars, for a question to the user, or what answers it `instead`.

        Raises
        ------
        UsageError
            There are other boards, of which the user would know as little which one asks.
        """
        if not self.is_alone:
            raise UsageError(f"{question} Where there are several boards say {instead}")
        self._bars.stop()
        yield
        self._bars.start()


def each_board(
    ports: Sequence[str] | None,
    work: Callable[[Board, Turn], Fields],
    text: Callable[[Fields], str],
    as_json: bool,
    baudrate: int = 115200,
    via: str = "mpremote",
    wait: float = 0,
) -> None:
    """Do `work` on every board that ``--port`` means, and tell how it went.

    A board that fails, or whose fields say that it is not ``ok``, does not stop the others; the
    command then ends with the worst of their exit codes. Ctrl-C ends what is under way on all of
    them and leaves each usable.

    Raises
    ------
    UscomoError
        The only board's own error.
    typer.Exit
        Of several boards some failed.
    """
    urls = find.chosen(ports or ())
    bars = Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn()),
        console=Terminal(stderr=True, highlight=False, soft_wrap=True),
        transient=True,
        disable=as_json or not sys.stderr.isatty(),
    )
    opened: list[Board] = []
    stopped = threading.Event()

    def one(url: str) -> Fields:
        turn = Turn(url, bars, len(urls) == 1)
        with Board.open(url, baudrate=baudrate, wait=wait, via=via) as board:
            opened.append(board)
            if stopped.is_set():  # while it was opened
                raise CancelledError(f"{url}: stopped")
            return {"port": url, **work(board, turn)}

    if len(urls) == 1:
        with bars:
            fields = one(urls[0])
        _tell_one(fields, text, as_json)
        return
    with bars, ThreadPoolExecutor(len(urls)) as threads:
        futures = {url: threads.submit(one, url) for url in urls}
        try:
            wait_for(futures.values())
        except KeyboardInterrupt:
            stopped.set()
            for board in opened:
                board.cancel()
            wait_for(futures.values())
            raise
    _tell_several(futures, text, as_json)


def _tell_one(fields: Fields, text: Callable[[Fields], str], as_json: bool) -> None:
    fields = {"ok": True, **fields}
    typer.echo(json.dumps(fields) if as_json else text(fields))
    if not fields["ok"]:
        raise typer.Exit(1)


def _tell_several(
    futures: dict[str, Future[Fields]], text: Callable[[Fields], str], as_json: bool
) -> None:
    answers: list[Fields] = []
    worst = 0
    for url, future in futures.items():
        try:
            answers.append({"ok": True, **future.result()})
            worst = max(worst, int(not answers[-1]["ok"]))
        except (UscomoError, OSError) as error:
            worst = max(worst, getattr(error, "exit_code", 1))
            answers.append({"ok": False, "port": url, "error": str(error)})
    failed = [str(answer["port"]) for answer in answers if not answer["ok"]]
    if as_json:
        told: Fields = {"ok": not failed, "boards": answers}
        if failed:
            told["error"] = f"failed: {', '.join(failed)}"
        typer.echo(json.dumps(told))
    for answer in () if as_json else answers:
        if "error" in answer:
            typer.echo(f"uscomo: {answer['port']}: {answer['error']}", err=True)
        else:
            typer.echo(f"{answer['port']}:\n{text(answer)}")
    if failed:
        raise typer.Exit(worst)
