# auth-MAC: the credential beside each message, in both directions; the recorded session under it.
from binascii import a2b_base64

from test_dm_session import NONCE, Account, Peer, codes
from test_vectors import Account as Recorded
from test_vectors import Replay, contents, hmac_message, text

from uscomo import digest, mac, session, syncml

# oma-dm.md, section 5.3; the second row's body is example A of the WBXML digest.
SPEC_BODY = b"<SyncML xmlns='SYNCML:SYNCML1.2'/>"


class Who:
    """An account with one name and secret for both sides."""

    def __init__(self, name, secret):
        self.client_name = self.server_id = name
        self.client_secret = self.server_secret = secret


def beside(name, secret, nonce, body):
    return mac.header(Who(name, secret), nonce, body, len(body))


def is_proved(value, name, secret, nonce, body):
    return mac.proves(value, Who(name, secret), nonce, body, len(body))


def test_the_formula():
    from test_vectors import example

    for nonce, body, made in (
        (b"Nonce", SPEC_BODY, "91o6k7iTz9rwVedoZ8A0PQ=="),
        (a2b_base64(b"LG3iZQhhdmKNHg=="), example("a"), "w9o41xpXVzSfW/J5MJF+ww=="),
    ):
        header = beside(b"Bruce2", b"OhBehave", nonce, body)
        assert header == 'algorithm=MD5, username="Bruce2", mac=' + made
        assert is_proved(header, b"Bruce2", b"OhBehave", nonce, body)


def test_forms_of_the_header():
    def proves(value, name=b"Robert Jordan"):
        return is_proved(value, name, b"OhBehave", b"Nonce", b"body")

    made = beside(b"Robert Jordan", b"OhBehave", b"Nonce", b"body").split("mac=")[1]
    for good in (
        'username="Robert Jordan",mac=' + made,
        'mac=%s , username="Robert Jordan"' % made,
        'Algorithm=md5,  UserName="Robert Jordan", MAC=' + made,
        'algorithm="MD5", username="Robert\\ Jordan", mac="%s"' % made,
        "username=Robert Jordan, mac=" + made,
    ):
        assert proves(good), good
    for bad in (
        "",
        ",,=,",
        '"',
        "\\",
        "mac=" + made,
        'username="Robert Jordan"',
        'username="Robert Jordan", mac=',
        'algorithm=SHA1, username="Robert Jordan", mac=' + made,
        'username="Robert", mac=' + made,
        'username="Robert Jordan", mac=' + made[:-1],
        'username="Robert Jordan", mac=A' + made[1:],
        'username="Robert Jordan, mac=' + made,
    ):
        assert not proves(bad), bad


def test_a_name_cannot_break_the_header():
    for name in (b'a"b\\c', b"a, mac=x", "\u00fc".encode()):
        header = beside(name, b"s", b"n", b"")
        assert is_proved(header, name, b"s", b"n", b"")
    assert "\r" not in beside(b"a\r\nHost: x", b"s", b"n", b"")


class Mac(Account):
    client_auth = session.MAC
    server_auth = session.MAC


class Both(Peer):
    """A peer whose messages go both ways under MAC."""

    def __init__(self, account=None, **more):
        self.nonce = NONCE
        self.theirs = NONCE
        super().__init__(account=account or Mac(), **more)

    def parse(self, length):
        found = super().parse(length)
        if length:
            # Each message of ours proves itself, over the nonce that was given last.
            header = self.session.proof(length)
            body = bytes(self.send[:length])
            assert is_proved(header, b"user", b"password", self.nonce, body)
            assert not self.reader.header.credential and b"syncml:auth-md5" not in body
            assert self.reader.header.source_name == b"user"
        for command in found or ():
            if command.tag == syncml.STATUS and command.next_nonce:
                assert command.type == b"syncml:auth-MAC"
                self.theirs = command.next_nonce
        return found

    def accept(self, writer, code=200, reference=None):
        self.nonce = b"nonce%d" % self.msg_id
        challenge = ("syncml:auth-MAC", digest.base64(self.nonce))
        writer.status(b"%d" % self.session._msg_id, b"0", b"SyncHdr", code, None, challenge)

    def proof(self, body, secret=b"secret"):
        return beside(b"server", secret, self.theirs, body)

    def wrong(self, body):
        return self.proof(body[:-1] + b"\2")


