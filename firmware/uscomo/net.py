# Wi-Fi: joins one of the networks that this device was given, where `http` has found no way out.
# So an app's own connection, of whatever kind, is used as it is; and nothing that an app has made
# is let go of. Imported only then, and only where there are such networks. Never scans, which
# takes longer than some watchdogs wait.
import time

from uscomo import clock, platform
from uscomo.constant import const

_KEY = const("~net/")
_NAME = const(5)  # where a network's name begins in its key

# Milliseconds: for one network, from the radio's answers to an address; between two rounds, twice
# as long each time; and for all of it. An app stands still meanwhile.
_JOIN = const(12000)
_PAUSE = const(500)
_PATIENCE = const(20000)
_POLL = const(50)


def join(settings, say, nodes):
    """Join a network; True when it was joined just now. The clock is set then, if it was not."""
    keys = nodes.keys(_KEY)
    if not keys:
        return False
    try:
        import network
    except ImportError:
        return False
    station = network.WLAN(network.STA_IF)
    if station.isconnected():
        return False  # what is out of reach is so for another reason
    station.active(True)
    began = platform.ticks()
    pause = _PAUSE
    reason = "no answer"
    while True:
        for key in keys:
            if station.status() != network.STAT_CONNECTING:  # else an app's, or one of before
                station.connect(key[_NAME:], nodes.get(key).decode() or None)
            reason = _wait(station, network)
            if not reason:
                say("network %s, address %s" % (_joined(station, key), station.ifconfig()[0]))
                if not clock.known() and clock.ask(settings.get("ntp", clock.SERVER)):
                    say("clock set")
                return True
            say("network %s: %s" % (key[_NAME:], reason))
        if platform.elapsed(began) + pause > _PATIENCE:
            return False
        _sleep(pause)
        pause *= 2


def _wait(station, network):
    # Why it was not joined, None when it was.
    began = platform.ticks()
    while not station.isconnected():
        status = station.status()
        for name, reason in (
            ("STAT_WRONG_PASSWORD", "wrong key"),
            ("STAT_NO_AP_FOUND", "not found"),
            ("STAT_CONNECT_FAIL", "refused"),
        ):
            if status == getattr(network, name, None):
                return reason
        if platform.elapsed(began) > _JOIN:
            return "no answer"
        _sleep(_POLL)
    return None


def _joined(station, key):
    # An app may have been quicker with another one.
    try:
        return station.config("ssid") or key[_NAME:]
    except (ValueError, OSError):
        return key[_NAME:]


def _sleep(ms):
    while ms > 0:
        platform.feed()
        time.sleep(_POLL / 1000)
        ms -= _POLL
