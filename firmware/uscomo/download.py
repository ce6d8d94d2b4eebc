# Fetching a delivery package to a file: download descriptor (OMA DLOTA 1.0), redirects, resume.
#
# Never knows what a package is made of, nor what becomes of the file: a broken off download
# leaves what it got, for the next try to go on from; the caller removes it when it gives up.
# Rules: OMA Download OTA 1.0 (descriptor, status report), RFC 9110 section 14 (ranges).

import os

from uscomo import http, store
from uscomo.constant import const
from uscomo.rules import OBJECT_TYPES, PACKAGE_TYPE

DESCRIPTOR_TYPE = "application/vnd.oma.dd+xml"

_ACCEPT = ("Accept", DESCRIPTOR_TYPE + ", " + PACKAGE_TYPE)
_MAX_DESCRIPTOR = const(2048)  # in memory whole; ours have 400 bytes
_REDIRECTS = const(3)
_TRIES = const(4)  # the first and three more, each going on where the last one broke off
_TIMEOUT_S = const(30)
_FLUSH = const(16384)  # littlefs keeps nothing of an open file: at most this is fetched twice
_ENOSPC = const(28)

_REPORTS = {
    900: "Success",
    901: "Insufficient memory",
    902: "User Cancelled",
    903: "Loss of Service",
    905: "Attribute mismatch",
    906: "Invalid descriptor",
    951: "Invalid DDVersion",
    952: "Device Aborted",
    953: "Non-Acceptable Content",
    954: "Loader Error",
}


class DownloadError(Exception):
    # code: SCOMO result; status: DLOTA status; notify: where to report that status, or None
    notify = None

    def __init__(self, code, status):
        super().__init__(code)
        self.code = code
        self.status = status


def download(url, path, limit, free, buffer, feed=None, progress=None):
    """Fetches the package behind `url` (its own or its descriptor's) into the file `path`.

    At most `limit` bytes, of which `free` fit beside what lies in the file. Returns the URL for
    `notify()`, or None; `progress(received, size)`, size -1 if unknown.
    """
    fields = {}
    try:
        answer = _open(url, (_ACCEPT,), feed)
        try:
            if answer.content_type == DESCRIPTOR_TYPE:
                url, size = _read_descriptor(answer, fields)
                answer.close()
                answer = None
            elif answer.content_type in OBJECT_TYPES:
                size = answer.length
            else:
                raise DownloadError(1413, 953)
            room = min(limit, free + store.size(path))
            if size > room:
                raise DownloadError(1404, 901)
            _fetch(url, answer, size, room, path, buffer, feed, progress)
        finally:
            if answer:
                answer.close()
        return fields.get("installNotifyURI")
    except DownloadError as caught:
        error = caught
    except http.HttpError as caught:
        lost = caught.kind in (http.UNREACHABLE, http.TIMEOUT)
        error = DownloadError(1501, 903) if lost else DownloadError(1402, 954)
    except OSError as caught:
        full = caught.errno == _ENOSPC
        error = DownloadError(1404, 901) if full else DownloadError(1402, 952)
    error.notify = fields.get("installNotifyURI")
    raise error


def notify(url, status, feed=None):
    """Posts a DLOTA status report, a few times if need be; whether it was taken."""
    body = ("%d %s" % (status, _REPORTS[status])).encode()
    for _ in range(_TRIES):
        try:
            headers = (("Content-Type", "text/plain"),)
            answer = http.request("POST", url, headers, body, _TIMEOUT_S, feed)
        except http.HttpError:
            continue
        answer.close()
        if 200 <= answer.status < 300:
            return True
    return False


def _open(url, headers, feed):
    for _ in range(1 + _REDIRECTS):
        answer = http.request("GET", url, headers, None, _TIMEOUT_S, feed)
        status = answer.status
        if status in (200, 206) or (status == 416 and len(headers) > 1):
            answer.url = url
            return answer
        answer.close()
        if status in (301, 302, 303, 307, 308) and answer.location:
            url = resolve(url, answer.location)
        elif status in (401, 403, 407):
            raise DownloadError(1403, 954)
        elif status >= 500:
            raise DownloadError(1500, 954)
        else:
            break
    raise DownloadError(1402, 954)


def _fetch(url, answer, size, room, path, buffer, feed, progress):
    # `answer` is an open one to begin with, or None.
    etag = ""
    for left in range(_TRIES - 1, -1, -1):
        have = store.size(path)
        if have == size:
            break
        try:
            if answer and have:
                answer.close()
                answer = None
            if not answer:
                headers = [("Accept", PACKAGE_TYPE)]
                if have:
                    headers.append(("Range", "bytes=%d-" % have))
                    if etag:
                        headers.append(("If-Range", etag))
                answer = _open(url, headers, feed)
            etag = answer.etag
            if answer.status == 416:  # what lies here is nothing of theirs
                os.remove(path)
                continue
            _spool(answer, size, room, path, buffer, progress)
            break
        except http.HttpError as error:
            if not left or error.kind not in (http.UNREACHABLE, http.TIMEOUT):
                raise
        finally:
            if answer:
                answer.close()
            answer = None
    else:
        raise DownloadError(1402, 954)


