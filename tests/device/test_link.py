# The board's end of a stream over the console, with a scripted line in place of stdin and stdout.
# What bad lines do to it is tested against the host's own end, in tests/board.
import sys
import time

from link_host import ACK, CLOSE, DATA, OPEN, Host, frame, patient

from support import MICROPYTHON, raises
from uscomo import console, http, link, platform


class Stdin:
    stdin = 0


def opened(answer):
    host = Host(answer)
    end = link.Link(host.read, host.write, host.poll)
    return host, end.open(b"http://local:80")


def test_a_question_and_its_answer():
    def answer(kind, sequence, stream, data):
        out = patient(kind, sequence, stream, data)
        if data == b"question":
            out += frame(DATA, 0, stream, b"ans") + frame(DATA, 1, stream, b"wer\x03\x1e")
            out += frame(DATA, 2, stream)
        return out

    host, end = opened(answer)
    assert end.write(b"question") == 8
    found = b""
    buffer = memoryview(bytearray(4))
    while True:
        count = end.readinto(buffer)
        if not count:
            break
        found += bytes(buffer[:count])
    assert (found, count) == (b"answer\x03\x1e", 0)
    end.close()
    assert host.seen[:2] == [(OPEN, 0, b"http://local:80"), (DATA, 1, b"question")]
    assert host.seen[2:] == [(ACK, 0, b""), (ACK, 1, b""), (ACK, 2, b""), (CLOSE, 0, b"")]


def test_frames_are_no_longer_than_the_other_ends_buffer():
    host, end = opened(patient)
    view = memoryview(bytes(300))
    while len(view):
        view = view[end.write(view) :]
    assert [len(data) for _, _, data in host.seen[1:]] == [128, 128, 44]


def test_what_is_not_answered_is_sent_again_and_the_frames_get_smaller():
    lost = [True, True, False] * 9

    def answer(kind, sequence, stream, data):
        if kind == DATA and lost.pop(0):
            return b""
        return patient(kind, sequence, stream, data)

    host, end = opened(answer)
    view = memoryview(bytes(range(200)))
    while len(view):
        count = end.write(view)
        view = view[count or 0 :]
        time.sleep(0.002)
    sizes = [len(data) for _, _, data in host.seen[1:]]
    # Each as it was the first time.
    assert sizes[:9] == [128] * 3 + [32] * 6, sizes
    assert b"".join([data for _, _, data in host.seen[1::3]]) == bytes(range(200))


def test_what_comes_twice_or_out_of_order_is_taken_once():
    def answer(kind, sequence, stream, data):
        if kind == DATA:
            first = frame(DATA, 0, stream, b"one ")
            return (
                patient(kind, sequence, stream, data)
                + frame(DATA, 1, stream, b"two ")
                + first[:-1]
                + bytes([first[-1] ^ 1])
                + first
                + first
                + frame(DATA, 1, stream + 1, b"no! ")
                + frame(DATA, 1, stream, b"two ")
            )
        return patient(kind, sequence, stream, data)

    host, end = opened(answer)
    assert end.write(b"x") == 1
    buffer = memoryview(bytearray(8))
    assert end.readinto(buffer) == 4 and bytes(buffer[:4]) == b"one "
    assert end.readinto(buffer) == 4 and bytes(buffer[:4]) == b"two "
    assert end.readinto(buffer) is None
    assert host.seen[2:] == [(ACK, 255, b""), (ACK, 0, b""), (ACK, 0, b""), (ACK, 1, b"")]


def test_nobody_there_and_no():
    began = platform.ticks()
    error = raises(OSError, lambda: opened(lambda *frame: b""))
    assert error.args[0] == 110 and 2000 < platform.elapsed(began) < 10000
    refusal = lambda kind, sequence, stream, data: frame(CLOSE, 0, stream)  # noqa: E731
    assert raises(OSError, lambda: opened(refusal)).args[0] == 104


def test_a_frame_that_is_too_long_is_none():
    def answer(kind, sequence, stream, data):
        long = frame(DATA, 0, stream, bytes(200))
        return patient(kind, sequence, stream, data) + long + frame(DATA, 0, stream, b"right")

    _, end = opened(answer)
    assert end.write(b"x") == 1
    buffer = memoryview(bytearray(8))
    while True:
        count = end.readinto(buffer)
        if count:
            break
    assert bytes(buffer[:count]) == b"right"


def test_text_between_frames_is_the_consoles():
    def answer(kind, sequence, stream, data):
        return b"ye" + patient(kind, sequence, stream, data) + b"s\n"

    _, end = opened(answer)
    assert end.character() == "y"
    real = platform.character
    platform.character = end.character
    if not MICROPYTHON:
        # pytest's is none that can be waited for.
        console.sys = Stdin
    try:
        assert console.line() == "es"
    finally:
        platform.character = real
        console.sys = sys


def test_the_end_of_the_input():
    host, end = opened(patient)
    host.poll = lambda ms: (1,)
    host.read = lambda buffer: 0
    end = link.Link(host.read, host.write, host.poll)
    assert end.character() == ""


def _refused(host, port):
    raise OSError(111, "refused")


def test_http_takes_the_cable_where_that_carries_it():
    def answer(kind, sequence, stream, data):
        out = patient(kind, sequence, stream, data)
        if data[-4:] == b"\r\n\r\n":
            out += frame(DATA, 0, stream, b"HTTP/1.1 204 OK\r\n\r\n") + frame(DATA, 1, stream)
        return out

    host = Host(answer)
    link._link = link.Link(host.read, host.write, host.poll)
    connect = http.connect
    http.connect = _refused
    try:
        # Nobody is there: no server's URL makes the device talk to its console.
        error = raises(http.HttpError, http.request, "GET", "http://local/dm", (), None, 5, None)
        assert error.kind == http.UNREACHABLE and not host.seen
        platform.carrier = link.connect
        response = http.request("GET", "http://local/dm", (), None, 5, None)
        assert response.status == 204
        response.close()
        # The other end does TLS.
        http.request("GET", "https://dm.example:8443/dm", (), None, 5, None).close()
    finally:
        platform.carrier = None
        http.connect = connect
        link._link = None
    assert host.seen[0] == (OPEN, 0, b"http://local:80")
    assert (OPEN, 0, b"https://dm.example:8443") in host.seen
