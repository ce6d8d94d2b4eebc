"""The values of a message."""

from __future__ import annotations

import pytest
from wire_samples import VECTORS, digest_wbxml, digest_xml

from uscomo_tools.syncml import wbxml_document
from uscomo_tools.syncml.message import (
    CONTENT_TYPES,
    Challenge,
    Command,
    Credential,
    Header,
    Item,
    Message,
    Meta,
    WireError,
    decode,
    encode,
    encoding_of,
)


def one(item: Item, **fields) -> Message:
    header = Header("1", "2", "server", "device")
    return Message(header, [Command("Results", "3", [item], cmd_ref="1", **fields)], True)


def everything() -> Message:
    header = Header(
        "1A",
        "1",
        "http://server/dm",
        "urn:device",
        source_name="user",
        resp_uri="http://server/dm?sid=1",
        credential=Credential("syncml:auth-md5", "b64", b"aGk="),
        meta=Meta(max_msg_size=2048, max_obj_size=65536),
    )
    status = Command(
        "Status",
        "1",
        msg_ref="1",
        cmd_ref="0",
        cmd="SyncHdr",
        target_refs=["a", "b"],
        source_refs=["c"],
        data="212",
        challenge=Challenge("syncml:auth-md5", "b64", b"\0\xff"),
    )
    alert = Command(
        "Alert",
        "2",
        [Item(source="./SCOMO", meta=Meta("chr", "type", "critical"), data=b"app & <more>")],
        data="1226",
        correlator="c-1",
    )
    add = Command("Add", "4", [Item("./a", meta=Meta("chr", size=9), data=b"part", more=True)])
    run = Command("Exec", "5", [Item("./a/Run")], correlator="c-2")
    return Message(header, [status, alert, Command("Sequence", "3", children=[add, run])], True)


@pytest.mark.parametrize("encoding", CONTENT_TYPES)
def test_everything_there_and_back(encoding):
    body = encode(everything(), encoding)
    assert decode(body, CONTENT_TYPES[encoding]) == everything()
    assert decode(body) == everything()


def test_order_of_the_dtd():
    xml = encode(everything(), "xml").decode()
    order = ["CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef", "Chal", "Data"]
    status = xml[xml.index("<Status>") : xml.index("</Status>")]
    assert sorted(order, key=lambda name: status.rindex(f"<{name}")) == order
    header = ["VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI", "Cred"]
    assert sorted(header, key=lambda name: xml.index(f"<{name}")) == header
    alert = xml[xml.index("<Alert>") : xml.index("</Alert>")]
    assert alert.index("1226") < alert.index("<Correlator>") < alert.index("<Item>")


def test_any_order_is_read():
    body = digest_wbxml("b")
    cmd_id, correlator = b"\x4b\x034\0\1", b"\x7c\x03c1\0\1"
    swapped = body.replace(cmd_id + correlator, correlator + cmd_id)
    assert swapped != body
    assert decode(swapped) == decode(body)


def test_meta_inside_metinf():
    body = digest_wbxml("d-num")
    wrapped = body.replace(b"\x5a\0\1\x47", b"\x5a\0\1\x4e\x47").replace(
        b"octet-stream\0\1\1", b"octet-stream\0\1\1\1"
    )
    assert decode(wrapped) == decode(body)


def test_bytes_stay_bytes_in_wbxml_and_become_base64_in_xml():
    meta = Meta("bin", "application/octet-stream", size=4)
    binary = one(Item(source="./x", meta=meta, data=b"text"))
    body = encode(binary, "wbxml")
    assert b"\xc3\x04text" in body
    assert decode(body) == binary
    (item,) = decode(encode(binary, "xml")).commands[0].items
    assert (item.data, item.meta) == (b"dGV4dA==", Meta("b64", meta.type, size=8))


def test_format_of_the_command_governs_its_items():
    binary = one(Item(source="./x", data=b"text"), meta=Meta("bin"))
    (item,) = decode(encode(binary, "xml")).commands[0].items
    assert (item.data, item.meta) == (b"dGV4dA==", Meta("b64"))


def test_native_base64_is_left_alone():
    native = one(Item(source="./x", meta=Meta("b64"), data=b"AAEC"))
    for encoding in CONTENT_TYPES:
        assert decode(encode(native, encoding)) == native


def test_embedded_document_is_bytes():
    (item,) = decode(digest_wbxml("c")).commands[0].items
    assert item.data is not None
    assert wbxml_document.decode(item.data).name == "MgmtTree"
    assert decode(digest_xml("c")) == decode(digest_wbxml("c"))
    (inline,) = decode(digest_wbxml("e")).commands[0].items
    assert inline.data is not None
    assert wbxml_document.decode(inline.data).name == "MgmtTree"


def test_terminator_of_results_is_dropped_but_never_a_byte_of_bin():
    body = (VECTORS / "sessions" / "exec-correlator_02-c.wbxml").read_bytes()
    assert decode(body).commands[-1].items[0].data == b"P1"
    binary = one(Item(source="./x", meta=Meta("bin"), data=b"x\0"))
    assert decode(encode(binary, "wbxml")) == binary


def test_no_data_and_empty_data_differ():
    for item in (Item("./x"), Item("./x", data=b"")):
        for encoding in CONTENT_TYPES:
            assert decode(encode(one(item), encoding)) == one(item)


def test_command_ids_may_be_anything():
    uuid = Command("Get", "7b0e2ff6-5a8e-4b57-9d0f-0f8d0f0f8d0f", [Item("./x")])
    read = Message(Header("1", "1", "a", "b"), [uuid], True)
    assert decode(encode(read, "wbxml")) == read


def test_unknown_commands_are_kept():
    body = digest_wbxml("b").replace(b"\x12\1\1", b"\x7d\x4b\x039\0\1\1\x12\1\1")
    command = decode(body).commands[-1]
    assert (command.name, command.cmd_id) == ("token-00-3D", "9")
    xml = digest_xml("b").replace(b"<Final/>", b"<Fetch><CmdID>9</CmdID></Fetch><Final/>")
    command = decode(xml).commands[-1]
    assert (command.name, command.cmd_id) == ("Fetch", "9")


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("application/vnd.syncml+wbxml", b"<", "wbxml"),
        ("Application/vnd.syncml.dm+WBXML ; charset=utf-8", b"", "wbxml"),
        ("application/vnd.syncml.dm+xml; charset=UTF-8", b"", "xml"),
        ("text/xml", b"", "xml"),
        ("", b"\2\xa4\1", "wbxml"),
        ("", b"\xef\xbb\xbf<SyncML/>", "xml"),
        ("application/octet-stream", b"\r\n<SyncML/>", "xml"),
    ],
)
def test_content_types(content_type, body, encoding):
    assert encoding_of(body, content_type) == encoding


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<SyncML/>", "text/html"),
        (b"", ""),
        (b"<SyncML/>", ""),
        (digest_wbxml("ddf"), ""),
        (digest_xml("b").replace(b"<MsgID>1</MsgID>", b""), ""),
        (digest_xml("b").replace(b"NHg==", b"NHg"), ""),
        (digest_xml("a").replace(b">5000<", b">many<"), ""),
        (digest_wbxml("b").replace(b"212", b"2\xff2"), ""),
    ],
    ids=["type", "empty", "no header", "no message", "no MsgID", "nonce", "number", "text"],
)
def test_what_is_no_message(body, content_type):
    with pytest.raises(WireError):
        decode(body, content_type)
