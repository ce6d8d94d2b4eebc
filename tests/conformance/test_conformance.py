"""Every case on every interpreter."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from uscomo_tools import cli
from uscomo_tools.cli import conformance

from .bench import INTERPRETERS, Bench
from .registry import Case, load
from .runner import FAIL, NOT_CLAIMED, PASS, interpreters, outcome, row, run_case

# How many ids each list of a digest has.
LISTS = {"DMC": 30, "DMS": 22, "DMT": 35, "SCC": 22, "SCT": 30}

CLAIMED = [found for found in load().values() if found.run]


@pytest.mark.parametrize(
    ("id", "interpreter"), [(found.id, name) for found in CLAIMED for name in interpreters(found)]
)
def test_case(id: str, interpreter: str) -> None:
    run_case(id, interpreter)


def test_the_lists_are_complete() -> None:
    cases = load()
    expected = [f"{name}-{i:02d}" for name, count in LISTS.items() for i in range(1, count + 1)]
    assert [id for id in cases if id[:3] in LISTS and "/" not in id] == expected
    for found in cases.values():
        assert found.title
        assert re.match(r"[a-z-]+\.md [0-9]", found.source), found.source
        assert found.run or found.reason


#: Cases in whose sessions stands nothing that tells an interpreter, such as FwV, or a run.
SAME = (
    *("DMC-05", "DMC-07", "DMC-08", "DMC-09", "DMC-10", "DMC-13", "DMC-14", "DMC-15", "DMC-16"),
    *("DMT-01", "DMT-06", "DMT-15", "DMT-16", "DMT-17", "DMT-20", "DMT-22", "DMT-32", "DMT-33"),
)


@pytest.mark.parametrize(
    "id", [pytest.param(id, marks=pytest.mark.full) if n % 4 else id for n, id in enumerate(SAME)]
)
def test_the_agent_sends_the_same_bytes_on_both_interpreters(id: str) -> None:
    cpython, micropython = (messages(id, name) for name in INTERPRETERS)
    assert cpython
    assert cpython == micropython


def messages(id: str, interpreter: str) -> list[bytes]:
    """All messages of a case's device, whose random octets are no longer random."""
    bench = Bench(interpreter, seed=4711)
    try:
        run = load()[id].run
        assert run
        run(bench)
        address = bench.server.url.encode()
        posts = [body for method, _, body in bench.server.requests if method == "POST"]
        return [body.replace(address, b"http://server") for body in posts]
    finally:
        bench.close()


def fine(bench: Bench) -> None:
    assert bench.device().tree("Inventory/Deployed") == {}


def wrong(bench: Bench) -> None:
    assert bench.device().tree("Inventory/Deployed") == {"a": "b"}


def test_a_case_can_fail() -> None:
    cases = {
        "A-1": Case("A-1", "fine", "scomo.md 1", fine),
        "A-2": Case("A-2", "wrong", "scomo.md 1", wrong),
        "A-3": Case("A-3", "optional", "scomo.md 1", None, "not needed"),
    }
    results = {
        (id, name): outcome(id, name, cases) for id in ("A-1", "A-2") for name in INTERPRETERS
    }
    rows = [row(found, results) for found in cases.values()]
    assert [each["result"] for each in rows] == [PASS, FAIL, NOT_CLAIMED]
    assert [each["micropython"] for each in rows] == [PASS, FAIL, NOT_CLAIMED]
    assert set(rows[1]["failures"]) == set(INTERPRETERS)
    assert rows[2]["reason"] == "not needed"


def test_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["conformance", "SCC-02", "SCT-01", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["ok"]
    assert [row["id"] for row in told["rows"]] == ["SCC-02", "SCT-01"]
    expected = {"result": PASS, "cpython": PASS, "micropython": PASS, "source": "scomo.md 12, 1"}
    assert {key: told["rows"][1][key] for key in expected} == expected
    assert cli.run(["conformance", "SCT-01"]) == 0
    assert "SCT-01" in capfd.readouterr().out
    assert cli.run(["conformance", "XYZ-01"]) == 2


def test_the_command_outside_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(conformance, "__file__", str(tmp_path / "a/b/c/conformance.py"))
    assert cli.run(["conformance", "--json"]) == 2
    assert "checkout" in json.loads(capsys.readouterr().out)["error"]
