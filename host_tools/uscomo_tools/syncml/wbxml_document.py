"""WBXML to a tree and back, over the codec that the boards run.

Reads what peers really send: any version, textual public identifiers without NUL, charset 0,
string tables, OPAQUE for text, literal tags, documents inside documents. Writes one form: version
1.2, numeric identifier, no string table, inline strings, OPAQUE for bytes and embedded documents.
"""

from __future__ import annotations

from binascii import b2a_base64

from uscomo import wbxml
from uscomo_tools.syncml.element import Element, is_root, is_text, relabel_embedded, value_format
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.tables import (
    DEVINF_ROOT,
    DEVINF_TAGS,
    ROOTS,
    SYNCML_TAGS,
    TOKEN_NAME,
    WIRE,
)

REASONS = {
    wbxml.TRUNCATED: "the document ends too early",
    wbxml.BAD_VERSION: "not WBXML 1.1, 1.2 or 1.3",
    wbxml.BAD_CHARSET: "the character set is not UTF-8",
    wbxml.BAD_INTEGER: "a number is too large",
    wbxml.BAD_INDEX: "an index points outside the string table",
    wbxml.TOO_DEEP: "too many elements inside each other",
    wbxml.BAD_STRUCTURE: "a token that does not belong here",
    wbxml.BAD_LENGTH: "a length reaches beyond the end of the document",
}

# A message, a tree for ./Inbox, and one to spare: deeper documents stay bytes, so that a body of
# nested headers cannot exhaust the stack.
MAX_EMBEDDED = 3

# References into a string table repeat text: this many times the document's size at most, so
# that a small body cannot fill the memory.
MAX_EXPANSION = 16

_LONGEST_NAME = 32  # longer than any name of the tables

_Name = tuple[str, str]
_Names = dict[int | str, _Name]


def _names(tags: dict[_Name, int]) -> _Names:
    """Index the names by token, and by text for literal tags, which have no page: first wins."""
    by_text: _Names = {name[1]: name for name in reversed(tags)}
    return by_text | {tag: name for name, tag in tags.items()}


_SYNCML_NAMES = _names(SYNCML_TAGS)
_DEVINF_NAMES = _names(DEVINF_TAGS)


def decode(body: bytes, *, embedded: bool = True) -> Element:
    """Read a document.

    Parameters
    ----------
    body
        The document; bytes after its root are ignored.
    embedded
        Whether documents inside OPAQUE Data become elements; otherwise they stay bytes.

    Raises
    ------
    WireError
        The document is broken, or its root is none that SyncML knows.
    """
    root, _ = _read(body, MAX_EMBEDDED if embedded else 0)
    if embedded:
        relabel_embedded(root)
    return root


def _read(body: bytes, embedded: int) -> tuple[Element, int]:
    """Return the root and the offset behind it."""
    reader = wbxml.Reader(bytearray(body))
    try:
        reader.begin(len(body))
        start = reader.position
        root = _read_root(reader, body, embedded)
    except wbxml.WbxmlError as error:
        reason, offset = error.args
        raise WireError(REASONS[reason], min(offset, len(body))) from None
    if not is_root(root):
        raise WireError("the root is not SyncML, MgmtTree, DevInf or MetInf", start)
    return root, reader.position


def _read_root(reader: wbxml.Reader, body: bytes, embedded: int) -> Element:
    kind = reader.next()
    names = _DEVINF_NAMES if reader.tag == DEVINF_ROOT else _SYNCML_NAMES
    current = document = Element("", "")
    ancestors: list[Element] = []
    pieces: list[bytes] = []  # text of the current element since the last tag
    opaque = False  # the last piece was OPAQUE
    room = MAX_EXPANSION * len(body)
    while True:
        if kind == wbxml.START:
            if pieces:
                _drop_blank(pieces, reader.position)
            name = names.get(reader.tag) or _find_name(reader, body, names)
            if name:
                element = Element(*name)
                current.children.append(element)
                if not reader.empty:
                    ancestors.append(current)
                    current = element
            else:
                reader.skip()
        elif kind == wbxml.STRING or kind == wbxml.OPAQUE:
            room -= reader.length
            if room < 0:
                raise WireError("the string table is repeated too often", reader.position)
            pieces.append(body[reader.offset : reader.offset + reader.length])
            opaque = kind == wbxml.OPAQUE
        elif kind == wbxml.ENTITY:
            pieces.append(chr(reader.code).encode(errors="surrogatepass"))
            opaque = False
        else:  # END, or DONE for the root
            if current.children:
                _drop_blank(pieces, reader.position)
            elif pieces:
                _fill(current, pieces, opaque, embedded)
                pieces.clear()
            if kind == wbxml.DONE:
                return document.children[0] if document.children else document
            current = ancestors.pop()
        kind = reader.next()


