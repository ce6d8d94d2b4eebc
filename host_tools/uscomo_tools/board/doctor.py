"""What is good and what is wrong with a board: facts are gathered once, checks are made of them.

`examine` asks nobody: a board that cannot answer a question lacks the fact, and the check says so
or is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import RefusedError, UscomoError
from . import deploy, deployment, scripts
from .connection import Board
from .deployer import LEAST_HEAP, check_board
from .description import by_identity
from .errors import BoardError
from .facts import BoardDescription
from .identity import Identity
from .layout import ROOT, Found, sha256
from .provisioning import Agent

GOOD, WARNING, BAD = "good", "warning", "bad"

#: The least release that the agent is tested with, see boards.md.
OLDEST = (1, 23)
#: A package that most boards should have room for, spooled and unpacked.
_PACKAGE = 64 * 1024
#: A clock that shows an earlier year was never set.
_YEAR = 2025
_LISTED = ("/", "/lib", "/lib/uscomo")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    id
        Its name, for programs.
    found
        What is there.
    verdict
        ``good``, ``warning`` or ``bad``.
    advice
        What to do; empty where nothing is.
    """

    id: str
    found: str
    verdict: str = GOOD
    advice: str = ""


@dataclass
class Facts:
    """What a board was found to be.

    Attributes
    ----------
    identity, description
        What it says of itself, and what is known of its kind.
    refused
        Why it cannot have the agent; empty where it can.
    more
        What board/examined.py prints; empty where the board could not run it.
    found
        What of ours lies there; None where it cannot be listed.
    told
        What it is provisioned with; None where that cannot be read, for the reason in
        ``untold``.
    agent
        Path in a generation -> contents, of this release.
    """

    identity: Identity
    description: BoardDescription | None = None
    refused: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    found: Found | None = None
    told: dict[str, Any] | None = None
    untold: str = ""
    agent: dict[str, bytes] = field(default_factory=dict)


def gather(board: Board) -> Facts:
    """Ask a board; one that is refused is asked for no more than it can answer."""
    identity = _identity(board)
    facts = Facts(identity, by_identity(identity), agent=deploy.agent())
    try:
        check_board(identity)
    except RefusedError as error:
        facts.refused = str(error)
        return facts
    board.soft_reset()
    facts.more = ast.literal_eval(board.run_script(scripts.path("examined")))
    try:
        facts.found = deploy.look(board)
        facts.told = Agent.of(facts.found, board).told(board)
    except RefusedError as error:
        facts.untold = str(error)
    except BoardError as error:
        facts.untold = f"its agent cannot tell: {error.traceback.strip().splitlines()[-1]}"
    return facts


def _identity(board: Board) -> Identity:
    try:
        return board.identify()
    except (BoardError, ValueError, SyntaxError, KeyError):
        # A few kilobytes of heap do not hold the script: the least that any MicroPython knows.
        platform, release = ast.literal_eval(board.run_script(scripts.path("least")))
        return Identity(platform, "", tuple(release), platform=platform)


def examine(facts: Facts) -> list[Check]:
    """All checks that can be made of the facts."""
    found: list[Check] = []
    for check in _BASIC if facts.refused else (*_BASIC, *_DEPLOYED):
        found += check(facts)
    return found


def _board(facts: Facts) -> Iterator[Check]:
    identity, known = facts.identity, facts.description
    name = known.name if known else identity.machine or identity.platform
    number = f", {identity.unique_id}" if identity.unique_id else ""
    if facts.refused:
        yield Check("board", name + number, BAD, facts.refused)
    elif known is None:
        yield Check(
            "board",
            name + number,
            WARNING,
            "not known here: nothing is known of its flash and its watchdog",
        )
    else:
        yield Check("board", name + number)


