"""XML to a tree and back.

Never loads a DTD, expands an entity, or opens a connection. Bytes that XML cannot carry, and Data
whose Format is bin, are written as base64 and their Format as b64, as the standard wants it. Three
attributes of our own namespace tell that from a value which is base64 text by itself, so that the
way back gives the same tree:

* `encoding="base64"`: the text stands for these bytes;
* `was="bin"` on Format: what it says in the tree;
* `added="true"` on Format or Meta: not in the tree at all.

A peer may ignore them: what is left is plain SyncML. Its own b64 values have none of them and stay
the text that they are. A document inside Data is nested, and the governing Type says `+xml`.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import NoReturn

from lxml import etree

from uscomo_tools.syncml.element import Element, is_root, is_text, relabel_embedded, value_format
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import (
    DDF,
    DEVINF,
    IDENTITIES,
    METINF,
    NAMESPACE_ALIASES,
    SYNCML,
    TOKEN_NAME,
    WIRE,
)

_ENCODING, _WAS, _ADDED = (f"{{{WIRE}}}{name}" for name in ("encoding", "was", "added"))
_DATA, _META = (f"{{{SYNCML}}}{name}" for name in ("Data", "Meta"))
_FORMAT, _METINF = (f"{{{METINF}}}{name}" for name in ("Format", "MetInf"))

# Each element declares its namespace as the default one, where its parent's is another.
_DECLARATIONS = {namespace: {None: namespace} for namespace in IDENTITIES}


def decode(body: bytes, *, foreign: bool = False) -> Element:
    """Read a document.

    Parameters
    ----------
    body
        The document. Namespaces may be missing: names then decide.
    foreign
        Whether elements that have no token stay in the tree; otherwise they are an error.

    Raises
    ------
    WireError
        The document is broken, declares entities, or its root is none that SyncML knows.
    """
    reader = _Reader(body, foreign)
    root = reader.read(reader.parse(), "", "")
    if not is_root(root):
        raise WireError("the root is not SyncML, MgmtTree, DevInf or MetInf", 0)
    relabel_embedded(root)
    return root


class _Reader:
    def __init__(self, body: bytes, foreign: bool) -> None:
        self.body = body
        self.foreign = foreign

    def parse(self) -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            node = etree.fromstring(self.body, parser)
        except etree.XMLSyntaxError as error:
            line, column = error.position
            # The parser puts the place into its words too.
            self.fail((error.msg or "not XML").split("\n")[0].split(", line ")[0], line, column)
        declared = node.getroottree().docinfo.internalDTD
        if declared is not None and declared.entities():
            self.fail("a document that declares entities is refused", 1)
        return node

    def fail(self, reason: str, line: int, column: int = 1) -> NoReturn:
        start = sum(map(len, self.body.split(b"\n")[: line - 1])) + line - 1
        raise WireError(reason, start + column - 1)

    def read(self, node: etree._Element, above: str, parent: str) -> Element:
        """Read an element below one of XML name `above` and resolved namespace `parent`."""
        namespace, name, known = _resolve(node.tag, above, parent)
        if not known and not self.foreign:
            self.fail(f"no token for the element {name}", node.sourceline)
        element = Element(namespace, name)
        text = node.text or ""
        if not len(node):
            element.text = self.value(node, text)
            return element
        for child in node:
            if not isinstance(child.tag, str):
                self.fail("an entity that is not declared", node.sourceline)
            if child.get(_ADDED) is None:
                element.children.append(self.read(child, node.tag, namespace))
            text += child.tail or ""
        if text.strip():
            self.fail("text beside elements", node.sourceline)
        return element

    def value(self, node: etree._Element, text: str) -> bytes:
        if node.get(_ENCODING) == "base64":
            try:
                return a2b_base64(text)
            except ValueError:
                self.fail("not base64", node.sourceline)
        return str(node.get(_WAS, text)).encode()


def _resolve(tag: str, above: str, parent: str) -> tuple[str, str, bool]:
    """Return namespace and name of an XML name, and whether it has a token."""
    uri, name = _split(tag)
    declared = NAMESPACE_ALIASES.get((uri or SYNCML).lower())
    if declared is None:
        return uri, name, uri == WIRE and TOKEN_NAME.fullmatch(name) is not None
    # A careless sender declares no namespace but the root's: the element above tells more.
    first = parent if uri == _split(above)[0] else declared
    for namespace in (first, declared, SYNCML, METINF, DDF, DEVINF):
        if name in IDENTITIES.get(namespace, ()):
            return namespace, name, True
    return declared, name, False


def _split(tag: str) -> tuple[str, str]:
    uri, _, name = tag.rpartition("}")
    return uri[1:], name


def encode(root: Element, *, pretty: bool = False) -> bytes:
    """Write a document, indented where no text is affected if `pretty` is set."""
    node = _write(root, None, b"")
    for data in list(node.iter(_DATA)):
        if data.get(_ENCODING):
            _mark_format(data)
        elif len(data):
            _mark_type(data)
    etree.cleanup_namespaces(node)
    if pretty:
        etree.indent(node)
    document: bytes = etree.tostring(node, encoding="UTF-8", xml_declaration=True)
    return document


def _write(element: Element, parent: etree._Element | None, form: bytes) -> etree._Element:
    name = f"{{{element.namespace}}}{element.name}"
    if parent is None:
        node = etree.Element(name, nsmap={None: element.namespace, "wire": WIRE})
    else:
        node = etree.SubElement(parent, name, nsmap=_DECLARATIONS.get(element.namespace))
    if element.children:
        form = value_format(element, form)
        for child in element.children:
            _write(child, node, form)
    elif is_text(element.text) and not (element.name == "Data" and form == b"bin"):
        node.text = element.text.decode() or None
    else:
        node.text = b2a_base64(element.text, newline=False).decode() or None
        node.set(_ENCODING, "base64")
    return node


def _mark_format(data: etree._Element) -> None:
    """Make the Format beside a Data that became base64 say so."""
    meta = _find_meta(data.getparent())
    if meta is None:
        meta = etree.Element(_META)
        meta.set(_ADDED, "true")
        data.addprevious(meta)
    form = meta.find("{*}Format")
    if form is None:
        if not meta.text:  # a Meta with text is broken and stays as it is
            form = etree.SubElement(meta, _FORMAT, nsmap=_DECLARATIONS[METINF])
            form.text = "b64"
            form.set(_ADDED, "true")
            meta.insert(0, form)
    elif form.text != "b64" and not len(form) and not form.attrib:
        form.set(_WAS, form.text or "")
        form.text = "b64"


def _mark_type(data: etree._Element) -> None:
    """Make the Type that governs a nested document say `+xml`."""
    for ancestor in data.iterancestors():
        meta = _find_meta(ancestor)
        kind = None if meta is None else meta.find("{*}Type")
        if kind is not None:
            if kind.text and kind.text.endswith("+wbxml"):
                kind.text = kind.text[: -len("wbxml")] + "xml"
            return


def _find_meta(node: etree._Element) -> etree._Element | None:
    # The same steps as Element.meta, so that both directions mean the same element.
    meta = node.find(_META)
    if meta is None:
        return None
    inner = meta.find(_METINF)
    return meta if inner is None else inner
