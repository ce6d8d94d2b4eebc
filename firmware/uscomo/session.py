# The DM client, sans-IO: bytes of one server message in, bytes of the next client message out.
# Acts on the tree through a dispatcher, asks the user through `interact`; never opens a socket or
# a file. Rules: OMA DM Protocol 1.2, sections 6, 8 and 9; OMA DM Security 1.2, section 5.
#
#   PACKAGE 1 --> server's package --> (work) --> answer --> ... --> OVER
#       ^                |
#       +--- challenge --+   a bounded number of times
#
# The dispatcher's verbs: get(uri) -> status, a tuple with one (uri, format, type, data), or an
# iterator of them;
# add(uri, format, type, data), replace(same), delete(uri), copy(source, target),
# exec(uri, correlator, data) -> status; commit() makes the message's changes durable.
from uscomo import digest, syncml
from uscomo.constant import const
from uscomo.wbxml import Full, WbxmlError

# How a session ended.
RUNNING = const(0)
DONE = const(1)
CREDENTIALS_REFUSED = const(2)
SERVER_NOT_AUTHENTIC = const(3)
ABORTED = const(4)
PROTOCOL_ERROR = const(5)

# Kinds of credential of an account.
NONE = const(0)
BASIC = const(1)
MD5 = const(2)

# A server's interim answer (Status, Alert 1222) must fit beside a held back message.
_INTERIM = const(512)
# Of a message that holds a Status and one Results, without URI and data.
_OVERHEAD = const(400)
# SEC 5.3.3 demands one more try with a fresh nonce; a first 407 may come before it.
_MAX_TRIES = const(3)

_TYPES = ("", digest.BASIC, digest.MD5)

_NOT_EXECUTED = const(215)


