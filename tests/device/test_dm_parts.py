# Objects that come in parts, and alerts that go out in parts, in a DM session.
from binascii import b2a_base64

from test_dm_session import Alert, Peer, Tree, codes

from uscomo import session, syncml, talk

DATA = bytes(i * 7 & 0xFF for i in range(2500))
FORMAT, TYPE, SIZE = 0x107, 0x113, 0x112


class Store(Tree):
    """A dispatcher that takes an object in parts at ./o, and remembers how they came."""

    def __init__(self):
        super().__init__(a="1")
        self.begins = 200
        self.appends = 200
        self.ends = 200
        self.parts = []

    def begin(self, tag, uri, format, type, size):
        self.did.append(("begin", tag, uri, format, type, size))
        self.parts = []
        return self.begins if uri == b"./o" else 413

    def append(self, data):
        self.parts.append((len(data), isinstance(data, memoryview)))
        self.did.append(("append", bytes(data)))
        return self.appends

    def end(self):
        self.did.append("end")
        return self.ends

    def drop(self):
        self.did.append("drop")

    def whole(self):
        return b"".join(entry[1] for entry in self.did if entry[0] == "append")

    def verbs(self):
        return [entry if isinstance(entry, str) else entry[0] for entry in self.did]


def peer(limit=1 << 20, **options):
    made = Peer(Store(), **options)
    made.session.commands.max_obj_size = limit
    return made


def item(writer, uri, data, format=None, size=None, more=False):
    writer.start(0x14)
    writer.location(0x2E, uri)
    if format or size is not None:
        writer.start(0x1A)
        if format:
            writer.text(FORMAT, format)
            writer.text(TYPE, "application/x")
        if size is not None:
            writer.text(SIZE, size)
        writer.end()
    if isinstance(data, bytes) and format != "b64":
        writer.start(0x0F)
        writer.opaque(data)
        writer.end()
    else:
        writer.text(0x0F, data)
    if more:
        writer.empty(0x34)
    writer.end()


def command(writer, tag, *items):
    writer.command(tag)
    for entry in items:
        item(writer, *entry)
    writer.end()


def send(made, *commands, final=None):
    """One server message with these (tag, items...); the codes behind the header's."""
    last = commands[-1][-1] if commands else ()
    more = len(last) > 4 and last[4]

    def write(writer):
        made.accept(writer, 212 if made.msg_id == 1 else 200)
        for entry in commands:
            command(writer, *entry)

    sent = made.say(
        write,
        made.credential() if made.msg_id == 0 else None,
        not more if final is None else final,
    )
    return codes(sent)[1:] if sent else None


def alerts(made, number):
    return [
        c for c in made.sent if c.tag == syncml.ALERT and bytes(c.data or b"").decode() == number
    ]


def test_an_object_in_parts_is_taken_part_by_part():
    made = peer()
    parts = [DATA[:1000], DATA[1000:1001], DATA[1001:2400], DATA[2400:]]
    for at, part in enumerate(parts):
        more = at < 3
        size = len(DATA) if not at else None
        sent = send(made, (syncml.ADD, ("./o", part, "bin", size, more)))
        assert sent == [213 if more else 200]
        assert made.reader.final == (not more)
        assert len(alerts(made, "1222")) == more
    assert made.tree.did[0] == ("begin", syncml.ADD, b"./o", "bin", "application/x", len(DATA))
    assert made.tree.whole() == DATA
    # As they lay in the receive buffer, none copied.
    assert made.tree.parts == [(len(part), True) for part in parts]
    assert made.tree.did[-2:] == ["end", "commit"]
    assert send(made) is None
    assert made.session.outcome == session.DONE


def test_sizes_are_announced_in_the_first_message():
    made = peer(4 << 20)
    length = made.session.start(b"8", "urn:d", 1201, [], made.device_info)
    assert b"4194304" not in bytes(made.send[:length])  # its second message
    made.session._msg_id = 0
    length = made.session.start(b"8", "urn:d", 1201, [], made.device_info)
    assert b"\x4c\x031536\x00\x01\x55\x034194304\x00\x01" in bytes(made.send[:length])


