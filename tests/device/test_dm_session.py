# The DM client against scripted servers: who may do what, in which order, how often.
from binascii import b2a_base64

from uscomo import digest, session, syncml
from uscomo.session import Session
from uscomo.syncml import MessageReader, MessageWriter

NONCE = b"0123456789abcdef"


class Account:
    address = b"http://dm.example/s"
    server_id = b"server"
    client_auth = session.MD5
    client_name = b"user"
    client_secret = b"password"
    client_nonce = NONCE
    server_auth = session.MD5
    server_secret = b"secret"
    server_nonce = NONCE

    def choose(self, kind):
        return False


class Tree:
    """A dispatcher over a dict."""

    mounts = ()

    def __init__(self, **values):
        self.values = {"./" + name: value for name, value in values.items()}
        self.did = []

    def save(self):
        return len(self.did)

    def restore(self, state):
        del self.did[state:]

    def copy(self, source, target):
        from uscomo import properties

        return properties.copy(self, source, target)

    def get(self, uri):
        uri = uri.decode()
        if uri == "./all":
            return iter([(key, "", "", value) for key, value in sorted(self.values.items())])
        if uri not in self.values:
            return 404
        return iter([(uri, "", "", self.values[uri])])

    def add(self, uri, format, type, data):
        self.did.append(("add", uri, format, bytes(data)))
        return 200

    def replace(self, uri, format, type, data):
        self.did.append(("replace", uri, bytes(data)))
        return 200 if uri.decode() in self.values else 404

    def delete(self, uri):
        return 200

    def exec(self, uri, correlator, data):
        self.did.append(("exec", uri, correlator))
        return 202

    def commit(self):
        self.did.append("commit")


class Alert:
    code = 1226
    type = "urn:x"
    format = "chr"
    mark = correlator = target = None
    items = ()
    source = "./S"
    data = "d"
    items = ()
    status = 0


class Peer:
    """A session and the means to play its server."""

    def __init__(self, tree=None, account=None, answer=200, receive=2048, send=2048):
        self.account = account or Account()
        self.tree = tree or Tree()
        self.asked = []
        self.send = bytearray(send)
        self.session = Session(
            self.account, self.tree, self.interact, bytearray(receive), self.send
        )
        self.answer = answer
        self.alerts = [Alert()]
        self.msg_id = 0
        length = self.session.start(b"7", "urn:d", 1201, self.alerts, self.device_info)
        self.sent = self.parse(length)

    def interact(self, code, texts):
        self.asked.append((code, texts))
        return self.answer, None

    def device_info(self):
        yield "./DevInfo/DevId", "urn:d"

    def parse(self, length):
        if not length:
            return None
        buffer = bytearray(self.send[:length])
        self.reader = MessageReader(buffer)
        self.reader.begin(length)
        found = []
        command = self.reader.next()
        while command:
            if command.tag:
                found.append(command)
            command = self.reader.next()
        return found

    def credential(self, nonce=NONCE, secret=b"secret"):
        return "syncml:auth-md5", "b64", digest.credential(b"server", secret, nonce)

    def say(self, write, credential=None, final=True, session_id=b"7", msg_id=0, proof=None):
        """Send a server message; returns the commands of the answer, None for the end.

        `proof` makes the transport's header of the message.
        """
        self.msg_id = msg_id or self.msg_id + 1
        buffer = bytearray(4096)
        writer = MessageWriter(buffer)
        name = b"server" if credential else None
        writer.message(
            session_id, self.msg_id, "urn:d", b"http://dm.example/s", name, credential, 0
        )
        write(writer)
        length = writer.close(True)
        if not final:
            # Without Final: the empty element is the one before the last two ENDs.
            buffer[length - 3 : length - 1] = b"\x01\x01"
            length -= 1
        self.session.space()[:length] = buffer[:length]
        beside = proof(buffer[:length]) if proof else ""
        self.length = self.session.receive(length, beside)
        self.sent = self.parse(self.length)
        return self.sent

    def accept(self, writer, code=212, reference=None):
        challenge = ("syncml:auth-md5", digest.base64(b"next-nonce"))
        own = self.session._msg_id if reference is None else reference
        writer.status(b"%d" % own, b"0", b"SyncHdr", code, None, challenge)


def codes(commands):
    return [int(bytes(c.data)) for c in commands if c.tag == syncml.STATUS]


