# Lines from the console: who reads them, the agent's questions or an app, reads them here.
# Never waits longer than it is told, and feeds the watchdog while it does.
import sys

from uscomo import platform
from uscomo.constant import const

_MAX_LINE = const(80)
_PART_MS = const(500)
_FRAME_MS = const(5)

_held = ""  # of a line that has not ended yet


def line(timeout=0):
    """A line without its end, or None when none has ended in so many seconds; 0 does not wait."""
    global _held
    import select

    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    left = timeout * 1000
    while True:
        platform.feed()
        # Where a link reads the console, what is of no frame.
        character = platform.character and platform.character()
        if character is None:
            part = _FRAME_MS if platform.character else _PART_MS
            if not poll.poll(min(left, part)) or platform.character:
                left -= part
                if left <= 0:
                    return None
                continue
            character = sys.stdin.read(1)
        ended = not character or character in "\r\n"
        if not ended:
            _held += character
        if ended or len(_held) >= _MAX_LINE:
            text = _held
            _held = ""
            # The end of the input is nobody at the console: that is no empty line.
            return text if text or character else None
