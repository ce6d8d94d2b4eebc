# The time of day, which a certificate's check needs: whether it is known, and how it gets known by
# a time server. Never waits for long, and takes no answer but one to its own question. Who can
# change datagrams on their way can set this clock: NTP proves nothing.
# Source: RFC 5905, sections 6, 7.3 and 14.
import time
from os import urandom

from uscomo import platform
from uscomo.constant import const

SERVER = const("pool.ntp.org")
_PORT = const("123")
# A clock that says less has never been set: boards begin in 1970, 2000, 2015 or 2021.
_YEAR = const(2025)
_TRIES = const(3)
_WAIT_S = const(2)
_SIZE = const(48)
# Version 4, mode 3 (client); of the answer the leap indicator and the mode count.
_QUESTION = const(0x23)
_SERVER_MODE = const(4)
_UNSET = const(3)
# Seconds from 1900, where NTP begins, to 1970; from there to 2000, where some ports begin.
_TO_1970 = const(2208988800)
_TO_2000 = const(946684800)


def known():
    """Whether the time of day is known."""
    return time.gmtime()[0] >= _YEAR


def ask(server):
    """Set the clock by a time server, HOST or HOST:PORT; whether the time is known now."""
    import socket

    host, _, port = server.partition(":")
    answer = bytearray(_SIZE)
    for _ in range(_TRIES):
        platform.feed()
        question = bytearray(_SIZE)
        question[0] = _QUESTION
        # Where a client says when it has asked: the answer has to repeat it.
        question[40:] = urandom(8)
        sock = None
        try:
            address = socket.getaddrinfo(host, int(port or _PORT), 0, socket.SOCK_DGRAM)[0]
            sock = socket.socket(address[0], socket.SOCK_DGRAM)
            sock.settimeout(_WAIT_S)
            sock.sendto(question, address[-1])
            answer = sock.recv(_SIZE)
        except OSError:
            continue
        finally:
            if sock:
                sock.close()
        if len(answer) == _SIZE and answer[24:32] == question[40:] and _good(answer):
            _set(int.from_bytes(answer[40:44], "big"))
            break
    return known()


def _good(answer):
    # A server's, whose own clock is set, and no "kiss of death".
    return answer[0] & 7 == _SERVER_MODE and answer[0] >> 6 != _UNSET and 0 < answer[1] < 16


def _set(seconds):
    # Seconds of NTP, which begin anew in 2036.
    if seconds < 0x80000000:
        seconds += 1 << 32
    set_unix(seconds - _TO_1970)


def set_unix(seconds):
    """Set the clock to so many seconds after 1970; a port without a clock of its own has one."""
    try:
        from machine import RTC
    except ImportError:
        return
    if time.gmtime(0)[0] == 2000:
        seconds -= _TO_2000
    now = time.gmtime(seconds)
    RTC().datetime(now[:3] + (now[6],) + now[3:6] + (0,))
