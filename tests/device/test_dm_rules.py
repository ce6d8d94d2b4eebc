# What the digest's sections 2 and 5 ask of a session: large values sent, messages that come twice
# or late, versions, sizes, giving up.
from matrix_case import device, go_on, item, talk, told, write
from test_dm_parts import alerts
from test_dm_session import Account, Alert, Peer, Tree, codes

from uscomo import digest, session, syncml, wbxml

TEXT = "".join("%04d\u00e9" % i for i in range(300))  # 1,800 octets, some of two


class Valued(Tree):
    """A dispatcher with one value at ./big; as a tuple, which is one value and no listing."""

    def __init__(self, value, format=""):
        super().__init__(a="1")
        self.value = value
        self.format = format

    def get(self, uri):
        if uri != b"./big":
            return super().get(uri)
        return ((uri, self.format, "", self.value),)


class FromFlash:
    """A value that comes as it is wanted, some octets at a time."""

    def __init__(self, data, step=100):
        self.data = data
        self.size = len(data)
        self.step = step
        self.at = 0

    def readinto(self, view):
        part = self.data[self.at : self.at + min(self.step, len(view))]
        view[: len(part)] = part
        self.at += len(part)
        return len(part)


def ask_for_big(made, then=()):
    def say(writer):
        made.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./big", None, None, None)
        writer.end()
        write(writer, then)

    made.say(say, made.credential())


def _answer_part(made, cmd_id, code):
    own = made.session._msg_id

    def say(writer):
        made.accept(writer, 200)
        writer.status(b"%d" % own, cmd_id, b"Results", code)
        writer.alert(1222)
        writer.end()

    made.say(say, final=False)


def taken(made, code=213, refuse_at=-1):
    """Take parts until the last one: [(octets, Size, MoreData, Final)]."""
    found = []
    while True:
        results = next(c for c in made.sent if c.tag == syncml.RESULTS)
        assert results.cmd_ref == b"2" and results.msg_ref == b"1" and len(results.items) == 1
        (part,) = results.items
        assert part.source == b"./big"
        found.append((bytes(part.data), part.size, part.more, made.reader.final))
        assert made.session.writer.position <= made.session.writer.limit
        if not part.more:
            return found
        # Nothing else stands beside it, so no Alert 1222 either.
        assert not alerts(made, "1222")
        _answer_part(made, results.cmd_id, 424 if len(found) - 1 == refuse_at else code)
        if len(found) - 1 == refuse_at:
            return found


def test_a_value_that_no_message_holds_goes_in_parts():
    for value, format in ((TEXT, ""), (TEXT.encode(), "bin"), (FromFlash(TEXT.encode()), "bin")):
        for limit in (500, 700, 1100):
            if isinstance(value, FromFlash):
                value.at = 0
            made = Peer(Valued(value, format), send=limit)
            ask_for_big(made, [("Get", [item("./a")])])
            found = taken(made)
            assert b"".join(data for data, _, _, _ in found) == TEXT.encode()
            # Its size stands in the first part and only there, MoreData in all but the last.
            assert [size for _, size, _, _ in found] == [b"1800"] + [None] * (len(found) - 1)
            assert [more for _, _, more, _ in found] == [True] * (len(found) - 1) + [False]
            assert not [1 for _, _, more, final in found if more and final]
            assert len(found) > 1
            if not format:
                # No character is cut: each part is a text.
                for data, _, _, _ in found:
                    data.decode()
            # And what came behind it, in its place.
            said = told(made.sent)
            while not made.reader.final:
                said += go_on(made)
            assert ("Get", 200) in said


def test_one_that_fits_is_whole():
    made = Peer(Valued("x" * 600), send=1400)
    ask_for_big(made)
    (part,) = taken(made)
    assert part == (b"x" * 600, None, False, True)
    # From flash even where it fits: then with its size.
    made = Peer(Valued(FromFlash(b"y" * 600), "bin"), send=1400)
    ask_for_big(made)
    assert taken(made) == [(b"y" * 600, b"600", False, True)]


