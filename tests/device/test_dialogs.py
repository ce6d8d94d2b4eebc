# What servers show and ask: each UI alert with each option, at the console and by an app.
from uscomo import consent, console, dialogs


class At:
    """Somebody at the console who types these lines; None is nobody in time."""

    def __init__(self, *lines, mode="console"):
        self.lines = list(lines)
        self.mode = mode
        self.waited = []

    def __enter__(self):
        self.before = consent.mode, console.line
        consent.mode = self.mode
        console.line = self.line
        return self

    def __exit__(self, *error):
        consent.mode, console.line = self.before

    def line(self, timeout_s):
        self.waited.append(timeout_s)
        return self.lines.pop(0)


def typed(code, texts, *lines):
    with At(*lines) as held:
        answer = dialogs.interact(code, texts)
        assert not held.lines, held.lines
        return answer


def test_text_is_typed():
    ask = ["", "Your name"]
    assert typed(1102, ask, "J\xf6rg") == (200, ["J\xf6rg".encode()])
    assert typed(1102, ask, "") == (200, [b""])
    assert typed(1102, ["DR=John+Doe%21%zz", "Name"], "") == (200, [b"John Doe!%zz"])
    assert typed(1102, ["DR=%C3%A4", "Name"], "") == (200, [b"\xc3\xa4"])
    assert typed(1102, ask, "!") == (214, None)
    assert typed(1102, ask, None) == (408, None)
    assert typed(1102, ["MAXLEN=3", "Name"], "four", "abc") == (200, [b"abc"])
    # Options that cannot be used are passed over.
    for options in (
        "MAXLEN=x",
        "MAXLEN=-1",
        "MAXLEN=0",
        "IT=Z",
        "ET=Q",
        "Colour=red",
        "&&=",
        "DR",
    ):
        assert typed(1102, [options, "Name"], "text") == (200, [b"text"]), options


def test_input_types():
    for kind, good, bad in (
        ("A", ("any thing 1", "."), ()),
        ("N", ("1", "-1.5", "+2", "0.1"), ("", "x", "1.2.3", "-", "1e5")),
        (
            "D",
            ("24121970", "01012000"),
            ("32121970", "24131970", "2412197", "2412197x", "00012000"),
        ),
        ("T", ("235959", "000000"), ("240000", "006000", "000060", "12345", "")),
        ("P", ("+4989123", "110", "123p456w7s"), ("12+3", "++1", "12-3", "+", "")),
        ("I", ("192.0.2.1", "0.0.0.0"), ("192.0.2", "192.0.2.256", "a.b.c.d", "1.2.3.4.5", "")),
    ):
        for text in good:
            assert typed(1102, ["IT=" + kind, "?"], text) == (200, [text.encode()]), text
        for text in bad:
            # Asked again, until it is enough.
            assert typed(1102, ["IT=" + kind, "?"], text, text, text) == (214, None), text


def test_one_of_several():
    ask = ["", "Which", "one", "two", "three"]
    assert typed(1103, ask, "2") == (200, [b"2"])
    assert typed(1103, ask, "0", "4", "3") == (200, [b"3"])
    assert typed(1103, ask, "1 2", "x", "") == (214, None)
    assert typed(1103, ["DR=3"] + ask[1:], "") == (200, [b"3"])
    assert typed(1103, ["DR=4"] + ask[1:], "", "1") == (200, [b"1"])
    assert typed(1103, ask, "!") == (214, None)
    assert typed(1103, ask, None) == (408, None)


def test_some_of_several():
    ask = ["", "Which", "one", "two", "three"]
    assert typed(1104, ask, "1,3") == (200, [b"1", b"3"])
    assert typed(1104, ask, "2 1") == (200, [b"2", b"1"])
    assert typed(1104, ask, "") == (200, [])
    assert typed(1104, ["DR=2-3"] + ask[1:], "") == (200, [b"2", b"3"])
    assert typed(1104, ask, "1,4", "a", "3") == (200, [b"3"])
    assert typed(1104, ask, "!") == (214, None)
    assert typed(1104, ask, None) == (408, None)


