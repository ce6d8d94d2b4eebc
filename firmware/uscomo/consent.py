# Asking the user: yes, no or later, and telling. The answer comes from the console, from an app
# (uscomo.on_consent), or from what the device was set to. Never knows what the question is about.
# What a server asks is in `dialogs`; status codes of UI alerts: OMA DM Protocol 1.2, section 10.
from uscomo import console
from uscomo.constant import const

YES = const(200)
NO = const(304)
# Not decided: the user wants to be asked later, or did not answer.
CANCELLED = const(214)
TIMED_OUT = const(408)
UNSUPPORTED = const(406)

# A question without MAXDT must not hold a session, and the apps beside it, for ever.
_TIMEOUT_S = const(120)
_MAX_TEXT = const(200)

# How the device answers: "console" asks, "yes" and "no" answer at once, "none" cannot ask.
mode = "console"
# An app's user interface, in place of the console: (text, default) -> True, False or None, later.
callback = None
# The same for what only servers ask, see `dialogs`: (text, what is asked) -> the answer.
dialog = None


def ask(text, default=False, timeout_s=_TIMEOUT_S):
    """Ask a yes-or-no question; returns YES, NO, CANCELLED, TIMED_OUT or UNSUPPORTED."""
    text = plain(text)
    if callback and mode not in ("yes", "no"):
        answer = callback(text, default)
        return CANCELLED if answer is None else YES if answer else NO
    if mode == "none":
        return UNSUPPORTED
    question = "? %s [%s] " % (text, "Y/n/later" if default else "y/N/later")
    if mode != "console":
        print(question + mode)
        return YES if mode == "yes" else NO
    print(question, end="")
    answer = console.line(timeout_s)
    if answer is None:
        print()
        return TIMED_OUT
    answer = answer.strip().lower()
    if not answer:
        return YES if default else NO
    return YES if answer in ("y", "yes") else NO if answer in ("n", "no") else CANCELLED


def tell(text):
    """Show a text to the user."""
    print("! " + plain(text))


def plain(text):
    """A server's text on one line: it must not look like the agent's, nor steer the terminal."""
    return "".join([" " if c < " " or "~" < c < "\xa0" else c for c in text[:_MAX_TEXT]])
