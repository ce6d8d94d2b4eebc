# An XML document, as it comes in, becomes WBXML: elements, text, and nothing else of it. Expands
# no entity but XML's own five, looks at no DTD, no namespace, no attribute; UTF-8 only.
# Rules: XML 1.0; which elements there are: OMA SyncML RepPro 1.2, MetaInfo 1.2.
from uscomo import syncml, wbxml
from uscomo.constant import const

# Of an answer, markup and all.
_MOST = const(32768)
# Longest name of an element; those that are open are kept.
_NAME = const(64)
# Longest reference to a character: &#x0010FFFF;
_REFERENCE = const(12)
# An element that no table has; one in a Data, which is what a tree within it would be.
_UNKNOWN = const(0x3D)
_TREE = const(0x220)

# The elements of code pages 0 and 1, each behind its token.
_SYNCML_NAMES = (
    b"\x05Add\x06Alert\x07Archive\x08Atomic\x09Chal\x0aCmd\x0bCmdID\x0cCmdRef\x0dCopy\x0eCred"
    b"\x0fData\x10Delete\x11Exec\x12Final\x13Get\x14Item\x15Lang\x16LocName\x17LocURI\x18Map"
    b"\x19MapItem\x1aMeta\x1bMsgID\x1cMsgRef\x1dNoResp\x1eNoResults\x1fPut\x20Replace\x21RespURI"
    b"\x22Results\x23Search\x24Sequence\x25SessionID\x26SftDel\x27Source\x28SourceRef\x29Status"
    b"\x2aSync\x2bSyncBody\x2cSyncHdr\x2dSyncML\x2eTarget\x2fTargetRef\x30\x31VerDTD\x32VerProto"
    b"\x33NumberOfChanges\x34MoreData\x35Field\x36Filter\x37Record\x38FilterType\x39SourceParent"
    b"\x3aTargetParent\x3bMove\x3cCorrelator\x3d"
)
_METINF_NAMES = (
    b"\x05Anchor\x06EMI\x07Format\x08FreeID\x09FreeMem\x0aLast\x0bMark\x0cMaxMsgSize\x0dMem"
    b"\x0eMetInf\x0fNext\x10NextNonce\x11SharedMem\x12Size\x13Type\x14Version\x15MaxObjSize"
    b"\x16FieldLevel\x17"
)
_PAGES = (_SYNCML_NAMES, _METINF_NAMES)
_ENTITIES = {b"lt": 60, b"gt": 62, b"amp": 38, b"quot": 34, b"apos": 39}
_HEX = b"0123456789abcdefABCDEF"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Parser:
    # Reads a document from a stream, through a buffer that a tag has to fit, and writes it as
    # WBXML into a space.

    def __init__(self, stream, space, buffer):
        self._stream = stream
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._start = self._end = 0
        self._left = _MOST
        self._writer = wbxml.Writer(space)
        # Where the text of a leaf goes; 0 where text says nothing.
        self._leaf = 0
        self._open = self._return = False

    def message(self):
        """All of it: the length of the message."""
        writer = self._writer
        writer.begin(wbxml.SYNCML12)
        names = []
        data = 0
        self._prolog()
        while True:
            self._text(names)
            tag = self._markup(names)
            if not tag:
                continue
            if tag[:1] == b"/":
                if not names or names.pop() != tag[1:].rstrip():
                    self._fail(wbxml.BAD_STRUCTURE)
                if data and len(names) >= data:
                    continue
                data = 0
                if not self._leaf:
                    writer.end()
                elif writer.position == self._leaf:
                    # What is empty has no END.
                    writer.buffer[self._leaf - 1] &= 0xBF
                else:
                    self._add(b"\0")
                    writer.end()
                self._leaf = 0
            else:
                empty = tag[-1:] == b"/"
                name = tag[: len(tag) - empty].split(None, 1)[:1]
                if not name or tag[0] <= 32:
                    self._fail(wbxml.BAD_STRUCTURE)
                name = name[0]
                if len(name) > _NAME:
                    self._fail(wbxml.BAD_LENGTH)
                if self._leaf:
                    # White space in front of a child.
                    writer.position = self._leaf
                    self._leaf = 0
                if len(names) >= wbxml.MAX_DEPTH and not empty:
                    self._fail(wbxml.TOO_DEEP)
                if not data:
                    code = _token(name)
                    writer.empty(code if empty else code | 0x40)
                elif data == len(names):
                    writer.empty(_TREE)
                if not empty:
                    names.append(name)
                    if not data:
                        self._leaf = writer.position
                        self._open = False
                        if code == syncml.DATA:
                            data = len(names)
            if not names:
                return writer.position

    def _fail(self, reason):
        raise wbxml.WbxmlError(reason, _MOST - self._left)

    def _fill(self):
        # More octets behind those that are there.
        view = self._view
        rest = self._end - self._start
        if rest == len(view):
            self._fail(wbxml.BAD_LENGTH)
        if self._start:
            view[:rest] = view[self._start : self._end]
            self._start = 0
        got = self._stream.readinto(view[rest:])
        self._end = rest + got
        self._left -= got
        if not got:
            self._fail(wbxml.TRUNCATED)
        if self._left < 0:
            self._fail(wbxml.BAD_LENGTH)

    def _need(self, size):
        while self._end - self._start < size:
            self._fill()

    def _prolog(self):
        self._need(6)
        if bytes(self._view[:3]) == b"\xef\xbb\xbf":
            self._start = 3
            self._need(6)
        if bytes(self._view[self._start : self._start + 5]) == b"<?xml":
            told = self._tag().replace(b"'", b'"').lower()
            at = told.find(b"encoding")
            if at >= 0 and told[at:].split(b'"')[1:2] not in ([b"utf-8"], [b"us-ascii"]):
                self._fail(wbxml.BAD_CHARSET)

    def _text(self, names):
        # Up to the next "<".
        buffer = self._buffer
        while True:
            end = buffer.find(b"<", self._start, self._end)
            found = end >= 0
            if not found:
                end = self._end
            while self._leaf and self._start < end:
                at = buffer.find(b"&", self._start, end)
                self._put(end if at < 0 else at)
                if at < 0:
                    break
                stop = buffer.find(b";", at, end)
                size = (end if stop < 0 else stop) - at
                if size > _REFERENCE or (found and stop < 0):
                    self._fail(wbxml.BAD_STRUCTURE)
                if stop < 0:
                    end = at
                    break
                self._refer(bytes(buffer[at + 1 : stop]))
                self._start = stop + 1
            if not names and bytes(self._view[self._start : end]).strip():
                self._fail(wbxml.BAD_STRUCTURE)
            self._start = end
            if found:
                return
            self._fill()

    def _put(self, end):
        # The text up to there.
        start = self._start
        self._start = end
        if start == end:
            return
        buffer = self._buffer
        if buffer.find(b"\0", start, end) >= 0:
            self._fail(wbxml.BAD_STRUCTURE)
        self._begin()
        if not self._return and buffer.find(b"\r", start, end) < 0:
            self._add(self._view[start:end])
            return
        # Each kind of line end is one LF.
        for byte in self._view[start:end]:
            if byte != 10 or not self._return:
                self._add(b"\n" if byte == 13 else b"%c" % byte)
            self._return = byte == 13

    def _add(self, data):
        writer = self._writer
        end = writer.position + len(data)
        if end > writer.limit:
            raise wbxml.Full
        writer.buffer[writer.position : end] = data
        writer.position = end

    def _begin(self):
        if not self._open:
            self._open = True
            self._return = False
            self._add(b"\3")

    def _refer(self, name):
        # A reference to a character.
        code = _ENTITIES.get(name, 0)
        if name[:1] == b"#":
            base = 16 if name[1:2] == b"x" else 10
            digits = name[2:] if base == 16 else name[1:]
            if digits and not digits.strip(b"0123456789" if base == 10 else _HEX):
                code = int(digits, base)
        if not allowed(code):
            self._fail(wbxml.BAD_STRUCTURE)
        self._begin()
        self._return = False
        self._add(chr(code).encode())

    def _markup(self, names):
        # What begins with "<": a tag without its ends, or nothing where it says nothing.
        self._need(2)
        second = self._buffer[self._start + 1]
        if second == 63:
            self._start += 2
            self._until(b"?>", False)
        elif second == 33:
            self._need(9)
            head = bytes(self._view[self._start : self._start + 9])
            if head[:4] == b"<!--":
                self._start += 4
                self._until(b"-->", False)
            elif head == b"<![CDATA[" and names:
                self._start += 9
                self._until(b"]]>", self._leaf)
            elif head != b"<!DOCTYPE" or names or b"[" in self._tag():
                # A subset of its own could define entities.
                self._fail(wbxml.BAD_STRUCTURE)
        else:
            return self._tag()

    def _until(self, mark, keep):
        # Up to the mark and past it.
        buffer = self._buffer
        while True:
            end = buffer.find(mark, self._start, self._end)
            found = end >= 0
            if not found:
                end = max(self._start, self._end - len(mark) + 1)
            if keep:
                self._put(end)
            self._start = end
            if found:
                self._start += len(mark)
                return
            self._fill()

    def _tag(self):
        buffer = self._buffer
        at = 1
        while True:
            end = buffer.find(b">", self._start + at, self._end)
            if end < 0:
                self._fill()
                continue
            tag = bytes(buffer[self._start + 1 : end])
            if not _quoted(tag):
                self._start = end + 1
                return tag
            at = end + 1 - self._start


