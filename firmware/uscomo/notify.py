# Notifications, package 0: a server asks for a session. Stays in memory where the device listens,
# so it is small: what a check needs is imported when a datagram came, and let go. Never answers a
# datagram and never says on the network what it thought of it.
# Source: OMA DM Notification 1.2, sections 5 and 6. Digest: B64(H(server:secret)) ":" nonce ":"
# B64(H(trigger)), hashed; the trigger is all that follows the digest.
#
#   digest 16 | version, ui mode, initiator, future use 5 | session id 2 | length 1 | server id
from uscomo import platform
from uscomo.constant import const

# The longest datagram read: a server's id of full length, and a little of its own.
_SIZE = const(320)
_HEAD = const(24)
# Versions of the format, times ten.
_OLDEST = const(10)
_NEWEST = const(12)

# Session ids of accepted notifications, kept to drop their repetitions.
_MAX_SEEN = const(8)
# Whoever heard a notification with the zero nonce can send it again: one in this time, in ms.
_ZERO_PAUSE = const(60000)
# After a datagram that was none of ours the next one is looked at so much later, in ms.
_PAUSE = const(1000)

# What a check brings in, for platform.end_phase().
MODULES = ("dmacc", "digest", "md5")


class Listener:
    """A UDP port, or what has poll(ms), recv(size) and close() in its place; poll() it."""

    def __init__(self, port, bearer=None):
        self._socket = self._poll = bearer
        if not bearer:
            import select
            import socket

            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN)
        self._data = None
        self._seen = []
        self._zero = self._refused = None

    def waiting(self):
        """Whether a datagram has come that poll() should look at; needs no nodes."""
        if self._data:
            return True
        if self._refused is not None:
            if 0 <= platform.elapsed(self._refused) < _PAUSE:
                return False
            self._refused = None
        # Asked first: an empty port must not cost an allocation each time. Not readinto(), which
        # on MicroPython puts one datagram behind the other until the buffer is full.
        if not self._poll.poll(0):
            return False
        try:
            data = self._socket.recv(_SIZE)
        except OSError:
            return False
        # Everything that can be said against it without a file.
        if len(data) > _HEAD and data[23] and _HEAD + data[23] <= len(data):
            version = data[16] << 2 | data[17] >> 6
            if _OLDEST <= version <= _NEWEST and (data[21] or data[22]):
                self._data = data
                return True
        return False

    def poll(self, nodes):
        """The (account, session id) of a good notification, or None."""
        if nodes is None or not self.waiting():
            return None
        data = self._data
        self._data = None
        session_id = b"%X" % (data[21] << 8 | data[22])
        try:
            account, zero = verify(data, nodes)
        finally:
            platform.end_phase(MODULES)
        if not account:
            self._refused = platform.ticks()
            return None
        entry = account, session_id
        if entry in self._seen:
            return None
        if zero:
            if self._zero is not None and 0 <= platform.elapsed(self._zero) < _ZERO_PAUSE:
                return None
            self._zero = platform.ticks()
        self._seen = self._seen[1 - _MAX_SEEN :] + [entry]
        return entry

    def close(self):
        """Listen no more."""
        self._socket.close()


def verify(data, nodes):
    """Whose notification it is: (account, whether it was made with the zero nonce), or None."""
    from uscomo import digest, dmacc

    server_id = data[_HEAD : _HEAD + data[23]]
    # Some servers write the zero nonce as a text.
    text = nodes.get("~set/zero_nonce") == b"text"
    trigger = zeros = None
    for name in nodes.children("DMAcc"):
        if nodes.get("DMAcc/" + name + "/ServerID") != server_id:
            continue
        account = dmacc.Account(nodes, name)
        if not account.server_auth:
            continue  # no secret to check it with
        if trigger is None:
            trigger = b":" + digest.base64(digest.md5(data[16:]))
            given = digest.base64(data[:16])
            zeros = (bytes(4), b"0x00000000") if text else (bytes(4),)
        for nonce in (account.server_nonce,) + zeros:
            made = digest.credential(server_id, account.server_secret, nonce + trigger)
            if digest.equal(made, given):
                return name, nonce in zeros
    return None, False
