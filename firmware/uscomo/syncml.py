# SyncML 1.2 messages on the board: commands read one at a time, answers written size-accounted.
# Knows elements and their order, never what a command does. Element rules: OMA SyncML RepPro 1.2
# for DM, section 6; reading does not depend on element order, writing follows the DTD.
from binascii import a2b_base64

from uscomo import wbxml
from uscomo.constant import const

# Commands (code page 0) that a server may send or answer with.
ADD = const(0x05)
ALERT = const(0x06)
ATOMIC = const(0x08)
COPY = const(0x0D)
DELETE = const(0x10)
EXEC = const(0x11)
GET = const(0x13)
REPLACE = const(0x20)
RESULTS = const(0x22)
SEQUENCE = const(0x24)
STATUS = const(0x29)
# The tag of what next() returns where an Atomic or a Sequence ends.
CLOSE = const(0)

# Octets, as all texts of this module: each str of some letters would be interned for good.
NAMES = {
    ADD: b"Add",
    ALERT: b"Alert",
    ATOMIC: b"Atomic",
    COPY: b"Copy",
    DELETE: b"Delete",
    EXEC: b"Exec",
    GET: b"Get",
    0x18: b"Map",
    0x3B: b"Move",
    0x1F: b"Put",
    0x23: b"Search",
    0x2A: b"Sync",
    REPLACE: b"Replace",
    RESULTS: b"Results",
    SEQUENCE: b"Sequence",
    STATUS: b"Status",
}

# A one-byte empty Item repeated through a whole message must not become 2,000 objects.
MAX_ITEMS = const(32)
# 128 bits are recommended, twice that is generous.
MAX_NONCE = const(64)
# Larger data is not copied together with what is around it.
_SMALL = const(128)
# Room kept for what closes any message: Alert 1222, Final and three ENDs.
_TAIL = const(32)
# What a peer that has said nothing takes: more than any buffer.
_ANY = const(1 << 24)

# The code page of DDF and TNDS documents.
_DDF = const(2)

_CHAL = const(0x09)
_CMD = const(0x0A)
_CMDID = const(0x0B)
_CMDREF = const(0x0C)
_CRED = const(0x0E)
DATA = const(0x0F)
_FINAL = const(0x12)
ITEM = const(0x14)
_LOCNAME = const(0x16)
_LOCURI = const(0x17)
_META = const(0x1A)
_MSGID = const(0x1B)
_MSGREF = const(0x1C)
_SESSIONID = const(0x25)
SOURCE = const(0x27)
_SOURCEREF = const(0x28)
_SYNCBODY = const(0x2B)
_SYNCHDR = const(0x2C)
_SYNCML = const(0x2D)
_TARGET = const(0x2E)
_VERDTD = const(0x31)
_VERPROTO = const(0x32)
MOREDATA = const(0x34)
_CORRELATOR = const(0x3C)
_FORMAT = const(0x107)
_MARK = const(0x10B)
_MAXMSGSIZE = const(0x10C)
_METINF = const(0x10E)
_NEXTNONCE = const(0x110)
_SIZE = const(0x112)
_TYPE = const(0x113)
_MAXOBJSIZE = const(0x115)

# Which element's text goes into which field; a LocURI's into that of what it is in.
_FIELDS = {
    _LOCURI: "",
    _CMD: "cmd",
    _CMDID: "cmd_id",
    _CMDREF: "cmd_ref",
    DATA: "data",
    _MSGID: "msg_id",
    _MSGREF: "msg_ref",
    0x21: "resp_uri",
    _SESSIONID: "session_id",
    _VERDTD: "ver_dtd",
    _VERPROTO: "ver_proto",
    _CORRELATOR: "correlator",
    _FORMAT: "format",
    _MAXMSGSIZE: "max_msg_size",
    _MAXOBJSIZE: "max_obj_size",
    _NEXTNONCE: "next_nonce",
    _SIZE: "size",
    _TYPE: "type",
}


class Fields:
    """What a header, a command or an item carries; text as bytes, data as memoryview."""

    # `more` of a command: it has more than MAX_ITEMS. `foreign`: a tree lies inline in the data.

    tag = level = 0
    cmd = cmd_id = cmd_ref = data = msg_id = msg_ref = resp_uri = session_id = None
    ver_dtd = ver_proto = correlator = format = next_nonce = type = size = None
    max_msg_size = max_obj_size = None
    target = source = source_name = None
    credential = more = foreign = False
    items = ()


