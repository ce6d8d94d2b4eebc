# The DM client, sans-IO: bytes of one server message in, bytes of the next client message out.
# Messages, packages and credentials; what a command does is the matter of `commands`. Never opens
# a socket or a file.
# Rules: OMA DM Protocol 1.2, sections 6, 8 and 9; OMA DM Security 1.2, section 5.
#
#   PACKAGE 1 --> server's package --> (work) --> answer --> ... --> OVER
#       ^                |
#       +--- challenge --+   a bounded number of times
from uscomo import syncml
from uscomo.commands import Commands, number, text
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
MAC = const(3)

# A server's interim answer (Status, Alert 1222) must fit beside a held back message.
_INTERIM = const(512)
# SEC 5.3.3 demands one more try with a fresh nonce; a first 407 may come before it. So often at
# most, too, is a message sent again.
_MAX_TRIES = const(3)
# What is said of versions that are not ours, beside 505 and 513.
_VER_DTD = const(505)
_VER_PROTO = const(513)

# Their credentials are the matter of `digest`, which is imported where it is needed.
_TYPES = ("", "syncml:auth-basic", "syncml:auth-md5", "syncml:auth-MAC")


class Session:
    """One DM session: start() gives package 1, receive() an answer until there is none.

    `account` has server_id, client_auth, client_name, client_secret, client_nonce, server_auth,
    server_secret, server_nonce (kinds as numbers, the rest bytes), and choose(kind), which makes
    another kind of credential the client's where the account has one. `alerts` are alerts with
    code, type, format, mark, source, target, data, correlator, `items` for several (target,
    data), and a `status` to be set.
    """

    def __init__(self, account, dispatcher, interact, receive, send):
        self.account = account
        self.dispatcher = dispatcher
        self.buffer = receive
        self.reader = syncml.MessageReader(receive)
        self.writer = syncml.MessageWriter(send)
        self.commands = Commands(dispatcher, interact, self.writer)
        self.outcome = RUNNING
        self.url = account.address
        self.client_nonce = account.client_nonce
        self.server_nonce = account.server_nonce
        self._authentic = not account.server_auth
        self._accepted = False
        self._tries = self._server_tries = self._repeats = 0
        # The last answer's length, and the MsgID of what it answers.
        self._length = 0
        self._answered = b""
        # How much of the buffer's end a half read message takes.
        self.held = 0
        # A generator: commands not yet executed.
        self._work = None
        # What is told beside the answers; see `reports`.
        self._reports = None
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
        return memoryview(self.buffer)[: len(self.buffer) - self.held]

    def proof(self, length):
        """What goes into x-syncml-hmac beside our message of that length, None for nothing."""
        if self.account.client_auth == MAC:
            from uscomo import mac

            return mac.header(self.account, self.client_nonce, self.writer.buffer, length)

    def receive(self, length, proof=""):
        """Handle the server's message of that length: length of the answer, 0 when it is over.

        `proof` is what the server's x-syncml-hmac says.
        """
        if self.outcome:
            return 0  # what answers our last word says nothing any more
        account = self.account
        if account.server_auth == MAC:
            from uscomo import mac

            self._authentic = mac.proves(proof, account, self.server_nonce, self.buffer, length)
        try:
            length = self._receive(length, proof)
        except (WbxmlError, ValueError, MemoryError):
            # ValueError: a text that is not UTF-8, or no number, where it had to be one.
            self.outcome = PROTOCOL_ERROR
        except (Full, OSError):
            # Not even one command fits the server's MaxMsgSize, or the flash takes nothing.
            return self.abort()
        if self.outcome:
            self.end()
            return 0
        self._length = length
        return length

    def abort(self):
        """Give the session up: length of the message that says so, 0 where there is none."""
        self.outcome = ABORTED
        self.end()
        try:
            self._header()
            self.writer.alert(1223)
            self.writer.end()
            return self.writer.close(True)
        except Full:
            return 0

    def end(self):
        """Nothing more will come: an unfinished object is forgotten, an alert told in part too."""
        self.commands.drop()
        if self._reports:
            self._reports.end()

    # -- one message

    def _receive(self, length, proof):
        # While work is held back its reader owns the end of the buffer; this message only says
        # "go on", and is read beside it.
        reader = syncml.MessageReader(self.buffer) if self._work else self.reader
        reader.begin(length)
        header = reader.header
        if header.session_id != self.session_id or not header.msg_id:
            raise WbxmlError(0, 0)
        if header.msg_id == self._answered and self._repeats < _MAX_TRIES:
            # It has come again: our answer has not. Nothing is done twice.
            self._repeats += 1
            return self._length
        if header.msg_id == self._answered or number(header.msg_id) < number(self._answered):
            raise WbxmlError(0, 0)
        self._answered = header.msg_id
        if header.resp_uri:
            self.url = header.resp_uri
        # Both stay in force until they change; what is no number says nothing.
        self.writer.peer_limit = number(header.max_msg_size) or self.writer.peer_limit
        self.commands.peer_limit = number(header.max_obj_size) or self.commands.peer_limit
        code = self._check(header, proof)
        command = reader.next()
        retry = False
        while command and command.tag == syncml.STATUS:
            retry = self._status(command) or retry
            command = reader.next()
        if self.outcome:
            return 0
        if retry:
            return self._again(header, code)
        if code not in (200, 212):
            self._server_tries += 1
            known = code < _VER_DTD
            # No commands and no challenge: the client must not challenge either (PRO 9).
            if (known and not command) or self._server_tries > _MAX_TRIES:
                self.outcome = SERVER_NOT_AUTHENTIC if known else PROTOCOL_ERROR
                return 0
        elif reader.final and not (command or self._work or self._going_on()):
            self.outcome = DONE
            self._keep_nonces()
            return 0
        self._header()
        self._header_status(header, code)
        if self._work:
            from uscomo import split

            split.interim(self, reader, command)
            if self.commands.aborted:
                self._work = None
        else:
            refused = 0 if code in (200, 212) else code
            self._work = self.commands.execute(
                reader, header.msg_id, command, refused, self._status
            )
        return self._answer()

    def _answer(self):
        # Run the work until it is done or the message is full.
        for _ in self._work or ():
            if not self.held:
                from uscomo import split

                split.hold(self)
            # Nothing else may come between two parts of an object.
            return self._send(None if self.commands.sent else False)
        self._work = None
        self.held = 0
        if self.commands.aborted:
            self.outcome = ABORTED
        if self.outcome:
            self.dispatcher.commit()
            return 0
        if self._authentic and self._reports:
            self._reports.tell(self._msg_id)
        # An object in parts goes on in the next message, whatever this one's Final says.
        return self._send(self.reader.final and not self.commands.large)

    def _send(self, final):
        self.dispatcher.commit()
        return self.writer.close(final)

    def _keep_nonces(self):
        # A nonce from a server that has not proved itself is used once and never stored.
        if self._authentic:
            self.account.client_nonce = self.client_nonce
            self.account.server_nonce = self.server_nonce

    # -- package 1

    def _header(self):
        account = self.account
        self._msg_id += 1
        credential = name = None
        kind = account.client_auth
        if kind and not self._accepted:
            name = account.client_name
            if kind != MAC:
                data = _credential(kind, name, account.client_secret, self.client_nonce)
                credential = _TYPES[kind], b"b64", data
            if kind == BASIC:
                name = None
        self.writer.message(
            self.session_id,
            self._msg_id,
            self.url,
            self.device_id,
            name,
            credential,
            0 if self._msg_id > 1 else len(self.buffer) - _INTERIM,
            self.commands.max_obj_size,
        )

    def _package_one(self):
        writer = self.writer
        writer.alert(self.code)
        writer.end()
        writer.command(syncml.REPLACE)
        for uri, value in self.device_info():
            writer.item(uri, None, None, None, value)
        writer.end()
        if self.alerts:
            from uscomo import reports

            self._reports = reports.Reports(writer, self.alerts)
            self._reports.tell(self._msg_id)
        return writer.close(True)

    def _going_on(self):
        # More is to be taken or told.
        return self.commands.large or (self._reports and self._reports.waiting)

    def _again(self, header, code):
        self.commands.drop()
        self._work = None
        self.held = 0
        self._header()
        self._header_status(header, code)
        return self._package_one()

    def _status(self, command):
        # True when the server wants package 1 again, with a credential.
        code = number(command.data)
        reference = number(command.cmd_ref or b"-1")
        if reference == 0:
            return self._own_header(command, code)
        if reference == self.commands.sent and code >= 300:
            # The server does not want the rest of an object.
            self.commands.sent = 0
        # What an unproved server says of a report does not count.
        if self._reports and code not in (101, 401, 407) and self._authentic:
            self._reports.answered(number(command.msg_ref or b"1"), reference, code)
        return False

    def _own_header(self, command, code):
        account = self.account
        if code in (200, 212):
            # 212 counts for the session: the 200 of a later message takes nothing back. But what
            # proves messages proves each of them.
            self._accepted = account.client_auth != MAC and (self._accepted or code == 212)
            if command.next_nonce:
                self.client_nonce = command.next_nonce
            return False
        if code in (401, 407):
            self._accepted = False
            self._tries += 1
            wanted = _TYPES.index(text(command.type)) if text(command.type) in _TYPES else -1
            # Never a kind that the account does not have: a peer could ask for the password in
            # clear.
            known = wanted == account.client_auth or account.choose(wanted)
            if known and wanted and self._tries < _MAX_TRIES:
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

    def _check(self, header, proof):
        if header.ver_dtd != b"1.2":
            return _VER_DTD
        if header.ver_proto != b"DM/1.2":
            return _VER_PROTO
        account = self.account
        kind = account.server_auth
        if self._authentic:
            if kind == MAC:
                # From now on each message has to prove itself.
                self._server_tries = _MAX_TRIES
            return 200
        if kind == MAC and proof:
            return 401
        if not header.credential:
            return 407
        if kind == MAC or text(header.type) != _TYPES[kind]:
            if self._server_tries:
                # It was told which kind (SEC 5.1).
                self.outcome = SERVER_NOT_AUTHENTIC
            return 401
        from uscomo import digest

        expected = _credential(kind, account.server_id, account.server_secret, self.server_nonce)
        if not digest.equal(bytes(header.data or b""), expected):
            return 401
        self._authentic = True
        return 212

    def _header_status(self, header, code):
        challenge = answer = None
        kind = self.account.server_auth
        if code >= _VER_DTD:
            answer = (b"1.2" if code == _VER_DTD else b"DM/1.2",)
        elif (kind and code != 200) or kind == MAC:
            nonce = None
            if kind != BASIC:
                from os import urandom

                from uscomo import digest

                self.server_nonce = urandom(16)
                nonce = digest.base64(self.server_nonce)
            challenge = _TYPES[kind], nonce
            if code == 212:
                self._keep_nonces()
        self.writer.status(header.msg_id, b"0", b"SyncHdr", code, None, challenge, answer)


def _credential(kind, name, secret, nonce):
    from uscomo import digest

    if kind == BASIC:
        return digest.basic(name, secret)
    return digest.credential(name, secret, nonce)
