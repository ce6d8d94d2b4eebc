# Bootstrap messages of both profiles: what comes of good ones, and that nothing comes of others.
import os
from binascii import a2b_base64, hexlify, unhexlify

from test_tnds import TYPE, Document

import uscomo_boot
from support import raises, temporary_root
from uscomo import cp, dmacc, onboard, syncml, wbxml
from uscomo.nodes import Nodes
from uscomo.store import Store

DM = b"application/vnd.syncml.dm+wbxml"
CP = b"application/vnd.wap.connectivity-wbxml"
# Example C of the wire digest, whose MACs its bootstrap section has.
EXAMPLE = unhexlify(
    "02a4016a006d6c7103312e3200017203444d2f312e32000165033000015b033000016e5703494d45493a310001016757"
    "03687474703a2f2f73000101016b454b03310001546e57032e2f496e626f780001015a00014703786d6c000153036170"
    "706c69636174696f6e2f766e642e73796e636d6c2e646d746e64732b7762786d6c00010100004fc381010200006a1b2d"
    "2f2f4f4d412f2f4454442d444d2d44444620312e322f2f454e000002607703312e3200016466034f7000016f5c250175"
    "51036f72672e6f70656e6d6f62696c65616c6c69616e63652f312e302f773700010101646603417070494400016f5c0b"
    "01756103746578742f706c61696e00010101760377370001010101010101120101"
)
# As libwbxml's xml2wbxml encodes a document: a NAPDEF, and a w7 with a name, NAP and proxy, an
# address with port and a service, credentials APPSRV DIGEST, CLIENT HTTP-BASIC, OBEX BASIC.
PROVISIONING = a2b_base64(
    "AwtqAMVFAzEuMQABxlUBhxEGA05BUDEAAYcHBgNIb21lAAGHCQaJAQHGAAFVAYc2AAAGA3c3AAGHAAE4AAAGA2Rt"
    "LmV4YW1wbGUAAYcHBgNFeGFtcGxlIERNAAGHIgYDTkFQMQABhwABOQAABgNQWDEAAcYAAVYBhzQAAAYDaHR0cDov"
    "L2RtLmV4YW1wbGUvcwABhwABNQAABoUBxlMBhyMGAzgwODAAAYckBgN4AAEBAcYAAVcBhzAAAAYAAY0BhzMAAAYA"
    "AZMBhzEAAAYDdXNlcgABhwABMgAABgNzZWNyZXQAAYcAAS8AAAYDVG05dVkyVT0AAQHGAAFXAYcwAAAGA0NMSUVO"
    "VAABhwABMwAABpwBhwABMQAABgNkbS5leGFtcGxlAAGHAAEyAAAGA3NydgAAAZADcHdkAAEBxlcBhzAAAAYAAY4B"
    "hzMAAAYAAZIBAQEB"
)


def opened():
    return Nodes(Store())


def fresh(secret=b"310150123456789"):
    temporary_root()
    nodes = opened()
    if secret:
        nodes.set("~set/network_id", secret)
    nodes.set("DevInfo/DevId", b"urn:d")
    nodes.commit()
    return nodes


def signed(body, key, secure=b"USERPIN", kind=DM):
    mac = hexlify(onboard.mac(key, body)).upper()
    return b"Content-Type: %s; SEC=%s; MAC=%s\r\n\r\n" % (kind, secure, mac) + body


def account(*leaves, name=b"op", kind=b"urn:oma:mo:oma-dm-dmacc:1.0", acl=b""):
    made = Document()
    made.node(name, type=kind, acl=acl)
    for path, value in leaves:
        parts = path.split(b"/")
        for part in parts[:-1]:
            made.node(part)
        made.node(parts[-1], value, 0x209 if parts[-1] == b"AAuthData" else 0x20B)
        for _ in parts[:-1]:
            made.end()
    made.end()
    return made.whole()


LEAVES = (
    (b"AppID", b"w7"),
    (b"ServerID", b"dm.example"),
    (b"AppAddr/1/Addr", b"http://dm.example/s"),
)


def message(*documents, uri=b"./Inbox"):
    """A DM message with an Add of each document."""
    writer = syncml.MessageWriter(bytearray(3000))
    writer.message(b"0", 0, b"urn:d", b"http://dm.example/s", None, None, 0)
    for document in documents:
        writer.command(syncml.ADD)
        writer.item(None, uri, "xml", TYPE, document)
        writer.end()
    length = writer.close(True)
    return bytes(writer.buffer[:length])


