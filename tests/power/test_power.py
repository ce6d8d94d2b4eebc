"""Power cuts at the store's writes: a sample always, every one of them in the long checks."""

from __future__ import annotations

import json

import pytest

from .__main__ import main
from .sweep import ALL_VERBS, MEDIA, MUTATIONS, VERBS, WAITING, sweep

SAMPLE = 13
SECOND_SAMPLE = 9


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("verb", VERBS)
def test_a_sample_of_cuts(verb: str, medium: str) -> None:
    result = sweep(verb, medium, SAMPLE, SECOND_SAMPLE)
    assert result["points"] >= 3
    assert not result["violations"]


@pytest.mark.full
@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("verb", VERBS)
def test_every_cut_and_every_second_cut(verb: str, medium: str) -> None:
    result = sweep(verb, medium, 1, 1)
    # A record's write is torn in one more place.
    assert result["points"] >= 3 * result["writes"]
    assert not result["violations"]


@pytest.mark.parametrize("mistake", MUTATIONS)
def test_a_mistake_is_found(mistake: str) -> None:
    verb, medium = MUTATIONS[mistake]
    again = mistake == "careless-start"
    result = sweep(verb, medium, 7 if again else 1, 3 if again else 0, mistake)
    assert result["violations"]
    if again:
        # Each of them is of a second cut.
        assert all(also for _, _, _, also, _ in result["violations"])


def test_a_verb_that_fails_is_not_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    given = json.loads(sweep.__globals__["given"]())
    given["packages"]["1"] = given["packages"]["1"][:200]
    monkeypatch.setitem(sweep.__globals__, "given", lambda: json.dumps(given))
    with pytest.raises(RuntimeError, match="AssertionError"):
        sweep("download-install", "fat")


def test_every_verb_is_known() -> None:
    assert set(ALL_VERBS) >= WAITING
    assert len(set(ALL_VERBS)) == len(ALL_VERBS)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree-commit", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert [(row["verb"], row["medium"]) for row in told["rows"]] == [
        ("tree-commit", medium) for medium in MEDIA
    ]
    assert all(row["points"] >= 3 and row["images"] >= 2 for row in told["rows"])
    assert main(["tree-commit"]) == 0
    assert "tree-commit" in capsys.readouterr().out