def test_base64_is_cut_anywhere():
    for size in (57, 250, 300, 301, 302):
        data = DATA[:size]
        whole = b2a_base64(data)[:-1]
        for step in (1, 2, 3, 5, 63, 64, 65, 67, 130):
            if step < 5 and size > 57:
                continue
            made = peer()
            parts = [whole[at : at + step] for at in range(0, len(whole), step)]
            for at, part in enumerate(parts):
                more = at < len(parts) - 1
                entry = ("./o", part, "b64", None if at else len(whole), more)
                assert send(made, (syncml.REPLACE, entry)) == [213 if more else 200]
            assert made.tree.whole() == data, (size, step)
            begun = made.tree.did[0]
            assert begun[3] == "bin" and size <= begun[5] <= size + 2


def test_base64_with_line_ends():
    made = peer()
    text = b"\r\n".join(b2a_base64(DATA[at : at + 57])[:-1] for at in range(0, 570, 57))
    assert send(made, (syncml.ADD, ("./o", text[:501], "b64", len(text), True))) == [213]
    assert send(made, (syncml.ADD, ("./o", text[501:], "b64"))) == [200]
    assert made.tree.whole() == DATA[:570]


def test_what_is_no_base64():
    for text, more in ((b"A" * 5, False), (b"AB*D" * 30, False), (b"AB*D", True)):
        made = peer()
        entry = ("./o", text, "b64", 2000 if more else None, more)
        assert send(made, (syncml.ADD, entry)) == [400]
        assert made.tree.verbs()[-2:] == ["drop", "commit"]


def test_octets_in_one_part_go_the_same_way():
    made = peer()
    assert send(made, (syncml.ADD, ("./o", b"\0\1\2", "bin"))) == [200]
    assert made.tree.verbs() == ["begin", "append", "end", "commit"]
    made = peer()
    assert send(made, (syncml.REPLACE, ("./o", b"AAEC", "b64"))) == [200]
    assert made.tree.whole() == b"\0\1\2"
    # Where a node does not take parts, the value is added or replaced as a whole.
    made = peer()
    assert send(made, (syncml.REPLACE, ("./a", b"AAEC", "b64"))) == [200]
    assert made.tree.did[1:] == [("replace", b"./a", b"\0\1\2"), "commit"]
    made = peer(0)
    assert send(made, (syncml.ADD, ("./o", b"\0\1\2", "bin"))) == [200]
    assert made.tree.did == [("add", b"./o", "bin", b"\0\1\2"), "commit"]
    made = peer()
    made.tree.begins = 420
    assert send(made, (syncml.ADD, ("./o", b"\0", "bin"))) == [420]


def test_the_size_must_be_met():
    # Too little, too much, too much in a part that is not the last.
    for size, parts, verdict in (
        (9, (b"four", b"five5"[:4]), [213, 424]),
        (7, (b"four", b"five"), [213, 424]),
        (5, (b"four", b"five", b"six"), [213, 424, 424]),
    ):
        made = peer()
        told = []
        for at, part in enumerate(parts):
            entry = ("./o", part, "bin", None if at else size, at < len(parts) - 1)
            told += send(made, (syncml.ADD, entry))
        assert told == verdict
        assert "end" not in made.tree.did and made.tree.did.count("drop") == 1
        # And once more, as it should have been.
        entry = ("./o", b"four", "bin", 8, True)
        assert send(made, (syncml.ADD, entry)) == [213]
        assert send(made, (syncml.ADD, ("./o", b"four", "bin"))) == [200]
        assert made.tree.did[-2] == "end"


