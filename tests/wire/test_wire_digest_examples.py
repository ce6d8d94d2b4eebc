"""Every byte example of the digest, and every quirk that it lists."""

from __future__ import annotations

import hashlib

import pytest
from wire_samples import DIGEST_SUMS, digest_wbxml, digest_xml

from uscomo_tools.syncml import message, wbxml_document, xml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import DDF, DEVINF, SYNCML, WIRE

D_BODY = digest_wbxml("d-num")[5:]
FPI = b"-//SYNCML//DTD SyncML 1.2//EN"


def leaf(root: Element, *path: str) -> Element:
    for name in path:
        found = root.find(name)
        assert found is not None, name
        root = found
    return root


@pytest.mark.parametrize("name", DIGEST_SUMS)
def test_example_is_copied_right(name):
    size, digest = DIGEST_SUMS[name]
    body = digest_wbxml(name)
    assert len(body) == size
    assert digest in (None, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("name", ["a", "b", "c", "ddf"])
def test_example_equals_its_xml(name):
    tree = wbxml_document.decode(digest_wbxml(name))
    assert xml_document.decode(digest_xml(name)) == tree


# What is left out was made with OPAQUE for text, a textual identifier or an inline page 2.
@pytest.mark.parametrize("name", ["b", "c", "d-num", "ddf", "devinf"])
def test_example_is_written_byte_for_byte(name):
    body = digest_wbxml(name)
    assert wbxml_document.encode(wbxml_document.decode(body)) == body


@pytest.mark.parametrize("name", ["b", "c", "ddf"])
def test_example_is_made_from_its_xml_byte_for_byte(name):
    made = wbxml_document.encode(xml_document.decode(digest_xml(name)))
    assert made == digest_wbxml(name)


@pytest.mark.parametrize("name", DIGEST_SUMS)
def test_example_round_trips(name):
    tree = wbxml_document.decode(digest_wbxml(name))
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree, pretty=True)) == tree


@pytest.mark.parametrize(
    "header",
    [
        bytes.fromhex("0200006a1d") + FPI,
        bytes.fromhex("0200006a1e") + FPI + b"\0",
        bytes.fromhex("02a4010000"),
        bytes.fromhex("01a4016a00"),
        bytes.fromhex("03a4016a00"),
        bytes.fromhex("02016a00"),
        bytes.fromhex("029f536a00"),
    ],
    ids=["textual", "with NUL", "charset 0", "1.1", "1.3", "unknown identifier", "SyncML 1.1"],
)
def test_headers_of_the_field(header):
    tree = wbxml_document.decode(header + D_BODY)
    assert tree == wbxml_document.decode(digest_wbxml("d-num"))


def test_string_table():
    plain = digest_wbxml("a")
    name = b"IMEI:493005100592800\0"
    at = plain.index(b"\x57\x03" + name)
    source = plain[5:at] + b"\x57\x83\x00" + plain[at + 2 + len(name) :]
    body = bytes.fromhex("03a4016a15") + name + source
    assert len(body) == 370
    assert wbxml_document.decode(body) == wbxml_document.decode(plain)


def test_root_with_attributes():
    plain = digest_wbxml("op")
    root = bytes.fromhex("ed040003") + b"SYNCML:SYNCML1.2\0\1"
    body = bytes.fromhex("02a4016a06") + b"xmlns\0" + root + plain[6:]
    assert wbxml_document.decode(body) == wbxml_document.decode(plain)


def test_redundant_page_switches():
    plain = digest_wbxml("b")
    body = plain.replace(b"\x6b\x69", b"\x00\x01\x00\x00\x6b\x00\x00\x69")
    assert len(body) > len(plain)
    assert wbxml_document.decode(body) == wbxml_document.decode(plain)


def test_bytes_behind_the_root_are_ignored():
    plain = digest_wbxml("b")
    assert wbxml_document.decode(plain + b"\r\n\0\xff") == wbxml_document.decode(plain)


