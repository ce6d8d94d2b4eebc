"""The recorded documents that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
VECTORS = REPOSITORY / "tests" / "vectors"
# Captured requests under a licence of their own: read where they lie, never copied.
CAPTURES = REPOSITORY.parent / "shared" / "vectors" / "aosp"

# Size and SHA-256 as the digest prints them (two examples come without a sum).
DIGEST_SUMS = {
    "a": (369, "bb16a67ff3e29ef760c0189db5ee1f19766deba56ed40c6e42893f4a7c88d77c"),
    "b": (280, "57fa7c6d97eedcf9e655ef5e177dcc2f0af48629672bd93f051bc19b324ae7dd"),
    "c": (273, "4b4b56627f204fb388d80b762c76ec8db2c610b18bf57c1279d8652eb73c5b53"),
    "d-num": (247, "05042be0731ad5b632824861a4021fe404e2a3cb9810dd35e2adc6bacb1f99a3"),
    "d-txt": (276, "1eba8d3c5f6cf69444c45e1678546924292cb61158250c140a4cae8cab9c1a26"),
    "e": (197, "dc4df078e13c7cb33df5694344b0772d5eb8ed94ba9857021f366049b5ec3c47"),
    "ddf": (67, "206c2a1fb0029cc9a2584c284ceca7ccf9ee75e2cf8e92dd4568b5d9e785e04f"),
    "devinf": (159, "929871719b84598afa1c51a00e2f5749725d14c8ff37f4bd3c79afe7fc84b9b4"),
    "op": (53, None),
    "nn": (136, None),
}


def digest_wbxml(name: str) -> bytes:
    return bytes.fromhex((VECTORS / "digest" / f"{name}.hex").read_text())


def digest_xml(name: str) -> bytes:
    return (VECTORS / "digest" / f"{name}.xml").read_bytes()


def recorded(suffix: str) -> list[Path]:
    return sorted(VECTORS.rglob(f"*{suffix}"))


def captures() -> list[Path]:
    """Return the captured requests and replies, or skip the test and say why."""
    found = sorted(CAPTURES.glob("*.wbxml"))
    if not found:
        pytest.skip("the captures of ../shared/vectors/aosp are ABSENT: nothing was compared")
    return found