def test_no_size_and_too_large_a_size():
    for size, verdict in ((None, 411), (0, 411), (b"x", 411), ((1 << 20) + 1, 413)):
        made = peer()
        assert send(made, (syncml.ADD, ("./o", b"four", "bin", size, True))) == [verdict]
        assert send(made, (syncml.ADD, ("./o", b"five", "bin"))) == [verdict]
        assert made.tree.verbs() == ["commit", "commit"]
        assert not alerts(made, "1225")


def test_what_the_object_refuses():
    made = peer()
    assert send(made, (syncml.ADD, ("./p", b"four", "bin", 8, True))) == [413]
    assert send(made, (syncml.ADD, ("./p", b"five", "bin"))) == [413]
    made = peer()
    made.tree.appends = 420
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 12, True))) == [420]
    assert send(made, (syncml.ADD, ("./o", b"five", "bin", None, True))) == [420]
    assert send(made, (syncml.ADD, ("./o", b"six6", "bin"))) == [420]
    assert made.tree.verbs() == ["begin", "append", "drop"] + ["commit"] * 3
    made = peer()
    made.tree.ends = 415
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]
    assert send(made, (syncml.ADD, ("./o", b"five", "bin"))) == [415]
    # A refused object that is given up needs no alert.
    made = peer()
    made.tree.begins = 418
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [418]
    assert send(made, (syncml.GET, ("./a", ""))) == [200]
    assert not alerts(made, "1225")


def test_another_command_before_the_end():
    between = (
        (syncml.GET, ("./a", "")),
        (syncml.EXEC, ("./c", "")),
        (syncml.DELETE, ("./o", "")),
        (syncml.REPLACE, ("./o", b"\1", "chr")),
        (syncml.ADD, ("./n", b"\1", "chr")),
    )
    for other in between:
        made = peer()
        assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]
        (code,) = send(made, other)
        assert code in (200, 202, 404)
        (alert,) = alerts(made, "1225")
        assert alert.items[0].target == b"./o"
        assert "end" not in made.tree.did and made.tree.did.count("drop") == 1
        assert made.reader.final


def test_another_item_behind_a_part():
    made = peer()
    sent = send(
        made, (syncml.ADD, ("./o", b"four", "bin", 8, True), ("./n", b"x", "chr")), final=False
    )
    assert sent == [213, 200]
    assert alerts(made, "1225")[0].items[0].target == b"./o"
    assert made.tree.verbs() == ["begin", "append", "drop", "add", "commit"]


def test_items_before_the_first_part_and_after_the_last():
    made = peer()
    assert send(made, (syncml.ADD, ("./n", b"x", "chr"), ("./o", b"four", "bin", 8, True))) == [
        200,
        213,
    ]
    assert send(made, (syncml.ADD, ("./o", b"five", "bin"), ("./m", b"y", "chr"))) == [200, 200]
    assert made.tree.whole() == b"fourfive" and not alerts(made, "1225")


def test_the_server_never_comes_to_the_end():
    for final in (True, False):
        made = peer()
        assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]
        assert send(made, final=final) == []
        assert len(alerts(made, "1225")) == 1
        assert made.tree.did[-2:] == ["drop", "commit"]
    assert send(made) is None
    assert made.session.outcome == session.DONE


def test_a_final_beside_a_part_does_not_end_it():
    made = peer()
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True)), final=True) == [213]
    assert not made.reader.final and alerts(made, "1222")
    assert send(made, (syncml.ADD, ("./o", b"five", "bin"))) == [200]


def test_the_session_breaks_in_the_middle():
    made = peer()
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]
    made.session.space()[:4] = b"html"
    assert made.session.receive(4) == 0
    assert made.tree.did[-1] == "drop"
    made = peer()
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]
    made.session.end()
    made.session.end()
    assert made.tree.did.count("drop") == 1
    # Or begins anew.
    made = peer()
    assert send(made, (syncml.ADD, ("./o", b"four", "bin", 8, True))) == [213]

    def challenge(writer):
        made.accept(writer, 401)

    made.say(challenge)
    assert made.tree.did[-1] == "drop" and made.reader.header.credential


