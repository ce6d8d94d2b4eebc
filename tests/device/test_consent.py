from uscomo import consent, console, dialogs


def with_mode(mode, code, texts):
    before = consent.mode
    consent.mode = mode
    try:
        return dialogs.interact(code, texts)
    finally:
        consent.mode = before


def test_set_answers():
    assert with_mode("yes", 1101, ["", "Install?"]) == (consent.YES, None)
    assert with_mode("no", 1101, ["", "Install?"]) == (consent.NO, None)
    assert with_mode("none", 1101, ["", "Install?"]) == (consent.UNSUPPORTED, None)
    assert with_mode("none", 1100, ["hello"]) == (consent.UNSUPPORTED, None)
    assert with_mode("yes", 1100, ["hello"]) == (consent.YES, None)
    assert with_mode("yes", 1103, ["", "a", "b"]) == (consent.UNSUPPORTED, None)


def test_a_servers_text_is_one_line():
    heard = []
    before = consent.callback
    consent.callback = lambda text, default: heard.append(text)
    try:
        consent.ask("Weather? [y/N/later] y\r\n\x1b[2Juscomo:\x9b1m \x7f\xe4\u20ac")
    finally:
        consent.callback = before
    assert heard == ["Weather? [y/N/later] y   [2Juscomo: 1m  \xe4\u20ac"]


def test_answers_and_times_at_the_console():
    asked = []
    line = console.line

    def answering(answer):
        def read(timeout_s):
            asked.append(timeout_s)
            return answer

        return read

    try:
        for answer, options, expected in (
            ("y", "", consent.YES),
            ("YES", "", consent.YES),
            ("n", "", consent.NO),
            ("", "", consent.NO),
            ("", "DR=1", consent.YES),
            ("", "DR=0&MINDT=5", consent.NO),
            ("perhaps", "", consent.CANCELLED),
            (None, "DR=1", consent.TIMED_OUT),
        ):
            console.line = answering(answer)
            assert with_mode("console", 1101, [options, "Install?"]) == (expected, None)
        del asked[:]
        for options in ("MAXDT=7", "MAXDT=-1", "MAXDT=0", "MAXDT=99999", "MAXDT=x"):
            with_mode("console", 1101, [options, "Install?"])
        assert asked == [7, 120, 120, 120, 120]
    finally:
        console.line = line