def test_package_1():
    peer = Peer()
    header = peer.reader.header
    assert header.session_id == b"7" and header.msg_id == b"1"
    assert header.target == b"http://dm.example/s" and header.source == b"urn:d"
    assert header.source_name == b"user" and header.max_msg_size == b"1536"
    assert bytes(header.data) == digest.credential(b"user", b"password", NONCE)
    assert [c.tag for c in peer.sent] == [syncml.ALERT, syncml.REPLACE, syncml.ALERT]
    assert bytes(peer.sent[0].data) == b"1201"
    assert peer.sent[1].items[0].source == b"./DevInfo/DevId"
    assert peer.sent[2].items[0].type == b"urn:x"
    assert peer.reader.final


def test_nothing_to_do_ends_the_session_without_an_answer():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.status(b"1", b"3", b"Alert", 202)

    assert peer.say(write, peer.credential()) is None
    assert peer.session.outcome == session.DONE
    assert peer.alerts[0].status == 202
    assert peer.account.client_nonce == b"next-nonce"
    assert peer.account.server_nonce == NONCE


def test_commands_are_executed_and_answered_in_order():
    peer = Peer(Tree(a="1"))

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./a", None, None, None)
        writer.end()
        writer.command(syncml.REPLACE)
        writer.item(None, "./b", None, None, "2")
        writer.end()
        writer.command(syncml.EXEC)
        writer.text(0x3C, "corr")
        writer.item(None, "./c", None, None, None)
        writer.end()

    sent = peer.say(write, peer.credential())
    assert codes(sent) == [212, 200, 404, 202]
    results = sent[2]
    assert results.tag == syncml.RESULTS and bytes(results.items[0].data) == b"1"
    assert peer.tree.did == [("replace", b"./b", b"2"), ("exec", b"./c", b"corr"), "commit"]
    assert peer.say(lambda writer: peer.accept(writer, 200)) is None
    assert peer.session.outcome == session.DONE


def test_a_server_without_credential_is_challenged_and_executes_nothing():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.EXEC)
        writer.item(None, "./c", None, None, None)
        writer.end()

    sent = peer.say(write)
    assert codes(sent) == [407, 407]
    assert sent[0].type == b"syncml:auth-md5"
    assert peer.tree.did == ["commit"]
    sent = peer.say(write, peer.credential(sent[0].next_nonce))
    assert codes(sent) == [212, 202]
    assert peer.account.server_nonce == sent[0].next_nonce


def test_a_wrong_server_credential_is_refused_a_bounded_number_of_times():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.DELETE)
        writer.item(None, "./c", None, None, None)
        writer.end()

    rounds = 0
    while peer.say(write, peer.credential(secret=b"wrong")):
        assert codes(peer.sent) == [401, 401]
        rounds += 1
    assert rounds == 3
    assert peer.session.outcome == session.SERVER_NOT_AUTHENTIC
    assert peer.account.client_nonce == NONCE


def test_an_unproved_server_that_just_ends_is_believed_nothing():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.status(b"1", b"3", b"Alert", 200)

    assert peer.say(write) is None
    assert peer.session.outcome == session.SERVER_NOT_AUTHENTIC
    assert peer.alerts[0].status == 0


def test_a_stale_nonce_is_healed_by_one_challenge():
    peer = Peer()

    def refuse(writer):
        challenge = ("syncml:auth-md5", digest.base64(b"fresh"))
        writer.status(b"1", b"0", b"SyncHdr", 401, None, challenge)
        writer.status(b"1", b"1", b"Alert", 401)

    sent = peer.say(refuse, peer.credential())
    header = peer.reader.header
    assert header.msg_id == b"2" and header.session_id == b"7"
    assert bytes(header.data) == digest.credential(b"user", b"password", b"fresh")
    assert [c.tag for c in sent] == [syncml.STATUS, syncml.ALERT, syncml.REPLACE, syncml.ALERT]
    assert codes(sent) == [212]


def test_a_refused_password_ends_after_a_bounded_number_of_tries():
    peer = Peer()

    def refuse(writer):
        challenge = ("syncml:auth-md5", digest.base64(b"fresh"))
        own = peer.session._msg_id
        writer.status(b"%d" % own, b"0", b"SyncHdr", 401, None, challenge)

    rounds = 0
    while peer.say(refuse, peer.credential()):
        rounds += 1
        assert rounds < 5
    assert peer.session.outcome == session.CREDENTIALS_REFUSED
    assert rounds == 2


def test_the_password_is_never_sent_in_clear_because_a_server_asks():
    peer = Peer()

    def refuse(writer):
        writer.status(b"1", b"0", b"SyncHdr", 401, None, ("syncml:auth-basic", None))

    assert peer.say(refuse) is None
    assert peer.session.outcome == session.CREDENTIALS_REFUSED


