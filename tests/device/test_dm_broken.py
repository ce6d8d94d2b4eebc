# Every message that nobody here wrote, cut short at every octet and with every bit turned: only
# the codec's own errors, in a time and a memory that the message bounds. A sample always, all of
# it in the long checks (test_all_*, see conftest).
import gc
import os
from binascii import unhexlify

from matrix_case import device
from test_dm_session import Account, Peer
from test_vectors import VECTORS, contents, example

from support import MICROPYTHON
from uscomo import session, syncml, wbxml
from uscomo.syncml import MessageReader

# Allocated while a message is read, garbage and all: so many octets for each of its own, and more.
_FACTOR = 8
_MORE = 4096


def documents():
    found = []
    for folder in ("sessions", "credentials/hmac-session"):
        for name in sorted(os.listdir(VECTORS + folder)):
            if name.endswith(".wbxml"):
                found.append(contents(VECTORS + folder + "/" + name))
    for name in ("a", "b", "c", "d-num", "d-txt", "devinf", "e", "nn", "op"):
        found.append(example(name))
    # Alike but for a number: the same C1 opens all its sessions with the same words.
    return [d for i, d in enumerate(found) if d not in found[:i]]


def read(document):
    """Read a whole message; how many tokens it had."""
    reader = MessageReader(document)
    counted = reader.reader
    plain = counted.next
    count = [0]

    def next():
        count[0] += 1
        return plain()

    counted.next = next
    reader.begin(len(document))
    while reader.next():
        pass
    return count[0]


def broken(step):
    for number, document in enumerate(documents()):
        whole = bytearray(document)
        assert read(whole) <= len(whole)
        for size in range(number % step, len(whole) - 1, step):
            try:
                read(whole[:size])
                raise AssertionError("read")
            except wbxml.WbxmlError:
                pass
        for bit in range(number % step, 8 * len(whole), step):
            whole[bit >> 3] ^= 1 << (bit & 7)
            try:
                assert read(whole) <= len(whole)
            except wbxml.WbxmlError:
                pass
            whole[bit >> 3] ^= 1 << (bit & 7)


def test_a_sample_of_what_can_break():
    broken(97)


def test_all_that_can_break():
    broken(1)


def test_memory_is_bounded():
    if not MICROPYTHON:
        return  # CPython does not tell; the VM does
    for document in documents():
        whole = bytearray(document)
        for bit in range(0, 8 * len(whole), 61):
            whole[bit >> 3] ^= 1 << (bit & 7)
            gc.collect()
            gc.disable()
            before = gc.mem_alloc()
            try:
                read(whole)
            except wbxml.WbxmlError:
                pass
            took = gc.mem_alloc() - before
            gc.enable()
            assert took <= _FACTOR * len(whole) + _MORE, (took, len(whole), bit)
            whole[bit >> 3] ^= 1 << (bit & 7)


def test_the_scan_of_every_message_allocates_nothing():
    if not MICROPYTHON:
        return
    from micropython import heap_lock, heap_unlock

    done = wbxml.DONE
    for document in documents():
        buffer = bytearray(document)
        reader = wbxml.Reader(buffer)
        reader.begin(len(buffer))
        heap_lock()
        try:
            while reader.next() != done:
                pass
        finally:
            heap_unlock()


def test_a_session_survives_what_breaks():
    # A message with each kind of command, octet by octet: nothing but an outcome comes of it.
    class Trusting(Account):
        client_auth = server_auth = session.NONE

    def message(made):
        from matrix_case import item, write

        writer = syncml.MessageWriter(bytearray(2048))
        writer.message(b"7", 1, "urn:d", b"http://s", None, None, 0)
        writer.status(b"1", b"0", b"SyncHdr", 200)
        change = ("Replace", [item("./V/a", b"2")])
        commands = [
            ("Add", [item("./V/new", b"AAEC", "b64")]),
            ("Atomic", [change, ("Copy", [item("./V/b", source="./V/a")])]),
            ("Sequence", [("Alert", 1101, "", "?"), ("Get", [item("./V"), item("./V/b")])]),
            ("Exec", [item("./V/a")]),
            ("Delete", [item("./V/a")]),
        ]
        write(writer, commands)
        return bytes(writer.buffer[: writer.close(True)])

    whole = message(None)
    tree = device()
    state = 4711
    for at in range(0, len(whole), 7 if MICROPYTHON else 3):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        made = Peer(tree, account=Trusting())
        made.session.space()[: len(whole)] = whole
        made.session.buffer[at] = state >> 16 & 0xFF
        made.session.receive(len(whole))
        made.session.end()
        tree.nodes.discard()


