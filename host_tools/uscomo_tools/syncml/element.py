"""The tree between the encodings: elements with a name and either text or children.

A tree is canonical, so that two encodings of one document give equal trees:

* text is bytes; empty text and no text are the same; an inline string and OPAQUE are the same;
* whitespace between elements is gone; text beside elements is an error;
* NextNonce is base64 text, however it was carried;
* a document inside `Data` is its child, and the governing `Type` then ends in `+wbxml`.
"""

from __future__ import annotations

import re

from uscomo_tools.syncml.tables import ROOTS

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Element:
    """One element.

    Parameters
    ----------
    namespace
        A URI of `tables`.
    name
        Local name, case-sensitive.
    text
        Content of a leaf.
    children
        Content of any other element.
    """

    __slots__ = ("children", "name", "namespace", "text")

    def __init__(
        self, namespace: str, name: str, text: bytes = b"", children: list[Element] | None = None
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.text = text
        self.children = [] if children is None else children

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Element)
            and self.name == other.name
            and self.namespace == other.namespace
            and self.text == other.text
            and self.children == other.children
        )

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"<{self.name} {self.children or self.text!r}>"

    def find(self, name: str) -> Element | None:
        """Return the first child of that name."""
        for child in self.children:
            if child.name == name:
                return child
        return None

    def meta(self, name: str) -> Element | None:
        """Return what the element's Meta says about `name`, with or without a MetInf inside."""
        found = self.find("Meta")
        if found is not None:
            found = (found.find("MetInf") or found).find(name)
        return found


def is_root(element: Element) -> bool:
    """Tell whether the element may be the root of a document."""
    return (element.namespace, element.name) in ROOTS


def is_text(data: bytes) -> bool:
    """Tell whether the bytes are UTF-8 that XML can carry."""
    try:
        return _NOT_XML.search(data.decode()) is None
    except UnicodeDecodeError:
        return False


def value_format(element: Element, inherited: bytes) -> bytes:
    """Return the Format of an element's Data: its own Meta overrides the command's."""
    own = element.meta("Format")
    return inherited if own is None else own.text


def relabel_embedded(element: Element, governing: Element | None = None) -> None:
    """Make the Type of every embedded document say `+wbxml`, which is what the tree stands for."""
    governing = element.meta("Type") or governing
    for child in element.children:
        if (
            child.name == "Data"
            and child.children
            and governing is not None
            and governing.text.endswith(b"+xml")
        ):
            governing.text = governing.text[: -len(b"xml")] + b"wbxml"
        relabel_embedded(child, governing)