def _find_name(reader: wbxml.Reader, body: bytes, names: _Names) -> _Name | None:
    """Name a literal tag (None: no table knows it, skip the element) or a token without a name."""
    if reader.tag != wbxml.LITERAL:
        return WIRE, f"token-{reader.tag >> 8:02X}-{reader.tag & 0x3F:02X}"
    length = min(reader.length, _LONGEST_NAME)
    return names.get(body[reader.offset : reader.offset + length].decode(errors="replace"))


def _drop_blank(pieces: list[bytes], position: int) -> None:
    if b"".join(pieces).strip():
        raise WireError("text beside elements", position)
    pieces.clear()


def _fill(element: Element, pieces: list[bytes], opaque: bool, embedded: int) -> None:
    text = b"".join(pieces)
    if element.name == "NextNonce" and (opaque or not is_text(text)):
        text = b2a_base64(text, newline=False)
    document = None
    if element.name == "Data" and opaque and len(pieces) == 1 and embedded:
        document = _read_embedded(text, embedded - 1)
    if document is None:
        element.text = text
    else:
        element.children.append(document)


def _read_embedded(data: bytes, embedded: int) -> Element | None:
    if data[:1] not in (b"\1", b"\2", b"\3"):
        return None
    try:
        root, end = _read(data, embedded)
    except WireError:
        return None
    return root if end == len(data) else None


def encode(root: Element) -> bytes:
    """Write a document: of the kind that its root says, documents in its Data as OPAQUE.

    Raises
    ------
    WireError
        An element has no token in this kind of document, the root is none that SyncML knows, or
        the tree is deeper than a reader would take.
    """
    return _encode(root, MAX_EMBEDDED)


def _encode(root: Element, embedded: int) -> bytes:
    if not is_root(root):
        raise WireError(f"{root.name} is not the root of a SyncML, DDF or DevInf document")
    key = root.namespace, root.name
    tags = SYNCML_TAGS if key in SYNCML_TAGS else DEVINF_TAGS
    size = 2048
    while True:
        writer = wbxml.Writer(bytearray(size))
        try:
            writer.begin(*ROOTS[key])
            _Writer(writer, tags, embedded).write(root, b"", 1)
        except wbxml.Full:
            size *= 4
        else:
            return bytes(writer.buffer[: writer.position])


class _Writer:
    def __init__(self, tokens: wbxml.Writer, tags: dict[_Name, int], embedded: int) -> None:
        self.tokens = tokens
        self.tags = tags
        self.embedded = embedded  # how many documents may still lie inside each other

    def write(self, element: Element, form: bytes, depth: int) -> None:
        tokens = self.tokens
        children = element.children
        tag = self.tag(element)
        if not children and not element.text:
            tokens.empty(tag)
            return
        if depth > wbxml.MAX_DEPTH:
            raise WireError(REASONS[wbxml.TOO_DEEP])
        tokens.start(tag)
        if element.name == "Data" and len(children) == 1 and is_root(children[0]):
            if not self.embedded:
                raise WireError("too many documents inside each other")
            tokens.opaque(_encode(children[0], self.embedded - 1))
        elif children:
            form = value_format(element, form)
            for child in children:
                self.write(child, form, depth + 1)
        elif is_text(element.text) and not (element.name == "Data" and form == b"bin"):
            tokens.string(element.text)
        else:
            tokens.opaque(element.text)
        tokens.end()

    def tag(self, element: Element) -> int:
        tag = self.tags.get((element.namespace, element.name))
        if tag is None:
            number = TOKEN_NAME.fullmatch(element.name) if element.namespace == WIRE else None
            if number is None:
                raise WireError(f"no token for the element {element.name}")
            page, identity = number.groups()
            tag = int(page, 16) << 8 | int(identity, 16)
        return tag
