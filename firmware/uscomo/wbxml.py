# WBXML tokens over one preallocated buffer: reading yields (offset, length), writing fills it.
# Never calls a function per byte, never allocates while scanning, knows no SyncML element.
# Rules: WBXML 1.1 to 1.3 (W3C NOTE-wbxml), limits and quirks of SyncML use.
from uscomo.constant import const

DONE = const(0)
START = const(1)
END = const(2)
STRING = const(3)
OPAQUE = const(4)
ENTITY = const(5)

# A tag named by text and not by token; its name lies at (offset, length).
LITERAL = const(-1)

# Reasons of a WbxmlError.
TRUNCATED = const(1)
BAD_VERSION = const(2)
BAD_CHARSET = const(3)
BAD_INTEGER = const(4)
BAD_INDEX = const(5)
TOO_DEEP = const(6)
BAD_STRUCTURE = const(7)
BAD_LENGTH = const(8)

SYNCML12 = const(0x1201)

# SyncML needs 12 levels, an embedded tree its depth more.
MAX_DEPTH = const(32)

_VERSION = const(0x02)
_UTF8 = const(106)
_ASCII = const(3)


class WbxmlError(Exception):
    """The document is broken: (reason, offset)."""


class Full(Exception):
    """The buffer has no room for what was written; roll back to a mark."""


class Reader:
    """Pull tokens: begin(length), then next() until DONE."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.table = self.table_end = 0
        self.position = self.limit = 0
        self.page = self.depth = 0
        self.tag = self.offset = self.length = self.code = 0
        self.empty = self.ended = False

    def begin(self, length, start=0):
        """Read the document's header; the document is buffer[start : start + length]."""
        buffer = self.buffer
        self.position = start
        self.limit = start + length
        self.page = self.depth = 0
        self.ended = False
        if length < 4:
            raise WbxmlError(TRUNCATED, start + length)
        if not 1 <= buffer[start] <= 3:
            raise WbxmlError(BAD_VERSION, start)
        self.position = start + 1
        # What kind of document it is, is seen at its tags; a public identifier may be a text.
        index = -1
        if not self._integer():
            index = self._integer()
        # 0 is "unknown" and means UTF-8 in the field.
        if self._integer() not in (0, _ASCII, _UTF8):
            raise WbxmlError(BAD_CHARSET, self.position - 1)
        size = self._size()
        self.table = self.position
        self.position = self.table_end = self.table + size
        if index >= 0:
            self._indexed(index)

    def next(self):
        """Advance to the next token and say what it is."""
        buffer = self.buffer
        limit = self.limit
        while True:
            position = self.position
            if position >= limit:
                if self.ended:
                    return DONE
                raise WbxmlError(TRUNCATED, position)
            token = buffer[position]
            self.position = position + 1
            if 0x44 < token < 0x80 and self.depth < MAX_DEPTH:
                # Content and no attributes: what nearly all are.
                self.tag = self.page << 8 | token & 0x3F
                self.empty = False
                self.depth += 1
                return START
            if token == 0x03:
                if not self.depth:
                    raise WbxmlError(BAD_STRUCTURE, position)
                end = buffer.find(b"\0", position + 1, limit)
                if end < 0:
                    raise WbxmlError(TRUNCATED, limit)
                self.offset = position + 1
                self.length = end - position - 1
                self.position = end + 1
                return STRING
            if token == 0x01:
                if not self.depth:
                    raise WbxmlError(BAD_STRUCTURE, position)
                self.depth -= 1
                return END if self.depth else self._last()
            if token == 0x00:
                if position + 1 >= limit:
                    raise WbxmlError(TRUNCATED, limit)
                self.page = buffer[position + 1]
                self.position = position + 2
                continue
            identity = token & 0x3F
            if identity > 4:
                self.tag = self.page << 8 | identity
                return self._open(token)
            if identity == 4:  # LITERAL in its four forms
                self.offset, self.length = self._indexed(self._integer())
                self.tag = LITERAL
                return self._open(token)
            if not self.depth and token != 0x43:
                raise WbxmlError(BAD_STRUCTURE, position)
            if token == 0xC3:
                self.length = self._size()
                self.offset = self.position
                self.position += self.length
                return OPAQUE
            if token == 0x83:
                self.offset, self.length = self._indexed(self._integer())
                return STRING
            if token == 0x02:
                self.code = self._integer()
                # No character, or half of one.
                if self.code > 0x10FFFF or self.code >> 11 == 0x1B:
                    raise WbxmlError(BAD_INTEGER, position)
                return ENTITY
            if token == 0x43:  # a processing instruction carries nothing for us
                self._skip_attributes()
            elif 0x40 <= token <= 0x42:
                self._skip_string()
            elif 0x80 <= token <= 0x82:
                self._integer()

    def skip(self):
        """Skip the rest of the element whose START was just returned."""
        if self.empty:
            return
        level = self.depth - 1
        while self.depth > level:
            if self.next() == DONE:
                return

    def _open(self, token):
        if token & 0x80:
            self._skip_attributes()
        self.empty = not token & 0x40
        if not self.empty:
            if self.depth >= MAX_DEPTH:
                raise WbxmlError(TOO_DEEP, self.position)
            self.depth += 1
        elif not self.depth:
            self._last()
        return START

    def _last(self):
        # The root has ended: trailing bytes (transport padding) are ignored.
        self.limit = self.position
        self.ended = True
        return DONE

    def _integer(self):
        buffer = self.buffer
        position = self.position
        value = 0
        for _ in range(5):
            if position >= self.limit:
                raise WbxmlError(TRUNCATED, position)
            byte = buffer[position]
            position += 1
            # 32 bits at most, tested before the shift: a board's small integers end at 30.
            if value > 0x1FFFFFF:
                raise WbxmlError(BAD_INTEGER, position)
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                self.position = position
                return value
        raise WbxmlError(BAD_INTEGER, position)

    def _size(self):
        size = self._integer()
        if size > self.limit - self.position:
            raise WbxmlError(BAD_LENGTH, self.position)
        return size

    def _indexed(self, index):
        start = self.table + index
        if start >= self.table_end:
            raise WbxmlError(BAD_INDEX, self.position)
        end = self.buffer.find(b"\0", start, self.table_end)
        # A table without a closing NUL is what most handsets send.
        return start, (self.table_end if end < 0 else end) - start

    def _skip_attributes(self):
        # Attribute tokens carry nothing in SyncML: only their inline data has to be passed.
        buffer = self.buffer
        while True:
            if self.position >= self.limit:
                raise WbxmlError(TRUNCATED, self.position)
            token = buffer[self.position]
            self.position += 1
            if token == 0x01:
                return
            if token == 0x00:  # the check above catches what lies past the end
                self.position = min(self.position + 1, self.limit)
            elif token == 0x03 or 0x40 <= token <= 0x42:
                self._skip_string()
            elif token in (0x02, 0x04, 0x83) or 0x80 <= token <= 0x82:
                self._integer()
            elif token == 0xC3:
                size = self._size()
                self.position += size

    def _skip_string(self):
        end = self.buffer.find(b"\0", self.position, self.limit)
        if end < 0:
            raise WbxmlError(TRUNCATED, self.limit)
        self.position = end + 1