def _firmware(facts: Facts) -> Iterator[Check]:
    identity = facts.identity
    old = identity.release[:2] < OLDEST
    oldest = ".".join(map(str, OLDEST))
    advice = f"the agent is tested from {oldest} on: `uscomo board flash`" if old else ""
    found = f"MicroPython {identity.version or 'of unknown version'}"
    yield Check("firmware", found, WARNING if old else GOOD, advice)
    takes = f"version {identity.abi}" if identity.mpy[0] else "none"
    fits = identity.mpy[0] == 6
    advice = "" if fits else "the agent is compiled for version 6"
    yield Check("mpy", takes, GOOD if fits else BAD, advice)


def _heap(facts: Facts) -> Iterator[Check]:
    identity = facts.identity
    if not identity.heap_total:
        return
    found = f"{_kb(identity.heap_free)} free of {_kb(identity.heap_total)}"
    least = _kb(LEAST_HEAP)
    if identity.heap_total < LEAST_HEAP:
        yield Check("heap", found, BAD, f"the agent needs {least} at least")
    elif identity.heap_free < LEAST_HEAP:
        advice = f"a session or an installation needs up to {least}: what holds the rest?"
        yield Check("heap", found, WARNING, advice)
    else:
        yield Check("heap", found)


def _flash(facts: Facts) -> Iterator[Check]:
    free = facts.more.get("free")
    if free is None:
        return
    block = max(facts.identity.file_system_block, 512)
    sizes = {f"{ROOT}/1/{path}": len(data) for path, data in facts.agent.items()}
    agent = deployment.needed(sizes, block)
    found = f"{_kb(free)} free of {_kb(facts.more['size'])}; an agent takes {_kb(agent)}"
    if free < agent:
        # The next one is written beside this one.
        deployed = facts.found is not None and facts.found.generation
        advice = "no room for the agent" + (" beside the one that runs" if deployed else "")
        yield Check("flash", found, WARNING if deployed else BAD, advice)
    elif free < agent + 2 * _PACKAGE:
        advice = f"beside it, no room for a package of {_kb(_PACKAGE)} and what comes out of it"
        yield Check("flash", found, WARNING, advice)
    else:
        yield Check("flash", found)


def _medium(facts: Facts) -> Iterator[Check]:
    medium = facts.description.medium if facts.description else None
    kind = facts.identity.file_system or (medium.file_system if medium else "")
    where = f" on {medium.kind}" if medium else ""
    if kind in ("littlefs", "posix"):
        yield Check("medium", f"{kind}{where}: a power cut at any write leaves old or new")
    elif kind == "fat" and medium and medium.survives_power_cut:
        sector = f" of {medium.erase} bytes" if medium.erase else ""
        yield Check("medium", f"FAT{where}: safe, because a sector{sector} is written at once")
    elif kind == "fat":
        erase = f"{medium.erase} bytes" if medium and medium.erase else "more than a sector"
        advice = "format it as littlefs (os.VfsLfs2.mkfs), or keep the power on while it installs"
        found = (
            f"FAT{where}: not safe. A write erases {erase} at once; a power cut in it loses "
            "files, and no software can help that"
        )
        yield Check("medium", found, WARNING, advice)
    else:
        yield Check("medium", "the file system is not known", WARNING)


def _features(facts: Facts) -> Iterator[Check]:
    modules, known = facts.identity.modules, facts.description
    if not modules:
        return
    sha = modules.get("hashlib.sha256", False)
    md5 = "hashlib.md5" if modules.get("hashlib.md5") else "the agent's own MD5"
    advice = "" if sha else "no package can be checked without SHA-256"
    found = f"{'SHA-256' if sha else 'no SHA-256'}, {md5}"
    yield Check("hashes", found, GOOD if sha else BAD, advice)
    deflate = modules.get("deflate", False)
    advice = "" if deflate else "packages cannot be unpacked: MicroPython 1.21 or later"
    yield Check("deflate", "there" if deflate else "missing", GOOD if deflate else BAD, advice)
    network = modules.get("network") or modules.get("socket")
    tls = modules.get("ssl") or modules.get("tls")
    level = f", {known.tls}" if tls and known and known.tls else ""
    yield Check(
        "network",
        f"{'sockets' if network else 'none: sessions go over the cable'}; "
        f"{'TLS' + level if tls else 'no TLS'}",
    )


