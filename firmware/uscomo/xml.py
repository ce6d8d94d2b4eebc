# XML at the bearer, for accounts that want it (DMAcc/<name>/Ext/Form): what the session has
# written as WBXML goes out as XML, and an answer in XML becomes WBXML while it comes in. Never
# holds a document, expands no entity but XML's own five, looks at no DTD and no namespace.
# Rules: OMA SyncML RepPro 1.2 for DM, sections 6.1 and 6.3; TND 1.2 7.7 for octets; XML 1.0.
from binascii import b2a_base64

from uscomo import markup, syncml, wbxml
from uscomo.constant import const
from uscomo.session import MAC

# Sent and received at once; a tag with its attributes has to fit.
_SIZE = const(512)
# The session counts in WBXML, and the peer in XML, which is longer: so many times at most.
_LONGER = const(5)
# Octets that become one line of base64.
_LINE = const(48)

_XML = "application/vnd.syncml.dm+xml"
_EITHER = _XML + ", application/vnd.syncml.dm+wbxml"
_HEAD = b"<?xml version='1.0' encoding='UTF-8'?>"
_METINF = b" xmlns='syncml:metinf'"
_NAMESPACE = b" xmlns='SYNCML:SYNCML1.2'"
_B64 = b"<Format xmlns='syncml:metinf'>b64</Format>"

_LOCURI = const(0x17)
_META = const(0x1A)
_SYNCML = const(0x2D)
_FORMAT = const(0x107)
_SIZE_OF = const(0x112)

# END of a Data, and MoreData: what comes between two parts of an object.
_MORE_FOLLOWS = b"\x01\x34"


class Session:
    """How one session's messages travel as XML."""

    def __init__(self, held):
        self._session = held
        self._buffer = bytearray(_SIZE)
        held.writer.longer = _LONGER
        self._rest = b"", b""

    def send(self, headers, body):
        """What is sent for a message, and in `headers` what the transport says of it."""
        held = self._session
        # What proves a message proves its octets: those accounts speak WBXML.
        if MAC in (held.account.client_auth, held.account.server_auth):
            return body
        document = self._document(len(body))
        limit = held.writer.peer_limit
        if limit < len(document):
            # All but impossible, see _LONGER; then the session is given up with a short message.
            length = held.abort()
            document = length and self._document(length)
            if not length or len(document) > limit:
                raise ValueError
        self._rest = document.left
        headers[0] = "Content-Type", _XML
        headers[1] = "Accept", _EITHER
        return document

    def _document(self, length):
        return _Document(self._session.writer.buffer, length, self._buffer, self._rest)

    def receive(self, response, space):
        """An answer as WBXML: its length, 0 where it is broken or does not fit."""
        try:
            return markup.Parser(response, space, self._buffer).message()
        except (wbxml.WbxmlError, wbxml.Full):
            return 0


# -- out


