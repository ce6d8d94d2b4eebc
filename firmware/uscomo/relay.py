# The board behind a relay (`uscomo relay`): HTTP goes over the console's line, see `link`, and
# what the relay tells beside it is taken: a server's notification, the time. Imported at a start,
# where the setting `bearer` says so; nothing else imports it, and what it made keeps it in memory.
# Never decides what becomes of a notification.
#
# What is told beside streams: N notification, at most a frame's 128 octets, answered once it is
# here; T the time in UTC (year u16, month, day, weekday from 0, hour, minute, second u8).
import time
from struct import unpack_from

from uscomo import link, notify, platform
from uscomo.constant import const

_NOTIFICATION = const(0x4E)
_TIME = const(0x54)

# A clock that says an earlier year was not set.
_EARLIEST = const(2024)


class Bearer:
    """In the place of a Listener's socket."""

    def __init__(self):
        self._data = None
        self._link = link.attach()
        self._link.heard = self.heard

    def poll(self, ms):
        """Whether recv() has something; what a line brings meanwhile is taken."""
        self._link.listen()
        return self._data

    def recv(self, size):
        """The last notification."""
        data = self._data
        self._data = None
        return data

    def heard(self, kind, data):
        """What the relay tells: whether it waits for an answer."""
        if kind == _TIME:
            if len(data) == 8 and time.gmtime()[0] < _EARLIEST:
                _set_clock(unpack_from("<HBBBBBB", data, 0))
            return False
        if kind == _NOTIFICATION:
            self._data = bytes(data)
        return kind == _NOTIFICATION

    def close(self):
        """The console stays what it is."""


def _set_clock(now):
    try:
        from machine import RTC
    except ImportError:
        return
    RTC().datetime(now + (0,))


def listen():
    """Let HTTP go through the relay; a Listener for what it tells."""
    platform.carrier = link.connect
    return notify.Listener(0, Bearer())
