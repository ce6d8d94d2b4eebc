"""Prints what a message costs on the emulated Pico: ``python -m tests.bench.client [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from uscomo_tools.device.agent import compile_module, shrunk
from uscomo_tools.syncml.message import (
    Command,
    Credential,
    Encoding,
    Header,
    Item,
    Message,
    Meta,
    encode,
)
from uscomo_tools.testing.rp2 import PicoBoard

from ..footprint.build import CODE, agent

SIZE = 533
#: Microseconds of the board's clock, as wanted.
BUDGETS = {"carried out": 25_000}
#: What is reached, and a little: more fails. All of it is bytecode; no flash is read or written.
LIMITS = {"read": 10_600, "carried out": 25_000, "dense": 29_500}
WORDS = {
    "scan": "its tokens",
    "read": "its commands",
    "carried out": "the same message read, carried out, answered",
    "dense": "one with nine commands in it, likewise",
    "from XML": "the same message as XML: into WBXML",
    "to XML": "and the other way",
    "one block": "MD5 of 50 bytes, without hashlib.md5",
    "auth-md5": "an MD5 credential, likewise",
    "auth-MAC": "the MAC of this message, likewise",
}
MESSAGES = {"recorded": "/bench/recorded", "dense": "/bench/dense"}
XML = "/bench/xml"


def message(dense: bool = False, encoding: Encoding = "wbxml") -> bytes:
    """A package 2 of `SIZE` bytes: three Statuses, then Gets and an Exec.

    Parameters
    ----------
    dense
        Nine commands behind the shortest header. Else its header says what that of a recorded
        server says in its first message (tests/vectors/sessions), where two to four commands
        follow the Statuses in as many bytes: here four.
    """
    statuses = [
        Command("Status", str(i + 1), msg_ref="1", cmd_ref=str(i), cmd=name, data="200")
        for i, name in enumerate(("SyncHdr", "Alert", "Replace"))
    ]
    uris = ("./DevInfo/Man", "./DevInfo/Mod", "./DevDetail/FwV", "./DevDetail/LrgObj", "./DevInfo")
    gets = [
        Command("Get", str(i), items=[Item(target=uri)])
        for i, uri in enumerate(uris if dense else uris[:3], len(statuses) + 1)
    ]
    started = Command("Exec", "9", items=[Item(target="./DevInfo/Man")], correlator="c")
    header = Header("7", "1", "urn:d", "http://dm.example/s")
    if not dense:
        header.resp_uri = "http://dm.example/s?sid=S1"
        header.credential = Credential("syncml:auth-md5", "b64", b"Lx7CSZp0iHRedCEbryGJuw==")
        header.meta = Meta(max_msg_size=16384)
    whole = Message(header, [*statuses, *gets, started], final=True)
    missing = SIZE - len(encode(whole, "wbxml"))
    started.correlator = "c" * (1 + missing)
    assert len(encode(whole, "wbxml")) == SIZE
    return encode(whole, encoding)


def measured() -> dict[str, int]:
    """Microseconds by what was done, on the emulated Pico with the agent as it is deployed."""
    source = (Path(__file__).parent / "board_message.py").read_text()
    code = compile_module("board_message", shrunk().script(source))
    board = PicoBoard(realtime=False)
    files = {f"{CODE}/board_message.mpy": code}
    files.update({path: message(name == "dense") for name, path in MESSAGES.items()})
    files[XML] = message(encoding="xml")
    board.preload({**agent().files(), **files})
    board.start()
    board.exec(f"import sys; sys.path.append({CODE!r})")
    printed = board.exec(f"import board_message; board_message.run({MESSAGES!r}, {XML!r})", 300)
    found: dict[str, int] = json.loads(printed.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="client", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = measured()
    rows = [
        {"name": name, "us": took, "limit": LIMITS.get(name), "budget": BUDGETS.get(name)}
        for name, took in found.items()
    ]
    ok = all(found[name] <= limit for name, limit in LIMITS.items())
    if arguments.json:
        print(json.dumps({"ok": ok, "bytes": SIZE, "rows": rows}))
        return 0 if ok else 1
    table = Table(f"a message of {SIZE} bytes on the emulated Pico", "ms", "limit", "budget")
    for name, took in found.items():
        wanted = [f"{of[name] / 1000:g}" if name in of else "" for of in (LIMITS, BUDGETS)]
        table.add_row(WORDS[name], f"{took / 1000:.1f}", *wanted)
    Console().print(table)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
