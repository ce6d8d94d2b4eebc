# Large objects: taken part by part from a server, and sent to it part by part. Imported by the
# first one of a session. Never holds an object: parts go on as they lie in the message, and come
# as they are wanted. Rules: OMA DM Protocol 1.2, section 7.
from binascii import a2b_base64

from uscomo import syncml
from uscomo.constant import const
from uscomo.wbxml import Full

# Base64 is decoded in pieces of this many characters.
_PIECE = const(64)
# A part that is hardly one waits for the next message.
_SMALLEST = const(64)
# A server that sends less at a time could keep a session going for ever.
_MUCH = const(256)
# Around a part's octets: OPAQUE and its length, or a string's two ends; MoreData and three ENDs.
_CLOSING = const(8)

_TAKEN = const(213)
_SIZE_MISMATCH = const(424)


class Parts:
    """The object that comes in parts; `uri` is that of the one whose next part is awaited."""

    def __init__(self, dispatcher):
        self.dispatcher = dispatcher
        self.uri = None
        # Its command; what of it is to come; its refusal; an unfinished group of base64.
        self.tag = self._left = self._code = 0
        self._rest = None
        # Whether this message brought a part of it, and much of it.
        self.fed = self.much = False
        # URIs of those whose end did not come.
        self.broken = []

    def drop(self):
        """Forget the object: its end will not come."""
        if self.uri and not self._code:
            self.dispatcher.drop()
        self.uri = None

    def take(self, tag, uri, format, type, size, data, more, limit):
        """The next part, or all in one; one that was refused is passed over up to its end."""
        dispatcher = self.dispatcher
        self.fed = True
        code = self._code
        if not self.uri:
            self.uri = uri
            self.tag = tag
            self._left = left = size
            self._rest = None
            if format == "b64":
                # At most so much: it depends on padding and white space.
                format = "bin"
                self._rest = b""
                left = (left + 3) // 4 * 3
            if more and left <= 0:
                code = 411
            elif size > limit:
                code = 413
            else:
                code = dispatcher.begin(tag, uri, format, type, left)
            self._code = 0 if code == 200 else code
        if not self._code:
            # Size counts what is carried, before any decoding.
            self._left -= len(data)
            code = _SIZE_MISMATCH
            if self._left >= 0 and (more or not self._left):
                if self._rest is not None:
                    data = self.decoded(data, more)
                code = 400 if data is None else dispatcher.append(data)
                if code == 200:
                    code = _TAKEN if more else dispatcher.end()
            self.much = len(data or b"") >= _MUCH
            if code not in (200, _TAKEN):
                dispatcher.drop()
                self._code = code
                self.much = False
        if not more:
            self.uri = None
        return code

    def broke(self):
        """Something else came before the object's end: no Status may say so, an Alert does."""
        if self.uri and not self._code:
            self.broken.append(self.uri)
        self.drop()

    def no_end(self, writer):
        """Say so."""
        writer.alert(1225)
        writer.item(None, self.broken[-1], None, None, None)
        writer.end()
        self.broken.pop()

    def decoded(self, data, more):
        """Base64 that may be cut anywhere, decoded where it lies; None where it is none."""
        if isinstance(data, bytes):
            data = memoryview(bytearray(data))
        rest = self._rest
        start = end = 0
        while start < len(data):
            rest += b"".join(bytes(data[start : start + _PIECE]).split())
            start += _PIECE
            whole = len(rest) & ~3
            try:
                plain = a2b_base64(rest[:whole])
            except ValueError:
                return None
            rest = rest[whole:]
            if len(data) <= _PIECE:
                data = plain  # with what was left over it may be longer than it was
                end = len(plain)
                break
            data[end : end + len(plain)] = plain
            end += len(plain)
        self._rest = rest
        return data[:end] if more or not rest else None


def send(commands, msg_id, command, row, size):
    """A value that no message holds, behind its Status: one part a message.

    The value is text, octets, or something with readinto(view) that has as many octets as `size`
    says. Yields where the message is full; then `commands.sent` is the CmdID of the part, until
    somebody sets it to 0, which is the server's refusal.
    """
    writer = commands.writer
    uri, format, type, data = row
    stream = hasattr(data, "readinto")
    if isinstance(data, str):
        data = data.encode()
    text = not stream and format != "bin" and data.find(b"\0") < 0
    at = 0
    fresh = False
    commands.sent = 1
    while commands.sent and at < size:
        mark = writer.mark()
        try:
            writer.results(msg_id, command.cmd_id)
            writer.start(syncml.ITEM)
            writer.location(syncml.SOURCE, uri)
            writer.meta(format or b"chr", type, None, None, None if at else size)
            writer.start(syncml.DATA)
            part = min(writer.limit - writer.position - _CLOSING, size - at)
            if part < min(_SMALLEST, size - at):
                raise Full
        except Full:
            writer.roll_back(mark)
            if fresh:
                raise
            fresh = True
            yield
            continue
        fresh = False
        commands.sent = mark[2] + 1
        if text:
            # Not within a character.
            while at + part < size and data[at + part] & 0xC0 == 0x80:
                part -= 1
            writer.string(data[at : at + part])
        elif stream:
            _fill(writer.gap(part), data)
        else:
            writer.opaque(data[at : at + part])
        at += part
        writer.end()
        if at < size:
            writer.empty(syncml.MOREDATA)
        writer.end()
        writer.end()
        if at < size:
            yield
    commands.sent = 0


def _fill(view, source):
    # All of it, or there is no object any more: what was announced has to come.
    at = 0
    while at < len(view):
        got = source.readinto(view[at:])
        if not got:
            raise OSError(5)
        at += got
