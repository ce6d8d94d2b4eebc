import errno
import os

from stream_script import Link, Stream

from support import raises, temporary_root
from uscomo import download, http

PACKAGE = bytes(range(250)) * 8  # anything
SIZE = 2000
TYPE = "application/vnd.uscomo.package+gzip"


def answer(status, body=b"", *headers):
    head = "HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(body))
    return (head + "".join(line + "\r\n" for line in headers) + "\r\n").encode() + body


def descriptor(more="", size=SIZE, kind=TYPE, uri="/p.pkg"):
    text = "<media xmlns='http://www.openmobilealliance.org/xmlns/dd'>"
    text += "<type>%s</type><size>%s</size><objectURI>%s</objectURI>" % (kind, size, uri)
    text += more + "</media>"
    return described(text.encode())


def described(document):
    return answer(200, document, "Content-Type: application/vnd.oma.dd+xml")


def package(status=200, start=0, end=SIZE, *headers):
    if status == 206:
        headers += ("Content-Range: bytes %d-%d/%d" % (start, end - 1, SIZE),)
    return answer(status, PACKAGE[start:end], "Content-Type: " + TYPE, *headers)


class Case:
    # Answers to expect in turn: bytes of a whole answer, or a list as Stream takes it.
    def __init__(self, *answers):
        self.link = Link(*[Stream([a] if isinstance(a, bytes) else a) for a in answers])
        self.path = temporary_root() + "/p"
        self.seen = []
        self.limit = 100000
        self.free = 100000

    def run(self):
        with self.link:
            return download.download(
                "http://h/d/x.dd",
                self.path,
                self.limit,
                self.free,
                bytearray(128),
                None,
                lambda have, size: self.seen.append((have, size)),
            )

    def fails(self, code, status):
        error = raises(download.DownloadError, self.run)
        assert (error.code, error.status) == (code, status), (error.code, error.status)
        return error

    def put(self, data):
        with open(self.path, "wb") as file:
            file.write(data)

    def got(self):
        with open(self.path, "rb") as file:
            return file.read()

    def sent(self, number):
        return self.link.used[number].sent


def failure(code, status, *answers):
    return Case(*answers).fails(code, status)


def test_descriptor_and_package():
    case = Case(descriptor("<installNotifyURI>report?id=4</installNotifyURI>"), package())
    assert case.run() == "http://h/d/report?id=4"
    assert case.got() == PACKAGE
    assert case.seen[-1] == (2000, 2000) and len(case.seen) >= 16
    assert case.sent(0).startswith(b"GET /d/x.dd HTTP/1.1\r\n")
    assert b"Accept: application/vnd.oma.dd+xml, " + TYPE.encode() in case.sent(0)
    assert case.sent(1).startswith(b"GET /p.pkg HTTP/1.1\r\n")
    assert b"Range" not in case.sent(1)
    assert all(stream.closed == 1 for stream in case.link.used)


def test_package_without_descriptor():
    case = Case(package())
    assert case.run() is None
    assert case.got() == PACKAGE


def test_package_of_unknown_length():
    head = ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % TYPE).encode()
    case = Case([head, PACKAGE])
    case.run()
    assert case.got() == PACKAGE
    assert case.seen[-1] == (2000, -1)


def test_goes_on_after_a_lost_connection():
    first = package(200, 0, 2000, 'ETag: "v1"')
    case = Case(
        descriptor(),
        [first[:-1000], errno.ECONNRESET],
        [package(206, 1000)[:-500]],
        package(206, 1500),
    )
    case.run()
    assert case.got() == PACKAGE
    assert b'Range: bytes=1000-\r\nIf-Range: "v1"\r\n' in case.sent(2)
    assert b"Range: bytes=1500-\r\n" in case.sent(3)


def test_goes_on_after_a_restart():
    for first in (descriptor(), package()):
        case = Case(first, package(206, 700))
        case.put(PACKAGE[:700])
        case.run()
        assert case.got() == PACKAGE
        assert b"Range: bytes=700-\r\n" in case.sent(1)


def test_whole_file_is_not_fetched_again():
    case = Case(descriptor())
    case.put(PACKAGE)
    case.run()
    assert case.got() == PACKAGE


def test_server_without_ranges_begins_anew():
    case = Case(descriptor(), package())
    case.put(b"?" * 700)
    case.run()
    assert case.got() == PACKAGE


