"""The cases by id, with what each says about itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bench import Bench
    from .peer import ServerBench

Run = Callable[["Bench"], None] | Callable[["ServerBench"], None]


@dataclass(frozen=True)
class Case:
    """One id of a digest's list.

    Parameters
    ----------
    id
        The digest's own, such as ``SCT-04``; never an id of OMA.
    title
        What the digest asks for.
    source
        Document and sections of the digest.
    run
        The test; None where the agent does not claim the item, which `reason` explains.
    """

    id: str
    title: str
    source: str
    run: Run | None
    reason: str = ""
    #: Of the reference server, which runs on CPython only.
    server: bool = False


CASES: dict[str, Case] = {}


def case(id: str, title: str, source: str) -> Callable[[Run], Run]:
    """Register a test for an id."""

    def register(run: Run) -> Run:
        _add(Case(id, title, source, run))
        return run

    return register


def server_case(
    id: str, title: str, source: str
) -> Callable[[Callable[[ServerBench], None]], Callable[[ServerBench], None]]:
    """Register a test of the reference server.

    Ids of lists that both sides have, such as DMT, end in ``/server`` here.
    """

    def register(run: Callable[[ServerBench], None]) -> Callable[[ServerBench], None]:
        _add(Case(id, title, source, run, server=True))
        return run

    return register


def not_claimed(id: str, title: str, source: str, reason: str) -> None:
    """Register an optional item that the agent does not have."""
    _add(Case(id, title, source, None, reason))


def _add(added: Case) -> None:
    assert added.id not in CASES, f"{added.id} twice"
    CASES[added.id] = added


def load() -> dict[str, Case]:
    """All cases of the modules in `cases`, in the order of their ids."""
    from . import cases

    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    return dict(sorted(CASES.items()))


def described(found: Case) -> dict[str, Any]:
    """A case as the tables show it, without results."""
    return {"id": found.id, "title": found.title, "source": found.source}
