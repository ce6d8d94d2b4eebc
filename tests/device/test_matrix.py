# Which Status may answer which command: the table of the digest (oma-dm.md, section 3.0; OMA DM
# RepPro 1.2, section 6.6), 27 codes by 9 commands. Each of its marks is provoked, or says why not.
from matrix_case import device, go_on, item, talk
from test_dm_session import Peer, without

MATRIX = """
200 Add Replace Delete Get Copy Exec Alert Atomic Sequence
202 Exec Alert
213 Add Replace
214 Alert
215 Add Replace Delete Get Copy Alert Atomic
216 Add Delete Copy Alert
401 Add Replace Delete Get Copy Exec Alert Atomic Sequence
403 Replace Delete Copy Exec
404 Add Replace Delete Get Exec
405 Add Replace Delete Get Copy Exec Alert
406 Get Copy Exec Alert Atomic
407 Add Replace Delete Get Copy Exec Atomic Sequence
408 Alert
412 Alert
413 Add Replace Get
414 Add Replace Delete Get Copy Exec
415 Add Replace Get Alert
416 Alert
418 Add Replace Copy
420 Add Replace Copy Exec
424 Add Replace
425 Add Replace Delete Get Copy Exec
500 Add Replace Get Copy Exec Alert Atomic Sequence
507 Atomic
510 Copy Exec
516 Add Replace Delete Copy Alert
517 Atomic
"""

NOT_OURS = {
    ("Alert", 202): "what a server says to a client's alert: see the test of its own",
    ("Alert", 405): "no alert of the list has a target that could refuse it",
    ("Exec", 406): "the client has Exec, for every node that is made for it",
    ("Get", 415): "a value has the type that its node says; a Get asks for none",
    ("Copy", 418): "a target that is there is overwritten (6.6.4), so it is no error",
    ("Add", 516): "taking back is forgetting what was not yet written: it cannot fail",
    ("Replace", 516): "the same",
    ("Delete", 516): "the same",
    ("Copy", 516): "the same",
    ("Alert", 516): "the same",
}

LONG = "./V/" + "x" * 65
OPTIONS = ("Alert", 1101, "", "Go on?")


def one(name, uri, code=None):
    """A command for a node; Copy puts ./V/a there, Add a new value."""
    if name in ("Sequence", "Atomic"):
        return name, [("Replace", [item("./V/a", b"9")])]
    if name == "Alert":
        return "Alert", 1100, "", "Hello"
    return name, [item(uri, b"9", source="./V/a" if name == "Copy" else None)]


def after(name):
    """What a name's command is behind a dialog that the user has cancelled."""
    return talk([OPTIONS, one(name, "./V/b")], answer=214)[0][1]


def failing(child):
    """A child of an Atomic whose next child fails."""
    return talk([("Atomic", [child, ("Delete", [item("./V/none")])])])[0][1]


def first(commands, **options):
    return talk(commands, **options)[0][0]


def too_much():
    # 31 bytes for each Status do not fit 1,000.
    children = [("Replace", [item("./V/a", b"9")]) for _ in range(30)]
    said, made = talk([("Atomic", children)], send=1000)
    said = said or go_on(made)
    return next(pair for pair in said if pair[0] == "Atomic")


def large(made_with):
    made = Peer(device(big=b"v" * 500))
    made.session.commands.peer_limit = 100
    made.session.writer.peer_limit = 600

    def say(writer):
        from matrix_case import write

        made.accept(writer)
        write(writer, [("Get", [item("./V/big")])])

    from matrix_case import told

    made.say(say, made.credential())
    return told(made.sent)[0]


def absent(name, commands):
    found = []
    without(name, lambda: found.append(first(commands)))
    return found[0]


def in_between():
    # A dialog while an answer is not complete.
    made = talk([("Get", [item(".?list=StructData")])], send=1000)[1]

    def say(writer):
        from matrix_case import write

        made.accept(writer, 200)
        write(writer, [OPTIONS])

    from matrix_case import told

    made.say(say, final=False)
    return told(made.sent)[0]