def test_the_server_refuses_a_part():
    made = Peer(Valued(TEXT), send=700)
    ask_for_big(made, [("Get", [item("./a")])])
    found = taken(made, refuse_at=1)
    assert len(found) == 2
    # The rest of it is not sent; the session goes on with the next command.
    assert [c.tag for c in made.sent][-2:] == [syncml.STATUS, syncml.RESULTS]
    assert made.sent[-1].items[0].source == b"./a" and made.reader.final


def test_the_server_misses_the_end():
    made = Peer(Valued(TEXT), send=700)
    ask_for_big(made)

    def say(writer):
        made.accept(writer, 200)
        writer.alert(1225)
        writer.item(None, "./big", None, None, None)
        writer.end()

    made.say(say, final=False)
    assert told(made.sent) == [("Alert", 200)]
    assert not [c for c in made.sent if c.tag == syncml.RESULTS]


def test_the_servers_largest_object():
    # Also of what one message could hold.
    for send in (700, 2600):
        for limit, code in ((1799, 413), (1800, 200)):
            made = Peer(Valued(TEXT), send=send)
            made.session.commands.peer_limit = limit
            ask_for_big(made)
            assert told(made.sent) == [("Get", code)]


def test_a_listing_with_a_value_that_no_message_holds():
    made = Peer(device(big=b"v" * 500, last=b"5"), send=2048)
    made.session.writer.peer_limit = 700

    def say(writer):
        made.accept(writer)
        write(writer, [("Get", [item("./V?list=StructData")])])

    made.say(say, made.credential())
    found = {}
    for _ in range(9):
        assert made.length <= 700
        for command in made.sent:
            for entry in command.items if command.tag == syncml.RESULTS else ():
                uri = entry.source.decode()
                found[uri] = found.get(uri, b"") + bytes(entry.data or b"")
        if made.reader.final:
            break
        go_on(made)
    assert made.reader.final and made.session.outcome == session.RUNNING
    assert found["./V/big"] == b"v" * 500
    assert found["./V/a"] == b"1" and found["./V/last"] == b"5"


def test_a_challenge_between_parts_forgets_the_object():
    made = Peer(Valued(TEXT), send=700)
    ask_for_big(made)
    assert made.session.commands.sent

    def challenge(writer):
        made.accept(writer, 401)

    made.say(challenge)
    assert [c.tag for c in made.sent][1:] == [syncml.ALERT, syncml.REPLACE, syncml.ALERT]
    # It is what keeps a session from being counted, see talk.
    assert not made.session.commands.sent


def announced(made, size, largest, write=None):
    """A message whose header announces sizes."""
    writer = syncml.MessageWriter(bytearray(1000))
    writer.message(
        b"7", made.msg_id + 1, "urn:d", b"s", b"server", made.credential(), size, largest
    )
    made.msg_id += 1
    made.accept(writer)
    if write:
        write(writer)
    length = writer.close(True)
    made.session.space()[:length] = writer.buffer[:length]
    made.sent = made.parse(made.session.receive(length))


def test_what_a_header_announces_is_in_force_until_it_changes():
    made = Peer(Valued(TEXT), send=1400)

    def get(writer):
        writer.command(syncml.GET)
        writer.item(None, "./big", None, None, None)
        writer.end()

    announced(made, 600, 4000, get)
    assert made.session.writer.peer_limit == 600
    for data, _, _, _ in taken(made):
        assert len(data) < 600
    assert made.session.writer.peer_limit == 600 and made.session.commands.peer_limit == 4000


def test_a_stream_that_ends_early():
    value = FromFlash(b"x" * 1000)
    value.size = 1800
    made = Peer(Valued(value, "bin"), send=700)
    ask_for_big(made)
    while made.session.outcome == session.RUNNING:
        go_on(made)
    # What was announced cannot come: the session is given up, and says so.
    assert made.session.outcome == session.ABORTED and alerts(made, "1223")