def test_basic_credentials():
    class Basic(Account):
        client_auth = session.BASIC
        server_auth = session.NONE

    peer = Peer(account=Basic())
    header = peer.reader.header
    assert header.type == b"syncml:auth-basic"
    assert bytes(header.data) == b2a_base64(b"user:password")[:-1]


def test_no_in_a_sequence_skips_the_rest_of_it_only():
    peer = Peer(answer=304)

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.SEQUENCE)
        writer.alert(1101)
        writer.item(None, None, None, None, "")
        writer.item(None, None, None, None, "Install?")
        writer.end()
        writer.command(syncml.EXEC)
        writer.item(None, "./c", None, None, None)
        writer.end()
        writer.end()
        writer.command(syncml.GET)
        writer.item(None, "./none", None, None, None)
        writer.end()

    sent = peer.say(write, peer.credential())
    assert codes(sent) == [212, 200, 304, 215, 404]
    assert peer.asked == [(1101, ["", "Install?"])]
    assert peer.tree.did == ["commit"]


def test_results_that_do_not_fit_are_split():
    peer = Peer(Tree(**{"n%02d" % i: "v" * 60 for i in range(40)}), send=1024)

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./all", None, None, None)
        writer.end()
        writer.command(syncml.REPLACE)
        writer.item(None, "./n00", None, None, "after the split")
        writer.end()

    sent = peer.say(write, peer.credential())
    found = []
    final = []
    while True:
        final.append(peer.reader.final)
        for command in sent:
            if command.tag == syncml.RESULTS:
                assert command.cmd_ref == b"2" and command.msg_ref == b"1"
                found += [item.source for item in command.items]
        if peer.reader.final:
            break
        assert bytes(sent[-1].data) == b"1222"

        def go_on(writer):
            peer.accept(writer, 200)
            writer.alert(1222)
            writer.end()

        sent = peer.say(go_on, final=False)
    assert found == [b"./n%02d" % i for i in range(40)]
    assert len(final) > 2 and final[-1]
    assert ("replace", b"./n00", b"after the split") in peer.tree.did


def test_a_package_of_several_messages_is_asked_for():
    peer = Peer(Tree(a="1"))

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.REPLACE)
        writer.item(None, "./a", None, None, "2")
        writer.end()

    sent = peer.say(write, peer.credential(), final=False)
    assert not peer.reader.final
    assert bytes(sent[-1].data) == b"1222"


def test_abort_ends_the_session_without_an_answer():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.alert(1223)
        writer.end()

    assert peer.say(write, peer.credential()) is None
    assert peer.session.outcome == session.ABORTED


def test_another_session_and_rubbish_end_it():
    peer = Peer()
    assert peer.say(peer.accept, peer.credential(), session_id=b"8") is None
    assert peer.session.outcome == session.PROTOCOL_ERROR
    peer = Peer()
    peer.session.space()[:4] = b"html"
    assert peer.session.receive(4) == 0
    assert peer.session.outcome == session.PROTOCOL_ERROR


def test_a_peer_limit_too_small_for_anything_ends_it():
    peer = Peer(Tree(a="1" * 400))
    peer.session.writer.peer_limit = 200

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./a", None, None, None)
        writer.end()

    peer.say(write, peer.credential())

    def go_on(writer):
        peer.accept(writer, 200)
        writer.alert(1222)
        writer.end()

    for _ in range(4):
        if peer.sent:
            peer.say(go_on, final=False)
    assert peer.session.outcome == session.ABORTED


def test_large_objects_are_refused():
    peer = Peer(Tree(a="1"))

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.REPLACE)
        writer.start(0x14)
        writer.location(0x2E, "./a")
        writer.start(0x1A)
        writer.text(0x112, 8)
        writer.end()
        writer.text(0x0F, "part")
        writer.empty(0x34)
        writer.end()
        writer.end()

    assert codes(peer.say(write, peer.credential())) == [212, 413]
    assert peer.tree.did == ["commit"]


def without(name, function):
    """Call it on a board where a module's file was left out."""
    import sys

    from uscomo import reports  # noqa: F401

    kept = sys.modules.get("uscomo." + name)
    package = sys.modules["uscomo"]
    if hasattr(package, name):
        delattr(package, name)
    sys.modules.pop("uscomo." + name, None)
    path = package.__path__
    package.__path__ = "/nowhere" if isinstance(path, str) else []
    try:
        function()
    finally:
        package.__path__ = path
        if kept:
            sys.modules["uscomo." + name] = kept


