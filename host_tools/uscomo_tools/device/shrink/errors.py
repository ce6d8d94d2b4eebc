"""What may be wrong with sources that are to be shrunk."""

from ...errors import UscomoError


class ShrinkError(UscomoError):
    """A source breaks a rule that shrinking relies on."""