class Writer:
    """Fill a buffer with tokens; code pages are switched only where a tag needs it."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.limit = len(buffer)
        self.position = self.page = 0

    def begin(self, public_id, text=b""):
        """Start a document; a textual public identifier goes with public_id 0."""
        self.position = self.page = 0
        self._byte(_VERSION)
        self._integer(public_id)
        if not public_id:
            self._byte(0)
        self._byte(_UTF8)
        self._integer(len(text))
        self._raw(text)

    def start(self, tag):
        """Open an element that has content."""
        self.empty(tag | 0x40)

    def empty(self, tag):
        """Write an element without content."""
        if tag >> 8 != self.page:
            self._byte(0)
            self._byte(tag >> 8)
            self.page = tag >> 8
        self._byte(tag & 0xFF)

    def run(self, data):
        """Write tokens of code page 0 that were put together before."""
        if self.page:
            data = b"\0\0" + data
            self.page = 0
        at = self.position
        end = at + len(data)
        if end > self.limit:
            raise Full
        self.buffer[at:end] = data
        self.position = end

    def end(self):
        """Close the innermost open element."""
        self._byte(1)

    def string(self, text):
        """Write text, str or UTF-8 bytes without a NUL, as an inline string."""
        self._byte(3)
        self._raw(text.encode() if isinstance(text, str) else text)
        self._byte(0)

    def opaque(self, data):
        """Write bytes of any value."""
        self.gap(len(data))[:] = data

    def gap(self, size):
        """Write bytes that are still to come: where they go."""
        self._byte(0xC3)
        self._integer(size)
        end = self.position + size
        if end > self.limit:
            raise Full
        view = memoryview(self.buffer)[self.position : end]
        self.position = end
        return view

    def _byte(self, value):
        if self.position >= self.limit:
            raise Full
        self.buffer[self.position] = value
        self.position += 1

    def _integer(self, value):
        shift = 0
        while value >> shift > 0x7F:
            shift += 7
        while shift:
            self._byte(value >> shift & 0x7F | 0x80)
            shift -= 7
        self._byte(value & 0x7F)

    def _raw(self, data):
        end = self.position + len(data)
        if end > self.limit:
            raise Full
        self.buffer[self.position : end] = data
        self.position = end
