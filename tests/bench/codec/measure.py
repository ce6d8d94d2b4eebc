"""What is measured: both decoders on the same messages in turn, and messages by their bytes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uscomo_tools.syncml.message import decode

from .libwbxml import Libwbxml

TESTS = Path(__file__).parents[2]
VECTORS = TESTS / "vectors"
WBXML = "application/vnd.syncml.dm+wbxml"
#: Decoding to commands may take this many times as long as libwbxml's conversion to XML.
MOST = 12.0
_ROUNDS = 120


def messages() -> list[bytes]:
    """Every recorded message."""
    files = [*VECTORS.glob("sessions/*.wbxml"), *VECTORS.glob("credentials/*/*.wbxml")]
    return [file.read_bytes() for file in sorted(files)]


@dataclass(frozen=True)
class Speed:
    """Seconds for all messages, the best of many rounds."""

    count: int
    octets: int
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def speed() -> Speed:
    """Both decoders, in turn, so that a busy machine is unfair to none."""
    bodies = messages()
    library = Libwbxml()
    ours, theirs = [], []
    try:
        for body in bodies:
            assert library.to_xml(body).rstrip().endswith(b"</SyncML>")
            assert decode(body, WBXML).header.session_id
        for _ in range(_ROUNDS):
            theirs.append(_timed(library.to_xml, bodies))
            ours.append(_timed(_decoded, bodies))
    finally:
        library.close()
    return Speed(len(bodies), sum(map(len, bodies)), min(ours), min(theirs))


def _decoded(body: bytes) -> object:
    return decode(body, WBXML)


def _timed(work: Callable[[bytes], object], bodies: list[bytes]) -> float:
    begun = time.perf_counter()
    for body in bodies:
        work(body)
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Size:
    """Bytes of one kind of message: our device's, a recorded client's, the digest's example."""

    what: str
    ours: int
    recorded: int
    example: int | None


def sizes() -> list[Size]:
    """Our device and C1, asked the same by the same recorded server."""
    vectors = _device_tests()
    account = vectors.Account()
    rows = []
    for what, script, number, example in (
        ("package 1, basic credential", "script-6", 0, "a"),
        ("a Status (Delete of nothing)", "script-6", 1, None),
        ("a Status and Results (Get of a leaf)", "script-12", 1, "d-num"),
    ):
        replay = vectors.Replay(account)
        replay.say(vectors.s1(f"{script}_01-s"))
        recorded = VECTORS / "sessions" / f"{script}_0{number + 1}-c.wbxml"
        size = len(vectors.example(example)) if example else None
        rows.append(Size(what, len(replay.sent[number]), len(recorded.read_bytes()), size))
    return rows


def _device_tests() -> Any:
    # The board's own session, as its tests hold it.
    for folder in (
        TESTS / "device",
        TESTS.parent / "firmware",
        TESTS.parent / "firmware" / "root",
    ):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    import test_vectors

    return test_vectors
