"""Frames on a line that does anything to them: never a wrong one, and the next one is found."""

from __future__ import annotations

import binascii
import random

from hypothesis import given
from hypothesis import strategies as st

from uscomo_tools.board.frames import ESCAPED, FLAG, MAX_PAYLOAD, Decoder, Frame, encode

FRAMES = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=MAX_PAYLOAD)
)
TEXT = st.binary(max_size=60).map(lambda data: data.replace(bytes((FLAG,)), b""))


def wire(frame: Frame) -> bytes:
    return encode(frame.kind, frame.sequence, frame.payload)


def decoded(data: bytes, cuts: list[int] | None = None) -> list[Frame | bytes]:
    decoder = Decoder()
    places = sorted(cut % (len(data) + 1) for cut in cuts or [])
    found: list[Frame | bytes] = []
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        found += decoder.feed(data[start:end])
    return found


def frames_of(found: list[Frame | bytes]) -> list[Frame]:
    return [item for item in found if isinstance(item, Frame)]


def text_of(found: list[Frame | bytes]) -> bytes:
    return b"".join(item for item in found if isinstance(item, bytes))


def test_a_frame_on_the_wire_byte_for_byte() -> None:
    header = bytes((0x02, 0x03, 0x02, 0x00))
    crc = binascii.crc32(header + b"\x1ex").to_bytes(4, "little")
    assert not set(crc) & set(ESCAPED)
    assert encode(2, 3, b"\x1ex") == b"\x1e\x02\x10C\x02\x00\x10^x" + crc


@given(FRAMES)
def test_what_consoles_act_on_never_stands_in_a_frame(frame: Frame) -> None:
    behind = wire(frame)[1:]
    assert not set(behind) & (set(ESCAPED) - {0x10})


@given(st.lists(st.tuples(TEXT, FRAMES), max_size=6), TEXT, st.lists(st.integers(0), max_size=9))
def test_frames_and_text_come_out_as_they_went_in_however_they_are_cut(
    pairs: list[tuple[bytes, Frame]], rest: bytes, cuts: list[int]
) -> None:
    data = b"".join(text + wire(frame) for text, frame in pairs) + rest
    expected: list[Frame | bytes] = []
    for text, frame in pairs:
        expected += [text, frame] if text else [frame]
    found = decoded(data, cuts)
    assert frames_of(found) == frames_of(expected)
    assert text_of(found) == b"".join(text for text, _ in pairs) + rest
    assert [item for item in decoded(data) if item] == expected + ([rest] if rest else [])


@given(st.binary(max_size=400), FRAMES)
def test_after_any_bytes_the_next_frame_is_found(noise: bytes, frame: Frame) -> None:
    assert frames_of(decoded(noise + wire(frame)))[-1] == frame


@given(
    st.lists(FRAMES, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0), st.sampled_from(["change", "double", "drop"])), max_size=8),
    st.randoms(use_true_random=False),
)
def test_on_a_bad_line_there_is_never_a_wrong_frame(
    sent: list[Frame], faults: list[tuple[int, str]], chance: random.Random
) -> None:
    data = bytearray(b"".join(wire(frame) for frame in sent))
    for place, fault in faults:
        at = place % len(data)
        if fault == "change":
            data[at] = chance.randrange(256)
        elif fault == "double":
            data.insert(at, data[at])
        elif len(data) > 1:
            del data[at]
    found = frames_of(decoded(bytes(data)))
    left = iter(sent)
    assert all(any(frame == other for other in left) for frame in found)  # in order, of these


@given(FRAMES, st.integers(0), FRAMES)
def test_a_frame_that_was_cut_off_does_not_take_the_next_along(
    cut: Frame, place: int, frame: Frame
) -> None:
    data = wire(cut)
    decoder = Decoder()
    begun = data[: 1 + place % (len(data) - 1)]
    assert decoder.feed(begun) == []
    assert decoder.feed(wire(frame)) == [frame]
    assert decoder.damaged == 1


def test_a_program_may_print_the_flag() -> None:
    assert decoded(b"a\x1eno frame at all\n") == [b"a\x1eno frame at all\n"]


def test_what_is_held_of_a_frame_without_an_end_can_be_had_as_text() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1e\x02\x01\x40\x00MicroPython v1.24") == []
    assert decoder.abandon() == b"\x1e\x02\x01\x40\x00MicroPython v1.24"
    assert decoder.feed(b"text") == [b"text"]
    assert decoder.abandon() == b""


def test_the_largest_payload_passes_and_one_more_is_no_frame() -> None:
    largest = Frame(1, 2, bytes(MAX_PAYLOAD))
    assert decoded(wire(largest)) == [largest]
    assert frames_of(decoded(encode(1, 2, bytes(MAX_PAYLOAD + 1)))) == []
    assert Decoder(1024).feed(encode(1, 2, bytes(1024))) == [Frame(1, 2, bytes(1024))]
