"""The errors of the host tools: one root, one leaf per exit code of the command line."""

from __future__ import annotations


class UscomoError(Exception):
    """Something went wrong; the message says what, where, and what to do about it.

    ``exit_code`` is what the command line ends with: 1 failed, 2 wrong usage, 3 not reachable,
    4 refused.
    """

    exit_code = 1


class UsageError(UscomoError):
    """The call itself was wrong, or a question had no terminal to be asked on."""

    exit_code = 2


class UnreachableError(UscomoError):
    """A server or a board did not answer."""

    exit_code = 3


class RefusedError(UscomoError):
    """The other side, or the user, said no."""

    exit_code = 4