def flash(path=None):
    """Every file of the store, with what is in it."""
    path = path or uscomo_boot.ROOT
    found = []
    for name in sorted(os.listdir(path)):
        full = path + "/" + name
        if os.stat(full)[0] & 0x4000:
            found += flash(full)
        else:
            with open(full, "rb") as file:
                found.append((full, file.read()))
    return found


def refused(nodes, letter, pin="1234"):
    before = flash()
    raises(ValueError, onboard.take, nodes, letter, pin)
    assert flash() == before
    assert not nodes.pending, "something waits for the next commit"


def test_the_digests_macs():
    expected = b"3d1f9b866ec32eeb07f349587317dcee1458775e"
    assert hexlify(onboard.mac(b"1234", EXAMPLE)) == expected
    expected = b"257ee77cfaf366dcc2283b4e1b7450933398fb42"
    assert hexlify(onboard.mac(b"1234:310150123456789", EXAMPLE)) == expected
    # RFC 2202, a key that is longer than a block.
    expected = b"aa4ae5e15272d00e95705637ce8a3b55ed402112"
    text = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert hexlify(onboard.mac(b"\xaa" * 80, text)) == expected


def test_an_account_comes_by_the_dm_profile():
    for key, secure, pin in (
        (b"1234", b"USERPIN", "1234"),
        (b"310150123456789", b"NETWORKID", ""),
        (b"310150123456789", b"NETWPIN", ""),
        (b"1234:310150123456789", b"USERPIN_NETWORKID", "1234"),
        (b"1234:310150123456789", b"USERNETWPIN", "1234"),
    ):
        nodes = fresh()
        letter = signed(message(account(*LEAVES)), key, secure)
        assert onboard.take(nodes, letter, pin) == ["op"]
        nodes = opened()
        assert nodes.get("DMAcc/op/ServerID") == b"dm.example"
        assert dmacc.Account(nodes, "op").address == b"http://dm.example/s"
        # What its server may do, and a session that is due.
        assert nodes.get("?DMAcc/op") == b"Delete=dm.example&Get=dm.example&Replace=dm.example"
        rights = b"Add Delete Exec Get Replace".replace(b" ", b"=dm.example&") + b"=dm.example"
        assert nodes.get("?SCOMO") == rights
        assert nodes.get("~check/op") == b""


def test_rights_in_the_message_count_and_what_has_an_owner_keeps_it():
    nodes = fresh()
    nodes.set("?SCOMO", b"Get=owner")
    nodes.commit()
    letter = signed(message(account(*LEAVES, acl=b"Get=*")), b"1234")
    assert onboard.take(nodes, letter, "1234") == ["op"]
    assert nodes.get("?DMAcc/op") == b"Get=*"
    assert nodes.get("?SCOMO") == b"Get=owner"


def test_what_is_no_good_changes_nothing():
    nodes = fresh()
    body = message(account(*LEAVES))
    good = signed(body, b"1234")
    refused(nodes, good, "1235")
    refused(nodes, good, "")
    refused(nodes, good[:-1])
    refused(nodes, good.replace(b"dm.example", b"dm.exampl3"))
    refused(nodes, good.replace(b"SEC=USERPIN", b"SEC=NETWORKID"))
    refused(nodes, good.replace(b"SEC=USERPIN", b"SEC=NONE"))
    refused(nodes, good.replace(b"SEC=USERPIN; ", b""))
    refused(nodes, signed(body, b"1234", kind=b"text/plain"))
    refused(nodes, body)
    refused(nodes, b"")
    refused(nodes, b"Content-Type: %s\r\n\r\n" % DM + body)
    refused(nodes, signed(body + bytes(4096), b"1234"))
    # Nobody knows a secret that the device does not have.
    nodes = fresh(b"")
    refused(nodes, signed(body, b"", b"NETWORKID"))
    refused(nodes, signed(body, b":", b"USERPIN_NETWORKID"), "")
    refused(nodes, signed(body, b"", b"USERPIN"), "")


def test_half_an_account_is_none():
    nodes = fresh()
    for leaves in ((), LEAVES[:2], (LEAVES[0], LEAVES[2]), LEAVES[:2] + ((b"Colour", b"red"),)):
        refused(nodes, signed(message(account(*leaves)), b"1234"))
    refused(nodes, signed(message(account(*LEAVES, kind=b"urn:x")), b"1234"))
    refused(nodes, signed(message(account(*LEAVES, acl=b"Fly=*")), b"1234"))
    refused(nodes, signed(message(), b"1234"))
    for end in range(0, 200, 7):
        refused(nodes, signed(message(account(*LEAVES))[:end], b"1234"))
    # The one that is there already, and another one with its server's name.
    assert onboard.take(nodes, signed(message(account(*LEAVES)), b"1234"), "1234") == ["op"]
    refused(opened(), signed(message(account(*LEAVES)), b"1234"))
    second = account(*((LEAVES[0], (b"ServerID", b"other"), LEAVES[2])))
    assert onboard.take(opened(), signed(message(second), b"1234"), "1234") == ["1"]


