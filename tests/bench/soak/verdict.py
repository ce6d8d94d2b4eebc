"""What has grown in a soak: later rounds against earlier ones."""

from __future__ import annotations

from .measure import KEPT, Round, growth

#: Bytes by which the heap may differ from round to round: fragments, names of a new version.
_HEAP = 1024
_FILES, _OCTETS = 1, 4096
#: A row for each thing that somebody ordered or published; no others may be added.
_ORDERED = ("operation", "package", "application_id")
# Messages of a session that installs.
_MESSAGES = 8


def grown(rounds: list[Round]) -> list[str]:
    """Names of what has."""
    found = []
    if growth(rounds, lambda one: one.heap) > _HEAP:
        found.append("heap")
    if growth(rounds, lambda one: one.files) > _FILES:
        found.append("files")
    if growth(rounds, lambda one: one.octets) > _OCTETS:
        found.append("bytes on flash")
    last = rounds[-1]
    for name, count in last.rows.items():
        limit = rounds[len(rounds) // 2].rows[name]
        if name in _ORDERED:
            limit = last.installs
        elif name == "session":
            limit = KEPT
        elif name == "message":
            limit = KEPT * _MESSAGES
        if count > limit:
            found.append(f"rows of {name}")
    return found
