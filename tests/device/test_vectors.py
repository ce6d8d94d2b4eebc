# Messages that nobody here wrote, through the board's reader and session: see ../vectors.
# C1 is a DM client, S1 a DM server, C2 a handset's engine. Tables say what each message holds.
import os
from binascii import a2b_base64, hexlify, unhexlify

from support import MICROPYTHON, raises, temporary_root
from uscomo import accounts, devdetail, devinfo, digest, session, syncml, wbxml
from uscomo.leaves import Leaves
from uscomo.nodes import Nodes
from uscomo.scomo import Scomo
from uscomo.store import Store
from uscomo.syncml import MessageReader
from uscomo.tree import Tree

VECTORS = __file__.replace("\\", "/").rsplit("/", 2)[0] + "/vectors/"
CAPTURES = VECTORS + "../../../shared/vectors/aosp/"

# -- reading: a message as lines of text


def contents(name):
    with open(name, "rb") as file:
        return file.read()


def example(name):
    return unhexlify(b"".join(contents(VECTORS + "digest/" + name + ".hex").split()))


def text(value):
    return "" if value is None else "".join(chr(byte) for byte in bytes(value))


def read(document):
    """The reader of a message, and its commands as lines."""
    buffer = bytearray(document)
    reader = MessageReader(buffer)
    reader.begin(len(buffer))
    lines = []
    while True:
        command = reader.next()
        if command is None:
            return reader, lines
        lines += described(command)


def described(command):
    if command.tag == syncml.CLOSE:
        return ["end"]
    parts = [text(command.cmd_id), syncml.NAMES[command.tag].decode()]
    if command.msg_ref is not None:
        parts.append(text(command.msg_ref) + "/" + text(command.cmd_ref))
    for value in (command.cmd, command.data, command.correlator):
        if value is not None:
            parts.append(text(value))
    if command.tag == syncml.STATUS and command.type:
        parts += [text(command.type), hexlify(command.next_nonce or b"").decode()]
    lines = [" ".join(parts)]
    if command.tag != syncml.STATUS:
        lines += ["  " + described_item(item, command) for item in command.items]
    return lines


def described_item(item, command):
    place = text(item.target)
    if item.source:
        place += "<" + text(item.source)
    format = text(item.format or command.format)
    type = text(item.type or command.type)
    if format or type:
        place += " [" + format + " " + type + "]"
    return place if item.data is None else place + " = " + text(item.data)


# -- the sessions of S1 with C1

DM = "http://127.0.0.1:8080/funambol/dm"
DM_AGAIN = DM + "?sid=S1"

# The same bytes open all of C1's sessions.
C1_PACKAGE_1 = (
    "1 Alert 1201",
    "2 Replace",
    "  <./DevInfo/Ext/other/test3 [chr text/plain] = data of test3",
    "  <./DevInfo/Ext/other [node ] = test3",
    "  <./DevInfo/Ext/Intel/test2 [chr text/plain] = data of test2",
    "  <./DevInfo/Ext/Intel/test1 [chr text/plain] = data of test1",
    "  <./DevInfo/Ext/Intel [node ] = test1/test2",
    "  <./DevInfo/Ext [node ] = Intel/other",
    "  <./DevInfo/Bearer/test [chr text/plain] = test bearer",
    "  <./DevInfo/Bearer [node ] = test",
    "  <./DevInfo/DmV [chr text/plain] = 1.0",
    "  <./DevInfo/Lang [chr text/plain] = test language",
    "  <./DevInfo/DevId [chr text/plain] = DMCtest",
    "  <./DevInfo/Man [chr text/plain] = test manufacturer",
    "  <./DevInfo/Mod [chr text/plain] = test model",
)
TAKEN = ("1 Status 1/0 SyncHdr 212", "2 Status 1/1 Alert 200", "3 Status 1/2 Replace 200")
TWICE = ("  ./SCTSValue [chr text/plain] = ",)
OVER = ("1 Status 2/0 SyncHdr 200",)


def proved(nonce):
    # C1's nonces are base64 once decoded: still just bytes.
    return ("1 Status 1/0 SyncHdr 212 syncml:auth-md5 " + hexlify(nonce).decode(),)


