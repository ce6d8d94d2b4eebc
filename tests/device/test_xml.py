# XML at the bearer: what goes out, octet by octet, and back.
from binascii import a2b_base64

from test_dm_broken import documents
from test_markup import SIZES, Stream, wbxml_of
from test_vectors import example

from support import raises
from uscomo import markup, session, syncml, wbxml, xml
from uscomo.syncml import MessageReader, MessageWriter

HEAD = b"<?xml version='1.0' encoding='UTF-8'?><SyncML xmlns='SYNCML:SYNCML1.2'>"


class Account:
    client_auth = server_auth = session.MD5


class Held:
    """Of a session, what XML needs of it."""

    def __init__(self, buffer=256):
        self.account = Account()
        self.buffer = bytearray(buffer)
        self.reader = None
        self.writer = MessageWriter(bytearray(2048))
        self.aborted = 0
        self.form = xml.Session(self)

    def abort(self):
        self.aborted += 1
        try:
            return self.message(self.end)
        except wbxml.Full:
            return 0

    def end(self, writer):
        writer.alert(1223)
        writer.end()

    def message(self, write, final=True, *about):
        """Write a message: its length."""
        self.writer.message(b"1", 2, "http://s", "d", None, None, 0)
        write(self.writer, *about)
        return self.writer.close(final)

    def sent(self, length):
        """What goes out for it, after the document's head."""
        return xml_of(self, length)[len(HEAD) :]

    def items(self, write, *about):
        """The same, behind the header: without what opens and closes the body."""
        return self.sent(self.message(write, True, *about)).split(b"<SyncBody>")[1][:-28]


def xml_of(held, length):
    headers = [("Content-Type", ""), ("Accept", ""), ("User-Agent", "")]
    body = held.form.send(headers, memoryview(held.writer.buffer)[:length])
    assert headers[0] == ("Content-Type", "application/vnd.syncml.dm+xml")
    whole = b"".join([bytes(part) for part in body()])
    assert len(whole) == len(body)
    # It can be asked for again.
    assert b"".join([bytes(part) for part in body()]) == whole
    return whole


# -- out


def test_a_message_as_it_is_sent():
    def write(writer):
        writer.status(b"1", b"2", b"Get", 200)
        writer.results(b"1", b"2")
        writer.item("./a/b", None, "chr", "text/plain", "5 < 6 & 7 > \r\n\t\xfc\u20ac\U0001f600")
        writer.end()

    held = Held()
    assert xml_of(held, held.message(write)) == (
        HEAD + b"<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>"
        b"<MsgID>2</MsgID><Target><LocURI>http://s</LocURI></Target>"
        b"<Source><LocURI>d</LocURI></Source></SyncHdr><SyncBody>"
        b"<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd>"
        b"<Data>200</Data></Status><Results><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef>"
        b"<Item><Source><LocURI>./a/b</LocURI></Source>"
        b"<Meta><Format xmlns='syncml:metinf'>chr</Format>"
        b"<Type xmlns='syncml:metinf'>text/plain</Type></Meta>"
        b"<Data>5 &lt; 6 &amp; 7 &gt; &#13;\n\t\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80</Data></Item>"
        b"</Results><Final/></SyncBody></SyncML>"
    )


def test_octets_are_base64():
    def write(writer):
        writer.item("./a", None, "bin", "x/y", b"\x00\x01\x02\x03")
        writer.item("./b", None, "bin", None, b"")
        writer.item("./c", None, "chr", None, b"a\x00b")
        writer.item("./d", None, None, None, b"a\x00b")
        writer.item("./e", None, "bin", None, bytes(range(100)))

    form = b"<Meta><Format xmlns='syncml:metinf'>b64</Format>"
    items = Held().items(write).split(b"</Item>")
    data = [item.split(b"</Source>")[1:] for item in items]
    assert data[0] == [
        form + b"<Type xmlns='syncml:metinf'>x/y</Type></Meta><Data>AAECAw==</Data>"
    ]
    # No octets at all need no base64.
    assert data[1] == [form.replace(b"b64", b"bin") + b"</Meta><Data/>"]
    assert data[2] == data[3] == [form + b"</Meta><Data>YQBi</Data>"]
    text = data[4][0].split(b"<Data>")[1].split(b"<")[0]
    assert a2b_base64(text) == bytes(range(100))


def part(writer, uri, size, octets, more):
    writer.start(syncml.ITEM)
    writer.location(syncml.SOURCE, uri)
    writer.meta("bin", None, None, None, size)
    writer.start(syncml.DATA)
    writer.opaque(octets)
    writer.end()
    if more:
        writer.empty(syncml.MOREDATA)
    writer.end()


def test_an_object_in_parts_is_one_text_of_base64():
    whole = bytes(range(200))
    held = Held()
    got = b""
    at = 0
    for size in (1, 1, 50, 48, 99, 1):
        octets = whole[at : at + size]
        sent = held.items(part, "./a", 0 if at else 200, octets, at + size < 200)
        assert (b"<Size xmlns='syncml:metinf'>268</Size>" in sent) == (not at)
        got += sent.split(b"<Data>")[1].split(b"<")[0]
        at += size
    assert len(got) == 268 and a2b_base64(got) == whole