def test_unsatisfied_range_begins_anew():
    case = Case(descriptor(), answer(416), package())
    case.put(b"?" * 3000)
    case.run()
    assert case.got() == PACKAGE


def test_other_range_than_asked_for():
    case = Case(descriptor(), package(206, 600))
    case.put(PACKAGE[:700])
    case.fails(1402, 954)


def test_gives_up_after_four_broken_connections():
    case = Case(descriptor(), *[[package(206, i, 2000)[: -1999 + i]] for i in range(5)])
    case.link.waiting[1] = Stream([package()[:-1999]])
    case.fails(1501, 903)
    assert len(case.link.waiting) == 1
    assert case.got() == PACKAGE[:4]


def test_short_package_without_length():
    head = ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % TYPE).encode()
    case = Case(descriptor(), [head, PACKAGE[:900]], package(206, 900))
    case.run()
    assert case.got() == PACKAGE


def test_statuses():
    for status, code in (
        (400, 1402),
        (401, 1403),
        (403, 1403),
        (404, 1402),
        (407, 1403),
        (410, 1402),
        (416, 1402),
        (500, 1500),
        (503, 1500),
        (204, 1402),
        (304, 1402),
    ):
        failure(code, 954, answer(status))
        failure(code, 954, descriptor(), answer(status))


def test_unreachable_and_silent():
    failure(1501, 903)
    failure(1501, 903, [errno.ECONNRESET])
    error = failure(1501, 903, descriptor("<installNotifyURI>/r</installNotifyURI>"))
    assert error.notify == "http://h/r"


def test_no_http_and_no_http_url():
    failure(1402, 954, b"220 smtp\r\n")
    failure(1402, 954, descriptor(uri="ftp://h/p"))


def test_redirects():
    def to(place):
        return answer(302, b"", "Location: " + place)

    case = Case(
        to("/e/"), to("http://i:81/f"), to("g.dd"), descriptor(uri="p"), to("q"), package()
    )
    case.run()
    assert case.link.asked == [("h", 80), ("h", 80), ("i", 81), ("i", 81), ("i", 81), ("i", 81)]
    assert case.sent(3)[:9] == b"GET /g.dd"
    assert case.sent(5)[:7] == b"GET /q "
    failure(1402, 954, to("/1"), to("/2"), to("/3"), to("/4"), package())
    failure(1402, 954, answer(302))
    failure(1402, 954, to("ftp://h/"))


def test_no_room():
    for name in ("limit", "free"):
        for first in (descriptor(), package()):
            case = Case(first, package())
            setattr(case, name, 1999)
            case.fails(1404, 901)
            assert len(case.link.used) == 1
    head = ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % TYPE).encode()
    case = Case([head, PACKAGE])
    case.limit = 1999
    case.fails(1404, 901)


def test_room_that_the_part_on_flash_already_has():
    case = Case(descriptor(), package(206, 700))
    case.put(PACKAGE[:700])
    case.free = 1300
    case.run()


def test_full_flash():
    case = Case(descriptor(), package())

    def full(have, size):
        raise OSError(28, "full")

    with case.link:
        error = raises(
            download.DownloadError,
            lambda: download.download(
                "http://h/", case.path, 9999, 9999, bytearray(128), None, full
            ),
        )
    assert (error.code, error.status) == (1404, 901)


def test_sizes_that_do_not_match():
    failure(1402, 905, descriptor(size=1999), package())
    failure(1402, 905, descriptor(size=2001), package())
    head = ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n" % TYPE).encode()
    failure(1402, 905, descriptor(size=1999), [head, PACKAGE])


def test_types():
    failure(1413, 953, answer(200, b"<html>", "Content-Type: text/html"))
    failure(1413, 953, descriptor(kind="application/octet-stream"))
    failure(1402, 905, descriptor(), answer(200, PACKAGE, "Content-Type: text/html"))
    for kind in ("Content-Type: application/octet-stream", "X: y"):
        Case(descriptor(), answer(200, PACKAGE, kind)).run()