# What S1 asks and C1 answers, behind TAKEN and the Status for the header. C1 adds a NUL at times.
SCRIPTS = {
    "script-1": (
        ("4 Get", "  ."),
        b"jAfVaDB8kmk=",
        (
            "2 Status 1/4 Get 200",
            "3 Results 1/4",
            "  <. [node ] = Inbox/DMAcc/Vendor/DevInfo/DevDetail/test",
        ),
    ),
    "script-3": (("4 Get", "  ./"), b"RAXAfDBc/38=", ("2 Status 1/4 Get 500",)),
    "script-6": (("4 Delete", "  ./SCTSValue"), b"PP2IGTBsgEE=", ("2 Status 1/4 Delete 404",)),
    "script-8": (
        ("4 Sequence", "5 Replace") + TWICE + ("6 Replace",) + TWICE + ("end",),
        b"z4qRGjBcuMI=",
        ("2 Status 1/5 Replace 500", "3 Status 1/6 Replace 500", "4 Status 1/4 Sequence 200"),
    ),
    "script-9": (
        ("4 Atomic", "5 Replace") + TWICE + ("6 Replace",) + TWICE + ("end",),
        b"jGSZYzAszWc=",
        ("2 Status 1/5 Replace 500", "3 Status 1/6 Replace 500"),
    ),
    "script-12": (
        ("4 Get", "  ./DevInfo/Lang"),
        b"csGJLjCcOQc=",
        (
            "2 Status 1/4 Get 200",
            "3 Results 1/4",
            "  <./DevInfo/Lang [chr text/plain] = test language",
        ),
    ),
    "script-14": (("4 Get", "  .?list=StructData"), b"sqVoLzC83OE=", ("2 Status 1/4 Get 406",)),
    "script-15": (
        ("4 Alert 1100", "   = MINDT=10&MAXDT=15", "   = Hello world"),
        b"TKwaFTD8wZc=",
        ("2 Status 1/4 Alert 200",),
    ),
    "script-16": (
        ("4 Alert 1101", "   = MINDT=10&MAXDT=15&DR=No", "   = Would you like to confirm?"),
        b"h41uKDBMZFg=",
        ("2 Status 1/4 Alert 200",),
    ),
    "exec-correlator": (
        (
            "4 Add",
            "  ./Vendor/memory/P1 [node ] = ",
            "  ./Vendor/memory/P1/PkgID [chr text/plain] = com.example.pkg",
            "  ./Vendor/memory/P1/PkgURL [chr text/plain] = http://127.0.0.1:9000/pkg.zip",
            "5 Get",
            "  ./Vendor/memory",
        ),
        b"KofceDCMPmM=",
        ("2 Status 1/4 Add 200", "3 Status 1/4 Add 200", "4 Status 1/4 Add 200")
        + ("5 Status 1/5 Get 200", "6 Results 1/5", "  <./Vendor/memory [node ] = P1\0"),
    ),
}
# The one session with a third exchange.
CORRELATED = {
    "02-s": OVER + ("2 Exec corr-42", "  ./test/execute"),
    "03-c": (
        "1 Status 2/0 SyncHdr 212",
        "2 Alert 1226 corr-42",
        "  <./test/execute [text/plain urn:test] = 200",
        "3 Status 2/2 Exec 200",
    ),
    "03-s": ("1 Status 3/0 SyncHdr 200", "2 Status 3/2 Alert 200"),
}


def expected(name):
    script, _, part = name.rpartition("_")
    asked, nonce, answered = SCRIPTS[script]
    if part == "01-c":
        return C1_PACKAGE_1
    if part == "01-s":
        return TAKEN + asked
    if part == "02-c":
        return proved(nonce) + answered
    if script == "exec-correlator":
        return CORRELATED[part]
    return OVER


