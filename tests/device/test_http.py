import errno
import sys

from stream_script import Link, Stream

from support import raises
from uscomo import http, platform


class Call:
    # One request, answered by `script`: bytes, or a list as Stream takes it.
    def __init__(self, script, method="GET", body=None, timeout=0.02):
        self.stream = Stream([script] if isinstance(script, bytes) else script)
        self.method = method
        self.body = body
        self.timeout = timeout

    def open(self):
        with Link(self.stream):
            return http.request(self.method, "http://h/p", (), self.body, self.timeout, None)

    def failure(self):
        return raises(http.HttpError, lambda: body_of(self.open())).kind


def get(script, **more):
    return Call(script, **more).open()


def kind_of(script):
    return Call(script).failure()


def body_of(response, size=16):
    out = b""
    buffer = bytearray(size)
    while True:
        count = response.readinto(buffer)
        if not count:
            return out
        out += bytes(buffer[:count])


def test_request_bytes():
    url = "http://host:8080/a/b?c=d#e"
    stream = Stream([b"HTTP/1.1 204 No Content\r\n\r\n"], 7)
    with Link(stream) as link:
        response = http.request("POST", url, (("X-A", "1"), ("X-B", "2")), b"hello", 1, None)
    assert link.asked == [("host", 8080)]
    assert stream.sent == (
        b"POST /a/b?c=d HTTP/1.1\r\nHost: host:8080\r\nConnection: close\r\n"
        b"X-A: 1\r\nX-B: 2\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert response.status == 204 and body_of(response) == b""
    response.close()
    response.close()
    assert stream.closed == 1


class Parts:
    """A body that is never in memory whole."""

    def __len__(self):
        return 6

    def __call__(self):
        buffer = bytearray(2)
        for part in (b"ab", b"cd", b"ef"):
            buffer[:] = part
            yield buffer


def test_a_body_in_parts():
    stream = Stream([b"HTTP/1.1 204 No Content\r\n\r\n"], 7)
    with Link(stream):
        http.request("POST", "http://h/p", (), Parts(), 1, None)
    assert stream.sent.endswith(b"Content-Length: 6\r\n\r\nabcdef")


def test_empty_body_has_a_length():
    call = Call(b"HTTP/1.1 200 OK\r\n\r\n", "POST", b"")
    call.open()
    assert call.stream.sent.endswith(b"Content-Length: 0\r\n\r\n")


def test_head_of_the_answer():
    response = get(
        b"HTTP/1.1 206 Partial\r\ncontent-LENGTH: 5\r\nContent-Type: Text/XML; charset=x\r\n"
        b'ETag: "a b"\r\nLocation: http://x/\r\nContent-Range: bytes 500-504/1000\r\n\r\nhello+'
    )
    assert (response.status, response.length, response.range_start) == (206, 5, 500)
    assert (response.content_type, response.etag) == ("text/xml", '"a b"')
    assert response.location == "http://x/"
    assert body_of(response, 2) == b"hello"


def test_what_it_did_not_say():
    response = get(b"HTTP/1.0 200\r\n\r\nall of this")
    assert (response.length, response.range_start, response.etag) == (-1, -1, "")
    assert body_of(response, 3) == b"all of this"


def test_unsatisfied_range_has_no_start():
    response = get(b"HTTP/1.1 416 No\r\nContent-Range: bytes */50\r\nContent-Length: 0\r\n\r\n")
    assert response.range_start == -1 and body_of(response) == b""


def test_answer_in_single_bytes_with_pauses():
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    text += b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
    script = []
    for i in range(len(text)):
        script += [None, errno.EAGAIN, 4, text[i : i + 1]]
    response = Call(script, timeout=0.1).open()
    assert body_of(response) == b"abcde"


def test_chunks_larger_and_smaller_than_the_buffer():
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    text += b"100\r\n" + b"x" * 256 + b"\r\n" + b"1\r\ny\r\n" * 40 + b"0\r\n\r\n"
    assert body_of(get(text), 100) == b"x" * 256 + b"y" * 40


def test_interim_answers_are_passed_over():
    text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
    assert get(text + b"Content-Length: 2\r\n\r\nok").status == 200


def test_answers_without_body():
    for method, status in (("HEAD", 200), ("GET", 204), ("GET", 304)):
        text = b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n" % status
        response = get(text, method=method)
        assert response.length == 9 and body_of(response) == b""


def test_over_long_header_lines_are_skipped():
    long = b"X-Long: " + b"x" * 5000 + b"\r\nLocation: http://h/" + b"y" * 600 + b"\r\n"
    response = get(b"HTTP/1.1 200 OK\r\n" + long + b"Content-Length: 2\r\n\r\nok")
    assert response.location == "" and body_of(response) == b"ok"


def test_a_head_without_end_is_given_up():
    many = b"X-H: 1\r\n" * 3000
    assert kind_of(b"HTTP/1.1 200 OK\r\n" + many) == http.PROTOCOL
    call = Call(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000)
    assert call.failure() == http.PROTOCOL
    assert call.stream.closed == 1
    assert kind_of(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000) == http.PROTOCOL


def test_what_is_no_http():
    for text in (
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 099 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    ):
        assert kind_of(text) == http.PROTOCOL, text


def test_connection_lost():
    for script in (
        [],
        [b"HTTP/1.1 20"],
        [b"HTTP/1.1 200 OK\r\nContent-Le"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", errno.ECONNRESET],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"],
        [errno.ECONNRESET],
    ):
        assert kind_of(script) == http.UNREACHABLE, script


def test_silence():
    call = Call([None] * 100)
    assert call.failure() == http.TIMEOUT
    assert call.stream.closed == 1
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"
    assert kind_of([text] + [None] * 100) == http.TIMEOUT


def test_feed_while_waiting():
    fed = []
    text = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with Link(Stream([None] * 5 + [text])):
        http.request("GET", "http://h/", (), None, 1, lambda: fed.append(1))
    assert len(fed) >= 6


def test_each_address_has_its_time():
    fed = []
    before = platform.feed
    platform.feed = lambda: fed.append(1)
    try:
        raises(OSError, http.connect, "127.0.0.1", 1)
    finally:
        platform.feed = before
    assert fed


def test_no_connection():
    with Link():
        error = raises(http.HttpError, http.request, "GET", "http://h/", (), None, 1, None)
    assert error.kind == http.UNREACHABLE


def test_https_goes_through_who_checks_certificates():
    from uscomo import secure

    with Link(Stream([b"HTTP/1.1 200 OK\r\n\r\n"])) as link:
        http.request("GET", "https://h/x", (), None, 1, None)
    assert link.asked == [("h", 443)]
    assert link.wraps == [secure.wrap]
    assert link.used[0].sent[:6] == b"GET /x"


def test_a_board_may_go_without_https():
    import uscomo
    from uscomo import secure

    get(b"HTTP/1.1 204 OK\r\n\r\n")  # what of http is apart is there now
    try:
        del sys.modules["uscomo.secure"], uscomo.secure
        path = uscomo.__path__
        uscomo.__path__ = [] if isinstance(path, list) else "/nowhere"
        with Link() as link:
            error = raises(http.HttpError, http.request, "GET", "https://h/", (), None, 1, None)
    finally:
        uscomo.__path__ = path
        sys.modules["uscomo.secure"] = uscomo.secure = secure
    assert error.kind == http.UNSUPPORTED and link.asked == []


def test_urls():
    for url, expected in (
        ("http://h", (False, "h", 80, "h", "/")),
        ("HTTP://h:81?q", (False, "h", 81, "h:81", "/?q")),
        ("https://h/p/q?r=http://x/#f", (True, "h", 443, "h", "/p/q?r=http://x/")),
        ("http://h#f", (False, "h", 80, "h", "/")),
        ("http://h/" + "x" * 503, (False, "h", 80, "h", "/" + "x" * 503)),
    ):
        assert http.split_url(url) == expected, url
    for url in (
        "",
        "h",
        "http://",
        "ftp://h/",
        "http://u:p@h/",
        "http://[::1]/",
        "http://h:0/",
        "http://h:70000/",
        "http://h:8a/",
        "http://h/a b",
        "http://h/\r\nX: y",
        "http://h/\u00e4",
        "http://h/" + "x" * 504,
    ):
        error = raises(http.HttpError, http.split_url, url)
        assert error.kind == http.UNSUPPORTED, url
