# TLS for `http`: a stream whose other end has proved with a certificate that it has the name it
# was called by. Imported for an https URL. Never goes on without that proof, unless the setting
# `tls` says `unchecked`; nor while the time is unknown, because every certificate ends some day.
#
# In folder s of the store, as DER: <16 digits> an authority that is trusted; <host>.crt and
# <host>.key, shown to that host alone where it asks for a certificate.
import gc
import os
import ssl

import uscomo_boot
from uscomo import clock, platform
from uscomo.constant import const

_MAX_DER = const(2560)  # RSA-4096 and some names; a key of that size
_AUTHORITY = const(16)  # length of its name
_EPROTO = const(71)
# What CPython says in place of "nothing moved yet".
_WANT_READ = const(2)
_WANT_WRITE = const(3)


def wrap(sock, host):
    """A stream over a connected socket that does not block; OSError where there is no trust.

    The handshake is made by the first octets: whoever moves them feeds the watchdog.
    """
    stream = Stream(host)
    settings = stream.settings
    gc.collect()  # it takes about 25 KB at once
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.get("tls") == "unchecked":
        if hasattr(context, "check_hostname"):  # CPython
            context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, stream)
        if not clock.known() and not clock.ask(settings.get("ntp", clock.SERVER)):
            stream.refuse("the time is unknown")
    place = host.lower()
    certificate = _read(place + ".crt")
    if certificate:
        context.load_cert_chain(certificate, _read(place + ".key"))
    stream.sock = context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=host)
    return stream


def _trust(context, stream):
    try:
        names = os.listdir(uscomo_boot.ROOT + "/s")
    except OSError:
        names = ()
    found = False
    try:
        context.verify_mode = ssl.CERT_REQUIRED
        for name in names:
            if len(name) == _AUTHORITY and "." not in name:
                context.load_verify_locations(cadata=_read(name))
                found = True
    except AttributeError:
        # Encryption without a proof of who it is for.
        stream.refuse("this firmware checks no certificates")
    if not found:
        stream.refuse("no authority is trusted")


def _read(name):
    # None where there is no such file.
    try:
        with open(uscomo_boot.ROOT + "/s/" + name, "rb") as file:
            return file.read(_MAX_DER)
    except OSError:
        return None


class Stream:
    """What `http` reads and writes."""

    sock = None

    def __init__(self, host):
        self._host = host
        self.settings, self._say, _ = platform.phase or ({}, None, None)

    def refuse(self, reason):
        """Say why, and give up."""
        if self._say:
            self._say("https %s: %s" % (self._host, reason))
        raise OSError(_EPROTO)

    def write(self, view):
        """How many octets were taken, None while none were."""
        return self._move(self.sock.write, view)

    def readinto(self, view):
        """How many octets came, None while there are none, 0 at the end."""
        sock = self.sock
        return self._move(sock.readinto if hasattr(sock, "readinto") else sock.recv_into, view)

    def _move(self, transfer, view):
        try:
            return transfer(view)
        except ValueError as error:  # of the handshake, with the library's reason
            self.refuse(str(error).strip())
        except OSError as error:
            if error.errno in (_WANT_READ, _WANT_WRITE):
                return None
            if (error.errno or 0) < 0:
                self.refuse("TLS error %d" % error.errno)
            raise

    def close(self):
        """Say that it is over."""
        self.sock.close()