def _spool(answer, size, room, path, buffer, progress):
    have = 0
    if answer.status == 206:
        have = answer.range_start
        if have != store.size(path):
            raise DownloadError(1402, 954)
    if answer.content_type not in OBJECT_TYPES:
        raise DownloadError(1402, 905)
    if size >= 0 and answer.length >= 0 and have + answer.length != size:
        raise DownloadError(1402, 905)
    view = memoryview(buffer)
    flushed = have
    with open(path, "ab" if have else "wb") as file:
        while True:
            count = answer.readinto(buffer)
            if not count:
                break
            have += count
            if 0 <= size < have:
                raise DownloadError(1402, 905)
            if have > room:
                raise DownloadError(1404, 901)
            file.write(view[:count])
            if have - flushed >= _FLUSH:
                file.flush()
                flushed = have
            if progress:
                progress(have, size)
    if have < size:  # an answer without length has no other way to say that it broke off
        raise http.HttpError(http.UNREACHABLE)


def resolve(base, reference):
    """The absolute URL of `reference`, found in a document at `base` (RFC 3986, 5.2)."""
    if ":" in reference.partition("/")[0].partition("?")[0]:
        return reference
    secure, _, _, host, path = http.split_url(base)
    scheme = "https:" if secure else "http:"
    if reference[:2] == "//":
        return scheme + reference
    path = path.partition("?")[0]
    if reference[:1] == "/":
        path = reference
    elif reference[:1] == "?":
        path += reference
    else:
        path = path[: path.rfind("/") + 1]
        while reference[:2] == "./" or reference[:3] == "../":
            step, _, reference = reference.partition("/")
            if step == ".." and path != "/":
                path = path[: path.rfind("/", 0, -1) + 1]
        path += reference
    return scheme + "//" + host + path


def _read_descriptor(answer, fields):
    # (URL, size) of the package
    document = bytearray(_MAX_DESCRIPTOR)
    view = memoryview(document)
    end = 0
    while True:
        count = answer.readinto(view[end:]) if end < _MAX_DESCRIPTOR else 0
        if not count:
            break
        end += count
    try:
        if end == _MAX_DESCRIPTOR:
            raise ValueError
        _scan(document, end, fields)
    except ValueError:  # UnicodeError is one
        raise DownloadError(1402, 906)
    finally:
        if "installNotifyURI" in fields:
            fields["installNotifyURI"] = resolve(answer.url, fields["installNotifyURI"])
    size = fields.get("size", "")
    if not size.isdigit() or not int(size) or "type" not in fields or "objectURI" not in fields:
        raise DownloadError(1402, 906)
    if fields.get("DDVersion", "1.0").partition(".")[0] != "1":
        raise DownloadError(1402, 951)
    if PACKAGE_TYPE not in fields["type"].split():
        raise DownloadError(1413, 953)
    return resolve(answer.url, fields["objectURI"]), int(size)


def _scan(document, end, fields):
    # A flat descriptor: the texts of the root's children go into `fields`, nothing deeper does.
    # ValueError for what is not well-formed, as far as a device cares, or brings a DTD.
    position = depth = 0
    text = b""
    while True:
        start = document.find(b"<", position, end)
        if start < 0:
            break
        text += bytes(document[position:start])
        if document[start : start + 4] == b"<!--":
            position = document.index(b"-->", start + 4, end) + 3
        elif document[start : start + 9] == b"<![CDATA[":
            position = document.index(b"]]>", start, end) + 3
            raw = bytes(document[start + 9 : position - 3])
            text += raw.replace(b"&", b"&amp;")
        else:
            position = document.index(b">", start, end) + 1
            tag = str(bytes(document[start + 1 : position - 1]), "utf-8")
            if tag[:1] == "!":
                raise ValueError
            name = tag.strip("/").split()[0].rpartition(":")[2] if tag.strip("/ ") else ""
            if tag[:1] == "/":
                if depth == 2:
                    value = _unescape(str(text, "utf-8")).strip()
                    # `type` may be repeated; types have no blanks in them
                    fields[name] = fields[name] + " " + value if name in fields else value
                depth -= 1
            elif tag[:1] != "?" and tag[-1:] != "/":
                depth += 1
                if depth == 1 and name != "media":
                    raise ValueError
            text = b""
    if depth or document[position:end].strip():
        raise ValueError


def _unescape(text):
    for name, character in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ):
        text = text.replace(name, character)
    return text