def test_what_the_device_does_not_have_is_passed_over():
    nodes = fresh()
    made = Document()
    made.node(b"NAP", type=b"urn:oma:mo:oma-connmo:1.0")
    made.node(b"Name", b"home")
    made.end()
    other = made.whole()
    letter = signed(message(other, account(*LEAVES)), b"1234")
    assert onboard.take(nodes, letter, "1234") == ["op"]
    assert nodes.children("DMAcc") == ["op"]


def test_an_account_that_is_there_is_not_changed():
    # Who may give the device an account may not take another one over.
    nodes = fresh()
    nodes.set("DMAcc/main/ServerID", b"srv")
    nodes.set("DMAcc/main/AppAddr/1/Addr", b"http://x")
    nodes.set("?DMAcc/main", b"Get=srv&Replace=srv")
    nodes.commit()
    good = account(*LEAVES)
    part = Document()
    part.node(b"0")
    part.node(b"Addr", b"http://elsewhere")
    part.end()
    for uri in (b"./DMAcc/main/AppAddr", b"./DMAcc/main/AppAddr/0"):
        for documents in ((part.whole(),), (part.whole(), good)):
            writer = syncml.MessageWriter(bytearray(3000))
            writer.message(b"0", 0, b"urn:d", b"http://dm.example/s", None, None, 0)
            for document in documents:
                writer.command(syncml.ADD)
                place = b"./Inbox" if document == good else uri
                writer.item(None, place, "xml", TYPE, document)
                writer.end()
            body = bytes(writer.buffer[: writer.close(True)])
            refused(nodes, signed(body, b"1234"))
        part = Document()
        part.node(b"0")
        part.node(b"Addr", b"http://elsewhere")
        part.end()
    named = account((b"AAuthLevel", b"SRVCRED"), name=b"main/AppAuth/0")
    refused(nodes, signed(message(named, good), b"1234"))
    assert onboard.take(nodes, signed(message(good), b"1234"), "1234") == ["op"]


def test_rights_are_given_on_the_objects_own_root():
    for root in (b"DMAcc", b"DMAcc/main", b"Inbox", b"DevInfo", b"./SCOMO", b"", b"a//b", b"a?b"):
        nodes = fresh()
        nodes.set("DMAcc/main/ServerID", b"srv")
        nodes.commit()
        leaves = LEAVES + ((b"Ext/ScomoRoot", root),)
        refused(nodes, signed(message(account(*leaves)), b"1234"))
    leaves = LEAVES + ((b"Ext/ScomoRoot", b"Vendor/SCOMO"),)
    assert onboard.take(nodes, signed(message(account(*leaves)), b"1234"), "1234") == ["op"]
    assert nodes.get("?Vendor/SCOMO")


def breaking(call, count, kind):
    """The same function, that fails after so many calls."""

    def broken(*args):
        nonlocal count
        count -= 1
        if count < 0:
            raise kind
        return call(*args)

    return broken


def test_what_breaks_in_the_middle_leaves_nothing_for_the_next_commit():
    letter = signed(message(account(*LEAVES)), b"1234")
    for kind in (MemoryError, OSError):
        nodes = fresh()
        nodes.set = breaking(nodes.set, 3, kind)
        raises(kind, onboard.take, nodes, letter, "1234")
        assert not nodes.pending
        nodes = fresh()
        nodes.commit = breaking(nodes.commit, 0, kind)
        raises(kind, onboard.take, nodes, letter, "1234")
        assert not nodes.pending


def attribute(*parts):
    found = b""
    for part in parts:
        found += b"\x03" + part.encode() + b"\0" if isinstance(part, str) else part
    return found


def parm(name, value):
    return b"\x87\x05\x03" + name.encode() + b"\0\x06\x03" + value.encode() + b"\0\x01"


def provisioning(*applications):
    body = b""
    for application in applications:
        body += b"\xc6\x50\x03APPLICATION\0\x01" + application + b"\x01"
    return b"\x03\x0b\x6a\x00\xc5\x45\x031.1\0\x01" + body + b"\x01"


def group(kind, *parts):
    return b"\xc6\x50\x03" + kind.encode() + b"\0\x01" + b"".join(parts) + b"\x01"


