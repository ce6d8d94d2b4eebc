# HTTP/1.1 client over any byte stream (RFC 9110, RFC 9112): one request, one answer.
#
# A stream has `readinto(view)` and `write(view)`, both returning a count, or None when nothing
# moved yet, and `close()`. `connect` and `connect_tls` make one, in their place `platform.carrier`
# where HTTP goes over the console. Where nobody can be reached, `net` may join a network.
# Nothing is sized by what the server says: an over-long header line is skipped, a body is read
# into the caller's buffer. Never follows a redirect, never keeps a connection.

import time

from uscomo import platform
from uscomo.constant import const

# Kinds of HttpError.
UNREACHABLE = const(1)  # no connection, or it broke before the end
TIMEOUT = const(2)  # nothing moved for the given time
PROTOCOL = const(3)  # not HTTP/1.x, or over a limit of this module
UNSUPPORTED = const(4)  # a URL that this device cannot go to

MAX_URL = const(512)
_LINE = const(560)  # "Content-Location: " and a URL of full length
_CHUNK = const(128)  # read at once of a head; of a body, as much as the caller has room for
_HEAD = const(16384)  # all of an answer's head; what nginx and others send fits several times
_CONNECT_S = const(7)  # connect() cannot feed a watchdog, and that of rp2 bites at 8.4 s
_PAUSES_PER_S = const(500)
_EINTR = const(4)
_EAGAIN = const(11)


class HttpError(Exception):
    # Not an OSError: a full flash must not look like a lost connection.
    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


def connect(host, port, wrap=None):
    import socket

    error = None
    for info in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        platform.feed()  # looking a name up has taken its time, and there may be many addresses
        sock = socket.socket(info[0], info[1], info[2])
        try:
            sock.settimeout(_CONNECT_S)
            sock.connect(info[-1])
            sock.setblocking(False)
            if wrap:
                return wrap(sock, host)
        except OSError as caught:
            sock.close()
            error = caught
            continue
        if hasattr(sock, "readinto"):
            return sock
        stream = sock.makefile("rwb", 0)  # CPython's sockets are no streams
        sock.close()
        return stream
    raise error or OSError(_EAGAIN)


def connect_tls(host, port):
    try:
        from uscomo import secure
    except ImportError:
        raise HttpError(UNSUPPORTED)
    return connect(host, port, secure.wrap)


def _joined():
    # Whether a network was joined just now, of those that this device was given.
    if platform.cable or not platform.phase or not platform.phase[2].keys("~net/"):
        return False
    try:
        from uscomo import net
    except ImportError:
        return False
    return net.join(*platform.phase)


def split_url(url):
    """(secure, host, port, host as in the Host header, path with query)"""
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    end = len(rest)
    for mark in "/?#":
        if mark in rest[:end]:
            end = rest.find(mark)
    authority = rest[:end]
    path = rest[end:].partition("#")[0]
    host, _, port = authority.partition(":")
    usable = scheme in ("http", "https") and host and len(url) <= MAX_URL
    for c in url:
        usable = usable and "!" <= c <= "~"
    if not port:
        port = "443" if scheme == "https" else "80"
    # User names in a URL and IPv6 literals are refused with the rest.
    usable = usable and "@" not in authority and "[" not in authority
    if not usable or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536:
        raise HttpError(UNSUPPORTED)
    if path[:1] != "/":
        path = "/" + path
    return scheme == "https", host, int(port), authority, path


def request(method, url, headers, body, timeout_s, feed):
    """Sends one request; `headers` are (name, value) pairs, `body` bytes-like or None, or what has
    a length and yields its parts when it is called."""
    secure, host, port, authority, path = split_url(url)
    carrier = platform.carrier
    opener = connect_tls if secure else connect
    head = "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n" % (method, path, authority)
    for pair in headers:
        head += "%s: %s\r\n" % pair
    if body is not None:
        head += "Content-Length: %d\r\n" % len(body)
    head = (head + "\r\n").encode()
    if feed:
        feed()
    try:
        if carrier:
            stream = carrier(secure, host, port)
        else:
            try:
                stream = opener(host, port)
            except OSError:
                if not _joined():
                    raise
                stream = opener(host, port)
    except OSError:
        raise HttpError(UNREACHABLE)
    response = Response(stream, timeout_s, feed)
    try:
        response._send(head)
        if body:
            for part in body() if callable(body) else (body,):
                response._send(part)
        response._receive_head(method)
    except BaseException:
        response.close()
        raise
    return response


