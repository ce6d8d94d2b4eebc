"""Messages of independent implementations: read, read as values, written and read again."""

from __future__ import annotations

import pytest
from wire_samples import captures, recorded

from uscomo_tools.syncml import message, wbxml_document, xml_document


def round_trip(tree):
    assert wbxml_document.decode(wbxml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree)) == tree
    assert xml_document.decode(xml_document.encode(tree, pretty=True)) == tree


def check_message(body: bytes, content_type: str) -> None:
    read = message.decode(body, content_type)
    assert read.header.session_id
    assert read.header.msg_id
    assert read.commands
    assert all(command.cmd_id for command in read.commands)
    for encoding, media_type in message.CONTENT_TYPES.items():
        assert message.decode(message.encode(read, encoding), media_type) == read


@pytest.mark.parametrize("path", recorded(".wbxml"), ids=lambda path: path.stem)
def test_wbxml(path):
    round_trip(wbxml_document.decode(path.read_bytes()))
    check_message(path.read_bytes(), "application/vnd.syncml.dm+wbxml; charset=UTF-8")


@pytest.mark.parametrize(
    "path", [path for path in recorded(".xml") if "digest" not in path.parts], ids=lambda p: p.stem
)
def test_xml(path):
    round_trip(xml_document.decode(path.read_bytes()))
    check_message(path.read_bytes(), "Application/vnd.syncml+xml")


def test_captures():
    for path in captures():
        round_trip(wbxml_document.decode(path.read_bytes()))
        check_message(path.read_bytes(), "application/vnd.syncml+wbxml")


def test_the_same_session_in_both_encodings():
    twins = [path for path in recorded(".xml") if path.with_suffix(".wbxml").exists()]
    assert twins
    for path in twins:
        outlines = [
            [
                (c.name, c.cmd_id, c.cmd_ref, c.data, len(c.items), len(c.children))
                for c in commands
            ]
            for commands in (
                message.decode(path.read_bytes()).commands,
                message.decode(path.with_suffix(".wbxml").read_bytes()).commands,
            )
        ]
        assert outlines[0] == outlines[1]


def test_chunks_of_a_large_object_join():
    chunks = []
    for number in range(1, 6):
        path = next(p for p in recorded(".xml") if p.match(f"large-object/0{number}-s.xml"))
        (add,) = [c for c in message.decode(path.read_bytes()).commands if c.name == "Add"]
        chunks.append(add.items[0])
    assert [item.more for item in chunks] == [True] * 4 + [False]
    assert chunks[0].meta is not None
    assert chunks[0].meta.size == sum(len(item.data or b"") for item in chunks) == 21336