def test_every_recorded_message_reads_as_what_it_is():
    names = sorted(n[:-6] for n in os.listdir(VECTORS + "sessions") if n.endswith(".wbxml"))
    assert len(names) == 4 * len(SCRIPTS) + 2
    for name in names:
        reader, lines = read(contents(VECTORS + "sessions/" + name + ".wbxml"))
        assert tuple(lines) == expected(name), (name, lines)
        header = reader.header
        part, by = name.rsplit("_", 1)[1].split("-")
        there, back = (
            (header.target, header.source)
            if by == "c"
            else (
                header.source,
                header.target,
            )
        )
        assert header.session_id == b"1" and header.msg_id == b"%d" % int(part), name
        # What goes to S1's RespURI carries its session; S1 answers from where it was asked.
        assert text(there) == (DM if part == "01" else DM_AGAIN), name
        assert back == b"DMCtest", name
        assert text(header.resp_uri) == (DM_AGAIN if by == "s" else ""), name
        assert header.ver_dtd == b"1.2" and header.ver_proto == b"DM/1.2", name
        assert reader.final, name
        # Whoever has not been accepted yet proves who it is.
        wanted = {
            "01-c": (b"syncml:auth-basic", b"ZnVuYW1ib2w6ZnVuYW1ib2w="),
            "01-s": (b"syncml:auth-md5", b"Lx7CSZp0iHRedCEbryGJuw=="),
        }.get(name.rsplit("_", 1)[1])
        assert header.credential == bool(wanted), name
        if wanted:
            assert (header.type, bytes(header.data)) == wanted, name
            assert header.max_msg_size == b"16384", name


# -- auth-mac is not ours yet, but its messages must be read and refused without harm

HMAC_DEVICE = (
    "  <./DevInfo/Bearer/GSM = ",
    "  <./DevInfo/Sort = Latin",
    "  <./DevInfo/Mod = A780",
    "  <./DevInfo/Man = Motorola, Copyright 2005",
    "  <./DevInfo/Loc = US",
    "  <./DevInfo/LangAuto = false",
    "  <./DevInfo/Lang = en",
    "  <./DevInfo/DmV = 1.2",
    "  <./DevInfo/DevId = 000000011234564",
)
HMAC = {
    "01-c": ("1 Alert 1201", "2 Replace") + HMAC_DEVICE,
    "01-s": (
        "1 Status 1/0 SyncHdr 401 syncml:auth-MAC 535841332a3b2e387b365e4259247e3f",
        "2 Status 1/1 Alert 401",
        "3 Status 1/2 Replace 401",
    ),
    "02-c": (
        "1 Status 1/0 SyncHdr 407 syncml:auth-MAC da9993221c5888f8c74c913f83e529e3",
        "2 Alert 1201",
        "3 Replace",
    )
    + HMAC_DEVICE,
    "02-s": (
        "1 Status 2/0 SyncHdr 200 syncml:auth-MAC 425a387536492750613f743e30496458",
        "2 Status 2/2 Alert 200",
        "3 Status 2/3 Replace 200",
        "4 Get",
        "  .",
    ),
    "03-c": (
        "1 Status 2/0 SyncHdr 407 syncml:auth-MAC da9993221c5888f8c74c913f83e529e3",
        "2 Status 2/4 Get 407",
    ),
    "03-s": ("1 Status 3/0 SyncHdr 400",),
}


def hmac_message(name):
    return contents(VECTORS + "credentials/hmac-session/" + name + ".wbxml")


def test_the_hmac_session():
    for name, lines in HMAC.items():
        reader, found = read(hmac_message(name))
        assert tuple(found) == lines, (name, found)
        header = reader.header
        assert header.session_id == b"C5E8" and reader.final
        assert header.credential == (name == "01-s")
        assert text(header.source_name) == ("" if name == "03-s" else "funambol")


def test_the_mac_of_the_hmac_session_follows_from_our_digests():
    secret = digest.base64(digest.md5(b"funambol:funambol"))
    nonce = a2b_base64(b"U1hBMyo7Ljh7Nl5CWSR+Pw==")
    body = digest.base64(digest.md5(hmac_message("02-c")))
    mac = digest.base64(digest.md5(secret + b":" + nonce + b":" + body))
    assert mac == b"ZdNhqewx8sVV4PwGVec5aQ=="


# -- the digest's own examples