def _clock(facts: Facts) -> Iterator[Check]:
    year = facts.more.get("year")
    if year is None:
        return
    if year < _YEAR and (facts.identity.modules.get("ssl") or facts.identity.modules.get("tls")):
        advice = "a time server is asked before https (setting ntp); or `mpremote rtc --set`"
        yield Check("clock", f"not set, it is {year} here", WARNING, advice)
    else:
        yield Check("clock", f"{year}" if year >= _YEAR else "not set; nothing needs it")


def _watchdog(facts: Facts) -> Iterator[Check]:
    limits = facts.description.watchdog if facts.description else None
    wanted = int((facts.told or {}).get("settings", {}).get("watchdog", "0"))
    found = f"{wanted} ms" if wanted else "not used"
    if wanted and not facts.identity.modules.get("machine.WDT", True):
        yield Check("watchdog", found, BAD, "this board has none: `--setting watchdog=`")
    elif wanted and limits and limits.maximum and wanted > limits.maximum:
        advice = f"this board takes {limits.maximum} ms at most"
        yield Check("watchdog", found, BAD, advice)
    elif wanted and limits and limits.minimum and wanted < limits.minimum:
        yield Check("watchdog", found, BAD, f"this board takes {limits.minimum} ms at least")
    else:
        most = f"; at most {limits.maximum} ms" if limits and limits.maximum else ""
        yield Check("watchdog", found + most)


def _starters(facts: Facts) -> Iterator[Check]:
    found = facts.found
    if found is None:
        return
    boot, text = found.boot_text, found.boot
    if boot.generation:
        what = "ours" if boot.foreign is None else "our lines in yours"
        yield Check("boot.py", what)
    elif ROOT in found.folders:
        advice = "it does not name the agent any more: `uscomo board deploy`"
        yield Check("boot.py", "yours, without our lines" if text else "missing", BAD, advice)
    else:
        starts = text is not None and b"uscomo_boot" in text
        yield Check("boot.py", "starts the agent" if starts else "yours" if text else "none")
    main = found.main
    ours = deploy.our_main()
    if found.main_is_ours(ours) or main == ours:
        yield Check("main.py", "ours")
    elif main is None:
        missing = bool(found.generation)
        advice = "the agent is not started: `uscomo board deploy`" if missing else ""
        yield Check("main.py", "none", BAD if missing else GOOD, advice)
    elif found.generation and b"uscomo" not in main:
        advice = "the agent runs only when it calls uscomo.run(), or `deploy --main adopt`"
        yield Check("main.py", "yours", WARNING, advice)
    else:
        yield Check("main.py", "yours")


def _agent(facts: Facts) -> Iterator[Check]:
    found = facts.found
    if found is None:
        return
    deployed = found.current
    if found.generation:
        ours = {path: sha256(data) for path, data in facts.agent.items()}
        if deployed is None or not found.is_whole(found.generation):
            there = found.in_generation(found.generation)
            wanted = deployed.files if deployed else ours
            wrong = [name for name in {*there, *wanted} if there.get(name) != wanted.get(name)]
            names = ", ".join(sorted(wrong)[:3]) or "its manifest"
            advice = "`uscomo board deploy` mends it"
            yield Check("agent", f"damaged: {names}", BAD, advice)
        elif deployed.files == ours:
            yield Check("agent", f"{deployed.version}, whole, of this release")
        else:
            advice = "another one than this release's: `uscomo board deploy` brings that"
            yield Check("agent", f"{deployed.version}, whole", WARNING, advice)
    elif "/lib/uscomo" in facts.more:
        yield Check("agent", "in /lib/uscomo, as `mip` or a copy has put it there")
    elif facts.more.get("frozen"):
        yield Check("agent", "frozen into the firmware")
    else:
        yield Check("agent", "none", WARNING, "`uscomo board deploy`")


