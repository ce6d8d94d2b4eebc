"""What XML brings along: namespaces of careless senders, markup, entities, broken documents."""

from __future__ import annotations

import pytest
from wire_samples import digest_wbxml, digest_xml

from uscomo_tools.syncml import wbxml_document, xml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import METINF, SYNCML

C = digest_xml("c")


def bytes_item(*meta: Element, data: bytes = b"\0\1") -> Element:
    children = [Element(SYNCML, "Meta", children=list(meta))] if meta else []
    return Element(SYNCML, "Item", children=[*children, Element(SYNCML, "Data", data)])


def message(*children: Element) -> Element:
    return Element(SYNCML, "SyncML", children=list(children))


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(b' xmlns="SYNCML:SYNCML1.2"', b""),
        lambda xml: xml.replace(b' xmlns="syncml:metinf"', b""),
        lambda xml: xml.replace(b' xmlns="syncml:dmddf1.2"', b""),
        lambda xml: xml.replace(b' xmlns="SYNCML:SYNCML1.2"', b"").replace(b"xmlns=", b"lang="),
        lambda xml: xml.replace(b"syncml:dmddf1.2", b"syncml:dmddf"),
        lambda xml: xml.replace(b"SYNCML:SYNCML1.2", b"syncml:syncml1.1"),
        lambda xml: xml.replace(b' xmlns="syncml:metinf"', b"").replace(
            b"<Meta>", b'<Meta xmlns="syncml:metinf">'
        ),
        lambda xml: (
            xml.replace(b' xmlns="syncml:metinf"', b"")
            .replace(b"<Meta><Format", b'<Meta xmlns:m="syncml:metinf"><m:Format')
            .replace(b"xml</Format><Type>", b"xml</m:Format><m:Type>")
            .replace(b"</Type></Meta>", b"</m:Type></Meta>")
        ),
        lambda xml: xml.replace(b"<SyncBody>", b"<SyncBody><!-- a > b --><?pi x?>\r\n\t"),
        lambda xml: xml[xml.index(b"<SyncML") :],
        lambda xml: b"\xef\xbb\xbf" + xml,
        lambda xml: xml.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
    ],
    ids=[
        *("none on the root", "none on MetInf", "none on the tree", "none at all", "short DDF"),
        *("SyncML 1.1", "on Meta", "prefix", "comments", "no declaration", "BOM", "UTF-16"),
    ],
)
def test_the_same_document(change):
    changed = change(C)
    assert changed != C
    assert xml_document.decode(changed) == xml_document.decode(C)


def test_markup_in_data_is_text():
    texts = (b"<![CDATA[<a>&amp;</a>]]>", b"&lt;a&gt;&amp;amp;&lt;/a&gt;")
    for text in texts:
        tree = xml_document.decode(digest_xml("b").replace(b">200<", b">" + text + b"<"))
        status = tree.children[1].children[1]
        data = status.find("Data")
        assert data is not None
        assert data.text == b"<a>&amp;</a>"
        assert b"<a>&amp;</a>\0" in wbxml_document.encode(tree)


@pytest.mark.parametrize(
    "items",
    [
        [bytes_item()],
        [bytes_item(Element(METINF, "Type", b"x"))],
        [bytes_item(Element(METINF, "Format", b"bin"))],
        [bytes_item(Element(METINF, "Format", b"bin"), data=b"text")],
        [bytes_item(Element(METINF, "Format", b"b64"))],
        [bytes_item(Element(METINF, "Format"))],
        [bytes_item(Element(METINF, "MetInf", children=[Element(METINF, "Format", b"bin")]))],
        [Element(SYNCML, "Meta", children=[Element(METINF, "Format", b"bin")]), bytes_item()],
        [Element(SYNCML, "Item", children=[Element(SYNCML, "Meta"), *bytes_item().children])],
    ],
    ids=["bare", "Type", "bin", "bin text", "b64", "empty", "MetInf", "inherited", "empty Meta"],
)
def test_bytes_are_marked_and_come_back(items):
    tree = message(Element(SYNCML, "Add", children=items))
    for pretty in (False, True):
        xml = xml_document.encode(tree, pretty=pretty)
        assert b">b64</Format>" in xml
        assert xml_document.decode(xml) == tree


def test_native_base64_has_no_marks():
    tree = message(bytes_item(Element(METINF, "Format", b"b64"), data=b"AAE="))
    xml = xml_document.encode(tree)
    assert b"wire" not in xml
    assert xml_document.decode(xml) == tree


def test_pretty_leaves_text_alone():
    tree = message(bytes_item(data=b" a\r\n  b "), bytes_item(data=b" "), bytes_item(data=b""))
    xml = xml_document.encode(tree, pretty=True)
    assert b"\n  <Item>\n    <Data> a&#13;\n  b </Data>" in xml
    assert xml_document.decode(xml) == tree


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'<!DOCTYPE SyncML [<!ENTITY e "x">]><SyncML/>', "declares entities"),
        (b'<!DOCTYPE S [<!ENTITY e SYSTEM "file:///etc/hostname">]><SyncML>&e;</SyncML>', "decl"),
        (b'<!DOCTYPE S [<!ENTITY % e SYSTEM "file:///none"> %e;]><SyncML/>', "declares entities"),
        (b'<!DOCTYPE SyncML PUBLIC "a" "b"><SyncML>&e;</SyncML>', "an entity"),
        (b"<SyncML>&e;</SyncML>", "'e' not defined"),
        (b"<SyncML>\n<Final>\n</SyncML>", "mismatch"),
        (b"<SyncML>\n<SyncHdr/>x</SyncML>", "beside"),
        (b"<SyncML>\n<Fetch/></SyncML>", "no token for the element Fetch"),
        (b'<SyncML xmlns:w="urn:uscomo:wire">\n<w:token-1/></SyncML>', "no token"),
        (b'<SyncML xmlns:w="urn:uscomo:wire"><Data w:encoding="base64">a</Data></SyncML>', "base"),
        (b"<wap-provisioningdoc/>", "no token"),
        (b"<SyncHdr/>", "root"),
        (b"", "empty"),
    ],
)
def test_broken_documents(document, reason):
    with pytest.raises(WireError, match=reason) as caught:
        xml_document.decode(document)
    assert caught.value.offset is not None
    assert document[: caught.value.offset].count(b"\n") <= document.count(b"\n")


def test_offset_is_that_of_the_line():
    with pytest.raises(WireError) as caught:
        xml_document.decode(b"<SyncML>\n<SyncHdr/>\n<Fetch/></SyncML>")
    assert caught.value.offset == 20


def test_a_tree_that_cannot_be_written():
    deep = Element(SYNCML, "SyncML")
    for _ in range(40):
        deep = Element(SYNCML, "SyncML", children=[deep])
    inside = Element(SYNCML, "SyncML")
    for _ in range(5):
        inside = message(Element(SYNCML, "Data", children=[inside]))
    trees = [Element(SYNCML, "Item"), message(Element("", "Fetch")), deep, inside]
    for tree in trees:
        with pytest.raises(WireError):
            wbxml_document.encode(tree)


def test_large_documents_grow_the_buffer():
    tree = message(bytes_item(data=b"x" * 100_000))
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree
    assert wbxml_document.decode(digest_wbxml("a")) != tree