def get(made):
    def write(writer):
        made.accept(writer)
        writer.command(syncml.GET)
        writer.item(None, "./a", None, None, None)
        writer.end()

    return write


def test_every_message_is_proved_with_a_nonce_of_its_own():
    made = Both()
    seen = set()
    for _ in range(4):
        # 200 and never 212, with the nonce of the next message.
        assert codes(made.say(get(made), proof=made.proof)) == [200, 404]
        assert made.theirs not in seen and len(made.theirs) == 16
        seen.add(made.theirs)
    assert made.say(made.accept, proof=made.proof) is None
    assert made.session.outcome == session.DONE
    assert made.account.client_nonce == made.nonce
    assert made.account.server_nonce == made.theirs


def test_a_message_that_was_changed_on_its_way():
    for at in (0, 1, 2):
        made = Both()
        for _ in range(at):
            assert codes(made.say(get(made), proof=made.proof)) == [200, 404]
        made.tree.did = []
        answer = made.say(get(made), proof=made.wrong)
        if at:
            # Who has proved itself once and then does not is another.
            assert answer is None
            assert made.session.outcome == session.SERVER_NOT_AUTHENTIC
        else:
            # It may be the nonce that was stale: one more challenge.
            assert codes(answer) == [401, 401]
            assert codes(made.say(get(made), proof=made.proof)) == [200, 404]


def test_no_header_at_all():
    made = Both()
    assert codes(made.say(get(made))) == [407, 407]
    assert made.tree.did == ["commit"]
    assert codes(made.say(get(made), proof=made.proof)) == [200, 404]
    # Once used it must be beside all that follow.
    assert made.say(get(made)) is None
    assert made.session.outcome == session.SERVER_NOT_AUTHENTIC


def test_a_server_that_never_knows_the_password():
    made = Both()
    rounds = 0
    while made.say(get(made), proof=lambda body: made.proof(body, b"wrong")):
        assert codes(made.sent) == [401, 401]
        rounds += 1
    assert rounds == 3 and made.session.outcome == session.SERVER_NOT_AUTHENTIC
    assert made.account.server_nonce == NONCE


def test_another_kind_of_credential_does_not_count():
    made = Both()
    wrong = "syncml:auth-md5", "b64", digest.credential(b"server", b"secret", NONCE)
    assert codes(made.say(get(made), wrong)) == [401, 401]
    assert made.say(get(made), wrong) is None
    assert made.session.outcome == session.SERVER_NOT_AUTHENTIC


def test_a_stale_nonce_of_the_client():
    made = Both()

    def refuse(writer):
        made.accept(writer, 401)

    sent = made.say(refuse, proof=made.proof)
    assert [c.tag for c in sent] == [syncml.STATUS, syncml.ALERT, syncml.REPLACE, syncml.ALERT]
    assert made.say(refuse, proof=made.proof)
    assert made.say(refuse, proof=made.proof) is None
    assert made.session.outcome == session.CREDENTIALS_REFUSED


def test_it_costs_nothing_where_no_account_wants_it():
    import sys

    kept = sys.modules.pop("uscomo.mac")
    package = sys.modules["uscomo"]
    if hasattr(package, "mac"):
        del package.mac
    try:
        made = Peer()
        assert made.session.proof(10) is None
        made.say(made.accept, made.credential())
        assert "uscomo.mac" not in sys.modules
    finally:
        sys.modules["uscomo.mac"] = kept


# -- the recorded session: its server challenges with MAC, takes it, and is no MAC server itself