class Session:
    """One DM session: start() gives package 1, receive() an answer until there is none.

    `account` has server_id, client_auth, client_name, client_secret, client_nonce, server_auth,
    server_secret, server_nonce (kinds as numbers, the rest bytes). `alerts` are generic alerts:
    objects with type, format, mark, source, target, data, correlator, and a `status` to be set.
    """

    def __init__(self, account, dispatcher, interact, receive, send):
        self.account = account
        self.dispatcher = dispatcher
        self.interact = interact
        self.buffer = receive
        self.reader = syncml.MessageReader(receive)
        self.writer = syncml.MessageWriter(send)
        self.outcome = RUNNING
        self.url = account.address
        self.client_nonce = account.client_nonce
        self.server_nonce = account.server_nonce
        self._authentic = not account.server_auth
        self._accepted = False
        self._tries = self._server_tries = 0
        self._held = 0
        self._work = None
        self._cut = None
        self._msg_id = 0

    def start(self, session_id, device_id, code, alerts, device_info):
        """Write package 1 and return its length; device_info yields (uri, value)."""
        self.session_id = session_id
        self.device_id = device_id
        self.code = code
        self.alerts = alerts
        self.device_info = device_info
        try:
            self._header()
            return self._package_one()
        except Full:
            # The account's own texts fill a message.
            self.outcome = ABORTED
            return 0

    def space(self):
        """Where the next server message goes: a memoryview of the free part of the buffer."""
        return memoryview(self.buffer)[: len(self.buffer) - self._held]

    def receive(self, length):
        """Handle the server's message of that length: length of the answer, 0 when it is over."""
        try:
            return self._receive(length)
        except (WbxmlError, ValueError, MemoryError):
            # ValueError: a text that is not UTF-8, or no number, where it had to be one.
            self.outcome = PROTOCOL_ERROR
        except Full:
            # Not even one command fits the server's MaxMsgSize.
            self.outcome = ABORTED
        return 0

    # -- one message

    def _receive(self, length):
        # While work is held back its reader owns the end of the buffer; this message only says
        # "go on", and is read beside it.
        reader = syncml.MessageReader(self.buffer) if self._work else self.reader
        reader.begin(length)
        header = reader.header
        if header.session_id != self.session_id or not header.msg_id:
            raise WbxmlError(0, 0)
        if header.resp_uri:
            self.url = header.resp_uri
        if header.max_msg_size:
            try:
                self.writer.peer_limit = int(header.max_msg_size)
            except ValueError:
                pass
        code = self._check(header)
        command = reader.next()
        retry = False
        while command and command.tag == syncml.STATUS:
            retry = self._status(command) or retry
            command = reader.next()
        if self.outcome:
            return 0
        if retry:
            return self._again(header, code)
        if not command and code in (200, 212) and reader.final and not self._work:
            return self._over()
        if not command and code not in (200, 212):
            # No commands and no challenge: the client must not challenge either (PRO 9).
            self.outcome = SERVER_NOT_AUTHENTIC
            return 0
        if code not in (200, 212):
            self._server_tries += 1
            if self._server_tries > _MAX_TRIES:
                self.outcome = SERVER_NOT_AUTHENTIC
                return 0
        self._header()
        self._header_status(header, code)
        if self._work:
            self._interim(reader, header, command)
            if self.outcome:
                return 0
        else:
            self._work = self._execute(reader, header.msg_id, command, code)
        return self._answer()

    def _answer(self):
        # Run the work until it is done or the message is full.
        for _ in self._work:
            self._hold()
            return self._send(False)
        reader = self.reader
        self._work = None
        self._held = 0
        if self.outcome:
            self.dispatcher.commit()
            return 0
        return self._send(reader.final)

    def _send(self, final):
        self.dispatcher.commit()
        return self.writer.close(final)

    def _over(self):
        self.outcome = DONE
        self._keep_nonces()
        return 0

    def _keep_nonces(self):
        # A nonce from a server that has not proved itself is used once and never stored.
        if self._authentic:
            self.account.client_nonce = self.client_nonce
            self.account.server_nonce = self.server_nonce

    def _hold(self):
        # Move the unfinished message to the end of the buffer, so that the server's "go on" fits
        # in front of it. Piecewise from the end: the two places may overlap.
        reader = self.reader.reader
        if self._held:
            return
        length = reader.limit
        delta = len(self.buffer) - length
        view = memoryview(self.buffer)
        at = length
        while at > 0:
            start = max(0, at - 64)
            view[start + delta : at + delta] = bytes(view[start:at])
            at = start
        self.reader.move(delta)
        self._held = length

    # -- package 1

    def _header(self):
        account = self.account
        self._msg_id += 1
        credential = name = None
        if account.client_auth and not self._accepted:
            if account.client_auth == BASIC:
                data = digest.basic(account.client_name, account.client_secret)
            else:
                name = account.client_name
                data = digest.credential(name, account.client_secret, self.client_nonce)
            credential = _TYPES[account.client_auth], b"b64", data
        self.writer.message(
            self.session_id,
            self._msg_id,
            self.url,
            self.device_id,
            name,
            credential,
            len(self.buffer) - _INTERIM if self._msg_id == 1 else 0,
        )

    def _package_one(self):
        writer = self.writer
        writer.alert(self.code)
        writer.end()
        writer.command(syncml.REPLACE)
        for uri, value in self.device_info():
            writer.item(uri, None, None, None, value)
        writer.end()
        self._alerts_at = writer.cmd_id + 1
        for alert in self.alerts:
            mark = writer.mark()
            try:
                writer.alert(1226, alert.correlator)
                writer.item(
                    alert.source, alert.target, alert.format, alert.type, alert.data, alert.mark
                )
                writer.end()
            except Full:
                # The rest is reported in the next session.
                writer.roll_back(mark)
                break
        self._alerts_in = self._msg_id
        return writer.close(True)

    def _again(self, header, code):
        self._work = None
        self._held = 0
        self._header()
        self._header_status(header, code)
        return self._package_one()

    def _status(self, command):
        # True when the server wants package 1 again, with a credential.
        try:
            code = int(bytes(command.data or b"0"))
            reference = int(command.cmd_ref or b"-1")
            message = int(command.msg_ref or b"1")
        except ValueError:
            raise WbxmlError(0, 0)
        if reference == 0:
            return self._own_header(command, code)
        index = reference - self._alerts_at
        # What an unproved server says of a report does not count.
        if code in (101, 401, 407):
            return False
        if self._authentic and message == self._alerts_in and 0 <= index < len(self.alerts):
            self.alerts[index].status = code
        return False

    def _own_header(self, command, code):
        account = self.account
        if code in (200, 212):
            # 212 counts for the session: the 200 of a later message takes nothing back.
            self._accepted = self._accepted or code == 212
            if command.next_nonce:
                self.client_nonce = command.next_nonce
            return False
        if code in (401, 407):
            self._accepted = False
            self._tries += 1
            wanted = _TYPES.index(_text(command.type)) if _text(command.type) in _TYPES else -1
            # Never another kind than the account's: a peer could ask for the password in clear.
            if wanted == account.client_auth != NONE and self._tries < _MAX_TRIES:
                if command.next_nonce is not None:
                    self.client_nonce = command.next_nonce
                return True
            self.outcome = CREDENTIALS_REFUSED
        elif code != 101:
            # It may be the server that gave up, because we do not believe it.
            doubted = self._server_tries and not self._authentic
            self.outcome = SERVER_NOT_AUTHENTIC if doubted else ABORTED
        return False

    # -- the server's credential

    def _check(self, header):
        if header.ver_dtd != b"1.2":
            return 505
        if header.ver_proto != b"DM/1.2":
            return 513
        if self._authentic:
            return 200
        account = self.account
        if not header.credential:
            return 407
        if account.server_auth == BASIC:
            expected = digest.basic(account.server_id, account.server_secret)
        else:
            expected = digest.credential(
                account.server_id, account.server_secret, self.server_nonce
            )
        if _text(header.type) != _TYPES[account.server_auth]:
            return 401
        if not digest.equal(bytes(header.data or b""), expected):
            return 401
        self._authentic = True
        return 212

    def _header_status(self, header, code):
        challenge = None
        if self.account.server_auth and code in (212, 401, 407):
            nonce = None
            if self.account.server_auth == MD5:
                from os import urandom

                self.server_nonce = urandom(16)
                nonce = digest.base64(self.server_nonce)
            challenge = _TYPES[self.account.server_auth], nonce
            if code == 212:
                self._keep_nonces()
        self.writer.status(header.msg_id, 0, b"SyncHdr", code, None, challenge)

    # -- commands; generators that yield where the message is full

    def _interim(self, reader, header, command):
        # Only the answer to "next message?" may come while our package is not complete.
        while command:
            if command.tag == syncml.ALERT:
                code = _number(command.data)
                if code == 1223:
                    self.outcome = ABORTED
                self.writer.status(header.msg_id, command.cmd_id or b"", b"Alert", 200)
            elif command.tag not in (syncml.STATUS, syncml.CLOSE):
                name = syncml.NAMES[command.tag]
                self.writer.status(header.msg_id, command.cmd_id or b"", name, 500)
            command = reader.next()

    def _execute(self, reader, msg_id, command, code):
        # `refused` is the status of every command that must not be executed.
        refused = 0 if code in (200, 212) else code
        container = skipping = level = 0
        while command:
            tag = command.tag
            if tag == syncml.CLOSE:
                container -= 1
                if container < level:
                    skipping = 0
            elif tag == syncml.STATUS:
                self._status(command)
            elif tag in (syncml.SEQUENCE, syncml.ATOMIC):
                container += 1
                # Atomic comes with the issue that rolls back; a nested container is an error.
                status = refused or skipping
                if not status and (tag == syncml.ATOMIC or container > 1):
                    status = skipping = 406 if tag == syncml.ATOMIC else 500
                    level = container
                yield from self._say(msg_id, command, status or 200)
            elif refused or skipping:
                yield from self._say(msg_id, command, refused or skipping)
            elif command.more:
                yield from self._say(msg_id, command, 413)
            elif tag == syncml.ALERT:
                status = yield from self._alert(msg_id, command)
                if container and status in (304, 214, 408):
                    skipping = _NOT_EXECUTED
                    level = 1
                elif status == 214:
                    refused = _NOT_EXECUTED
            elif tag == syncml.GET and command.items:
                for item in command.items:
                    yield from self._get(msg_id, command, item)
            else:
                yield from self._change(msg_id, command)
            if self.outcome:
                return
            command = reader.next()

    def _say(self, msg_id, command, code, target=None, answer=None):
        writer = self.writer
        name = syncml.NAMES[command.tag]
        fresh = False
        while True:
            mark = writer.mark()
            try:
                writer.status(msg_id, command.cmd_id or b"", name, code, target, None, answer)
                return
            except Full:
                if fresh:
                    raise
                writer.roll_back(mark)
                yield
                fresh = True

    def _alert(self, msg_id, command):
        code = _number(command.data)
        answer = None
        if code == 1222:
            status = 200
        elif code == 1223:
            self.outcome = ABORTED
            return 200
        elif 1100 <= code <= 1104:
            try:
                texts = [bytes(item.data or b"").decode() for item in command.items]
                status, answer = self.interact(code, texts)
            except ValueError:
                status = 415
        else:
            status = 406
        yield from self._say(msg_id, command, status, None, answer)
        return status

    def _change(self, msg_id, command):
        dispatcher = self.dispatcher
        tag = command.tag
        if not command.cmd_id or not command.items:
            yield from self._say(msg_id, command, 400)
            return
        # All items first: their data lie in a buffer that moves where a message is full.
        codes = []
        for item in command.items:
            uri = item.target
            format = _text(item.format or command.format)
            type = _text(item.type or command.type)
            data = b"" if item.data is None else item.data
            if not uri:
                code = 400
            elif item.more or uri == self._cut:
                # DevDetail/LrgObj says that large objects are not taken: not even the last part.
                code = 413
                self._cut = uri if item.more else None
            elif item.foreign:
                code = 415
            elif tag == syncml.ADD:
                code = dispatcher.add(uri, format, type, data)
            elif tag == syncml.REPLACE:
                code = dispatcher.replace(uri, format, type, data)
            elif tag == syncml.DELETE:
                code = dispatcher.delete(uri)
            elif tag == syncml.EXEC:
                code = dispatcher.exec(uri, command.correlator, data)
            elif tag == syncml.COPY:
                code = dispatcher.copy(item.source, uri) if item.source else 400
            else:
                code = 501
            codes.append(code)
        for item, code in zip(command.items, codes):
            uri = item.target if len(codes) > 1 else None
            yield from self._say(msg_id, command, code, uri)

    def _get(self, msg_id, command, item):
        writer = self.writer
        found = self.dispatcher.get(item.target) if item.target else 400
        if isinstance(found, tuple):
            uri, _, _, data = found[0]
            # One value that no message can hold; a listing is split, this cannot be.
            if 2 * len(uri) + len(data) + _OVERHEAD > writer.limit:
                found = 413
        several = len(command.items) > 1
        if isinstance(found, int):
            yield from self._say(msg_id, command, found, item.target if several else None)
            return
        yield from self._say(msg_id, command, 200, item.target if several else None)
        opened = False
        for uri, format, type, data in found:
            fresh = False
            while True:
                mark = writer.mark()
                try:
                    if not opened:
                        writer.results(msg_id, command.cmd_id or b"")
                    writer.item(uri, None, format, type, data)
                    # The END of the Results must fit behind every item.
                    if writer.position >= writer.limit:
                        raise Full
                    opened = True
                    break
                except Full:
                    if fresh:
                        raise
                    writer.roll_back(mark)
                    if opened:
                        writer.end()
                        opened = False
                    yield
                    fresh = True
        if opened:
            writer.end()


def _text(value):
    return "" if value is None else bytes(value).decode()


def _number(value):
    try:
        return int(bytes(value or b"0"))
    except ValueError:
        return 0