NONCE_OF_EXAMPLES = "2c6de265086176628d1e"
BLOB = "  <./Vendor/Blob [bin application/octet-stream] = \0\1\xfe\xff\0\x7f"
INBOX = "  ./Inbox [xml application/vnd.syncml.dmtnds+wbxml]"
EXAMPLES = {
    "a": (
        "1 Alert 1200",
        "2 Replace",
        "  <./DevInfo/DevId = IMEI:493005100592800",
        "  <./DevInfo/Man = ACME",
        "  <./DevInfo/Mod = M1",
        "  <./DevInfo/DmV = 1.2",
        "  <./DevInfo/Lang = en",
    ),
    "b": (
        "1 Status 1/0 SyncHdr 212 syncml:auth-md5 " + NONCE_OF_EXAMPLES,
        "2 Status 1/1 Alert 200",
        "3 Get",
        "  ./DevDetail/FwV",
        "4 Exec c1",
        "  ./FUMO/Download",
    ),
    "d-num": (
        "1 Status 1/0 SyncHdr 200",
        "2 Status 1/3 Get 200",
        "3 Results 1/3",
        BLOB,
    ),
    # A tree written inline is passed over: there is no object here that takes one.
    "e": ("1 Add", INBOX),
    # Put is a command of data synchronisation: read whole, so that it gets a Status.
    "devinf": (
        "1 Put",
        "  <./devinf12 [ application/vnd.syncml-devinf+wbxml] = "
        "\x02\xa4\x03j\0Je\x031.2\0\1I\x03x\0\1K\x03phone\0\1\1",
    ),
    "op": (),
}
EXAMPLES["d-txt"] = EXAMPLES["d-num"]


def test_every_example_of_the_digest():
    names = sorted(n[:-4] for n in os.listdir(VECTORS + "digest") if n.endswith(".hex"))
    assert names == ["a", "b", "c", "d-num", "d-txt", "ddf", "devinf", "e", "nn", "op"]
    for name, lines in EXAMPLES.items():
        reader, found = read(example(name))
        assert tuple(found) == lines, (name, found)
        assert reader.final


def test_an_embedded_tree_is_data_and_a_document_of_its_own():
    document = example("c")
    _, found = read(document)
    assert len(found) == 2 and found[0] == "1 Add"
    place, data = found[1].split(" = ", 1)
    assert place == INBOX
    data = bytes(ord(character) for character in data)
    assert len(data) == 129 and data.startswith(b"\x02\0\0\x6a\x1b-//OMA//DTD-DM-DDF 1.2//EN")
    assert tokens(data) == tokens(document[document.find(data) :][: len(data)])
    raises(wbxml.WbxmlError, read, data)


def test_a_device_description_is_tokens_but_no_message():
    starts, strings = tokens(example("ddf"))
    assert starts[:3] == [0x220, 0x237, 0x224]
    assert strings == ["1.2", "X"]
    raises(wbxml.WbxmlError, read, example("ddf"))


def test_a_nonce_as_octets_is_the_nonce_itself():
    _, found = read(example("nn"))
    assert found == ["1 Status 1/0 SyncHdr 212 syncml:auth-md5 " + NONCE_OF_EXAMPLES]


def tokens(document):
    reader = wbxml.Reader(document)
    reader.begin(len(document))
    starts = []
    strings = []
    while True:
        kind = reader.next()
        if kind == wbxml.DONE:
            return starts, strings
        if kind == wbxml.START:
            starts.append(reader.tag)
        elif kind == wbxml.STRING:
            strings.append(text(document[reader.offset : reader.offset + reader.length]))


def test_recorded_messages_cut_anywhere_end_in_the_codecs_own_error():
    for name in ("sessions/script-8_01-s", "credentials/hmac-session/01-s"):
        document = contents(VECTORS + name + ".wbxml")
        for size in range(len(document) - 1):
            raises(wbxml.WbxmlError, read, document[:size])


# -- replay: what S1 said to C1, said to us


class Account:
    name = "main"
    address = DM.encode()
    server_id = b"funambol"
    client_auth = session.BASIC
    client_name = client_secret = b"funambol"
    client_nonce = server_nonce = b""
    server_auth = session.MD5
    server_secret = b"srvpwd"
    scomo_root = "SCOMO"
    scomo_version = "1.0"

    def choose(self, kind):
        return False


ABOUT = (
    ("DevId", "DMCtest"),
    ("Man", "test manufacturer"),
    ("Mod", "test model"),
    ("DmV", "1.0"),
    ("Lang", "test language"),
)


