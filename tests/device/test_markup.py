# An XML document, as it comes in, becomes WBXML: which documents, which limits, which errors.
from support import raises
from uscomo import markup, syncml, wbxml
from uscomo.syncml import MessageReader

HEAD = b"<SyncML xmlns='SYNCML:SYNCML1.2'>"
SIZES = (1, 2, 7, 128)


class Stream:
    """A document as it comes, so many octets at a time."""

    def __init__(self, data, size=128):
        self.data = data
        self.size = size
        self.at = self.reads = 0

    def readinto(self, view):
        self.reads += 1
        count = min(len(view), self.size, len(self.data) - self.at)
        view[:count] = self.data[self.at : self.at + count]
        self.at += count
        return count


def wbxml_of(text, size=128, room=4096, buffer=256):
    space = bytearray(room)
    length = markup.Parser(Stream(text, size), memoryview(space), bytearray(buffer)).message()
    return space[:length]


def body(text):
    """A document's WBXML behind its head."""
    return bytes(wbxml_of(text))[5:]


def message(commands):
    """A server's message as a MessageReader that stands in front of its commands."""
    header = b"<SyncHdr><VerDTD>1.2</VerDTD></SyncHdr>"
    document = wbxml_of(HEAD + header + b"<SyncBody>" + commands + b"</SyncBody></SyncML>")
    reader = MessageReader(document)
    reader.begin(len(document))
    return reader


def test_every_element_has_its_token():
    count = 0
    for page, last in ((0, 0x3C), (1, 0x16)):
        for token in range(5, last + 1):
            if page << 8 | token != 0x30:
                name = markup.element(page << 8 | token)
                count += 1
                switch = b"\0\1" if page else b""
                assert body(b"<" + name + b"/>") == switch + b"%c" % token, name
                # A part of a name, or more than one, is another name.
                for other in (name[1:], name + b"x", b"x" + name):
                    assert body(b"<" + other + b"    />")[-1] != token
    assert count == 55 + 18
    for tag in (0, 4, 0x30, 0x3D, 0x117, 0x205, -1):
        raises(wbxml.WbxmlError, markup.element, tag)


def test_documents():
    data = b"\x4f\x03%s\0\1"
    for text, expected in (
        (b"<Data> a </Data>", data % b" a "),
        (b"<Data></Data>", b"\x0f"),
        (b"<Data/>", b"\x0f"),
        (b"<Data />", b"\x0f"),
        (b"<Data ></Data >", b"\x0f"),
        (b"<Data><![CDATA[]]></Data>", b"\x0f"),
        (b"\xef\xbb\xbf<Data>\xc3\xbc</Data>", data % b"\xc3\xbc"),
        (b'<?xml version="1.0"?>\n<Data>a</Data>\n', data % b"a"),
        (b"<?xml version='1.0' encoding='utf-8' ?><Data>a</Data>", data % b"a"),
        (b"<?xml version='1.0' encoding = 'US-ASCII' ?><Data>a</Data>", data % b"a"),
        (b"<!DOCTYPE SyncML PUBLIC \"-//>\" 'b'>\n<Data>a</Data>", data % b"a"),
        (b"<?a b?><!-- c <d> -- --><Data>a<!-- e --><?f >?>b</Data>", data % b"ab"),
        (
            b"<Data>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x20ac;</Data>",
            data % b"<>&\"'AB\xe2\x82\xac",
        ),
        (b"<Data>&#x0010FFFF;</Data>", data % b"\xf4\x8f\xbf\xbf"),
        (b"<Data>a<![CDATA[<b>&amp;]]]>]]>c</Data>", data % b"a<b>&amp;]]]>c"),
        (b"<Data>a\r\nb\rc\r\r\n&#13;\n&#10;</Data>", data % b"a\nb\nc\n\n\r\n\n"),
        (b"<Data>a\r<!-- -->\nb</Data>", data % b"a\nb"),
        (b"<p:Data xmlns:p='urn:a>b' c=\"'\">a</p:Data>", data % b"a"),
        (b"<Data>a</Data>trailing <", data % b"a"),
        (b"<Item> \n<Data>a</Data>\n<Data/> </Item>", b"\x54" + data % b"a" + b"\x0f\1"),
        (b"<Meta><Size>1</Size></Meta>", b"\x5a\0\1\x52\x031\0\1\1"),
        (b"<Meta><m:Size/><Type/></Meta>", b"\x5a\0\1\x12\x13\1"),
        (b"<Item><Meta><Size/></Meta><Data/></Item>", b"\x54\x5a\0\1\x12\1\0\0\x0f\1"),
        (b"<Item><What><Ever>x</Ever></What></Item>", b"\x54\x7d\x7d\x03x\0\1\1\1"),
        # What lies in a Data as elements is what a tree there is.
        (b"<Data>a<b>c<d/></b>e<f/></Data>", b"\x4f\0\2\x20\x20\1"),
    ):
        for size in SIZES:
            assert bytes(wbxml_of(text, size))[5:] == expected, (text, size)


