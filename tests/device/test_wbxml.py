from support import raises
from uscomo import wbxml

OP = (
    b"\x02\xa4\x01j\x00mlq\xc3\x031.2\x01r\xc3\x06DM/1.2\x01e\xc3\x011\x01[\xc3\x011\x01nW\xc3"
    b"\x01c\x01\x01gW\xc3\x01s\x01\x01\x01k\x12\x01\x01"
)


def tokens(document):
    buffer = bytearray(document)
    reader = wbxml.Reader(buffer)
    reader.begin(len(buffer))
    found = []
    while True:
        kind = reader.next()
        if kind == wbxml.START:
            found.append((kind, reader.tag, reader.empty))
        elif kind in (wbxml.STRING, wbxml.OPAQUE):
            start = reader.offset
            found.append((kind, bytes(buffer[start : start + reader.length])))
        elif kind == wbxml.ENTITY:
            found.append((kind, reader.code))
        else:
            found.append((kind,))
        if kind == wbxml.DONE:
            return found


def test_every_string_as_opaque():
    found = tokens(OP)
    assert found[0] == (wbxml.START, 0x2D, False)
    assert (wbxml.OPAQUE, b"DM/1.2") in found
    assert (wbxml.START, 0x12, True) in found
    assert found[-1] == (wbxml.DONE,)


def test_w3c_smoke_vector():
    found = tokens(
        bytes.fromhex("0101030047460320582026205920000503205800028120033d00028120033120000101")
    )
    assert found[0] == (wbxml.START, 7, False)
    assert (wbxml.STRING, b" X & Y ") in found
    assert (wbxml.ENTITY, 160) in found


def test_a_table_without_nul_is_the_public_id():
    text = b"-//SYNCML//DTD SyncML 1.2//EN"
    buffer = bytearray(b"\x02\x00\x00\x6a\x1d" + text + b"\x6d\x01")
    reader = wbxml.Reader(buffer)
    reader.begin(len(buffer))
    assert reader.next() == wbxml.START
    assert reader.tag == 0x2D


def test_attributes_of_a_root_are_skipped():
    head = b"\x02\x01\x6a\x06xmlns\x00"
    found = tokens(head + b"\xed\x04\x00\x03SYNCML:SYNCML1.2\x00\x01\x12\x01trailing")
    assert found == [(wbxml.START, 0x2D, False), (wbxml.START, 0x12, True), (wbxml.DONE,)]


def test_truncation_anywhere_is_an_error():
    for end in range(len(OP) - 1):
        raises(wbxml.WbxmlError, tokens, OP[:end])


def test_bit_flips_yield_only_the_codecs_own_errors():
    for at in range(len(OP)):
        for bit in range(8):
            flipped = bytearray(OP)
            flipped[at] ^= 1 << bit
            try:
                tokens(flipped)
            except wbxml.WbxmlError:
                pass


def test_limits():
    deep = b"\x02\x01\x6a\x00" + b"\x46" * (wbxml.MAX_DEPTH + 1)
    assert raises(wbxml.WbxmlError, tokens, deep).args[0] == wbxml.TOO_DEEP
    integer = b"\x02\x01\x6a\x00\x46\xc3\xff\xff\xff\xff\x7f"
    assert raises(wbxml.WbxmlError, tokens, integer).args[0] == wbxml.BAD_INTEGER
    length = b"\x02\x01\x6a\x00\x46\xc3\x8f\xff\xff\xff\x7f"
    assert raises(wbxml.WbxmlError, tokens, length).args[0] == wbxml.BAD_LENGTH
    index = b"\x02\x01\x6a\x02a\x00\x46\x83\x02\x01"
    assert raises(wbxml.WbxmlError, tokens, index).args[0] == wbxml.BAD_INDEX


def test_the_scan_allocates_nothing():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return  # CPython has no heap lock; the VM proves it
    buffer = bytearray(OP)
    reader = wbxml.Reader(buffer)
    reader.begin(len(buffer))
    done = wbxml.DONE
    heap_lock()
    try:
        while reader.next() != done:
            pass
    finally:
        heap_unlock()


def test_writer_reads_back():
    buffer = bytearray(64)
    writer = wbxml.Writer(buffer)
    writer.begin(wbxml.SYNCML12)
    writer.start(0x2D)
    writer.start(0x107)
    writer.string("b64")
    writer.end()
    writer.empty(0x12)
    writer.opaque(b"\x00" * 2)
    writer.end()
    document = bytes(buffer[: writer.position])
    assert document == bytes.fromhex("02a4016a006d000147036236340001000012c302000001")
    assert tokens(document)[1] == (wbxml.START, 0x107, False)


def test_writer_never_passes_its_end():
    for size in range(20):
        writer = wbxml.Writer(bytearray(size))

        def write(writer=writer):
            writer.begin(wbxml.SYNCML12)
            writer.start(0x2D)
            writer.opaque(b"0123456789")

        if size < 18:
            raises(wbxml.Full, write)
        else:
            write()


def test_an_empty_root_is_a_document():
    assert tokens(b"\x02\x01\x6a\x00\x05") == [(wbxml.START, 5, True), (wbxml.DONE,)]