def provoked():
    """(command, code) -> what was said."""
    cases = {}

    def case(name, code, run, *given):
        assert (name, code) not in cases
        cases[name, code] = run, given

    everything = ["Add", "Replace", "Delete", "Get", "Copy", "Exec", "Alert", "Atomic", "Sequence"]
    on_nodes = everything[:6]
    for name in everything:
        uri = "./V/new" if name == "Add" else "./V/b"
        case(name, 200, first, [one(name, uri)])
        case(name, 401, lambda name: first([one(name, "./V/b")], credential=None), name)
        if name != "Alert":
            case(name, 407, lambda name: first([one(name, "./V/b")], credential=False), name)
    for name in on_nodes:
        case(name, 414, first, [one(name, LONG)])
        case(name, 425, first, [one(name, "./V/m/x" if name == "Add" else "./V/p")])
    for name in ("Add", "Replace", "Delete", "Get", "Copy", "Alert", "Atomic"):
        case(name, 215, after, name)
    case("Exec", 202, first, [one("Exec", "./V/c202")])
    for name in ("Add", "Replace"):
        uri = "./SCOMO/Inventory/Delivered/x/Data"
        part = item(uri, b"1234", "bin", size=9, more=True)
        end = item(uri, b"123", "bin")
        both = [("Add", [part]), ("Add", [end])]
        if name == "Add":
            case(name, 213, first, both[:1])
            case(name, 424, lambda both: talk(both)[0][1], both)
        else:
            before = ("Add", [item(uri, b"1", "bin")])
            case(name, 213, lambda *c: talk(c)[0][1], before, ("Replace", [part]))
            both = before, ("Replace", [part]), ("Replace", [end])
            case(name, 424, lambda *c: talk(c)[0][2], *both)
        case(name, 413, first, [(name, [item("./V/b", b"1", "bin", size=2000, more=True)])])
        case(name, 415, first, [(name, [item("./V/b", foreign=True)])])
    case("Alert", 214, lambda: first([OPTIONS], answer=214))
    case("Add", 216, failing, one("Add", "./V/new"))
    for name in ("Delete", "Copy", "Alert"):
        case(name, 216, failing, one(name, "./V/b"))
    for name in ("Replace", "Delete", "Copy", "Exec"):
        case(name, 403, first, [one(name, "./V/c403")])
    case("Add", 404, first, [one("Add", "./V/../x")])
    for name in ("Replace", "Delete", "Get", "Exec"):
        case(name, 404, first, [one(name, "./V/none")])
    case("Add", 405, first, [one("Add", "./V/a/below")])
    case("Replace", 405, first, [one("Replace", "./V/n")])
    case("Delete", 405, first, [one("Delete", "./DevInfo/Man")])
    case("Get", 405, first, [one("Get", "./DMAcc/main/AppAuth/1/AAuthSecret")])
    case("Copy", 405, first, [("Copy", [item("./V/b", source="./V/n")])])
    case("Exec", 405, first, [one("Exec", "./DevInfo/Man")])
    case("Get", 406, first, [one("Get", "./V/a?list=Nothing")])
    case("Copy", 406, absent, "properties", [one("Copy", "./V/b")])
    case("Alert", 406, lambda: first([OPTIONS], answer=406))
    case("Atomic", 406, absent, "atomic", [one("Atomic", "")])
    case("Alert", 408, lambda: first([OPTIONS], answer=408))
    case("Alert", 412, first, [("Alert", 1101)])
    case("Get", 413, large, None)
    case("Alert", 415, first, [("Alert", 1100, "", b"\xff\xfe")])
    case("Alert", 416, lambda: first([OPTIONS], answer=416))
    case("Add", 418, first, [one("Add", "./V/b")])
    rename = item("./SCOMO/Download/y?prop=Name", b"x")
    nodes = [item("./SCOMO/Download/" + name, None, "node") for name in "xy"]
    case("Replace", 418, lambda *c: talk(c)[0][2], ("Add", nodes), ("Replace", [rename]))
    case("Add", 420, first, [one("Add", "./V/x420")])
    for name in ("Replace", "Copy", "Exec"):
        case(name, 420, first, [one(name, "./V/c420")])
    case("Add", 500, first, [one("Add", "./V/x500")])
    case("Replace", 500, first, [("Replace", [item("./V/n?prop=ACL", b"Get")])])
    case("Copy", 500, first, [one("Copy", "./V/c500")])
    for name in ("Get", "Exec", "Sequence"):
        inside = ("Atomic", [one(name, "./V/a")])
        case(name, 500, lambda inside: talk([inside])[0][1], inside)
    case("Atomic", 500, lambda: talk([("Atomic", [one("Atomic", "")])])[0][1])
    case("Alert", 500, in_between)
    case("Atomic", 507, first, [("Atomic", [one("Delete", "./V/none")])])
    for name in ("Copy", "Exec"):
        case(name, 510, first, [one(name, "./V/c510")])
    case("Atomic", 517, too_much)
    return cases


def marks():
    found = set()
    for line in MATRIX.split("\n"):
        words = line.split()
        for name in words[1:]:
            found.add((name, int(words[0])))
    return found


def test_the_table_is_whole():
    lines = [line for line in MATRIX.split("\n") if line]
    assert len(lines) == 27
    assert len({name for name, _ in marks()}) == 9


def test_every_mark_is_provoked_or_says_why_not():
    cases = provoked()
    assert set(cases) | set(NOT_OURS) == marks(), (
        sorted(set(cases) - marks()),
        sorted(marks() - set(cases) - set(NOT_OURS)),
    )
    assert not set(cases) & set(NOT_OURS)
    wrong = []
    for place in sorted(cases):
        run, given = cases[place]
        said = run(*given)
        if said != place:
            wrong.append((place, said))
    assert not wrong, wrong


def test_what_a_server_says_to_an_alert():
    made = Peer(device())

    def say(writer):
        made.accept(writer)
        writer.status(b"1", b"3", b"Alert", 202)

    assert made.say(say, made.credential()) is None
    assert made.alerts[0].status == 202
