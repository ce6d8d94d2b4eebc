"""What an installed app can do to the device, and what the server sees of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pairs import APP, Pair


@pytest.mark.parametrize(
    "app",
    [
        b"async def main():\n    raise ValueError('boom')\n",
        b"def main():\n    raise ValueError('boom')\n",
        b"raise ValueError('boom')\n",
        b"main = None\n",
    ],
    ids=["task", "foreground", "at import", "no main"],
)
def test_crashing_app(new_pair: Callable[..., Pair], app: bytes) -> None:
    """After its attempts it is inactive; the device lives, and tells so."""
    pair = new_pair(settings={"confirm_after": "1"})
    package = pair.publish({"app.py": app})
    assert pair.ask_for(package) == 0
    assert pair.events.count(f"component {package} crashed") == 3
    assert f"component {package} rolled back" in pair.events
    assert pair.status() == {package: 10}
    assert pair.operations()[0]["code"] == 1472

    # Its trial was the installation's end, and that is what the server hears, once.
    assert len(pair.gateway.reports()) == 1
    state, code = pair.outcome()
    assert (state, code) == ("failed", 1472) or (state, code) == ("failed", 1473)


def test_app_in_the_foreground(pair: Pair) -> None:
    package = pair.publish({"app.py": b"def main():\n    print('front')\n"})
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    assert pair.output == ["front"]
    pair.output.clear()
    assert pair.check() == 0
    assert pair.output == ["front"]


def test_foreground_app_gives_the_agent_its_time(new_pair: Callable[..., Pair]) -> None:
    app = b"""
import time, uscomo

def main():
    print("working")
    while True:
        uscomo.poll()
        time.sleep(0.02)
"""
    pair = new_pair(settings={"poll": "1", "consent": "yes"})
    package = pair.publish({"app.py": app})
    pair.device.request("install", package)

    def watch(words: list[str]) -> None:
        if words[0] == "report" and not pair.operations()[1:]:
            pair.operate("deactivate", package)

    pair.on_event = watch
    assert pair.run() == 0
    assert pair.output.count("working") == 1
    assert pair.status() == {package: 10}
    assert [operation["code"] for operation in pair.operations()] == [1200, 1200]


def test_assets_of_the_same_name(pair: Pair) -> None:
    """Whoever calls gets its own, as a module or in main(); a library's is found by all."""
    app = b"""
import asyncio
import uscomo

with open(uscomo.asset("data/text")) as file:
    early = file.read()

async def main():
    await asyncio.sleep(0)
    with open(uscomo.asset("data/text")) as file:
        print(early, file.read(), uscomo.asset("data/only")[-4:])
"""
    pair.ask_for(pair.publish({"app.py": app, "data/text": b"one", "data/only": b""}))
    pair.ask_for(pair.publish({"app.py": app, "data/text": b"two"}))
    assert pair.output[-2:] == ["one one only", "two two only"]


def test_app_and_its_library_and_asset(pair: Pair) -> None:
    app = b"""
import uscomo
from helper import word

async def main():
    with open(uscomo.asset("data/text")) as file:
        print(word, file.read())
"""
    files = {"app.py": app, "helper.py": b"word = 'read:'\n", "data/text": b"the asset"}
    package = pair.publish(files)
    assert pair.ask_for(package) == 0
    assert pair.output == ["read: the asset"]
    pair.operate("remove", package)
    assert pair.check() == 0
    assert pair.status() == pair.inventory() == pair.tree() == {}
    pair.run()
    assert pair.garbage() == {}


def test_module_that_another_app_has(pair: Pair) -> None:
    """All share one sys.path: who comes second is refused, the first one goes on."""
    first = pair.publish({"app.py": APP, "shared.py": b""})
    second = pair.publish({"app.py": APP, "shared.py": b""})
    assert pair.ask_for(first) == 0
    assert pair.ask_for(second) == 0
    assert [operation["code"] for operation in pair.operations()] == [1200, 1457]
    assert pair.status() == {first: 20}


def test_an_app_that_exits_is_a_crash_and_not_the_end(pair: Pair) -> None:
    package = pair.publish({"app.py": b"import sys\n\nasync def main():\n    sys.exit()\n"})
    assert pair.ask_for(package) == 0
    assert f"component {package} crashed" in pair.events
    assert pair.status() == {package: 10}


def test_a_second_foreground_app_is_told_and_rolled_back(pair: Pair) -> None:
    app = b"def main():\n    print('front')\n"
    first = pair.publish({"app.py": app})
    assert pair.ask_for(first) == 0
    second = pair.publish({"app.py": app})
    assert pair.ask_for(second) == 0
    assert f"component {second} not started: one foreground app" in pair.events
    assert pair.status() == {first: 20, second: 10}


def test_back_off_outlives_a_rest(new_pair: Callable[..., Pair]) -> None:
    """An app that looks at its status every moment does not make the device hammer a server."""
    app = b"""
import asyncio, uscomo

async def main():
    for _ in range(12):
        await asyncio.sleep(0.2)
        uscomo.status()
    print("looked")
"""
    pair = new_pair(settings={"retry": "2500", "consent": "yes", "confirm_after": "1"})
    package = pair.publish({"app.py": app})
    assert pair.ask_for(package) == 0
    pair.gateway.lose = lambda message: "before"
    pair.device.request("check")
    assert pair.run() == 3
    assert pair.output.count("looked") == 1
    assert pair.events.count("session main unreachable") == 3