class Replay:
    """Our session over the real tree, to which a recorded server speaks."""

    def __init__(self, account, session_id=b"1"):
        temporary_root()
        stored = Store()
        nodes = Nodes(stored)
        rights = "&".join(r + "=" + account.server_id.decode() for r in ("Add", "Exec", "Get"))
        nodes.set("?SCOMO", rights.encode())
        nodes.set("DMAcc/main/ServerID", account.server_id)
        nodes.commit()
        tree = Tree(
            (
                ("DevInfo", Leaves(devinfo.MOID, ABOUT)),
                ("DevDetail", Leaves(devdetail.MOID, (("FwV", "1"), ("URI/MaxDepth", "12")))),
                ("DMAcc", accounts.Accounts(nodes)),
                ("SCOMO", Scomo(stored, nodes, account)),
            ),
            nodes,
            account.server_id,
        )
        self.send = bytearray(2048)
        self.asked = []
        self.session = session.Session(account, tree, self._interact, bytearray(2560), self.send)
        self.sent = []
        self._keep(self.session.start(session_id, "DMCtest", 1201, (), self._about))

    def _interact(self, code, texts):
        self.asked.append((code, texts))
        return 200, None

    def _about(self):
        for name, value in ABOUT:
            yield "./DevInfo/" + name, value

    def _keep(self, length):
        body = bytes(self.send[:length])
        # Our own nonce is random: masked, the bytes are the same everywhere and every time.
        if self.session.server_nonce:
            body = body.replace(digest.base64(self.session.server_nonce), b"=" * 24)
        self.sent.append(body)

    def say(self, message):
        """Our answer's lines, None when there is none."""
        self.session.space()[: len(message)] = message
        length = self.session.receive(len(message))
        if not length:
            return None
        self._keep(length)
        self.reader, lines = read(self.send[:length])
        return lines


def codes(lines):
    found = [line.split() for line in lines if not line.startswith(" ")]
    return [(parts[3], parts[4]) for parts in found if parts[1] == "Status"]


# What we answer where C1 answered something else, and why.
DIFFERENT = {
    # C1 knows "." as root only; TND allows "./" as well.
    "script-3": [("Get", "200")],
    # The node is missing, which has a code of its own; and Sequence itself is answered first.
    "script-8": [("Sequence", "200"), ("Replace", "404"), ("Replace", "404")],
    # C1 leaves the answer to Atomic itself out, and goes on behind the command that fails.
    "script-9": [("Atomic", "507"), ("Replace", "404"), ("Replace", "215")],
    # StructData is what a server reads our inventory with.
    "script-14": [("Get", "200")],
    # C1's test tree takes any node below Vendor; ours has no object there.
    "exec-correlator": [("Add", "405"), ("Add", "405"), ("Add", "405"), ("Get", "404")],
}


def s1(name):
    return contents(VECTORS + "sessions/" + name + ".wbxml")


def test_s1_speaks_to_us_as_to_c1():
    for script in SCRIPTS:
        replay = Replay(Account())
        lines = replay.say(s1(script + "_01-s"))
        # A package in several messages ends with Alert 1222; none of these needs one.
        assert replay.reader.final, script
        assert replay.reader.header.target == DM_AGAIN.encode()
        assert codes(lines)[0] == ("SyncHdr", "212")
        of_c1 = codes(read(s1(script + "_02-c"))[1])[1:]
        if script in DIFFERENT:
            assert codes(lines)[1:] == DIFFERENT[script] != of_c1, (script, lines)
        else:
            assert codes(lines)[1:] == of_c1, (script, lines)
        if script == "exec-correlator":
            # C1's test tree has a node that runs and reports in the same session; we have none.
            lines = replay.say(s1(script + "_02-s"))
            assert codes(lines) == [("SyncHdr", "200"), ("Exec", "404")], lines
            assert replay.say(s1(script + "_03-s")) is None
        else:
            assert replay.say(s1(script + "_02-s")) is None
        assert replay.session.outcome == session.DONE


