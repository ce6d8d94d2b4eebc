"""Runs cases without pytest: one process a core, rows as the tables show them."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from .bench import INTERPRETERS, Bench
from .peer import ServerBench
from .registry import Case, described, load

PASS, FAIL, NOT_CLAIMED = "pass", "fail", "not claimed"
NOT_MADE_FOR = "server"  # instead of a result, where the reference server does not run


def run_case(id: str, interpreter: str, cases: Mapping[str, Case] | None = None) -> None:
    """Run one case; what it raises says why it fails."""
    found = (cases or load())[id]
    run: Any = found.run
    assert run is not None, f"{id} is not claimed"
    bench = ServerBench() if found.server else Bench(interpreter)
    try:
        run(bench)
    finally:
        bench.close()


def outcome(id: str, interpreter: str, cases: Mapping[str, Case] | None = None) -> tuple[str, str]:
    """One case's result, and the reason of a failure in one line."""
    try:
        run_case(id, interpreter, cases)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = next(frame for frame in reversed(frames) if frame.name != "check")
        text = " ".join(str(error).split())[:300]
        return FAIL, f"{type(error).__name__}: {text} ({place.name}, line {place.lineno})"
    return PASS, ""


def run_all(ids: Iterable[str]) -> list[dict[str, Any]]:
    """A row for each id, in their order."""
    cases = load()
    chosen = [cases[id] for id in ids]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = {
            (found.id, name): pool.submit(outcome, found.id, name)
            for found in chosen
            if found.run
            for name in interpreters(found)
        }
        results = {place: future.result() for place, future in waiting.items()}
    return [row(found, results) for found in chosen]


def interpreters(found: Case) -> Sequence[str]:
    """What a case runs on: the server is made for CPython only."""
    return INTERPRETERS[:1] if found.server else INTERPRETERS


def row(found: Case, results: Mapping[tuple[str, str], tuple[str, str]]) -> dict[str, Any]:
    """What the table says of a case, by the results of (id, interpreter)."""
    without = (NOT_MADE_FOR if found.server else NOT_CLAIMED), ""
    all_of_it = {name: results.get((found.id, name), without) for name in INTERPRETERS}
    each = {name: result for name, (result, _) in all_of_it.items()}
    reasons = {name: reason for name, (_, reason) in all_of_it.items() if reason}
    result = NOT_CLAIMED if not found.run else FAIL if FAIL in each.values() else PASS
    told = {**described(found), "result": result, **each}
    if found.reason:
        told["reason"] = found.reason
    if reasons:
        told["failures"] = reasons
    return told