def test_what_is_not_whole_and_what_no_display_shows():
    with At():
        for code in (1103, 1104):
            assert dialogs.interact(code, ["", "Which"]) == (412, None)
        for code in (1100, 1101, 1102):
            assert dialogs.interact(code, []) == (412, None)
            assert dialogs.interact(code, ["", "x" * 201]) == (416, None)
        assert dialogs.interact(1103, ["", "Which"] + ["x"] * 17) == (416, None)
        assert dialogs.interact(1103, ["", "Which", "x" * 201]) == (416, None)
        assert dialogs.interact(1100, ["MINDT=5&MAXDT=9", "hello"]) == (200, None)
        assert dialogs.interact(1100, ["hello"]) == (200, None)


def test_time_that_is_left():
    with At(None) as held:
        assert dialogs.interact(1102, ["MAXDT=7&MINDT=3", "Name"]) == (408, None)
        assert held.waited == [7]
    for options in ("", "MAXDT=0", "MAXDT=-5", "MAXDT=999999", "MAXDT=121"):
        with At("a") as held:
            dialogs.interact(1102, [options, "Name"])
            assert held.waited == [120], options


def test_nobody_is_there():
    for mode in ("yes", "no"):
        with At(mode=mode):
            assert dialogs.interact(1102, ["", "Name"]) == (406, None)
            assert dialogs.interact(1102, ["DR=Joe", "Name"]) == (200, [b"Joe"])
            assert dialogs.interact(1103, ["DR=2", "Which", "a", "b"]) == (200, [b"2"])
            assert dialogs.interact(1103, ["", "Which", "a", "b"]) == (406, None)
            assert dialogs.interact(1104, ["DR=1-2", "Which", "a", "b"]) == (200, [b"1", b"2"])
    with At(mode="none"):
        for code in (1100, 1101, 1102, 1103, 1104):
            assert dialogs.interact(code, ["DR=1", "text", "a", "b"]) == (406, None)


def test_an_app_shows_and_asks():
    asked = []
    answers = []

    def show(text, about):
        asked.append((text, about))
        return answers.pop(0)

    consent.dialog = show
    try:
        with At(mode="none"):
            for given, code, texts, expected in (
                (None, 1100, ["", "hello\r\n\x1b["], (200, None)),
                (
                    "Joe",
                    1102,
                    ["IT=A&ET=P&MAXLEN=9&MINDT=2&MAXDT=8&DR=J", "Name"],
                    (200, [b"Joe"]),
                ),
                ("much too long", 1102, ["MAXLEN=9", "Name"], (214, None)),
                (7, 1102, ["", "Name"], (214, None)),
                (None, 1102, ["", "Name"], (214, None)),
                (False, 1102, ["", "Name"], (408, None)),
                (2, 1103, ["DR=1", "Which", "a\n", "b"], (200, [b"2"])),
                (3, 1103, ["", "Which", "a", "b"], (214, None)),
                ([1, 2], 1104, ["DR=2", "Which", "a", "b"], (200, [b"1", b"2"])),
                ([], 1104, ["", "Which", "a", "b"], (200, [])),
                ([3], 1104, ["", "Which", "a", "b"], (214, None)),
            ):
                answers.append(given)
                assert dialogs.interact(code, texts) == expected, texts
    finally:
        consent.dialog = None
    assert asked[0][0] == "hello   ["
    about = asked[1][1]
    assert (about["kind"], about["default"], about["secret"]) == ("input", "J", True)
    assert (about["max_length"], about["min_s"], about["max_s"]) == (9, 2, 8)
    assert (asked[6][1]["kind"], asked[6][1]["choices"]) == ("choice", ["a ", "b"])
    assert asked[6][1]["default"] == 1 and asked[8][1]["default"] == [2]