def test_broken_documents():
    for text in (
        b"",
        b"Data",
        b"a<Data/>",
        b"<Data",
        b"<Data>",
        b"<Data></Dat>",
        b"<Data></data>",
        b"<Item><Data></Item></Data>",
        b"</Data>",
        b"<>",
        b"< Data/>",
        b"<Data>&nbsp;</Data>",
        b"<Data>&amp</Data>",
        b"<Data>& a;</Data>",
        b"<Data>&;</Data>",
        b"<Data>&#;</Data>",
        b"<Data>&#x;</Data>",
        b"<Data>&#0;</Data>",
        b"<Data>&#27;</Data>",
        b"<Data>&#+5;</Data>",
        b"<Data>&#1_0;</Data>",
        b"<Data>&#xD800;</Data>",
        b"<Data>&#x110000;</Data>",
        b"<Data>&#x00000000041;</Data>",
        b"<Data>a\0b</Data>",
        b"<Data><![CDATA[a</Data>",
        b"<![CDATA[a]]><Data/>",
        b"<!-- <Data/>",
        b"<Data><!ELEMENT a></Data>",
        b"<Data><!DOCTYPE a></Data>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><Data>&b;</Data>",
        b"<!DOCTYPE a SYSTEM 'file:///etc/passwd' []><Data/>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><Data/>",
        b"<?xml version='1.0' encoding=?><Data/>",
        b"\xff\xfe<\0D\0/\0>\0",
    ):
        for size in SIZES:
            raises(wbxml.WbxmlError, wbxml_of, text, size)


def test_limits():
    # A tag fits the buffer; a name is shorter; text, comments and CDATA may be of any length.
    wide = b" " * 240
    assert body(b"<Data" + wide + b"/>") == b"\x0f"
    reasons = []
    for text in (
        b"<Data" + wide + b"          />",
        b"<" + b"a" * 65 + b"/>",
        b"<Item>" * 33 + b"</Item>" * 33,
        b"<!--" + b" " * 32768 + b"--><Data/>",
        b"<Data>" + b"<!-- -->" * 5000 + b"</Data>",
    ):
        reasons.append(raises(wbxml.WbxmlError, wbxml_of, text).args[0])
    long, deep = wbxml.BAD_LENGTH, wbxml.TOO_DEEP
    assert reasons == [long, long, deep, long, long]
    assert body(b"<" + b"a" * 64 + b"/>") == b"\x3d"
    assert len(body(b"<Item>" * 32 + b"</Item>" * 32)) == 31 * 2 + 1
    for text in (b"<Data>%s</Data>", b"<Data><![CDATA[%s]]></Data>", b"<Data><!--%s-->1</Data>"):
        body(text % (b"x" * 3000))
    for markup_ in (b"<Data>%s</Data>", b"<Data><![CDATA[%s]]></Data>"):
        text = markup_ % (b"x" * 100)
        # The head, the tag, a string's two ends and END.
        assert len(wbxml_of(text, 7, 109)) == 109
        raises(wbxml.Full, wbxml_of, text, 7, 108)


def test_a_tree_in_a_value_and_unknown_elements():
    add = b"<Add><CmdID>%d</CmdID><Item><Target><LocURI>./a</LocURI></Target>%s</Item></Add>"
    tree = b"<Data><MgmtTree xmlns='syncml:dmddf1.2'><Data/></MgmtTree></Data>"
    reader = message(
        add % (1, tree)
        + add % (2, b"<Data>a</Data><What xmlns='urn:x'>b<Data>c</Data></What>")
        + b"<Frob><CmdID>3</CmdID></Frob><What/><Final> </Final>"
    )
    first = reader.next()
    assert first.items[0].foreign and first.items[0].data is None
    second = reader.next()
    assert bytes(second.items[0].data) == b"a" and not second.items[0].foreign
    third = reader.next()
    assert third.cmd_id == b"3" and third.tag not in syncml.NAMES
    assert reader.next() is None and reader.final