def test_whitespace_between_elements_is_dropped():
    plain = digest_wbxml("b")
    body = plain.replace(b"\x6b\x69", b"\x6b\x03\n  \0\x69").replace(b"\x12\1", b"\x12\x03 \0\1")
    assert wbxml_document.decode(body) == wbxml_document.decode(plain)


def test_text_in_pieces_and_entities():
    body = bytes.fromhex("02a4016a04") + b"tab\0\x6d\x65\x03a\0\x83\x01\x02\x81\x20\xc3\x01z\1\1"
    tree = wbxml_document.decode(body)
    assert leaf(tree, "SessionID").text == "aab\u00a0z".encode()


def test_literal_tags_by_name_and_unknown_ones_skipped():
    table = b"SessionID\0Nothing\0"
    body = bytes.fromhex("02a4016a") + bytes([len(table)]) + table
    body += b"\x6d\x44\x0a\x65\x03x\0\1\1\x44\x00\x037\0\1\x04\x0a\1"
    tree = wbxml_document.decode(body)
    assert tree == Element(SYNCML, "SyncML", children=[Element(SYNCML, "SessionID", b"7")])


def test_unknown_tokens_are_kept():
    body = bytes.fromhex("02a4016a00") + b"\x6d\x7d\x03x\0\1\x00\x07\x05\1"
    tree = wbxml_document.decode(body)
    assert [(child.namespace, child.name) for child in tree.children] == [
        (WIRE, "token-00-3D"),
        (WIRE, "token-07-05"),
    ]
    assert wbxml_document.encode(tree) == body
    assert xml_document.decode(xml_document.encode(tree)) == tree


def test_next_nonce_as_opaque_is_base64_text():
    tree = wbxml_document.decode(digest_wbxml("nn"))
    nonce = leaf(tree, "SyncBody", "Status", "Chal").meta("NextNonce")
    assert nonce is not None
    assert nonce.text == b"LG3iZQhhdmKNHg=="
    challenge = message.decode(digest_wbxml("nn")).commands[0].challenge
    assert challenge is not None
    assert challenge.next_nonce == bytes.fromhex("2c6de265086176628d1e")


def test_inline_tree_becomes_a_document():
    tree = wbxml_document.decode(digest_wbxml("e"))
    data = leaf(tree, "SyncBody", "Add", "Item", "Data")
    assert [(child.namespace, child.name) for child in data.children] == [(DDF, "MgmtTree")]
    assert b"\xc3" in wbxml_document.encode(tree)


def test_embedded_documents_have_their_own_names():
    tree = wbxml_document.decode(digest_wbxml("devinf"))
    info = leaf(tree, "SyncBody", "Put", "Item", "Data", "DevInf")
    assert {child.namespace for child in info.children} == {DEVINF}
    assert [child.name for child in info.children] == ["VerDTD", "DevID", "DevTyp"]


def test_type_of_an_embedded_document_is_truthful_in_both_encodings():
    body = digest_wbxml("c")
    assert b"dmtnds+xml" in xml_document.encode(wbxml_document.decode(body))
    lie = body.replace(b"dmtnds+wbxml", b"dmtnds+xml")
    assert wbxml_document.encode(wbxml_document.decode(lie)) == body


def test_bytes_are_base64_with_format_b64_in_xml():
    xml = xml_document.encode(wbxml_document.decode(digest_wbxml("d-num")))
    assert b">b64</Format>" in xml
    assert b">AAH+/wB/</Data>" in xml


@pytest.mark.parametrize("name", DIGEST_SUMS)
def test_cut_anywhere_is_an_error_with_an_offset(name):
    body = digest_wbxml(name)
    for size in range(len(body)):
        with pytest.raises(WireError) as caught:
            wbxml_document.decode(body[:size])
        assert caught.value.offset is not None
        assert 0 <= caught.value.offset <= size
