"""The same work on several boards at once: a thread, a progress bar and an answer for each."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import typer
from rich.console import Console as Terminal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..board import find
from ..board.connection import Board
from ..board.errors import CancelledError
from ..errors import UscomoError

#: What is told of a board's work, by name.
Fields = dict[str, Any]
#: Gets the bytes that are done and those in all.
Tell = Callable[[int, int], None]


def each_board(
    ports: Sequence[str] | None,
    work: Callable[[Board, Tell], Fields],
    text: Callable[[Fields], str],
    as_json: bool,
    baudrate: int = 115200,
    via: str = "mpremote",
) -> None:
    """Do `work` on every board that ``--port`` means, and tell how it went.

    A board that fails does not stop the others; the command then ends with the worst of their
    exit codes. Ctrl-C ends what is under way on all of them and leaves each in its REPL.

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
        console=Terminal(stderr=True),
        transient=True,
        disable=as_json or not sys.stderr.isatty(),
    )
    opened: list[Board] = []
    stopped = threading.Event()

    def one(url: str) -> Fields:
        task = bars.add_task(url, total=None, visible=False)

        def tell(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total or None, visible=True)

        with Board.open(url, baudrate=baudrate, via=via) as board:
            opened.append(board)
            if stopped.is_set():  # while it was opened
                raise CancelledError(f"{url}: stopped")
            return {"port": url, **work(board, tell)}

    with bars, ThreadPoolExecutor(len(urls)) as threads:
        futures = {url: threads.submit(one, url) for url in urls}
        try:
            wait(futures.values())
        except KeyboardInterrupt:
            stopped.set()
            for board in opened:
                board.cancel()
            wait(futures.values())
            raise
    if len(urls) == 1:
        _tell_one(futures[urls[0]].result(), text, as_json)
    else:
        _tell_several(futures, text, as_json)


def _tell_one(fields: Fields, text: Callable[[Fields], str], as_json: bool) -> None:
    typer.echo(json.dumps({"ok": True, **fields}) if as_json else text(fields))


def _tell_several(
    futures: dict[str, Future[Fields]], text: Callable[[Fields], str], as_json: bool
) -> None:
    answers: list[Fields] = []
    worst = 0
    for url, future in futures.items():
        try:
            answers.append({"ok": True, **future.result()})
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
        if answer["ok"]:
            typer.echo(f"{answer['port']}:\n{text(answer)}")
        else:
            typer.echo(f"uscomo: {answer['port']}: {answer['error']}", err=True)
    if failed:
        raise typer.Exit(worst)