# -- messages


def test_a_message_that_comes_again_is_answered_again_and_not_obeyed_again():
    made = Peer(Tree(a="1"))

    def say(writer):
        made.accept(writer, reference=1)
        write(writer, [("Replace", [item("./a", b"2")])])

    made.say(say, made.credential())
    first = bytes(made.send[: made.length])
    for _ in range(3):
        made.say(say, made.credential(), msg_id=1)
        assert bytes(made.send[: made.length]) == first
    assert len([entry for entry in made.tree.did if entry[0] == "replace"]) == 1
    # But not for ever.
    assert made.say(say, made.credential(), msg_id=1) is None
    assert made.session.outcome == session.PROTOCOL_ERROR


def test_an_old_message_ends_the_session():
    made = Peer(Tree(a="1"))

    def say(writer):
        made.accept(writer, 212 if made.msg_id == 3 else 200)
        write(writer, [("Get", [item("./a")])])

    # Numbers may have gaps, but they grow.
    assert made.say(say, made.credential(), msg_id=3)
    assert made.say(say, msg_id=7)
    assert made.say(say, msg_id=5) is None
    assert made.session.outcome == session.PROTOCOL_ERROR


def changed(made, commands, old, new):
    """A message of the server with some octets changed."""
    made.msg_id += 1
    writer = syncml.MessageWriter(bytearray(1000))
    writer.message(b"7", made.msg_id, "urn:d", b"s", b"server", made.credential(), 0)
    made.accept(writer)
    write(writer, commands)
    body = bytes(writer.buffer[: writer.close(True)]).replace(old, new, 1)
    made.session.space()[: len(body)] = body
    made.sent = made.parse(made.session.receive(len(body)))


def test_versions_that_are_not_ours_are_answered_with_ours():
    for old, new, code, ours in (
        (b"\x031.2\0", b"\x031.3\0", 505, b"1.2"),
        (b"\x03DM/1.2\0", b"\x03DM/1.3\0", 513, b"DM/1.2"),
    ):
        for commands in ([("Exec", [item("./a")])], []):
            made = Peer(Tree(a="1"))
            changed(made, commands, old, new)
            assert codes(made.sent) == [code] * (1 + len(commands))
            assert bytes(made.sent[0].items[0].data) == ours
            assert made.tree.did == ["commit"]
            for _ in range(3):
                assert made.sent
                changed(made, commands, old, new)
            assert made.sent is None and made.session.outcome == session.PROTOCOL_ERROR


def test_in_progress_is_no_answer():
    made = Peer()

    def say(writer):
        made.accept(writer)
        writer.status(b"1", b"3", b"Alert", 101)
        write(writer, [("Get", [item("./a")])])

    made.say(say, made.credential())
    assert made.alerts[0].status == 0

    def later(writer):
        writer.status(b"2", b"0", b"SyncHdr", 101)
        writer.status(b"1", b"3", b"Alert", 200)

    made.say(later)
    assert made.alerts[0].status == 200 and made.session.outcome == session.DONE


def test_abort_with_what_was_done_before_it():
    made = Peer(Tree(a="1"))

    def say(writer):
        made.accept(writer)
        write(
            writer,
            [
                ("Replace", [item("./a", b"2")]),
                ("Alert", 1223),
                ("Replace", [item("./a", b"3")]),
            ],
        )

    assert made.say(say, made.credential()) is None
    assert made.session.outcome == session.ABORTED
    assert made.tree.did == [("replace", b"./a", b"2"), "commit"]


def test_abort_in_the_middle_of_an_answer():
    made = talk([("Get", [item(".?list=StructData")])], send=1000)[1]
    assert not made.reader.final

    def say(writer):
        made.accept(writer, 200)
        writer.alert(1223)
        writer.end()

    assert made.say(say, final=False) is None
    assert made.session.outcome == session.ABORTED