_CLOSED = Fields()


class MessageReader:
    """Pull commands out of one message: begin(length), then next() until None."""

    def __init__(self, buffer):
        self.reader = wbxml.Reader(buffer)
        self.view = memoryview(buffer)
        self.header = None
        self.final = False
        self.level = 0
        self.pending = self.ended = False

    def begin(self, length):
        """Read up to the body; raises WbxmlError for what is not a SyncML message."""
        reader = self.reader
        self.final = self.pending = self.ended = False
        self.level = 0
        self.left = 4 * length
        self.header = None
        reader.begin(length)
        self._expect(_SYNCML)
        self._expect(_SYNCHDR)
        self.header = self._fill(_SYNCHDR)
        self._expect(_SYNCBODY)

    def next(self):
        """The next command, CLOSE at the end of a container, None at the end of the body."""
        reader = self.reader
        if self.ended:
            return self._close()
        while True:
            if self.pending:
                self.pending = False
            else:
                kind = reader.next()
                if kind == wbxml.END:
                    return self._close() if self.level else None
                if kind != wbxml.START:
                    # White space between commands, and anything after the body, says nothing.
                    if kind == wbxml.DONE:
                        return None
                    continue
            tag = reader.tag
            if tag == _FINAL:
                self.final = True
                reader.skip()
            elif tag in NAMES:
                if tag in (SEQUENCE, ATOMIC):
                    self.level += 1
                    self.ended = reader.empty
                return self._fill(tag)
            else:
                # No command that there is: whoever sent it is told so, where it has a number.
                command = self._fill(tag)
                if command.cmd_id:
                    return command

    def _close(self):
        self.level -= 1
        self.ended = False
        return _CLOSED

    def move(self, delta):
        """The caller has moved the message by delta bytes within its buffer."""
        reader = self.reader
        reader.position += delta
        reader.limit += delta
        reader.table += delta
        reader.table_end += delta

    def _expect(self, tag):
        reader = self.reader
        kind = reader.next()
        while kind in (wbxml.STRING, wbxml.OPAQUE):
            kind = reader.next()
        if kind != wbxml.START or reader.tag != tag or reader.empty:
            raise wbxml.WbxmlError(wbxml.BAD_STRUCTURE, reader.position)

    def _fill(self, command):
        # One flat walk: Meta, Cred, Chal, Target and Source only say where the text belongs. What
        # has no attributes, and its inline strings, is taken here, the rest by the scanner.
        reader = self.reader
        whole = fields = Fields()
        whole.tag = command
        if reader.empty and command != _SYNCHDR:
            return whole
        buffer, limit, position = reader.buffer, reader.limit, reader.position
        page = reader.page << 8
        bottom = depth = reader.depth
        name = place = None
        while True:
            token = buffer[position] if position < limit else 0
            if token == 1:
                kind = wbxml.END
                position += 1
                depth -= 1
            elif 0x44 < token < 0x80 and depth < wbxml.MAX_DEPTH:
                kind = wbxml.START
                tag = page | token & 0x3F
                position += 1
                name = _FIELDS.get(tag)
                if name is not None:
                    end = buffer.find(b"\0", position, limit - 1)
                    if end > 0 and buffer[end + 1] == 1 and buffer[position] == 3:
                        name = name or place
                        if name:
                            value = self.view[position + 1 : end]
                            if name != "data":
                                nonce = name == "next_nonce"
                                value = _nonce(value, wbxml.STRING) if nonce else bytes(value)
                            setattr(fields, name, value)
                            name = None
                        position = end + 2
                        continue
                empty = False
                depth += 1
            else:
                reader.position = position
                reader.depth = depth
                kind = reader.next()
                position = reader.position
                depth = reader.depth
                page = reader.page << 8
                tag = reader.tag
                empty = reader.empty
                if kind == wbxml.START:
                    name = _FIELDS.get(tag)
            if kind == wbxml.END:
                name = None
                if depth <= bottom:
                    fields = whole
                    if depth < bottom:
                        reader.position = position
                        reader.depth = depth
                        # A container that ends before any child came.
                        self.ended = command in (SEQUENCE, ATOMIC)
                        return whole
            elif kind == wbxml.START:
                first = True
                if name is not None:
                    name = name or place
                    if empty:
                        if name:
                            setattr(fields, name, b"")
                        name = None
                elif tag == _TARGET:
                    place = "target"
                elif tag == SOURCE:
                    place = "source"
                elif tag == ITEM and len(whole.items) < MAX_ITEMS:
                    fields = Fields()
                    if not whole.items:
                        whole.items = []
                    whole.items.append(fields)
                    if empty:
                        fields = whole
                elif tag in (_META, _METINF, _CHAL):
                    pass
                elif tag == _CRED and command == _SYNCHDR:
                    whole.credential = True
                elif tag == _LOCNAME and place == "source":
                    name = "source_name"
                elif tag == MOREDATA:
                    fields.more = True
                else:
                    reader.position = position
                    reader.depth = depth
                    reader.tag = tag
                    reader.empty = empty
                    if command in (SEQUENCE, ATOMIC) and tag in NAMES:
                        self.pending = True
                        return whole
                    if tag == ITEM:
                        whole.more = True
                    elif tag >> 8 == _DDF:
                        fields.foreign = True
                    reader.skip()
                    position = reader.position
                    depth = reader.depth
                    page = reader.page << 8
            elif name:
                self._store(fields, name, kind, first)
                first = False

    def _store(self, fields, name, kind, first):
        reader = self.reader
        if kind == wbxml.ENTITY:
            value = chr(reader.code).encode()
        else:
            value = self.view[reader.offset : reader.offset + reader.length]
            if name == "next_nonce":
                # Text is base64; octets are the nonce itself.
                value = _nonce(value, kind)
            elif name != "data":
                # A peer may end texts with a NUL; one inside would break our own messages.
                value = bytes(value).rstrip(b"\0")
                if b"\0" in value:
                    raise wbxml.WbxmlError(wbxml.BAD_STRUCTURE, reader.offset)
        if not first:
            value = bytes(getattr(fields, name)) + bytes(value)
        # References into a string table cost two bytes each: what they add up to is bounded.
        self.left -= len(value)
        if self.left < 0:
            raise wbxml.WbxmlError(wbxml.BAD_LENGTH, reader.position)
        setattr(fields, name, value)


