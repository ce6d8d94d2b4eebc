"""A board's console text: lines to be shown, and the question that waits for an answer."""

from __future__ import annotations

import time

# The REPL's: no program runs, and nobody takes frames.
_PROMPTS = (">>> ", "... ", "=== ")
_RAW_BANNER, _RAW_PROMPT = "raw REPL", ">"
_MAX_LINE = 400
# What a terminal could act on, and what is left of damaged frames.
_UNSHOWN = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160), 0xFFFD), "·")


class ConsoleText:
    """Takes text in pieces as it comes.

    Attributes
    ----------
    question
        The agent's question that waits for an answer; empty for none.
    asked_at
        When it was asked, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.question = ""
        self.asked_at = 0.0
        self._line = self._last = ""

    @property
    def is_raw(self) -> bool:
        """Whether that is the raw REPL."""
        return self._line == _RAW_PROMPT and self._last.startswith(_RAW_BANNER)

    @property
    def at_prompt(self) -> bool:
        """Whether the REPL waits for somebody to type."""
        return self.is_raw or self._line.startswith(_PROMPTS)

    def take(self, data: bytes) -> list[str]:
        """The lines that are whole now, and a question as soon as it is."""
        text = data.decode("utf-8", "replace").replace("\r", "")
        if text:
            self.question = ""
        *lines, self._line = (self._line + text).split("\n")
        self._last = lines[-1] if lines else self._last
        if self._line.startswith("? ") and self._line.endswith("] "):
            self.question = self._line.strip()
            self.asked_at = time.monotonic()
            lines.append(self._line)
            self._line = ""
        elif len(self._line) > _MAX_LINE:
            lines.append(self._line)
            self._line = ""
        return [line.translate(_UNSHOWN).rstrip() for line in lines if line.strip()]

    def answered(self) -> None:
        """Somebody has typed a line."""
        self.question = ""

    def rest(self) -> list[str]:
        """What stands there without an end, when the board is gone."""
        line, self._line, self.question = self._line, "", ""
        return [line.translate(_UNSHOWN)] if line.strip() else []