def _quoted(tag):
    # Whether what follows is within an attribute's value.
    quote = 0
    if b'"' in tag or b"'" in tag:
        for byte in tag:
            if byte == quote:
                quote = 0
            elif not quote and byte in b"\"'":
                quote = byte
    return quote


def _token(name):
    # Of an element, by its local name.
    name = name[name.rfind(b":") + 1 :]
    if not name.strip(_LETTERS):
        for page in range(2):
            names = _PAGES[page]
            at = names.find(name)
            while at > 0:
                if names[at - 1] < 0x41 > names[at + len(name)]:
                    return page << 8 | names[at - 1]
                at = names.find(name, at + 1)
    return _UNKNOWN


def element(tag):
    """Of an element, by its token."""
    names = _PAGES[tag >> 8] if 0 <= tag >> 8 < 2 else b""
    at = names.find(b"%c" % (tag & 0xFF)) + 1
    name = names[at : names.find(b"%c" % (tag + 1 & 0xFF))]
    if not at or not name:
        raise wbxml.WbxmlError(wbxml.BAD_INDEX, 0)
    return name


def allowed(code):
    """Whether XML has a character."""
    if code < 32:
        return code in (9, 10, 13)
    return code >> 11 != 0x1B and code <= 0x10FFFF and code >> 1 != 0x7FFF