W7 = (
    parm("APPID", "w7")
    + parm("PROVIDER-ID", "dm.example")
    + parm("NAME", "Example")
    + parm("TO-NAPID", "NAP1")
    + parm("COLOUR", "red")
    + group(
        "APPADDR",
        parm("ADDR", "192.0.2.1"),
        parm("ADDRTYPE", "IPV4"),
        group("PORT", parm("PORTNBR", "8080")),
    )
    + group(
        "APPAUTH",
        parm("AAUTHLEVEL", "APPSRV"),
        parm("AAUTHTYPE", "DIGEST"),
        parm("AAUTHNAME", "user"),
        parm("AAUTHSECRET", "secret"),
        parm("AAUTHDATA", "Tm9uY2U="),
    )
    + group("APPAUTH", parm("AAUTHLEVEL", "CLIENT"), parm("AAUTHTYPE", "DIGEST"))
)


def test_an_account_comes_by_the_cp_profile():
    nodes = fresh()
    other = parm("APPID", "w2") + parm("NAME", "browser")
    body = provisioning(other, W7)
    assert onboard.take(nodes, signed(body, b"1234", kind=CP), "1234") == ["1"]
    nodes = opened()
    held = dmacc.Account(nodes, "1")
    assert held.address == b"http://192.0.2.1:8080"
    assert (held.server_id, held.client_auth, held.client_name) == (b"dm.example", 2, b"user")
    assert (held.client_secret, held.client_nonce) == (b"secret", b"Nonce")
    assert held.server_auth == 2
    expected = (
        ("AppAddr/1/AddrType", b"IPv4"),
        ("AppAuth/1/AAuthLevel", b"CLCRED"),
        ("AppAuth/2/AAuthLevel", b"SRVCRED"),
        ("AppID", b"w7"),
        ("Name", b"Example"),
        ("ToConRef/1/ConRef", b"NAP1"),
    )
    for key, value in expected:
        assert nodes.get("DMAcc/1/" + key) == value, key
    assert nodes.get("?DMAcc/1") == b"Delete=dm.example&Get=dm.example&Replace=dm.example"
    refused(nodes, signed(body, b"1234", kind=CP))


def test_provisioning_that_is_no_good():
    nodes = fresh()
    refused(nodes, signed(provisioning(parm("APPID", "w2")), b"1234", kind=CP))
    body = provisioning(W7)
    for end in range(len(body) - 1):
        raises((wbxml.WbxmlError, ValueError), cp.accounts, body[:end])
    refused(nodes, signed(body[:-9], b"1234", kind=CP))
    many = provisioning(*([parm("APPID", "w7")] * 17))
    raises(ValueError, cp.accounts, many)
    many = provisioning(parm("APPID", "w7") + group("APPADDR", parm("ADDR", "h")) * 17)
    raises(ValueError, cp.accounts, many)
    assert cp.accounts(provisioning()) == []
    # No character; and a long text of the table, named by two octets each time.
    wrong = b"\x87\x05\x03NAME\0\x06\x02\x8f\xff\xff\xff\x7f\x01"
    raises(ValueError, cp.accounts, provisioning(parm("APPID", "w7") + wrong))
    body = b"\x03\x0b\x6a\x83\x7f" + b"x" * 510 + b"\0\x45\xc6\x06"
    body += b"\x83\0" * 1000 + b"\x01\x01\x01"
    raises(ValueError, cp.accounts, body)


def test_a_document_of_another_encoder():
    (parts,) = cp.accounts(PROVISIONING)
    assert parts == [
        ("AppID", b"w7"),
        ("ServerID", b"dm.example"),
        ("Name", b"Example DM"),
        ("ToConRef/1/ConRef", b"NAP1"),
        ("ToConRef/2/ConRef", b"PX1"),
        ("AppAddr/1/Addr", b"http://dm.example/s"),
        ("AppAddr/1/AddrType", b"IPv4"),
        ("AppAddr/1/Port/1/PortNbr", b"8080"),
        ("AppAuth/1/AAuthLevel", b"CLCRED"),
        ("AppAuth/1/AAuthType", b"DIGEST"),
        ("AppAuth/1/AAuthName", b"user"),
        ("AppAuth/1/AAuthSecret", b"secret"),
        ("AppAuth/1/AAuthData", b"Nonce"),
        ("AppAuth/2/AAuthLevel", b"SRVCRED"),
        ("AppAuth/2/AAuthType", b"HTTP-BASIC"),
        ("AppAuth/2/AAuthName", b"dm.example"),
        ("AppAuth/2/AAuthSecret", b"srv,pwd"),
        ("AppAuth/3/AAuthLevel", b"OBEX"),
        ("AppAuth/3/AAuthType", b"BASIC"),
    ]
