# What a server's commands do in a session: order, containers, items, objects that come in parts.
# Acts on the tree through a dispatcher, asks the user through `interact`, writes the answers.
# Never looks at a credential, keeps nothing of an object: parts go on as they lie in the message.
# Rules: OMA DM Protocol 1.2, sections 6, 7 and 10; OMA DM RepPro 1.2, section 6.6.
#
# The dispatcher's verbs: get(uri) -> status, a tuple with one (uri, format, type, data), or an
# iterator of them;
# add(uri, format, type, data), replace(same), delete(uri), copy(source, target),
# exec(uri, correlator, data) -> status; commit() makes the message's changes durable;
# save() and restore(state) take changes back;
# begin(tag, uri, format, type, size), append(data), end() -> status, drop(): an object in parts.
# Data that get() gives is text or octets, or has `size` and readinto(view): then it comes from
# where it lies, part by part.
from uscomo import syncml
from uscomo.constant import const
from uscomo.wbxml import Full

# Of a message that holds a Status and one Results, without URI and data.
_OVERHEAD = const(400)

# The commands of DM; what else there is of SyncML is not done.
_OF_DM = (
    syncml.ADD,
    syncml.ALERT,
    syncml.COPY,
    syncml.DELETE,
    syncml.EXEC,
    syncml.GET,
    syncml.REPLACE,
)

_NOT_EXECUTED = const(215)
_TOO_LARGE = const(413)
# What is said where a node takes no values in parts.
_NOT_IN_PARTS = (405, _TOO_LARGE)


