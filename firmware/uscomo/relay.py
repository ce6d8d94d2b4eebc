# The board behind a relay (`uscomo relay`): HTTP goes over the console's line, see `link`, and
# what the relay tells beside it is taken: a server's notification, the time. Imported at a start,
# where the setting `bearer` says so; nothing else imports it, and what it made keeps it in memory.
# Never decides what becomes of a notification.
#
# What is told beside streams: N notification, at most a frame's 128 octets, answered once it is
# here; T the time, in seconds after 1970 (u32).
import time
from struct import unpack_from

from uscomo import link, notify, platform
from uscomo.constant import const

_NOTIFICATION = const(0x4E)
_TIME = const(0x54)

# A clock that says an earlier year was not set.
_EARLIEST = const(2025)
_TO_2000 = const(946684800)  # seconds, for ports that begin there


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
            if len(data) == 4 and time.gmtime()[0] < _EARLIEST:
                _set_clock(unpack_from("<I", data, 0)[0])
            return False
        if kind == _NOTIFICATION:
            self._data = bytes(data)
        return kind == _NOTIFICATION

    def close(self):
        """The console stays what it is."""


def _set_clock(seconds):
    try:
        from machine import RTC
    except ImportError:
        return
    if time.gmtime(0)[0] == 2000:
        seconds -= _TO_2000
    now = time.gmtime(seconds)
    RTC().datetime(now[:3] + (now[6],) + now[3:6] + (0,))


def listen():
    """Let HTTP go through the relay; a Listener for what it tells."""
    platform.carrier = link.connect
    return notify.Listener(0, Bearer())