class _Document:
    # The XML of a WBXML message: its length, and, when it is called, its octets in parts.
    #
    # `left` is (URI, octets): of an object in parts, what makes no whole group of base64 yet.

    def __init__(self, message, size, buffer, rest):
        self._message = message
        self._size = size
        self._buffer = buffer
        self._first = self.left = rest
        self._length = 0
        for piece in self._pieces():
            self._length += len(piece)

    def __len__(self):
        return self._length

    def __call__(self):
        view = memoryview(self._buffer)
        end = 0
        for piece in self._pieces():
            at = 0
            while at < len(piece):
                part = piece[at : at + len(view) - end]
                view[end : end + len(part)] = part
                at += len(part)
                end += len(part)
                if end == len(view):
                    yield view
                    end = 0
        if end:
            yield view[:end]

    def _pieces(self):
        view = memoryview(self._message)
        reader = wbxml.Reader(self._message)
        reader.begin(self._size)
        self.left = self._first
        names = []
        # Whether an Item's octets become base64: 1 where its Format is still to say so.
        coded = 0
        uri = b""
        yield _HEAD
        while True:
            kind = reader.next()
            tag = reader.tag
            if kind == wbxml.START:
                if tag == syncml.ITEM:
                    coded = _octets_in(reader)
                    uri = b""
                elif tag == syncml.DATA and coded == 1:
                    yield b"<Meta>" + _B64 + b"</Meta>"
                elif tag == _FORMAT and coded:
                    reader.skip()
                    continue
                name = markup.element(tag)
                if reader.empty:
                    yield b"<" + name + b"/>"
                    continue
                names.append(name)
                more = b""
                if tag >> 8:
                    more = _METINF
                elif tag == _SYNCML:
                    more = _NAMESPACE
                yield b"<" + name + more + b">"
                if tag == _META and coded == 1:
                    yield _B64
                    coded = 2
            elif kind == wbxml.END or kind == wbxml.DONE:
                yield b"</" + names.pop() + b">"
                if kind == wbxml.DONE:
                    return
            else:
                at = reader.offset
                text = view[at : at + reader.length]
                if kind == wbxml.OPAQUE and coded and tag == syncml.DATA:
                    after = reader.position
                    more = bytes(view[after : after + 2]) == _MORE_FOLLOWS
                    yield from self._base64(uri, text, more)
                    continue
                if tag == _LOCURI:
                    uri = bytes(view[at : at + reader.length])
                elif tag == _SIZE_OF and coded:
                    # Counted as carried; and a new object begins.
                    self.left = b"", b""
                    text = b"%d" % ((int(bytes(text)) + 2) // 3 * 4)
                yield from _escaped(text)

    def _base64(self, uri, octets, more):
        # Base64 goes on over the parts of an object.
        whose, rest = self.left
        if whose != uri:
            rest = b""
        at = 0
        while at < len(octets) or (rest and not more):
            piece = rest + bytes(octets[at : at + _LINE - len(rest)])
            at += _LINE - len(rest)
            rest = b""
            if more and at >= len(octets):
                whole = len(piece) // 3 * 3
                rest = piece[whole:]
                piece = piece[:whole]
            if piece:
                yield b2a_base64(piece)[:-1]
        self.left = uri, rest


def _octets_in(reader):
    # Whether the Item that has just begun has octets for data; its reader stays where it is.
    found = 0
    if not reader.empty:
        kept = reader.position, reader.page, reader.depth
        tag = 0
        while reader.depth >= kept[2]:
            kind = reader.next()
            if kind == wbxml.START:
                tag = reader.tag
            elif kind == wbxml.OPAQUE and tag == syncml.DATA:
                found = 1
        reader.position, reader.page, reader.depth = kept
        reader.tag = syncml.ITEM
        reader.empty = False
    return found


def _escaped(text):
    # Pieces of a text; what XML cannot carry becomes a question mark.
    start = at = 0
    while at < len(text):
        byte = text[at]
        size = 1
        if byte > 0x7F:
            size = _character(text, at)
            new = None if size else b"?"
        elif byte < 32:
            new = b"&#13;" if byte == 13 else None if byte in (9, 10) else b"?"
        else:
            new = b"&amp;" if byte == 38 else b"&lt;" if byte == 60 else None
            if byte == 62:
                new = b"&gt;"
        if new:
            if start < at:
                yield text[start:at]
            yield new
            start = at + 1
        at += size or 1
    if start < at:
        yield text[start:at]


def _character(text, at):
    # How many octets of UTF-8 a character has; 0 where it is none, or none of XML.
    byte = text[at]
    size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
    code = byte & 0x7F >> size
    more = text[at + 1 : at + size]
    for byte in more:
        if byte >> 6 != 2:
            return 0
        code = code << 6 | byte & 0x3F
    if len(more) < size - 1 or text[at] < 0xC0 or not markup.allowed(code):
        return 0
    # Not in more octets than it needs.
    return size if code >> (0, 0, 7, 11, 16)[size] else 0