class Response:
    # What the head said; -1 and "" stand for "it did not say".
    status = 0
    length = -1
    range_start = -1
    content_type = ""  # lower case, without parameters
    location = ""
    etag = ""
    proof = ""  # x-syncml-hmac

    def __init__(self, stream, timeout_s, feed):
        self._stream = stream
        self._pauses = int(timeout_s * _PAUSES_PER_S)
        self._feed = feed
        self._view = memoryview(bytearray(_CHUNK))  # received, not yet taken: start to end
        self._start = self._end = 0
        self._line_buffer = bytearray(_CHUNK)  # of _LINE bytes once there is such a line
        self._budget = _HEAD  # bytes of lines until it is called nonsense
        self._chunked = False
        self._left = -1  # bytes to come of the body or chunk, -1: up to the end of the stream

    def close(self):
        if self._stream:
            self._stream.close()
            self._stream = None

    def _move(self, transfer, view):
        # One successful readinto or write. The time is counted in pauses: the clock may be set
        # while this waits, and not every port has a monotonic one.
        pauses = self._pauses
        while True:
            if self._feed:
                self._feed()
            count = None
            try:
                count = transfer(view)
            except OSError as error:
                if error.errno not in (_EINTR, _EAGAIN):
                    raise HttpError(UNREACHABLE)
            if count is not None:
                return count
            if pauses <= 0:
                raise HttpError(TIMEOUT)
            pauses -= 1
            time.sleep(1 / _PAUSES_PER_S)

    def _send(self, data):
        view = memoryview(data)
        while len(view):
            view = view[self._move(self._stream.write, view) :]

    def _take(self, view):
        if self._start == self._end:
            return self._move(self._stream.readinto, view)
        count = min(len(view), self._end - self._start)
        view[:count] = self._view[self._start : self._start + count]
        self._start += count
        return count

    def _line(self):
        # The next line without its end. Of an over-long line, _LINE bytes are kept.
        line = self._line_buffer
        length = 0
        while True:
            if self._start == self._end:
                self._end = self._move(self._stream.readinto, self._view)
                self._start = 0
                if not self._end:
                    raise HttpError(UNREACHABLE)
            byte = self._view[self._start]
            self._start += 1
            self._budget -= 1
            if self._budget < 0:
                raise HttpError(PROTOCOL)
            if byte == 10:
                break
            if length < _LINE:
                if length == len(line):
                    line = bytearray(_LINE)
                    line[:length] = self._line_buffer
                    self._line_buffer = line
                line[length] = byte
                length += 1
        if length and line[length - 1] == 13:
            length -= 1
        return bytes(memoryview(line)[:length])

    def _receive_head(self, method):
        while self.status < 200:  # 1xx: another head follows
            line = self._line()
            self.status = _number(line[9:12])
            if line[:7] != b"HTTP/1." or self.status < 100:
                raise HttpError(PROTOCOL)
            line = self._line()
            while line:
                if len(line) < _LINE:
                    self._header(line)
                line = self._line()
        if method == "HEAD" or self.status in (204, 304):
            self._left = 0
            self._chunked = False
        elif self._chunked:
            self._left = 0
        else:
            self._left = self.length

    def _header(self, line):
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip()
        if name == b"content-length":
            length = _number(value)
            if self.length not in (-1, length):
                raise HttpError(PROTOCOL)
            self.length = length
        elif name == b"transfer-encoding":
            if value.lower() != b"chunked":
                raise HttpError(PROTOCOL)
            self._chunked = True
        elif name == b"content-type":
            self.content_type = _text(value.partition(b";")[0].strip().lower())
        elif name == b"content-range":
            # bytes 500-999/1000; an unsatisfied one, "bytes */1000", says no start
            start = value[6:].partition(b"-")[0]
            if value[:6] == b"bytes " and start.isdigit():
                self.range_start = _number(start)
        elif name == b"location":
            self.location = _text(value)
        elif name == b"etag":
            self.etag = _text(value)
        elif name == b"x-syncml-hmac":
            self.proof = _text(value)

    def readinto(self, buffer):
        """Fills some of `buffer` with the body; 0 at its end."""
        if self._chunked and self._left == 0:
            self._next_chunk()
        if self._left == 0 or not len(buffer):
            return 0
        view = memoryview(buffer)
        if 0 < self._left < len(view):
            view = view[: self._left]
        count = self._take(view)
        if self._left > 0:
            if not count:
                raise HttpError(UNREACHABLE)
            self._left -= count
            if self._chunked and self._left == 0:
                self._line()  # the line end behind the chunk
        elif not count:
            self._left = 0
        return count

    def _next_chunk(self):
        self._budget = _HEAD
        digits = self._line().partition(b";")[0].strip()
        try:
            size = int(digits, 16)
        except ValueError:
            size = -1
        if size < 0 or len(digits) > 8:
            raise HttpError(PROTOCOL)
        self._left = size
        if not size:
            self._chunked = False
            while self._line():  # trailers
                pass


def _number(digits):
    if not digits.isdigit() or len(digits) > 10:
        raise HttpError(PROTOCOL)
    return int(digits)


def _text(value):
    # Printable ASCII or nothing: an etag is sent back in a header.
    for byte in value:
        if not 32 <= byte < 127:
            return ""
    return str(value, "utf-8")
