from support import raises
from uscomo import syncml, wbxml
from uscomo.syncml import MessageReader, MessageWriter

# Example B of the wbxml digest (280 bytes): a package 2 with Get and Exec.
EXAMPLE_B = bytes.fromhex(
    "02a4016a006d6c7103312e3200017203444d2f312e3200016503314100015b033100016e5703494d45493a3439333030"
    "3531303035393238303000010167570368747470733a2f2f646d2e6578616d706c652f73000101016b694b033100015c"
    "033100014c033000014a0353796e634864720001495a000147036236340001530373796e636d6c3a617574682d6d6435"
    "000150034c4733695a516868646d4b4e48673d3d0001010100004f03323132000101694b033200015c033100014c0331"
    "00014a03416c65727400014f03323030000101534b03330001546e57032e2f44657644657461696c2f46775600010101"
    "01514b033400017c0363310001546e57032e2f46554d4f2f446f776e6c6f61640001010101120101"
)


def commands(document):
    buffer = bytearray(document)
    reader = MessageReader(buffer)
    reader.begin(len(buffer))
    found = []
    while True:
        command = reader.next()
        if command is None:
            return reader, found
        found.append(command)


def test_example_b():
    reader, found = commands(EXAMPLE_B)
    header = reader.header
    assert header.session_id == b"1A" and header.msg_id == b"1"
    assert header.target == b"IMEI:493005100592800"
    assert header.source == b"https://dm.example/s"
    status, alert_status, get, execute = found
    assert status.tag == syncml.STATUS and bytes(status.data) == b"212"
    assert status.type == b"syncml:auth-md5"
    assert status.next_nonce == bytes.fromhex("2c6de265086176628d1e")
    assert alert_status.cmd == b"Alert"
    assert get.tag == syncml.GET and get.items[0].target == b"./DevDetail/FwV"
    assert execute.correlator == b"c1" and execute.cmd_id == b"4"
    assert reader.final


def written(write, size=600):
    buffer = bytearray(size)
    writer = MessageWriter(buffer)
    writer.message(b"1", 1, b"http://s", b"d", None, None, 0)
    write(writer)
    return bytes(buffer[: writer.close(True)])


def test_what_is_written_is_read():
    def write(writer):
        writer.status(b"1", b"2", b"Get", 200, b"./A", ("syncml:auth-md5", b"AAEC"))
        writer.alert(1226, "c1")
        writer.item("./S", "./T", "chr", "urn:x", "data", "informational")
        writer.end()
        writer.results(b"1", b"3")
        writer.item("./B", None, "bin", None, b"\x00\x01")
        writer.item("./E", None, "node", None, b"")
        writer.end()

    _, (status, alert, results) = commands(written(write))
    assert bytes(status.data) == b"200" and status.next_nonce == b"\x00\x01\x02"
    assert alert.correlator == b"c1"
    item = alert.items[0]
    assert (item.source, item.target, item.type) == (b"./S", b"./T", b"urn:x")
    assert bytes(item.data) == b"data"
    assert bytes(results.items[0].data) == b"\x00\x01"
    assert bytes(results.items[1].data) == b""


def test_containers_close():
    def write(writer):
        writer.command(syncml.SEQUENCE)
        writer.command(syncml.ALERT)
        writer.end()
        writer.command(syncml.ATOMIC)
        writer.command(syncml.DELETE)
        writer.end()
        writer.end()
        writer.end()
        writer.command(syncml.GET)
        writer.end()

    _, found = commands(written(write))
    assert [command.tag for command in found] == [
        syncml.SEQUENCE,
        syncml.ALERT,
        syncml.ATOMIC,
        syncml.DELETE,
        syncml.CLOSE,
        syncml.CLOSE,
        syncml.GET,
    ]


def test_an_empty_container_closes_itself():
    def write(writer):
        writer.command(syncml.SEQUENCE)
        writer.end()
        writer.empty(syncml.ATOMIC)
        writer.command(syncml.GET)
        writer.end()

    _, found = commands(written(write))
    assert [command.tag for command in found] == [
        syncml.SEQUENCE,
        syncml.CLOSE,
        syncml.ATOMIC,
        syncml.CLOSE,
        syncml.GET,
    ]


def test_a_flood_of_items_is_refused():
    def write(writer):
        writer.command(syncml.GET)
        for _ in range(syncml.MAX_ITEMS + 1):
            writer.empty(0x14)
        writer.end()

    _, (get,) = commands(written(write))
    assert len(get.items) == syncml.MAX_ITEMS and get.more


def test_references_that_add_up_are_refused():
    # A table of 100 bytes, referenced 40 times in one text: 4,000 bytes out of 200.
    table = b"x" * 99 + b"\0"
    body = b"\x6d\x6c\x65" + b"\x83\x00" * 40 + b"\x01\x01\x6b\x01\x01"
    raises(wbxml.WbxmlError, commands, b"\x02\xa4\x01\x6a" + bytes([len(table)]) + table + body)


def test_a_nul_ends_a_text_and_may_not_stand_in_it():
    def head(session_id):
        return (
            b"\x02\xa4\x01\x6a\x00\x6d\x6c\x65\xc3"
            + bytes([len(session_id)])
            + session_id
            + b"\x01\x01\x6b\x12\x01\x01"
        )

    reader, _ = commands(head(b"7\0"))
    assert reader.header.session_id == b"7"
    raises(wbxml.WbxmlError, commands, head(b"7\0\x01"))


def test_roll_back_forgets():
    buffer = bytearray(300)
    writer = MessageWriter(buffer)
    writer.message(b"1", 1, b"http://s", b"d", None, None, 0)
    mark = writer.mark()
    try:
        while True:
            mark = writer.mark()
            writer.status(b"1", b"1", b"Get", 200)
    except wbxml.Full:
        writer.roll_back(mark)
    reader, found = commands(buffer[: writer.close(False)])
    assert found[-1].tag == syncml.ALERT and bytes(found[-1].data) == b"1222"
    assert not reader.final
    assert [command.cmd_id for command in found] == [b"%d" % i for i in range(1, len(found) + 1)]


def test_a_nonce_too_long_to_be_kept_is_refused():
    def write(writer):
        writer.status(b"1", b"0", b"SyncHdr", 212, None, ("syncml:auth-md5", b"AAAA" * 30))

    raises(wbxml.WbxmlError, commands, written(write))


def test_truncation_and_bit_flips_end_in_the_codecs_own_errors():
    for end in range(len(EXAMPLE_B) - 1):
        raises(wbxml.WbxmlError, commands, EXAMPLE_B[:end])
    for at in range(0, len(EXAMPLE_B)):
        for bit in range(8):
            flipped = bytearray(EXAMPLE_B)
            flipped[at] ^= 1 << bit
            try:
                commands(flipped)
            except wbxml.WbxmlError:
                pass