class OfTheRecord(Recorded):
    client_auth = session.BASIC
    client_name = client_secret = b"funambol"
    server_auth = session.BASIC
    server_id = b"funambol"
    server_secret = b"srvpwd"

    def choose(self, kind):
        if kind == session.MAC:
            self.client_auth = kind
        return kind == session.MAC


def test_the_recorded_challenge_is_answered_with_a_mac():
    replay = Replay(OfTheRecord(), b"C5E8")
    replay.session.account.server_auth = session.NONE
    replay.session._authentic = True
    assert replay.session.proof(len(replay.sent[0])) is None
    assert replay.say(hmac_message("01-s"))
    header = replay.session.proof(len(replay.sent[1]))
    nonce = a2b_base64(b"U1hBMyo7Ljh7Nl5CWSR+Pw==")
    assert is_proved(header, b"funambol", b"funambol", nonce, replay.sent[1])
    assert text(replay.reader.header.source_name) == "funambol"
    assert not replay.reader.header.credential
    lines = replay.say(hmac_message("02-s"))
    assert "2 Status 2/4 Get 200" in lines
    nonce = a2b_base64(b"Qlo4dTZJJ1BhP3Q+MElkWA==")
    header = replay.session.proof(len(replay.sent[2]))
    assert is_proved(header, b"funambol", b"funambol", nonce, replay.sent[2])
    # What the recorded client put beside its second message follows from the same function.
    nonce = a2b_base64(b"U1hBMyo7Ljh7Nl5CWSR+Pw==")
    body = contents_of_the_client()
    assert beside(b"funambol", b"funambol", nonce, body) == (
        'algorithm=MD5, username="funambol", mac=ZdNhqewx8sVV4PwGVec5aQ=='
    )


def contents_of_the_client():
    from test_vectors import VECTORS

    return contents(VECTORS + "credentials/hmac-session/02-c.wbxml")


# -- which kind


def test_the_preference_of_an_account():
    from support import temporary_root
    from uscomo import dmacc
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    temporary_root()
    nodes = Nodes(Store())
    for number, level, kind, name in (
        (1, "CLCRED", "BASIC", "b"),
        (2, "CLCRED", "HMAC", "m"),
        (3, "SRVCRED", "HMAC", "s"),
        (4, "CLCRED", "DIGEST", "d"),
        (5, "CLCRED", "X509", "x"),
    ):
        base = "DMAcc/main/AppAuth/%d/" % number
        for key, value in (
            ("Level", level),
            ("Type", kind),
            ("Name", name),
            ("Secret", name * 2),
            ("Data", name * 3),
        ):
            nodes.set(base + "AAuth" + key, value.encode())
    for preferred, kind, name in (
        (None, session.BASIC, b"b"),
        (b"", session.BASIC, b"b"),
        (b"DIGEST", session.MD5, b"d"),
        (b"HMAC", session.MAC, b"m"),
        (b"SECURID", session.BASIC, b"b"),
    ):
        if preferred is not None:
            nodes.set("DMAcc/main/AAuthPref", preferred)
        account = dmacc.Account(nodes, "main")
        assert account.client_auth == kind and account.client_name == name
        assert account.client_secret == name * 2 and account.client_nonce == name * 3
        assert account.server_auth == session.MAC and account.server_secret == b"ss"
        # A server may challenge for another kind that the account has, and for no other.
        assert account.choose(session.MAC) and account.client_name == b"m"
        assert not account.choose(7) and account.client_auth == session.MAC


def test_a_challenge_for_another_kind_that_the_account_has():
    class Two(Account):
        def choose(self, kind):
            if kind == session.BASIC:
                self.client_auth = kind
            return kind == session.BASIC

    made = Peer(account=Two())

    def refuse(writer):
        writer.status(b"1", b"0", b"SyncHdr", 407, None, ("syncml:auth-basic", None))

    made.say(refuse, made.credential())
    assert made.reader.header.type == b"syncml:auth-basic"
    assert not made.reader.header.source_name
