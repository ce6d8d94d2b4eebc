"""Random trees go both ways; random bytes are an error or a tree that goes both ways."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from wire_samples import DIGEST_SUMS, digest_wbxml, digest_xml

from uscomo_tools.syncml import message, wbxml_document, xml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import DDF, DEVINF, DEVINF_TAGS, METINF, SYNCML, SYNCML_TAGS, WIRE

EXAMPLES = [digest_wbxml(name) for name in DIGEST_SUMS]

unnamed = st.tuples(st.integers(3, 255), st.integers(5, 0x3F)).map(
    lambda token: (WIRE, f"token-{token[0]:02X}-{token[1]:02X}")
)
# Often what the codecs look at, else anything.
interesting = [(SYNCML, name) for name in ("Item", "Data", "Meta", "Add")] + [
    (METINF, name) for name in ("Format", "Type", "MetInf", "NextNonce")
]
texts = st.one_of(
    st.sampled_from([b"", b"bin", b"b64", b" ", b"\r\n", b"a+wbxml", b"P1\0", b"<&>]]>", b"\xff"]),
    st.text(max_size=12).map(lambda text: text.encode(errors="replace")),
    st.binary(max_size=12),
)
nonces = st.sampled_from([b"", b"LG3iZQhhdmKNHg=="])


def elements(tags):
    names = st.sampled_from(sorted(set(tags) - {(SYNCML, "Data"), (METINF, "NextNonce")}))
    names = st.one_of(names, st.sampled_from([n for n in interesting if n in tags] or [*tags]))
    names = st.one_of(names, unnamed)

    @st.composite
    def leaf(draw):
        namespace, name = draw(names)
        return Element(namespace, name, draw(nonces if name == "NextNonce" else texts))

    @st.composite
    def branch(draw, children):
        namespace, name = draw(names)
        return Element(namespace, name, children=draw(children))

    return st.recursive(leaf(), lambda inner: branch(st.lists(inner, min_size=1, max_size=4)))


def document(key, tags):
    return st.lists(elements(tags), max_size=4).map(lambda inner: Element(*key, children=inner))


embeddable = st.one_of(
    document((DDF, "MgmtTree"), SYNCML_TAGS), document((DEVINF, "DevInf"), DEVINF_TAGS)
)


@st.composite
def trees(draw):
    """A document of any kind, and sometimes one with another inside its Data."""
    root = draw(st.one_of(embeddable, document((SYNCML, "SyncML"), SYNCML_TAGS)))
    if root.namespace == SYNCML:
        for inner in draw(st.lists(embeddable, max_size=2)):
            kind = draw(st.sampled_from([b"x+wbxml", b"x", b"x+xml+wbxml"]))
            root.children.append(
                Element(
                    *(SYNCML, "Item"),
                    children=[
                        Element(SYNCML, "Meta", children=[Element(METINF, "Type", kind)]),
                        Element(SYNCML, "Data", children=[inner]),
                    ],
                )
            )
    return root


@settings(max_examples=150, deadline=None)
@given(trees())
def test_trees(tree):
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree, pretty=True)) == tree


def decoded(decode, body: bytes) -> Element | None:
    """Return the tree, or None if the document is refused with a place inside of it."""
    try:
        return decode(body)
    except WireError as error:
        if error.offset is None or not 0 <= error.offset <= len(body):
            raise AssertionError("an error without a place") from error
        return None


def check_bytes(body: bytes) -> None:
    tree = decoded(wbxml_document.decode, body)
    if tree is None:
        return
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree)) == tree


def check_message(body: bytes) -> None:
    try:
        message.decode(body)
    except WireError:
        return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64).map(lambda tail: b"\x02\xa4\x01\x6a\x00\x6d" + tail))
@example(b"")
def test_random_bytes(body):
    check_bytes(body)
    check_message(body)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_flipped_bytes(body, changes):
    changed = bytearray(body)
    for offset, value in changes:
        changed[offset % len(changed)] = value
    check_bytes(bytes(changed))
    check_message(bytes(changed))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([digest_xml(name) for name in ("a", "b", "c", "ddf")]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_flipped_xml(body, changes):
    changed = bytearray(body)
    for offset, value in changes:
        changed[offset % len(changed)] = value
    check_message(bytes(changed))
    tree = decoded(xml_document.decode, bytes(changed))
    if tree is None:
        return
    assert xml_document.decode(xml_document.encode(tree)) == tree
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree


def test_documents_inside_documents_end():
    body = digest_wbxml("op")
    for _ in range(200):
        body = b"\x02\xa4\x01\x6a\x00\x6d\x4f\xc3" + integer(len(body)) + body + b"\1\1"
    check_bytes(body)


def test_deep_nesting_is_an_error():
    for opening in (b"\x6d" * 100_000, b"\x6d\x4f" * 100_000):
        check_bytes(b"\x02\xa4\x01\x6a\x00" + opening)
    deep = b"<SyncML>" * 300 + b"</SyncML>" * 300
    assert decoded(xml_document.decode, deep) is None


def test_a_string_table_cannot_fill_the_memory():
    table = b"x" * 2000
    body = b"\x02\xa4\x01\x6a" + integer(len(table)) + table + b"\x6d" + b"\x83\0" * 2000 + b"\1"
    assert decoded(wbxml_document.decode, body) is None
    once = body[:-3999] + b"\1"
    assert decoded(wbxml_document.decode, once) is not None


def integer(value: int) -> bytes:
    encoded = bytes([value & 0x7F])
    while value := value >> 7:
        encoded = bytes([value & 0x7F | 0x80]) + encoded
    return encoded