def _nonce(value, kind):
    if kind == wbxml.STRING:
        try:
            value = a2b_base64(value)
        except ValueError:
            return b""
    # A nonce cut short would make every digest wrong.
    if len(value) > MAX_NONCE:
        raise wbxml.WbxmlError(wbxml.BAD_LENGTH, 0)
    return bytes(value)


class MessageWriter(wbxml.Writer):
    """Write one message after the other into one buffer; command numbers count by themselves."""

    def __init__(self, buffer):
        super().__init__(buffer)
        self.cmd_id = 0
        self.peer_limit = _ANY
        self.longer = 1  # on its way a message has at most so many times the octets

    def message(
        self, session_id, msg_id, target, source, name, credential, max_msg_size, max_obj_size=0
    ):
        """Open a message; credential is None or (type, format, data)."""
        self.limit = min(len(self.buffer), self.peer_limit // self.longer) - _TAIL
        self.cmd_id = 0
        self.position = self.page = 0
        # The document's head, SyncML, SyncHdr, VerDTD, VerProto, SessionID, MsgID and Target.
        self.run(
            b"\2\xa4\1j\0mlq\x031.2\0\1r\3DM/1.2\0\1e\3%s\0\1[\3%d\0\1nW\3%s\0\1\1"
            % (session_id, msg_id, _octets(target))
        )
        self.location(SOURCE, source, name)
        if credential:
            self.start(_CRED)
            self.meta(credential[1], credential[0])
            self.text(DATA, credential[2])
            self.end()
        if max_msg_size:
            self.start(_META)
            self.text(_MAXMSGSIZE, max_msg_size)
            if max_obj_size:
                self.text(_MAXOBJSIZE, max_obj_size)
            self.end()
        self.end()
        self.start(_SYNCBODY)

    def close(self, final):
        """Close the message: True with Final, False asking for the next one, None just so.

        Returns its length.
        """
        self.limit += _TAIL
        if final:
            self.empty(_FINAL)
        elif final is not None:
            self.command(ALERT)
            self.text(DATA, 1222)
            self.end()
        self.end()
        self.end()
        return self.position

    def mark(self):
        """What roll_back needs to forget everything written after now."""
        return self.position, self.page, self.cmd_id

    def roll_back(self, mark):
        """Forget what was written since the mark."""
        self.position, self.page, self.cmd_id = mark

    def command(self, tag):
        """Open a command and number it."""
        self.start(tag)
        self.cmd_id += 1
        self.text(_CMDID, self.cmd_id)

    def status(self, msg_ref, cmd_ref, cmd, code, target=None, challenge=None, answer=None):
        """Write a whole Status; challenge is (type, nonce as base64), answer the Items' data."""
        self.cmd_id += 1
        # At once: Status, CmdID, MsgRef, CmdRef, Cmd; TargetRef, Chal with a Meta; Data.
        more = b"o\3%s\0\1" % _octets(target) if target else b""
        if challenge:
            kind, nonce = challenge
            nonce = b"P\3%s\0\1" % nonce if nonce else b""
            more += b"IZ\0\1G\3b64\0\1S\3%s\0\1%s\1\1\0\0" % (_octets(kind), nonce)
        self.run(
            b"iK\3%d\0\1\\\3%s\0\1L\3%s\0\1J\3%s\0\1%sO\3%d\0\1%s"
            % (self.cmd_id, msg_ref, cmd_ref, cmd, more, code, b"" if answer else b"\1")
        )
        if answer:
            for data in answer:
                self.item(None, None, None, None, data)
            self.end()

    def results(self, msg_ref, cmd_ref):
        """Open a Results; items follow, then end()."""
        self.cmd_id += 1
        self.run(b"bK\3%d\0\1\\\3%s\0\1L\3%s\0\1" % (self.cmd_id, msg_ref, cmd_ref))

    def alert(self, code, correlator=None):
        """Open an Alert; items follow, then end()."""
        self.command(ALERT)
        self.text(DATA, code)
        if correlator:
            self.text(_CORRELATOR, correlator)

    def item(self, source, target, format, type, data, mark=None):
        """Write a whole Item; what is None is left out, empty data is an empty element."""
        run = b"T"
        if target:
            run = b"TnW\3%s\0\1\1" % _octets(target)
        if source:
            run += b"gW\3%s\0\1\1" % _octets(source)
        if data is not None:
            data = _octets(data)
        meta = format or type or mark
        if data and not meta and len(data) < _SMALL and b"\0" not in data:
            self.run(run + b"O\3%s\0\1\1" % data)
            return
        self.run(run)
        if meta:
            self.meta(format, type, None, mark)
        if data is not None:
            if not data:
                self.empty(DATA)
            elif format == "bin" or b"\0" in data:
                self.start(DATA)
                self.opaque(data)
                self.end()
            else:
                self.text(DATA, data)
        self.end()

    def meta(self, format, type, next_nonce=None, mark=None, size=None):
        """Write a whole Meta."""
        self.start(_META)
        if format:
            self.text(_FORMAT, format)
        if type:
            self.text(_TYPE, type)
        if mark:
            self.text(_MARK, mark)
        if next_nonce:
            self.text(_NEXTNONCE, next_nonce)
        if size:
            self.text(_SIZE, size)
        self.end()

    def location(self, tag, uri, name=None):
        """Write a Target or a Source."""
        run = b"%cW\3%s\0\1" % (tag | 0x40, _octets(uri))
        if name:
            run += b"V\3%s\0\1" % _octets(name)
        self.run(run + b"\1")

    def text(self, tag, value):
        """Write an element with text: str, UTF-8 bytes or a number."""
        # Most of a message are these, so all of one is written at once.
        if isinstance(value, int):
            value = b"%d" % value
        elif isinstance(value, str):
            value = value.encode()
        at = self.position
        page = tag >> 8
        end = at + len(value) + (4 if page == self.page else 6)
        if end > self.limit:
            raise wbxml.Full
        buffer = self.buffer
        if page != self.page:
            buffer[at] = 0
            buffer[at + 1] = self.page = page
            at += 2
        buffer[at] = tag & 0xFF | 0x40
        buffer[at + 1] = 3
        buffer[at + 2 : end - 2] = value
        buffer[end - 2] = 0
        buffer[end - 1] = 1
        self.position = end


def _octets(data):
    return data.encode() if isinstance(data, str) else bytes(data)