def test_what_is_left_of_a_broken_object_gets_into_no_other():
    # What begins anew says its size.
    for uri, size in (("./b", 0), ("./a", 3)):
        held = Held()
        held.items(part, "./a", 99, b"ab", True)
        assert b"<Data>eHl6</Data>" in held.items(part, uri, size, b"xyz", False)


def value(writer, data):
    writer.item("./a", None, "chr", None, data)


def test_what_is_no_character_is_told():
    for bad, count in (
        (b"\x1b", 1),
        (b"\xff", 1),
        (b"\xc3", 1),
        (b"\xc0\x80", 2),
        (b"\xe0\x80\x80", 3),
        (b"\xed\xa0\x80", 3),
        (b"\xef\xbf\xbe", 3),
        (b"\xf4\x90\x80\x80", 4),
        (b"\xe2\x82", 2),
    ):
        text = Held().items(value, b"<" + bad + b".")
        assert b"<Data>&lt;" + b"?" * count + b".</Data>" in text, bad


def test_what_proves_itself_stays_wbxml():
    for side in ("client_auth", "server_auth"):
        held = Held()
        setattr(held.account, side, session.MAC)
        headers = [("Content-Type", "as it was")]
        view = memoryview(b"whatever")
        assert held.form.send(headers, view) is view
        assert headers == [("Content-Type", "as it was")]


def test_no_message_is_longer_than_the_peer_takes():
    def write(writer):
        writer.alert(1226)
        while True:
            mark = writer.mark()
            try:
                writer.item("./a", None, "chr", "text/plain", "0")
            except wbxml.Full:
                writer.roll_back(mark)
                break
        writer.end()

    for limit in (1100, 2000, 5000, 9000):
        held = Held()
        held.writer.peer_limit = limit
        assert limit // 2 < len(xml_of(held, held.message(write, False))) <= limit
        assert not held.aborted
    # Text of nothing but what has to be escaped: it would be too long, and the session is over.
    held = Held()
    length = held.message(value, True, "&" * 300)
    held.writer.peer_limit = 1500
    assert b"<Data>1223</Data>" in xml_of(held, length) and held.aborted == 1
    held.writer.peer_limit = 9000
    length = held.message(value, True, "")
    for limit in (100, 400):
        held.writer.peer_limit = limit
        raises(ValueError, xml_of, held, length)


def test_an_answer_that_is_no_good_is_none():
    held = Held()
    for text, room in ((b"<Data>", 100), (b"<Data>abc</Data>", 8)):
        assert held.form.receive(Stream(text), memoryview(bytearray(room))) == 0
    assert held.form.receive(Stream(b"<Data>abc</Data>"), memoryview(bytearray(12))) == 12


# -- there and back


def same(one, other):
    """Two messages mean the same; octets may have become base64."""
    readers = [MessageReader(one), MessageReader(other)]
    for reader, document in zip(readers, (one, other)):
        reader.begin(len(document))
    alike(readers[0].header, readers[1].header)
    while True:
        was, now = readers[0].next(), readers[1].next()
        if was is None:
            assert now is None and readers[0].final == readers[1].final
            return
        alike(was, now)
        assert len(was.items) == len(now.items)
        for item, again in zip(was.items, now.items):
            alike(item, again)


def alike(was, now):
    for name in ("tag", "cmd_id", "msg_ref", "cmd_ref", "cmd", "target", "source", "type", "more"):
        assert getattr(was, name) == getattr(now, name), name
    for name in ("session_id", "msg_id", "resp_uri", "source_name", "next_nonce", "correlator"):
        assert getattr(was, name) == getattr(now, name), name
    data = now.data and bytes(now.data)
    if now.format == b"b64" != was.format:
        data = a2b_base64(data)
    else:
        assert was.format == now.format
    assert (was.data and bytes(was.data)) == data


def recorded():
    """What others said; without what SyncML's own tables have no words for."""
    left_out = [example(name) for name in ("devinf", "e", "nn")]
    return [document for document in documents() if document not in left_out]


def there(document):
    """The XML of a message that our writer did not write."""
    held = Held()
    held.writer.buffer[: len(document)] = document
    return xml_of(held, len(document))


def test_what_others_said_comes_back():
    found = recorded()
    assert len(found) > 30
    for number, document in enumerate(found):
        whole = there(document)
        back = wbxml_of(whole, SIZES[number % len(SIZES)])
        same(bytearray(document), back)
        again = there(back)
        assert there(wbxml_of(again)) == again


def broken(step):
    for number, document in enumerate(recorded()):
        whole = there(document)
        for size in range(number % step, len(whole) - 1, step):
            raises(wbxml.WbxmlError, wbxml_of, whole[:size])
        for at in range(number % step, len(whole), step):
            turned = bytearray(whole)
            for bit in range(8):
                turned[at] = whole[at] ^ 1 << bit
                stream = Stream(turned)
                try:
                    markup.Parser(stream, memoryview(bytearray(4096)), bytearray(256)).message()
                except (wbxml.WbxmlError, wbxml.Full):
                    pass
                assert stream.reads <= len(whole)


def test_broken_messages():
    broken(397)


def test_all_broken_messages():
    broken(11)