def test_a_board_without_atomic_refuses_it_whole():
    def test():
        peer = Peer(Tree(a="1"))

        def write(writer):
            peer.accept(writer)
            writer.command(syncml.ATOMIC)
            writer.command(syncml.REPLACE)
            writer.item(None, "./a", None, None, "2")
            writer.end()
            writer.end()

        assert codes(peer.say(write, peer.credential())) == [212, 406, 406]
        assert peer.tree.did == ["commit"]

    without("atomic", test)


def test_a_board_without_copy_refuses_it():
    def test():
        peer = Peer(Tree(a="1"))

        def write(writer):
            peer.accept(writer)
            writer.command(syncml.COPY)
            writer.item("./a", "./b", None, None, None)
            writer.end()

        assert codes(peer.say(write, peer.credential())) == [212, 406]

    without("properties", test)


def test_the_next_message_goes_where_the_server_says():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.alert(1100)
        writer.item(None, None, None, None, "hello")
        writer.end()

    buffer = bytearray(1024)
    writer = MessageWriter(buffer)
    writer.message(b"7", 1, "urn:d", b"http://dm.example/s", b"server", peer.credential(), 0)
    # RespURI goes before the end of the header, so the header is written again by hand.
    head = bytes(buffer[: writer.position])
    respond = b"\x61\x03http://dm.example/s?sid=9\x00\x01"
    cut = head.rindex(b"\x01\x00\x00\x6b") if b"\x01\x00\x00\x6b" in head else len(head) - 2
    writer.position = 0
    body = head[:cut] + b"\x00\x00" + respond + head[cut:]
    buffer[: len(body)] = body
    writer.position = len(body)
    writer.page = 0
    write(writer)
    length = writer.close(True)
    peer.session.space()[:length] = buffer[:length]
    sent = peer.parse(peer.session.receive(length))
    assert peer.reader.header.target == b"http://dm.example/s?sid=9"
    assert codes(sent) == [212, 200]


def test_200_after_212_takes_nothing_back():
    peer = Peer(Tree(a="1"))

    def get(code):
        def write(writer):
            peer.accept(writer, code)
            writer.command(syncml.GET)
            writer.item(None, "./a", None, None, None)
            writer.end()

        return write

    peer.say(get(212), peer.credential())
    peer.say(get(200))
    assert not peer.reader.header.credential


def test_a_challenge_in_the_middle_starts_over_with_a_credential():
    peer = Peer(Tree(**{"n%02d" % i: "v" * 60 for i in range(40)}), send=1024)

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./all", None, None, None)
        writer.end()

    peer.say(write, peer.credential())
    assert not peer.reader.final

    def challenge(writer):
        challenge = ("syncml:auth-md5", digest.base64(b"fresh"))
        writer.status(b"2", b"0", b"SyncHdr", 401, None, challenge)

    sent = peer.say(challenge)
    assert peer.reader.header.credential
    assert syncml.REPLACE in [command.tag for command in sent]
    sent = peer.say(write)
    assert syncml.RESULTS in [command.tag for command in sent]


def test_a_report_that_was_only_challenged_is_not_answered():
    peer = Peer()

    def refuse(writer):
        challenge = ("syncml:auth-md5", digest.base64(b"fresh"))
        writer.status(b"1", b"0", b"SyncHdr", 401, None, challenge)
        writer.status(b"1", b"3", b"Alert", 401)

    peer.say(refuse, peer.credential())
    assert peer.alerts[0].status == 0


def test_no_answer_in_a_sequence_is_no_consent():
    peer = Peer(answer=408)

    def write(writer):
        peer.accept(writer)
        writer.command(syncml.SEQUENCE)
        writer.alert(1101)
        writer.item(None, None, None, None, "Install?")
        writer.end()
        writer.command(syncml.EXEC)
        writer.item(None, "./c", None, None, None)
        writer.end()
        writer.end()

    assert codes(peer.say(write, peer.credential())) == [212, 200, 408, 215]


