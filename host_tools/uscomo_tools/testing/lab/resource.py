"""What a lab says of a board besides its port."""

from __future__ import annotations

import attr
from labgrid.factory import target_factory
from labgrid.resource import Resource


@target_factory.reg_resource
@attr.s(eq=False)
class MicroPythonBoard(Resource):
    """A board with MicroPython.

    An exporter publishes this class without knowing it. Its values are strings: lists do not pass.

    Attributes
    ----------
    kind
        What the board is: the name of its file in ``boards/``, for people and for tags.
    path
        Its port as the exporter's host calls it, which is where it is flashed; only needed where
        the serial port is exported as a ``NetworkSerialPort``, which does not say it.
    """

    kind: str = attr.ib(default="", validator=attr.validators.instance_of(str))
    path: str = attr.ib(default="", validator=attr.validators.instance_of(str))
