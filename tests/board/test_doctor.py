"""What the doctor makes of facts, without a board; and who is refused, with which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from uscomo_tools.board import deploy, description
from uscomo_tools.board.deployer import check_board
from uscomo_tools.board.deployment import Starters
from uscomo_tools.board.doctor import Check, Facts, examine
from uscomo_tools.board.identity import Identity
from uscomo_tools.board.layout import BootText, Found, Manifest, sha256
from uscomo_tools.errors import RefusedError

AGENT = {"uscomo/__init__.mpy": b"init", "uscomo_boot.mpy": b"boot"}
HASHES = {path: sha256(data) for path, data in AGENT.items()}
MAIN = deploy.our_main()
MODULES = {"hashlib.sha256": True, "deflate": True, "machine.WDT": True}
PICO = Identity(
    sysname="rp2",
    machine="Raspberry Pi Pico with RP2040",
    release=(1, 24, 1),
    mpy=(6, 3),
    arch="armv6m",
    unique_id="e661",
    heap_free=220_000,
    heap_total=230_000,
    platform="rp2",
    modules=MODULES,
    file_system="littlefs",
    file_system_block=4096,
    file_system_blocks=352,
)
MORE = {"path": ["", "/lib"], "free": 1_300_000, "size": 1_400_000, "year": 2026, "/": []}
TOLD: dict[str, Any] = {
    "store": "good",
    "safe": False,
    "abnormal": 0,
    "components": [{"id": "app", "version": "1", "state": 20, "trial": False, "attempts": 3}],
    "accounts": {"main": {"url": "http://host/dm"}},
    "settings": {},
    "anchors": ["00"],
}


def found(**fields: Any) -> Found:
    manifest = Manifest(HASHES, "0.1.0", sha256(MAIN).hex(), False).encode()
    files = {f"/uscomo.a/1/{path}": digest for path, digest in HASHES.items()}
    whole = Found(
        boot=BootText(1, None).encode(),
        main=MAIN,
        files=files,
        folders=frozenset(("/uscomo.a", "/uscomo.a/1")),
        manifests={1: manifest},
        store=True,
    )
    return replace(whole, **fields)


def facts(**fields: Any) -> Facts:
    identity = fields.pop("identity", PICO)
    given = {
        "description": description.by_identity(identity),
        "more": MORE,
        "found": found(),
        "told": TOLD,
        "agent": AGENT,
    }
    return Facts(identity, **{**given, **fields})


def checks(**fields: Any) -> dict[str, Check]:
    return {check.id: check for check in examine(facts(**fields))}


def test_a_good_board_has_nothing_to_complain_of() -> None:
    found = checks()
    assert {check.verdict for check in found.values()} == {"good"}, found
    assert not [check for check in found.values() if check.advice]
    assert {"firmware", "mpy", "heap", "flash", "medium", "hashes", "deflate"} <= set(found)
    assert {"clock", "watchdog", "boot.py", "main.py", "agent", "accounts"} <= set(found)


def told(**fields: Any) -> dict[str, Any]:
    return {**TOLD, **fields}


PYBOARD = replace(PICO, platform="pyboard", machine="PYBv1.1 with STM32F405RG", file_system="fat")
TRIAL = {**TOLD["components"][0], "trial": True, "attempts": 1}

FINDINGS = [
    ("firmware", "warning", {"identity": replace(PICO, release=(1, 22, 2))}),
    ("heap", "warning", {"identity": replace(PICO, heap_free=50_000)}),
    ("flash", "warning", {"more": {**MORE, "free": 100_000}}),
    ("flash", "bad", {"more": {**MORE, "free": 10_000}, "found": Found()}),
    ("flash", "warning", {"more": {**MORE, "free": 10_000}}),
    ("medium", "warning", {"identity": PYBOARD, "description": description.load("pyboard_v11")}),
    ("medium", "warning", {"identity": replace(PICO, file_system="fat"), "description": None}),
    ("board", "warning", {"description": None}),
    ("deflate", "bad", {"identity": replace(PICO, modules={**MODULES, "deflate": False})}),
    (
        "clock",
        "warning",
        {
            "identity": replace(PICO, modules={**MODULES, "ssl": True}),
            "more": {**MORE, "year": 2021},
        },
    ),
    ("watchdog", "bad", {"told": told(settings={"watchdog": "60000"})}),
    ("watchdog", "good", {"told": told(settings={"watchdog": "8000"})}),
    (
        "watchdog",
        "bad",
        {
            "told": told(settings={"watchdog": "1000"}),
            "identity": replace(PICO, modules={**MODULES, "machine.WDT": False}),
        },
    ),
    ("boot.py", "bad", {"found": found(boot=b"mine")}),
    ("boot.py", "good", {"found": found(boot=BootText(1, b"mine").encode())}),
    ("main.py", "bad", {"found": found(main=None)}),
    ("main.py", "warning", {"found": found(main=b"while True: pass")}),
    ("main.py", "good", {"found": found(main=b"import uscomo; uscomo.run()")}),
    ("agent", "bad", {"found": found(files={})}),
    ("agent", "bad", {"found": found(manifests={})}),
    ("agent", "warning", {"agent": {**AGENT, "uscomo/new.mpy": b"new"}}),
    ("agent", "warning", {"found": Found()}),
    ("agent", "good", {"found": Found(), "more": {**MORE, "/lib/uscomo": []}}),
    ("agent", "good", {"found": Found(), "more": {**MORE, "frozen": True}}),
    ("copies", "warning", {"more": {**MORE, "/lib/uscomo": []}}),
    ("copies", "warning", {"more": {**MORE, "frozen": True}}),
    ("shadows", "warning", {"more": {**MORE, "/": [("a.py", False), ("a.mpy", False)]}}),
    ("store", "bad", {"told": {"store": "broken"}}),
    ("store", "warning", {"told": None, "untold": "another release's agent"}),
    ("accounts", "warning", {"told": told(accounts={})}),
    ("trust", "warning", {"told": told(anchors=[])}),
    ("safe mode", "bad", {"told": told(safe=True)}),
    ("safe mode", "warning", {"told": told(abnormal=2)}),
    ("components", "warning", {"told": told(components=[TRIAL])}),
]


@pytest.mark.parametrize(("name", "verdict", "fields"), FINDINGS)
def test_what_is_found(name: str, verdict: str, fields: dict[str, Any]) -> None:
    check = checks(**fields)[name]
    assert check.verdict == verdict, check
    if verdict == "good":
        assert not check.advice
    else:
        assert check.advice or check.id == "store"


def test_an_unsafe_medium_is_called_that() -> None:
    check = checks(identity=PYBOARD, description=description.load("pyboard_v11"))["medium"]
    assert "not safe" in check.found
    assert "no software can help" in check.found


def test_a_board_that_is_refused_is_asked_little() -> None:
    identity = Identity("microbit", "micro:bit with nRF51822", (1, 9, 2), platform="microbit")
    with pytest.raises(RefusedError, match="heap") as refused:
        check_board(identity)
    bare = Facts(identity, description.by_identity(identity), str(refused.value))
    found = {check.id: check for check in examine(bare)}
    assert found["board"].verdict == "bad"
    assert "micro:bit" in found["board"].advice
    assert set(found) == {"board", "firmware", "mpy"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mpy": (0, 0)}, "takes no .mpy"),
        ({"mpy": (5, 0)}, "takes .mpy version 5"),
        ({"modules": {"hashlib.sha256": False}}, "SHA-256"),
        ({"heap_total": 30_000}, "30000 bytes"),
        ({"platform": "esp8266", "machine": "ESP module with ESP8266"}, "frozen"),
    ],
)
def test_who_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        check_board(replace(PICO, **fields))


def test_boards_that_are_not_known_are_not_refused_for_that() -> None:
    check_board(replace(PICO, platform="new", machine="New board", heap_total=0, modules={}))


def test_what_is_ours_at_the_root_is_what_the_firmware_has() -> None:
    starters = deploy.starters()
    assert isinstance(starters, Starters)
    assert b"uscomo_boot.start()" in starters.boot
    assert "__init__" in starters.modules
    assert "uscomo_boot" not in starters.modules
