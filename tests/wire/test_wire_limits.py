"""Each limit of the reader has a name, and is crossed here; every global token is read."""

from __future__ import annotations

import pytest

from uscomo import wbxml
from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.errors import WireError

SYNCML, SYNC_HDR, LOC_URI = b"\x6d", b"\x6c", b"\x57"
HEADER = b"\x02\xa4\x01\x6a\0"


def read(inside: bytes, header: bytes = HEADER, end: bytes = b"\x01\x01\x01") -> bytes:
    """The text of SyncML/SyncHdr/LocURI with these tokens inside."""
    root = wbxml_document.decode(header + SYNCML + SYNC_HDR + LOC_URI + inside + end)
    return root.children[0].children[0].text


def table(text: bytes) -> bytes:
    return HEADER[:4] + bytes((len(text),)) + text


def nested(levels: int) -> bytes:
    return HEADER + SYNCML + SYNC_HDR * (levels - 1) + b"\x01" * levels


BEYOND = {
    wbxml.TRUNCATED: [HEADER + SYNCML, HEADER + SYNCML + LOC_URI + b"\x03abc", b"\x02\xa4"],
    wbxml.BAD_VERSION: [b"\0" + HEADER[1:] + b"\x2d", b"\x04" + HEADER[1:] + b"\x2d"],
    # ISO 8859-1, UCS-2.
    wbxml.BAD_CHARSET: [b"\x02\xa4\x01\x04\0\x2d", b"\x02\xa4\x01\x87\x68\0\x2d"],
    wbxml.BAD_INTEGER: [
        # Six octets; more than 32 bits in five; beyond the last character.
        HEADER + SYNCML + LOC_URI + b"\xc3\x80\x80\x80\x80\x80\x01a\x01\x01",
        HEADER + SYNCML + LOC_URI + b"\xc3\x90\x80\x80\x80\x00\x01\x01",
        HEADER + SYNCML + LOC_URI + b"\x02\xc4\x80\x00\x01\x01",
    ],
    wbxml.BAD_INDEX: [
        table(b"ab\0") + SYNCML + LOC_URI + b"\x83\x03\x01\x01",
        HEADER + SYNCML + b"\x04\x00\x01",
        b"\x02\0\x05\x6a\x01a" + b"\x2d",
    ],
    wbxml.TOO_DEEP: [nested(wbxml.MAX_DEPTH + 1)],
    wbxml.BAD_STRUCTURE: [HEADER + b"\x01", HEADER + b"\x03a\0\x2d", HEADER + b"\xc3\x01a"],
    wbxml.BAD_LENGTH: [
        HEADER + SYNCML + LOC_URI + b"\xc3\x09abc\x01\x01",
        HEADER[:4] + b"\x09abc",
    ],
}


@pytest.mark.parametrize(
    ("reason", "body"), [(reason, body) for reason, all_ in BEYOND.items() for body in all_]
)
def test_beyond_a_limit(reason, body):
    with pytest.raises(WireError) as caught:
        wbxml_document.decode(body)
    assert caught.value.reason == wbxml_document.REASONS[reason]
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= len(body)


def test_each_reason_has_a_document():
    assert BEYOND.keys() == wbxml_document.REASONS.keys()


def test_at_a_limit():
    assert wbxml_document.decode(nested(wbxml.MAX_DEPTH)).name == "SyncML"
    assert read(b"\x02\xc3\xff\x7f") == chr(0x10FFFF).encode()
    # Five octets, the first of them without meaning.
    assert read(b"\xc3\x80\x80\x80\x80\x01a") == b"a"


def test_the_number_of_documents_inside_each_other():
    inner = HEADER + SYNCML + b"\x01"
    for _ in range(wbxml_document.MAX_EMBEDDED + 1):
        size = len(inner)
        length = bytes((size,)) if size < 128 else bytes((0x80 | size >> 7, size & 0x7F))
        inner = HEADER + SYNCML + b"\x4f\xc3" + length + inner + b"\x01\x01"
    node, depth = wbxml_document.decode(inner), 0
    while node.children and node.children[0].name == "Data" and node.children[0].children:
        node, depth = node.children[0].children[0], depth + 1
    assert depth == wbxml_document.MAX_EMBEDDED
    assert node.children[0].text.startswith(HEADER)


def test_how_often_a_table_is_repeated():
    header = table(b"x" * 100 + b"\0")
    size = len(header) + 7
    most = wbxml_document.MAX_EXPANSION
    # Each reference is two octets of the document and a hundred of text.
    fits = next(n for n in range(1, 2000) if 100 * (n + 1) > most * (size + 2 * (n + 1)))
    assert len(read(b"\x83\0" * fits, header)) == 100 * fits
    with pytest.raises(WireError, match="repeated too often"):
        read(b"\x83\0" * (fits + 1), header)


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (b"\x03abc\0", b"abc"),
        (b"\xc3\x03abc", b"abc"),
        (b"\x83\0", b"table"),
        (b"\x83\x02", b"ble"),
        (b"\x02\x41", b"A"),
        (b"\x03a\0\x02\x26\xc3\x01c", b"a&c"),
        # SyncML gives extensions and instructions no meaning: they say nothing.
        (b"\x03a\0" + b"".join(bytes((t,)) + b"x\0" for t in (0x40, 0x41, 0x42)), b"a"),
        (b"\x03a\0" + b"".join(bytes((t, 0)) for t in (0x80, 0x81, 0x82)), b"a"),
        (b"\x03a\0\xc0\xc1\xc2", b"a"),
        (b"\x43\x05\x03value\0\x01\x03a\0", b"a"),
        (b"\x43\x05\x83\0\x01\x03a\0", b"a"),
        # Pages are switched where nothing needs it, also in front of an END.
        (b"\0\x01\0\0\x03a\0\0\x01", b"a"),
    ],
)
def test_every_global_token_in_content(inside, text):
    assert read(inside, table(b"table\0")) == text


@pytest.mark.parametrize(
    ("token", "more"),
    [
        (b"\x04\x00", b""),
        (b"\x44\x00", b"\x03a\0\x01"),
        (b"\x84\x00", b"\x05\x03v\0\x85\x01"),
        (b"\xc4\x00", b"\x04\x00\x03v\0\x01\x03a\0\x01"),
    ],
)
@pytest.mark.parametrize(("name", "known"), [(b"Final\0", True), (b"Unknown\0", False)])
def test_every_literal_tag(token, more, name, known):
    root = wbxml_document.decode(table(name) + SYNCML + token + more + b"\x12\x01")
    assert [child.name for child in root.children] == ["Final"] * (1 + known)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("charset", [b"\0", b"\x03", b"\x6a"])
@pytest.mark.parametrize(
    "public", [b"\x01", b"\xa4\x01", b"\x9f\x53", b"\x9f\x51", b"\x84\x80\x81\x80\x01"]
)
def test_headers_do_not_matter(version, charset, public):
    header = bytes((version,)) + public + charset + b"\0"
    assert read(b"\x03a\0", header) == b"a"
