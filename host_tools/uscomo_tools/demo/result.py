"""What a demo shows, step by step, and who watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Step:
    """One line of the demo: what was done, whether it worked, and what it cost on the wire."""

    name: str
    title: str
    ok: bool = False
    seconds: float = 0.0
    messages: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields of the `--json` output."""
        fields = asdict(self)
        del fields["title"]
        fields["seconds"] = round(self.seconds, 3)
        return fields


@dataclass
class Listener:
    """Who watches the demo: the command line, a test."""

    on_step: Callable[[Step], None] = lambda step: None
    on_output: Callable[[str], None] = lambda line: None
    on_message: Callable[[dict[str, Any]], None] = lambda message: None
    on_progress: Callable[[int, int], None] = lambda received, size: None
    on_question: Callable[[str], str] = lambda question: "n"


@dataclass
class Result:
    """What the demo showed; ``server`` and ``device`` are lists of id, version and state."""

    steps: list[Step] = field(default_factory=list)
    server: list[dict[str, str]] = field(default_factory=list)
    device: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """All steps worked, and both sides tell the same."""
        return all(step.ok for step in self.steps) and self.server == self.device

    def as_json(self) -> dict[str, Any]:
        """The `--json` object."""
        return {
            "ok": self.ok,
            "steps": [step.as_json() for step in self.steps],
            "server": self.server,
            "device": self.device,
        }