def test_descriptors_that_are_taken():
    wanted = "<size>2000</size><objectURI>/p?a&amp;b=&quot;&lt;&apos;</objectURI>"
    kinds = "<type>application/zip</type><type>\n " + TYPE + "\t</type>"
    for text in (
        "<?xml version='1.0'?><!-- <size>1</size> --><media>" + wanted + kinds + "</media>\n",
        "<d:media xmlns:d='u'><d:name/>" + kinds + "<x><size>1</size></x>" + wanted + "</d:media>",
        "<media><name><![CDATA[<size>1</size>]]></name>" + kinds + wanted + "</media>",
        "<media><DDVersion>1.7</DDVersion>" + kinds + wanted + "<nextURL>z</nextURL></media>",
    ):
        case = Case(described(text.encode()), package())
        case.run()
        assert case.got() == PACKAGE
        assert case.sent(1).startswith(b"GET /p?a&b=\"<' HTTP/1.1"), case.sent(1)


def test_descriptors_that_are_refused():
    whole = "<type>%s</type><size>2000</size><objectURI>/p</objectURI>" % TYPE
    for body, status in (
        ("<media></media>", 906),
        ("<media>" + whole.replace("size", "sice") + "</media>", 906),
        ("<media>" + whole.replace("type", "tape") + "</media>", 906),
        ("<media>" + whole.replace("objectURI", "objectURL") + "</media>", 906),
        ("<media>" + whole.replace("2000", "0") + "</media>", 906),
        ("<media>" + whole.replace("2000", "-1") + "</media>", 906),
        ("<media>" + whole.replace("2000", "abc") + "</media>", 906),
        ("<media>" + whole + "<DDVersion>2.0</DDVersion></media>", 951),
        ("<media>" + whole, 906),
        ("<medium>" + whole + "</medium>", 906),
        ("<!DOCTYPE media [<!ENTITY x 'y'>]><media>" + whole + "</media>", 906),
        ("<media>" + whole + "</media>tail", 906),
        ("<media>" + whole + "<name", 906),
        ("<media>" + whole + "<name>" + "n" * 2048 + "</name></media>", 906),
        ("", 906),
    ):
        failure(1402, status, described(body.encode()))
    failure(1402, 906, described(b"<media><type>\xff</type></media>"))


def test_report_address_of_a_broken_descriptor():
    text = b"<media><installNotifyURI>/r</installNotifyURI><size>"
    assert failure(1402, 906, described(text)).notify == "http://h/r"
    assert failure(1402, 906, described(b"<media>")).notify is None


def test_status_report():
    link = Link(Stream([answer(500)]), Stream([answer(204)]))
    with link:
        assert download.notify("http://h/r?id=1", 900)
    assert link.used[1].sent.endswith(
        b"Content-Type: text/plain\r\nContent-Length: 11\r\n\r\n900 Success"
    )
    assert link.used[1].sent.startswith(b"POST /r?id=1 ")


def test_status_report_that_nobody_takes():
    link = Link(*[Stream([answer(500)]) for _ in range(9)])
    with link:
        assert not download.notify("http://h/r", 954)
    assert len(link.used) == 4
    with Link():
        assert not download.notify("http://h/r", 954)


def test_relative_addresses():
    for base, reference, expected in (
        ("http://h:8/p/q/r?x=/z", "a", "http://h:8/p/q/a"),
        ("http://h:8/p/q/r?x=/z", "/a", "http://h:8/a"),
        ("http://h:8/p/q/r?x=/z", "?y", "http://h:8/p/q/r?y"),
        ("http://h:8/p/q/r?x=/z", "../a", "http://h:8/p/a"),
        ("http://h:8/p/q/r?x=/z", "../../../a", "http://h:8/a"),
        ("http://h:8/p/q/r?x=/z", "./a", "http://h:8/p/q/a"),
        ("https://h", "//i/a", "https://i/a"),
        ("https://h?x", "/a", "https://h/a"),
        ("http://h", "a", "http://h/a"),
        ("http://h/", "http://i/", "http://i/"),
        ("http://h/", "ftp://i/", "ftp://i/"),
        ("http://h/", "a?b=c://d", "http://h/a?b=c://d"),
    ):
        assert download.resolve(base, reference) == expected, (base, reference)


def test_nothing_is_left_open():
    case = Case(descriptor(), [package()[:-100], errno.ECONNRESET], answer(404))
    case.fails(1402, 954)
    assert [stream.closed for stream in case.link.used] == [1, 1, 1]
    assert http.connect is case.link.real
    assert os.stat(case.path)[6] == 1900