def test_giving_up_is_said():
    made = Peer()
    length = made.session.abort()
    (alert,) = made.parse(length)
    assert bytes(alert.data) == b"1223" and made.reader.final
    assert made.session.outcome == session.ABORTED
    # Whatever the server says to it is not looked at.
    assert made.session.receive(4) == 0
    # Where not even that fits, nothing is said.
    made = Peer()
    made.session.writer.peer_limit = 60
    assert made.session.abort() == 0


def test_an_unrequested_kind_of_credential_ends_the_session():
    class Md5(Account):
        pass

    made = Peer(account=Md5())

    def say(writer):
        made.accept(writer)
        write(writer, [("Get", [item("./a")])])

    basic = "syncml:auth-basic", "b64", digest.basic(b"server", b"secret")
    # Before it was told it may not know better.
    assert codes(made.say(say, basic)) == [401, 401]
    assert made.say(say, basic) is None
    assert made.session.outcome == session.SERVER_NOT_AUTHENTIC


def test_a_clients_event():
    class Event(Alert):
        code = 1224
        type = "com.example.button"
        data = "pressed"

    made = Peer()
    made.alerts = [Event(), Alert(), Event()]
    made.session = session.Session(
        made.account, made.tree, made.interact, bytearray(2048), made.send
    )
    made.sent = made.parse(made.session.start(b"7", "urn:d", 1201, made.alerts, made.device_info))
    numbers = [bytes(c.data).decode() for c in made.sent if c.tag == syncml.ALERT]
    assert numbers == ["1201", "1224", "1226", "1224"]
    event = made.sent[2].items[0]
    assert (event.type, event.format) == (b"com.example.button", b"chr")
    assert bytes(event.data) == b"pressed"

    def say(writer):
        made.accept(writer)
        for cmd_id, code in ((b"3", 406), (b"4", 200), (b"5", 200)):
            writer.status(b"1", cmd_id, b"Alert", code)

    made.say(say, made.credential())
    assert [alert.status for alert in made.alerts] == [406, 200, 200]


def test_alerts_of_a_server_that_are_a_clients():
    said, _ = talk([("Alert", code) for code in (1200, 1201, 1224, 1226, 1299, 7)], device())
    assert said == [("Alert", 406)] * 6
    said, _ = talk([("Alert", "")], device())
    assert said == [("Alert", 412)]


def test_limits_of_a_message():
    # Items of one command.
    items = [item("./V/a", b"1")] * syncml.MAX_ITEMS
    assert talk([("Replace", items)], receive=4096)[0] == [("Replace", 200)] * syncml.MAX_ITEMS
    assert talk([("Replace", items + items[:1])], receive=4096)[0] == [("Replace", 413)]
    # A nonce.
    for size, outcome in ((syncml.MAX_NONCE, 0), (syncml.MAX_NONCE + 1, session.PROTOCOL_ERROR)):
        made = Peer()
        challenge = "syncml:auth-md5", digest.base64(bytes(size))
        made.say(lambda w, c=challenge: w.status(b"1", b"0", b"SyncHdr", 401, None, c))
        assert made.session.outcome == outcome
    # Levels.
    for depth, reason in ((wbxml.MAX_DEPTH - 2, None), (wbxml.MAX_DEPTH - 1, wbxml.TOO_DEEP)):
        body = b"\x6d\x6c" + b"\x7d" * depth + b"\1" * depth + b"\1\1"
        reader = wbxml.Reader(bytearray(b"\x02\xa4\x01\x6a\x00" + body))
        reader.begin(5 + len(body))
        try:
            while reader.next() != wbxml.DONE:
                pass
            assert reason is None
        except wbxml.WbxmlError as error:
            assert error.args[0] == reason