def test_containers_within_containers():
    def write(outer, inner):
        def write(writer):
            peer.accept(writer)
            writer.command(outer)
            writer.command(inner)
            writer.command(syncml.DELETE)
            writer.item(None, "./a", None, None, None)
            writer.end()
            writer.end()
            writer.command(syncml.DELETE)
            writer.item(None, "./a", None, None, None)
            writer.end()
            writer.end()
            writer.command(syncml.GET)
            writer.item(None, "./a", None, None, None)
            writer.end()

        return write

    for outer, inner, told in (
        # Atomic in a Sequence is Atomic; all else is an error of the inner one.
        (syncml.SEQUENCE, syncml.ATOMIC, [200, 200, 200, 200]),
        (syncml.SEQUENCE, syncml.SEQUENCE, [200, 500, 500, 200]),
        (syncml.ATOMIC, syncml.ATOMIC, [507, 500, 215, 215]),
        (syncml.ATOMIC, syncml.SEQUENCE, [507, 500, 215, 215]),
    ):
        peer = Peer(Tree(a="1"))
        assert codes(peer.say(write(outer, inner), peer.credential())) == [212] + told + [200]


def test_the_last_part_of_a_large_object_is_refused_too():
    peer = Peer(Tree(a="1"))

    def part(more):
        def write(writer):
            peer.accept(writer)
            writer.command(syncml.REPLACE)
            writer.start(0x14)
            writer.location(0x2E, "./a")
            if more:
                writer.start(0x1A)
                writer.text(0x112, 8)
                writer.end()
            writer.text(0x0F, "part")
            if more:
                writer.empty(0x34)
            writer.end()
            writer.end()

        return write

    assert codes(peer.say(part(True), peer.credential(), final=False)) == [212, 413]
    assert codes(peer.say(part(False), final=False)) == [200, 413]
    assert codes(peer.say(part(False))) == [200, 200]


def test_versions_that_are_not_ours():
    for name, code in ((b"\x03DM/1.2", 513), (b"\x031.2", 505)):
        peer = Peer()
        buffer = bytearray(1024)
        writer = MessageWriter(buffer)
        writer.message(b"7", 1, "urn:d", b"http://s", b"server", peer.credential(), 0)
        writer.command(syncml.GET)
        writer.item(None, "./a", None, None, None)
        writer.end()
        length = writer.close(True)
        message = bytes(buffer[:length]).replace(name, name[:-1] + b"9", 1)
        peer.session.space()[:length] = message
        sent = peer.parse(peer.session.receive(length))
        assert codes(sent) == [code, code]
        assert sent[0].next_nonce is None


def test_commands_that_are_none_of_ours_and_commands_without_content():
    peer = Peer()

    def write(writer):
        peer.accept(writer)
        writer.command(0x1F)
        writer.item(None, "./a", None, None, "x")
        writer.end()
        writer.command(syncml.GET)
        writer.end()
        writer.command(syncml.GET)
        for _ in range(syncml.MAX_ITEMS + 1):
            writer.item(None, "./a", None, None, None)
        writer.end()

    assert codes(peer.say(write, peer.credential())) == [212, 501, 400, 413]


def test_texts_that_are_no_utf_8_end_cleanly():
    def alert(writer):
        writer.alert(1100)
        writer.start(0x14)
        writer.start(0x0F)
        writer.opaque(b"\xff\xfe")
        writer.end()
        writer.end()
        writer.end()

    peer = Peer()

    def write(writer):
        peer.accept(writer)
        alert(writer)

    assert codes(peer.say(write, peer.credential())) == [212, 415]
    peer = Peer()
    kind = b"\xff" * len("syncml:auth-md5")
    assert peer.say(peer.accept, (kind, "b64", b"x")) is None
    assert peer.session.outcome == session.PROTOCOL_ERROR


def test_mutated_messages_end_cleanly():
    # A small fuzz for every run; what it guards is the absence of any other exception.
    peer = Peer(Tree(a="1"))
    buffer = bytearray(1024)
    writer = MessageWriter(buffer)
    writer.message(b"7", 1, "urn:d", b"http://s", b"server", peer.credential(), 0)
    peer.accept(writer, 212, 1)
    writer.command(syncml.SEQUENCE)
    writer.alert(1101)
    writer.item(None, None, None, None, "MAXDT=1")
    writer.item(None, None, None, None, "Install?")
    writer.end()
    writer.command(syncml.EXEC)
    writer.text(0x3C, "corr")
    writer.item(None, "./c", None, None, None)
    writer.end()
    writer.end()
    writer.command(syncml.GET)
    writer.item(None, "./all", None, None, None)
    writer.end()
    length = writer.close(True)
    message = bytes(buffer[:length])
    state = 12345
    for at in range(0, length):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        peer = Peer(Tree(a="1"))
        peer.session.space()[:length] = message
        peer.session.buffer[at] = state >> 16 & 0xFF
        peer.session.receive(length)