def test_what_s1_reads_and_shows():
    replay = Replay(Account())
    lines = replay.say(s1("script-1_01-s"))
    assert lines[2:] == ["3 Results 1/4", "  <. [node ] = DevInfo/DevDetail/DMAcc/SCOMO"]
    replay = Replay(Account())
    assert replay.say(s1("script-12_01-s"))[3] == "  <./DevInfo/Lang = test language"
    replay = Replay(Account())
    listed = replay.say(s1("script-14_01-s"))
    assert listed[3] == "  <. [node ]"
    assert "  <./DevInfo/Man = test manufacturer" in listed
    assert "  <./SCOMO [node urn:oma:mo:oma-scomo:1.0]" in listed
    for script, code, asked in (
        ("script-15", 1100, ["MINDT=10&MAXDT=15", "Hello world"]),
        ("script-16", 1101, ["MINDT=10&MAXDT=15&DR=No", "Would you like to confirm?"]),
    ):
        replay = Replay(Account())
        replay.say(s1(script + "_01-s"))
        assert replay.asked == [(code, asked)]


def test_s1_with_another_password_is_not_obeyed():
    account = Account()
    account.server_secret = b"another"
    replay = Replay(account)
    lines = replay.say(s1("script-15_01-s"))
    assert codes(lines) == [("SyncHdr", "401"), ("Alert", "401")]
    assert replay.asked == []


def test_a_kind_of_credential_that_we_do_not_have_ends_the_session():
    account = Account()
    account.client_auth = session.MD5
    replay = Replay(account, b"C5E8")
    assert replay.say(hmac_message("01-s")) is None
    assert replay.session.outcome == session.CREDENTIALS_REFUSED
    assert len(replay.sent) == 1


# SHA-256 over all that we send in these replays: the same bytes from CPython and MicroPython.
SENT = "6e1bd7faea7aab9d841a4d3cd3cbf38a77839c879d2ee43cfc92d2a10fbf3e18"


def test_the_bytes_we_send_are_the_same_on_every_interpreter():
    import hashlib

    total = hashlib.sha256()
    for script in sorted(SCRIPTS):
        for kind in (session.NONE, session.BASIC, session.MD5):
            account = Account()
            account.client_auth = kind
            account.client_nonce = b"once"
            replay = Replay(account)
            replay.say(s1(script + "_01-s"))
            assert len(replay.sent) == 2
            for body in replay.sent:
                total.update(body)
    assert hexlify(total.digest()).decode() == SENT


# -- captures under a licence of their own: read where they lie

# Request -> our Statuses, and those of C2 where they differ.
CAPTURED = {
    # C2 adds nowhere either, but has no better word for it.
    "dm12-testadd": ([("Add", "405")], [("Add", "500")]),
    "dm12-testdelete": ([("Delete", "404"), ("Delete", "404")], None),
    "dm12-testget": ([("Get", "200")], None),
    # C2 speaks both versions, our DM 1.2 only: 505 for the header and for every command.
    "dm11-testadd": ([("Add", "505")], [("Add", "500")]),
    "dm11-testdelete": ([("Delete", "505")] * 2, [("Delete", "404")] * 2),
    "dm11-testget": ([("Get", "505")], [("Get", "200")]),
}


def test_captures_of_c2():
    try:
        names = sorted(os.listdir(CAPTURES))
    except OSError:
        say_loudly("the captures of ../shared/vectors/aosp are ABSENT: nothing was compared")
        return
    assert len(names) == 16
    for name in names:
        reader, lines = read(contents(CAPTURES + name))
        assert reader.final and reader.header.session_id and lines, name
    for name, (ours, theirs) in CAPTURED.items():
        request = contents(CAPTURES + name + ".wbxml")
        account = Account()
        account.server_auth = session.BASIC
        account.server_id = b"Scts"
        account.server_secret = b"SampleClient"
        replay = Replay(account, read(request)[0].header.session_id)
        lines = replay.say(request)
        assert codes(lines)[1:] == ours, (name, lines)
        of_c2 = codes(read(contents(CAPTURES + name + ".reply.wbxml"))[1])[1:]
        assert of_c2 == (theirs or ours), (name, of_c2)


def say_loudly(words):
    if MICROPYTHON:
        print("WARNING:", words)
    else:
        import warnings

        warnings.warn(words, stacklevel=2)
