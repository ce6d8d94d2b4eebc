# The board behind a relay (`uscomo relay`): HTTP goes over the console's line, see `link`, and
# what the relay tells beside it is taken: a server's notification, the time. Imported at a start,
# where the setting `bearer` says so; nothing else imports it, and what it made keeps it in memory.
# Never decides what becomes of a notification.
#
# What is told beside streams: N notification, at most a frame's 128 octets, answered once it is
# here; T the time, in seconds after 1970 (u32).
from struct import unpack_from

from uscomo import link, notify, platform
from uscomo.constant import const

_NOTIFICATION = const(0x4E)
_TIME = const(0x54)


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
            from uscomo import clock

            if len(data) == 4 and not clock.known():
                clock.set_unix(unpack_from("<I", data, 0)[0])
            return False
        if kind == _NOTIFICATION:
            self._data = bytes(data)
        return kind == _NOTIFICATION

    def close(self):
        """The console stays what it is."""


def listen():
    """Let HTTP go through the relay; a Listener for what it tells."""
    platform.carrier = link.connect
    return notify.Listener(0, Bearer())