def test_parts_from_a_server_that_has_not_proved_itself():
    made = peer()

    def write(writer):
        made.accept(writer)
        command(writer, syncml.ADD, ("./o", b"four", "bin", 8, True))

    assert codes(made.say(write, final=False)) == [407, 407]
    assert made.tree.did == ["commit"]


def test_mutated_parts_end_cleanly():
    # What it guards is the absence of any other exception, and that nothing stays open.
    def message(made):
        writer = syncml.MessageWriter(bytearray(1024))
        writer.message(b"7", 1, "urn:d", b"http://s", b"server", made.credential(), 0)
        made.accept(writer, 212, 1)
        for data, size, more in ((b"AAECAw", 16, True), (b"QFBgcICQ==", None, False)):
            command(writer, syncml.ADD, ("./o", data, "b64", size, more))
        length = writer.close(True)
        return bytes(writer.buffer[:length])

    made = peer()
    whole = message(made)
    made.session.space()[: len(whole)] = whole
    assert codes(made.parse(made.session.receive(len(whole)))) == [212, 213, 200]
    assert made.tree.whole() == bytes((0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    state = 4711
    for at in range(len(whole)):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        made = peer()
        made.session.space()[: len(whole)] = whole
        made.session.buffer[at] = state >> 16 & 0xFF
        made.session.receive(len(whole))
        made.session.end()
        verbs = made.tree.verbs()
        begun = [entry for entry in made.tree.did if entry[0] == "begin" and entry[2] == b"./o"]
        assert len(begun) == verbs.count("end") + verbs.count("drop"), at


class Endless:
    """What Talk needs of a session and an account; the server always has something more."""

    url = "http://x"
    outcome = session.RUNNING
    sent = 0
    aborted = False
    addresses = ()

    def __init__(self, coming, last):
        self.commands = self
        self.coming = coming
        self.left = last
        self.rounds = 0

    def start(self, *details):
        return 1

    def abort(self):
        self.aborted = True
        return 9

    def receive(self, length, proof):
        self.rounds += 1
        self.left -= 1
        if not self.left:
            self.outcome = session.DONE
        return self.left

    def end(self):
        self.coming = "ended"

    def save_nonces(self):
        pass


class Held(talk.Talk):
    def __init__(self, size, held):
        self.session = self.account = held
        self.size = size

    def start(self, *details):
        return 1

    def _exchange(self, length, feed):
        return self.size


def test_a_session_is_as_long_as_its_object_needs():
    for coming, last, outcome, rounds in (
        (True, 3000, session.DONE, 3000),
        (False, 3000, session.PROTOCOL_ERROR, 64),
        (False, 60, session.DONE, 60),
    ):
        held = Endless(coming, last)
        assert Held(1500, held).run(b"1", 1201, [], None) == outcome
        assert held.rounds == rounds and held.coming == "ended"
        # Who gives up says so.
        assert held.aborted == (rounds == 64)


def test_only_what_brings_much_of_an_object_is_not_counted():
    made = peer(limit=2000)
    assert not made.session.commands.coming
    for data, expected in (
        (b"x" * 600, True),
        (b"", False),
        (b"x" * 9, False),
        (b"x" * 300, True),
    ):
        assert send(made, (syncml.ADD, ("./o", data, "bin", 2000, True))) == [213]
        assert bool(made.session.commands.coming) == expected, len(data)
    # Something else between.
    assert send(made, (syncml.GET, ("./a", ""))) == [200]
    assert not made.session.commands.coming
    # What was refused is passed over, and counted.
    for size in (3000, 1000):
        made = peer(limit=2000)
        assert len(send(made, (syncml.ADD, ("./o", b"x" * 700, "bin", size, True)))) == 1
        send(made, (syncml.ADD, ("./o", b"x" * 700, "bin", None, True)))
        assert made.session.commands.large and not made.session.commands.coming


# -- alerts


class Report(Alert):
    type = "urn:oma:at:scomo:1.0:OperationComplete"
    format = "text/plain"
    mark = "informational"
    source = "./SCOMO/Download/1/Operations/DownloadInstall"
    correlator = "c1"

    def __init__(self, count, size=20):
        self.items = [
            ("./SCOMO/Inventory/Deployed/c%d" % i, "%03d" % i + "x" * size) for i in range(count)
        ]


class Reporter(Peer):
    """A peer that reports; `seen` are the items of each message."""

    def __init__(self, *reports, send=2048):
        self.reports = reports
        super().__init__(send=send)
        self.alerts = list(reports)
        self.session = session.Session(
            self.account, self.tree, self.interact, bytearray(2048), self.send
        )
        length = self.session.start(b"7", "urn:d", 1201, self.alerts, self.device_info)
        self.sent = self.parse(length)
        self.seen = [self.told()]

    def told(self):
        return [
            (command.cmd_id, [bytes(entry.data)[:3] for entry in command.items])
            for command in alerts(self, "1226")
        ]

    def settle(self, code=200, each=False, header=212):
        """Answer what was told in the last message; False when the session is over."""
        told = self.told()
        own = self.session._msg_id

        def write(writer):
            self.accept(writer, header)
            for cmd_id, items in told:
                for at in range(len(items) if each else 1):
                    verdict = code[at] if each else code
                    writer.status(b"%d" % own, cmd_id, b"Alert", verdict, "./x" if each else None)

        going_on = self.say(write, self.credential() if self.msg_id == 0 else None)
        if going_on:
            self.seen.append(self.told())
        return bool(going_on)


def test_several_items_in_one_alert():
    report = Report(3)
    made = Reporter(report)
    (alert,) = alerts(made, "1226")
    assert alert.correlator == b"c1" and len(alert.items) == 3
    for entry, (target, data) in zip(alert.items, report.items):
        assert entry.target == target.encode() and bytes(entry.data) == data.encode()
        assert entry.source == Report.source.encode() and entry.type == Report.type.encode()
        assert entry.format == b"text/plain"
    assert bytes(made.send).count(b"informational") == 3
    assert not made.settle()
    assert report.status == 200 and made.session.outcome == session.DONE


def test_a_status_for_each_item():
    for verdicts, status in (
        ([200, 200, 200], 200),
        ([200, 412, 200], 412),
        ([202, 200, 200], 202),
    ):
        report = Report(3)
        made = Reporter(report)
        assert not made.settle(verdicts, True)
        assert report.status == status


def test_items_that_fill_more_than_a_message():
    first, second = Report(16, 60), Report(2)
    made = Reporter(first, second)
    header = 212
    while made.settle(header=header):
        # An alert that was told in part has no answer yet.
        header = 200
        if len(made.seen) == 2:
            assert first.status == 200 and made.session._reports._partial is first
    told = [data for message in made.seen for _, items in message for data in items]
    assert told == [b"%03d" % i for i in range(16)] + [b"000", b"001"]
    assert len(made.seen) > 1
    assert (first.status, second.status) == (200, 200)
    assert made.session.outcome == session.DONE


def test_an_alert_told_in_part_is_not_answered():
    report = Report(16, 60)
    made = Reporter(report)
    assert made.settle()
    assert report.status == 200  # of the first part
    made.session.end()
    assert report.status == 0


def test_an_item_that_fits_no_message():
    large, small = Report(1, 3000), Report(1)
    made = Reporter(large, small)
    rounds = 0
    while made.settle(header=212 if rounds == 0 else 200):
        rounds += 1
        assert rounds < 6
    assert (large.status, small.status) == (0, 200)
    assert made.session.outcome == session.DONE


def test_a_server_that_has_not_proved_itself_is_told_no_more():
    report = Report(16, 60)
    made = Reporter(report)

    def write(writer):
        made.accept(writer)
        command(writer, syncml.GET, ("./a", ""))

    made.say(write)
    assert codes(made.sent) == [407, 407] and made.told() == []
