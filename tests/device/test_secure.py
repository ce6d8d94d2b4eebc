# TLS around a socket, with a library that does as it is told: whom it trusts and what it shows.
# With real certificates it is tested in tests/e2e and tests/conformance.
import os

import uscomo_boot
from support import raises, temporary_root
from uscomo import clock, platform, secure

AUTHORITY = "0123456789abcdef"


class Context:
    """In place of ssl.SSLContext, with all that it was told."""

    verify_mode = None

    def __init__(self, protocol):
        self.authorities = []
        self.chain = None
        self.sock = None
        Library.made = self

    def load_verify_locations(self, cadata):
        self.authorities.append(cadata)

    def load_cert_chain(self, certificate, key):
        self.chain = certificate, key

    def wrap_socket(self, sock, do_handshake_on_connect, server_hostname):
        assert do_handshake_on_connect is False
        self.name = server_hostname
        return sock


class Weak(Context):
    """Of a port whose library checks nothing."""

    def load_verify_locations(self, cadata):
        raise AttributeError


class Library:
    CERT_NONE = 0
    CERT_REQUIRED = 2
    PROTOCOL_TLS_CLIENT = 16
    SSLContext = Context
    made = None


class Sock:
    def __init__(self, *answers):
        self.answers = list(answers)

    def answer(self, view):
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    write = readinto = answer

    def close(self):
        self.answers = None


class Case:
    """A device with some files in its folder of certificates."""

    def __init__(self, files=(), settings=None, known=True, context=Context):
        temporary_root()
        os.mkdir(uscomo_boot.ROOT + "/s")
        for name in files:
            with open(uscomo_boot.ROOT + "/s/" + name, "wb") as file:
                file.write(name.encode())
        self.said = []
        self.settings = settings or {}
        self.known = known
        self.context = context
        self.asked = []

    def __enter__(self):
        self.kept = secure.ssl, clock.known, clock.ask
        secure.ssl = Library
        Library.SSLContext = self.context
        clock.known = lambda: self.known
        clock.ask = self.ask
        platform.phase = self.settings, self.said.append, None
        return self

    def __exit__(self, *exception):
        secure.ssl, clock.known, clock.ask = self.kept
        Library.SSLContext = Context
        platform.phase = ()

    def ask(self, server):
        self.asked.append(server)
        return False


def test_a_name_that_an_authority_has_signed():
    with Case((AUTHORITY, "fedcba9876543210", "new")) as case:
        stream = secure.wrap(Sock(3, None, 5), "dm.example")
        made = Library.made
        assert sorted(made.authorities) == [AUTHORITY.encode(), b"fedcba9876543210"]
        assert made.verify_mode == Library.CERT_REQUIRED
        assert made.name == "dm.example" and made.chain is None
        assert (stream.write(b"abc"), stream.readinto(b""), stream.readinto(b"")) == (3, None, 5)
        stream.close()
    assert case.said == []


def refused(reason, *files, **more):
    with Case(files, **more) as case:
        raises(OSError, secure.wrap, Sock(), "dm.example")
    assert case.said == ["https dm.example: " + reason]
    return case


def test_without_an_authority():
    refused("no authority is trusted")
    refused("no authority is trusted", "dm.example.crt", "dm.example.key", "new")


def test_while_the_time_is_unknown():
    case = refused("the time is unknown", AUTHORITY, known=False)
    assert case.asked == [clock.SERVER]
    case = refused("the time is unknown", AUTHORITY, known=False, settings={"ntp": "t:1"})
    assert case.asked == ["t:1"]


def test_firmware_that_checks_nothing_is_not_enough():
    refused("this firmware checks no certificates", AUTHORITY, context=Weak)


def test_unless_the_owner_says_so():
    for context in (Context, Weak):
        with Case(settings={"tls": "unchecked"}, known=False, context=context) as case:
            secure.wrap(Sock(), "dm.example")
        assert Library.made.verify_mode == Library.CERT_NONE
        assert case.said == [] and case.asked == []


def test_its_own_certificate_is_shown_to_its_server_alone():
    files = (AUTHORITY, "dm.example.crt", "dm.example.key")
    with Case(files):
        secure.wrap(Sock(), "DM.example")
        assert Library.made.chain == (b"dm.example.crt", b"dm.example.key")
        secure.wrap(Sock(), "cdn.example")
        assert Library.made.chain is None


def test_what_the_library_says():
    with Case((AUTHORITY,)) as case:
        wrong = ValueError("\nThe certificate validity has expired\n")
        stream = secure.wrap(
            Sock(OSError(2, ""), wrong, OSError(-30592, ""), OSError(104, "")), "h"
        )
        # CPython's way to say that nothing moved yet.
        assert stream.write(b"x") is None
        for _ in range(3):
            raises(OSError, stream.write, b"x")
    assert case.said == [
        "https h: The certificate validity has expired",
        "https h: TLS error -30592",
    ]
