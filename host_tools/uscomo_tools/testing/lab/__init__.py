"""Boards in a lab: what labgrid has to know of boards with MicroPython.

An environment file that says ``imports: [uscomo_tools.testing.lab]`` can name the classes here:
the resource `MicroPythonBoard`, the drivers `MicroPythonDriver` and `MicroPythonFlashDriver`, the
strategy `MicroPythonStrategy`. The pytest plugin uses them for ``--board labgrid:ENV``. labgrid
comes with ``pip install 'uscomo[labgrid]'``, best in an environment of its own: it brings a
pyserial that takes the usual one's place.
"""

from .driver import MicroPythonDriver, MicroPythonFlashDriver
from .resource import MicroPythonBoard
from .strategy import MicroPythonStrategy, Status

__all__ = [
    "MicroPythonBoard",
    "MicroPythonDriver",
    "MicroPythonFlashDriver",
    "MicroPythonStrategy",
    "Status",
]
