"""What a device's ./DevDetail/URI says about addresses, kept to before anything is added."""

from __future__ import annotations

from collections.abc import Mapping

FOLDER = "./DevDetail/URI"
NAMES = ("MaxDepth", "MaxTotLen", "MaxSegLen")


def known(limits: Mapping[str, int] | None) -> bool:
    """Whether the device was asked for all of them."""
    return limits is not None and all(name in limits for name in NAMES)


def broken(uri: str, limits: Mapping[str, int] | None) -> str:
    """The limit that an address breaks, in words; empty for none.

    Characters and not bytes are counted, ``./`` and ``?prop=`` with the rest: one client counts
    them, and who does not loses little (Tree and Description 6.2.4 leaves it open). 0 means that
    there is no limit.
    """
    segments = uri.partition("?")[0].removeprefix("./").split("/")
    counted = (len(segments), len(uri), max(map(len, segments)))
    for name, value in zip(NAMES, counted, strict=True):
        limit = (limits or {}).get(name, 0)
        if limit and value > limit:
            return f"{uri}: {name} of the device is {limit}, this has {value}"
    return ""