class Commands:
    """execute() is a generator that yields where the message is full."""

    def __init__(self, dispatcher, interact, writer):
        self.dispatcher = dispatcher
        self.interact = interact
        self.writer = writer
        # The server has ended the session.
        self.aborted = 0
        # Octets of the largest object taken, and of the largest that the server takes.
        self.max_obj_size = self.peer_limit = 0
        # CmdID of the part of an object that was sent last, 0 for none.
        self.sent = 0
        # What takes objects in parts; see `chunks`.
        self._parts = None
        self._opened = False

    @property
    def large(self):
        """URI of the object whose next part is awaited."""
        return self._parts and self._parts.uri

    @property
    def coming(self):
        """Whether the last message brought much of an object that is not refused."""
        return self._parts and self._parts.uri and self._parts.much

    def drop(self):
        """Forget the objects in parts, coming and going: their ends will not come."""
        self.sent = 0
        if self._parts:
            self._parts.drop()

    def execute(self, reader, msg_id, command, refused, told):
        """Execute a message, or none of it but say `refused`; `told` takes each Status."""
        container = skipping = level = 0
        parts = self._parts
        if parts:
            parts.fed = parts.much = False
        while command:
            tag = command.tag
            said = 0
            if parts and tag not in (syncml.CLOSE, syncml.STATUS, parts.tag):
                parts.broke()
            if tag == syncml.CLOSE:
                container -= 1
                if container < level:
                    skipping = 0
            elif tag == syncml.STATUS:
                told(command)
            elif tag in (syncml.SEQUENCE, syncml.ATOMIC):
                container += 1
                said = refused or skipping
                if not said and (tag == syncml.ATOMIC or container > 1):
                    # A Sequence within a Sequence is an error; Atomic may have been left out.
                    atomic = _atomic() if tag == syncml.ATOMIC else None
                    if atomic:
                        container -= 1
                        yield from atomic.run(self, reader, msg_id, command)
                        if self.aborted:
                            return
                    else:
                        said = skipping = 406 if tag == syncml.ATOMIC else 500
                        level = container
                else:
                    said = said or 200
            elif refused or skipping:
                said = refused or skipping
            elif tag not in _OF_DM:
                said = 501
            elif not command.cmd_id or not (command.items or tag == syncml.ALERT):
                said = 400
            elif command.more:
                said = _TOO_LARGE
            elif tag == syncml.ALERT:
                status, answer = self.ask(command)
                if self.aborted:
                    return
                yield from self.say(msg_id, tag, command.cmd_id, status, None, answer)
                if container and status in (304, 214, 408):
                    skipping = _NOT_EXECUTED
                    level = 1
                elif status == 214:
                    refused = _NOT_EXECUTED
            elif tag == syncml.GET:
                for item in command.items:
                    yield from self._get(msg_id, command, item)
            else:
                yield from self._change(msg_id, command)
            if said:
                yield from self.say(msg_id, tag, command.cmd_id or b"", said)
            command = reader.next()
            parts = self._parts
        if parts:
            if not parts.fed:
                parts.broke()
            while parts.broken:
                yield from self._write(parts.no_end, self.writer)

    def _write(self, write, *values):
        # Where there is room: now, and nothing is left to iterate over, or at the latest at the
        # start of a message.
        writer = self.writer
        mark = writer.mark()
        try:
            write(*values)
            return ()
        except Full:
            writer.roll_back(mark)
        return self._later(write, values)

    def _later(self, write, values):
        if self._opened:
            self.writer.end()
            self._opened = False
        yield
        write(*values)

    def say(self, msg_id, tag, cmd_id, code, target=None, answer=None):
        """Write a Status; what it returns yields where the message is full."""
        status = self.writer.status
        return self._write(status, msg_id, cmd_id, self.name(tag), code, target, None, answer)

    def name(self, tag):
        """What a Status calls a command."""
        return syncml.NAMES.get(tag, b"Unknown")

    def ask(self, command):
        """Carry out an Alert: (status, answer of the user)."""
        code = number(command.data)
        if code in (1222, 1225):
            return 200, None
        if code == 1223:
            self.aborted = code
            return 200, None
        if not 1100 <= code <= 1104:
            return (406 if code else 412), None
        if not command.items:
            return 412, None
        try:
            return self.interact(
                code, [bytes(item.data or b"").decode() for item in command.items]
            )
        except ValueError:
            return 415, None

    def _change(self, msg_id, command):
        # All items first: their data lie in a buffer that moves where a message is full.
        codes = [self.item(command, item) for item in command.items]
        for item, code in zip(command.items, codes):
            uri = item.target if len(codes) > 1 else None
            yield from self.say(msg_id, command.tag, command.cmd_id, code, uri)

    def item(self, command, item):
        """Carry out a command for one of its Items: a status."""
        try:
            return self._item(command, item)
        except ImportError:
            return 406  # a feature whose file was left out

    def _item(self, command, item):
        dispatcher = self.dispatcher
        tag = command.tag
        uri = item.target
        format = text(item.format or command.format)
        type = text(item.type or command.type)
        data = b"" if item.data is None else item.data
        parts = self._parts
        if parts and uri != parts.uri:
            parts.broke()
        if not uri:
            return 400
        if item.foreign:
            return 415
        if tag in (syncml.ADD, syncml.REPLACE):
            more = (parts and parts.uri) or item.more
            if more or format in ("bin", "b64"):
                if not parts:
                    from uscomo import chunks

                    parts = self._parts = chunks.Parts(dispatcher)
                # Octets go the same way in one part and in many, where the object has one.
                size = number(item.size or command.size) if more else len(data)
                code = parts.take(
                    *(tag, uri, format, type, size, data, item.more, self.max_obj_size)
                )
                if more or code not in _NOT_IN_PARTS:
                    return code
                if format == "b64":
                    format = "bin"
                    data = parts.decoded(data, False)
                    if data is None:
                        return 400
            verb = dispatcher.add if tag == syncml.ADD else dispatcher.replace
            return verb(uri, format, type, data)
        if item.more:
            return _TOO_LARGE
        if tag == syncml.DELETE:
            return dispatcher.delete(uri)
        if tag == syncml.EXEC:
            return dispatcher.exec(uri, command.correlator, data)
        return dispatcher.copy(item.source, uri) if item.source else 400

    # -- Get

    def _get(self, msg_id, command, item):
        writer = self.writer
        found = self.dispatcher.get(item.target) if item.target else 400
        row = found[0] if isinstance(found, tuple) else None  # a leaf's, or a listing follows
        if row and self.peer_limit and _size(row[3]) > self.peer_limit:
            found = _TOO_LARGE
        target = item.target if len(command.items) > 1 else None
        code = found if isinstance(found, int) else 200
        if code == 200 and row and not hasattr(row[3], "size"):
            # Nearly always all of it fits.
            mark = writer.mark()
            try:
                writer.status(msg_id, command.cmd_id, b"Get", code, target)
                self._row(msg_id, command, row)
                writer.end()
                self._opened = False
                return
            except Full:
                writer.roll_back(mark)
        yield from self.say(msg_id, command.tag, command.cmd_id, code, target)
        if code != 200:
            return
        for row in found:
            # A listing is split between its rows; a value that no message holds, within itself.
            size = self._in_parts(row)
            if not size:
                yield from self._write(self._row, msg_id, command, row)
                continue
            if self._opened:
                writer.end()
                self._opened = False
            from uscomo import chunks

            yield from chunks.send(self, msg_id, command, row, size)
        if self._opened:
            writer.end()
            self._opened = False

    def _in_parts(self, row):
        # How many octets the value has, where no message holds it; else 0.
        size = _size(row[3])
        whole = 2 * len(row[0]) + size + _OVERHEAD <= self.writer.limit
        return 0 if whole and not hasattr(row[3], "size") else size

    def _row(self, msg_id, command, row):
        writer = self.writer
        if not self._opened:
            writer.results(msg_id, command.cmd_id)
        uri, format, type, data = row
        writer.item(uri, None, format, type, data)
        # The END of the Results must fit behind every item.
        if writer.position >= writer.limit:
            raise Full
        self._opened = True


def _atomic():
    # A feature whose file was left out is not there.
    try:
        from uscomo import atomic
    except ImportError:
        return None
    return atomic


def _size(data):
    # In octets; 0 for none.
    if hasattr(data, "size"):
        return data.size
    return len(data.encode() if isinstance(data, str) else data or b"")


def text(value):
    """Octets of a message as a text, "" for none."""
    return "" if value is None else bytes(value).decode()


def number(value):
    """Octets of a message as a number, 0 where they are none."""
    try:
        return int(bytes(value or b"0"))
    except ValueError:
        return 0