def _copies(facts: Facts) -> Iterator[Check]:
    if facts.found is None:
        return
    generation = facts.found.generation
    # In the order in which they are found.
    places = [f"{ROOT}/{generation}"] if generation else []
    places += ["/uscomo"] if "/uscomo" in facts.more else []
    places += ["the firmware"] if facts.more.get("frozen") else []
    places += ["/lib/uscomo"] if "/lib/uscomo" in facts.more else []
    if len(places) > 1:
        hidden = ", ".join(places[1:])
        advice = f"{hidden}: never used, takes room; remove what you have put there yourself"
        yield Check("copies", f"{places[0]} hides {hidden}", WARNING, advice)
    hides = []
    for folder in _LISTED:
        names = {name for name, is_folder in facts.more.get(folder, ()) if not is_folder}
        base = folder.rstrip("/")
        twins = sorted(
            name for name in names if name[-3:] == ".py" and name[:-3] + ".mpy" in names
        )
        hides += [f"{base}/{name}" for name in twins]
    if hides:
        advice = "a .py is found before the .mpy of its name: remove the one that is old"
        yield Check("shadows", ", ".join(hides), WARNING, advice)


def _store(facts: Facts) -> Iterator[Check]:
    told = facts.told
    if told is None:
        if facts.untold and facts.found and facts.found.store:
            yield Check("store", f"cannot be read: {facts.untold}", WARNING)
        return
    if told["store"] == "broken":
        advice = "`uscomo board undeploy --remove-data`, then deploy and provision anew"
        yield Check("store", "both copies of the record are broken", BAD, advice)
        return
    if told["store"] == "none":
        return
    yield from _safe(told)
    accounts = told["accounts"]
    if accounts:
        yield Check(
            "accounts", ", ".join(f"{name} ({one['url']})" for name, one in accounts.items())
        )
    else:
        advice = "`uscomo board provision --url ...` for a server"
        yield Check("accounts", "none", WARNING, advice)
    keys = len(told["anchors"])
    advice = "" if keys else "nothing can be installed: `uscomo board provision --anchor KEY`"
    yield Check("trust", f"{keys} keys", GOOD if keys else WARNING, advice)


def _safe(told: dict[str, Any]) -> Iterator[Check]:
    if told["safe"]:
        advice = "remove or update what crashes, or uscomo.leave_safe_mode() at the REPL"
        yield Check("safe mode", "on: no component is started", BAD, advice)
    elif told["abnormal"] > 1:
        advice = "three in a row end in safe mode"
        yield Check("safe mode", f"{told['abnormal']} abnormal starts in a row", WARNING, advice)
    else:
        yield Check("safe mode", "off")
    trials = [one for one in told["components"] if one["trial"] and one["state"] == 20]
    rows = [f"{one['id']} {one['version']}" for one in told["components"]]
    if trials:
        names = ", ".join(f"{one['id']}: {one['attempts']} starts left" for one in trials)
        advice = "it is confirmed when it has run well for a while"
        yield Check("components", f"on trial: {names}", WARNING, advice)
    else:
        yield Check("components", ", ".join(rows) or "none")


def _kb(size: int) -> str:
    return f"{size // 1024} KB"


_BASIC: tuple[Callable[[Facts], Iterator[Check]], ...] = (_board, _firmware, _heap)
_DEPLOYED: tuple[Callable[[Facts], Iterator[Check]], ...] = (
    *(_flash, _medium, _features, _clock, _watchdog),
    *(_starters, _agent, _copies, _store),
)

__all__ = ["Check", "Facts", "UscomoError", "examine", "gather"]
