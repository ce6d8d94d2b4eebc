"""libwbxml reads what we write and writes what we read: trees are compared, never bytes.

Named exceptions: it writes OPAQUE bytes raw into XML, which a NUL makes ill-formed; it names no
tag of an inline page 2; it writes a carriage return raw into XML, and doubles one on the way back.
It knows nothing of our marks, so it is given XML as a peer sees it that ignores them.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest
from lxml import etree
from wire_samples import DIGEST_SUMS, captures, digest_wbxml, recorded

from uscomo_tools.syncml import wbxml_document, xml_document
from uscomo_tools.syncml.element import Element
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import WIRE

pytestmark = pytest.mark.skipif(
    not (shutil.which("wbxml2xml") and shutil.which("xml2wbxml")),
    reason="libwbxml2-utils is not installed",
)

ILL_FORMED = {"d-num", "d-txt", "exec-correlator_02-c"}
INLINE_PAGE_2 = {"e"}
CARRIAGE_RETURNS = {"dm11-testreplace"}

DOCUMENTS = {name: digest_wbxml(name) for name in DIGEST_SUMS} | {
    path.stem: path.read_bytes() for path in recorded(".wbxml")
}


def run(*command: str, body: bytes) -> bytes:
    done = subprocess.run(
        [*command, "-k", "-o", "-", "-"], input=body, capture_output=True, timeout=30
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def to_xml(body: bytes) -> bytes:
    return run("wbxml2xml", "-m", "0", body=body)


def to_wbxml(body: bytes) -> bytes:
    return run("xml2wbxml", body=body)


def without_marks(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    for node in root.iter():
        for name in list(node.attrib):
            if name.startswith(f"{{{WIRE}}}"):
                del node.attrib[name]
    return etree.tostring(root)


def without_carriage_returns(element: Element) -> Element:
    return Element(
        element.namespace,
        element.name,
        element.text.replace(b"\r", b""),
        [without_carriage_returns(child) for child in element.children],
    )


def as_it_is(element: Element) -> Element:
    return element


def compare(name: str, body: bytes) -> None:
    tree = wbxml_document.decode(body)
    adapt = without_carriage_returns if name in CARRIAGE_RETURNS else as_it_is
    for wbxml in (body, wbxml_document.encode(tree)):
        if name in ILL_FORMED or (name in INLINE_PAGE_2 and wbxml is body):
            with pytest.raises(WireError, match=r"Invalid character|element unknown"):
                xml_document.decode(to_xml(wbxml))
        else:
            assert adapt(xml_document.decode(to_xml(wbxml))) == adapt(tree)
    xml = without_marks(xml_document.encode(tree))
    assert adapt(wbxml_document.decode(to_wbxml(xml))) == adapt(xml_document.decode(xml))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_ways(name):
    compare(name, DOCUMENTS[name])


def test_captures_both_ways():
    for path in captures():
        compare(path.stem, path.read_bytes())


def test_recorded_xml():
    for path in recorded(".xml"):
        ours = xml_document.decode(path.read_bytes())
        theirs = to_wbxml(xml_document.encode(ours))
        assert wbxml_document.decode(theirs) == ours


def test_string_table():
    xml = xml_document.encode(wbxml_document.decode(DOCUMENTS["a"]))
    with_table = to_wbxml(xml)
    assert with_table[4] > 0
    assert wbxml_document.decode(with_table) == wbxml_document.decode(DOCUMENTS["a"])
