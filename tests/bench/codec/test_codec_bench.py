"""The codec against libwbxml: names of every token, and the time that reading takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.tables import DDF, DEVINF, IDENTITIES, METINF, SYNCML

from .libwbxml import Libwbxml
from .measure import MOST, sizes, speed

FPI = b"-//OMA//DTD-DM-DDF 1.2//EN\0"
NUMBER_OF_CHANGES, MORE_DATA = 0x33, 0x34  # the last of SyncML 1.1
MAX_OBJ_SIZE = 0x15  # the last of MetInf 1.1

# Header, what opens the root on its page, and the root's namespace.
SYNCML12 = b"\x02\xa4\x01\x6a\0", b"\x6d"
SYNCML11 = b"\x02\x9f\x53\x6a\0", b"\x6d"
DEVINF12 = b"\x02\xa4\x03\x6a\0", b"\x4a"
DDF12 = b"\x02\0\0\x6a" + bytes((len(FPI),)) + FPI, b"\0\x02\x60"


@pytest.fixture(scope="module")
def library() -> Iterator[Libwbxml]:
    try:
        made = Libwbxml()
    except OSError:
        pytest.skip("libwbxml2 is not installed")
    yield made
    made.close()


def tokens(namespace: str, last: int = 0x3F) -> list[tuple[str, int]]:
    return [(name, token) for name, token in IDENTITIES[namespace].items() if token <= last]


@pytest.mark.parametrize(
    ("start", "page", "names"),
    [
        pytest.param(SYNCML12, 0, tokens(SYNCML), id="SyncML 1.2"),
        pytest.param(SYNCML12, 1, tokens(METINF), id="MetInf 1.2"),
        pytest.param(SYNCML11, 0, tokens(SYNCML, MORE_DATA), id="SyncML 1.1"),
        pytest.param(SYNCML11, 1, tokens(METINF, MAX_OBJ_SIZE), id="MetInf 1.1"),
        pytest.param(DEVINF12, 0, tokens(DEVINF), id="DevInf 1.2"),
        pytest.param(DDF12, 2, tokens(DDF), id="DDF and TNDS"),
    ],
)
def test_every_token_has_the_name_that_libwbxml_gives_it(library, start, page, names):
    header, root = start
    assert len(names) > 16
    for name, token in names:
        switch = b"" if page in (0, 2) else bytes((0, page))
        body = header + root + switch + bytes((token,)) + b"\x01"
        theirs = library.to_xml(body).decode()
        assert f"<{name}" in theirs.replace("<SyncML", "", name == "SyncML"), (name, theirs)
        assert wbxml_document.decode(body).children[0].name == name


def test_what_is_read_is_written_as_1_2():
    header, root = SYNCML11
    body = header + root + bytes((NUMBER_OF_CHANGES,)) + b"\x01"
    assert wbxml_document.encode(wbxml_document.decode(body)).startswith(SYNCML12[0])


def test_reading_takes_at_most_so_many_times_as_long(library):
    measured = speed()
    assert measured.count >= 40
    assert measured.ratio <= MOST


def test_our_messages_are_smaller_than_recorded_ones_of_the_same_meaning():
    for row in sizes():
        assert row.ours < row.recorded, row
        assert row.example is None or row.ours <= row.example, row
    assert sizes()[0].ours <= 400