# -- tables of texts


def message(table, session_id, body=b"\x12", charset=b"\x6a", public=b"\xa4\x01", version=b"\x02"):
    head = version + public + charset + bytes([len(table)]) + table
    return head + b"\x6d\x6c\x65" + session_id + b"\x01\x01\x6b" + body + b"\x01\x01"


def header(document):
    reader = MessageReader(bytearray(document))
    reader.begin(len(document))
    return reader.header


def test_tables_of_texts():
    table = b"alpha\0beta\0gamma"
    for offset, value in ((0, b"alpha"), (2, b"pha"), (6, b"beta"), (11, b"gamma"), (15, b"a")):
        found = header(message(table, b"\x83" + bytes([offset])))
        assert found.session_id == value, offset
    # In pieces, of all kinds.
    pieces = b"\x83\x06\x03-\0\xc3\x02xy\x02\x41"
    assert header(message(table, pieces)).session_id == b"beta-xyA"
    for charset, public, version in (
        (b"\x00", b"\xa4\x01", b"\x01"),
        (b"\x03", b"\x01", b"\x03"),
        (b"\x6a", b"\x9f\x53", b"\x01"),  # SyncML 1.1
        (b"\x80\x6a", b"\x80\xa4\x01", b"\x02"),  # numbers longer than they have to be
    ):
        found = header(message(table, b"\x83\x00", b"\x12", charset, public, version))
        assert found.session_id == b"alpha"


def test_a_table_that_is_written_is_read():
    text = b"-//OMA//DTD-DM-DDF 1.2//EN\0"
    buffer = bytearray(60)
    writer = wbxml.Writer(buffer)
    writer.begin(0, text)
    writer.start(0x2D)
    writer.end()
    assert bytes(buffer[:5]) == b"\x02\0\0\x6a\x1b"
    reader = wbxml.Reader(buffer)
    reader.begin(writer.position)
    assert bytes(buffer[reader.table : reader.table_end]) == text
    assert reader.next() == wbxml.START and reader.tag == 0x2D


def test_pages_switched_where_nothing_asks_for_it():
    plain = message(b"", b"\x037\0")
    lazy = plain.replace(b"\x6d\x6c\x65", b"\0\1\0\0\x6d\0\0\x6c\0\1\0\0\x65")
    lazy = lazy.replace(b"\x037\0\x01\x01", b"\x037\0\0\1\x01\0\1\x01\0\0")
    assert header(lazy).session_id == b"7"
    # An END on another page: Meta closes while page 1 is current.
    meta = unhexlify("5a00014c033230303000010100006b")
    document = plain.replace(b"\x01\x01\x6b", b"\x01" + meta[:-3] + b"\x01\0\0\x6b")
    assert header(document).max_msg_size == b"2000"


def test_unknown_elements_are_passed_over():
    # Within a command, and with whatever is in them.
    unknown = b"\x7d\x0f\x4f\x03x\0\1\1"
    get = b"\x53\x4b\x033\0\x01" + unknown + b"\x54\x6e" + unknown + b"\x57\x03./a\0\1\1\1\1"
    document = message(b"extra\0", b"\x037\0", get + b"\x44\x00\x03z\0\1\x12")
    reader = MessageReader(bytearray(document))
    reader.begin(len(document))
    command = reader.next()
    assert command.tag == syncml.GET and command.items[0].target == b"./a"
    assert reader.next() is None and reader.final
