"""A device whose account wants XML messages."""

from __future__ import annotations

from collections.abc import Callable

from pairs import Pair


def test_install(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(encoding="xml")
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    assert pair.status() == {package: 20}
    assert set(pair.gateway.encodings) == {"xml"}
    assert pair.inventory() == {package: "active"}
