# Wi-Fi and the clock: a radio and a time server that answer as they are told.
import sys
import time

from stream_script import Link, Stream

from support import raises, temporary_root
from uscomo import clock, http, net, nodes, platform, store

IDLE, CONNECTING, WRONG, NOT_FOUND, FAIL, GOT_IP = 0, 1, -3, -2, -1, 3


class Radio:
    """In place of the module `network`, and of its only interface."""

    STA_IF = 0
    STAT_CONNECTING = CONNECTING
    STAT_WRONG_PASSWORD = WRONG
    STAT_NO_AP_FOUND = NOT_FOUND
    STAT_CONNECT_FAIL = FAIL

    def __init__(self, answers, state=IDLE):
        self.answers = answers  # network -> key or, by its name, what comes of connecting
        self.state = state
        self.tried = []
        self.undone = []
        self.name = None

    def WLAN(self, interface):
        return self

    def active(self, on=None):
        if on is False:
            self.undone.append("active")
        self.on = True

    def disconnect(self):
        self.undone.append("disconnect")

    def connect(self, name, key=None):
        assert self.on
        self.tried.append((name, key))
        found = self.answers.get(name, NOT_FOUND)
        if isinstance(found, list):  # one answer after the other
            found = found.pop(0)
        self.state = found
        self.name = name

    def isconnected(self):
        if self.state == CONNECTING:
            self.app()
        return self.state == GOT_IP

    def app(self):
        pass

    def status(self):
        return self.state

    def config(self, name):
        return self.name

    def ifconfig(self):
        return ("10.0.0.2", "", "", "")


class Case:
    """A device with networks and a radio; time passes at once."""

    def __init__(self, radio, networks, settings=None):
        temporary_root()
        self.nodes = nodes.Nodes(store.Store())
        for name in networks:
            self.nodes.set("~net/" + name, networks[name].encode())
        self.nodes.commit()
        self.radio = radio
        self.settings = settings or {}
        self.said = []
        self.asked = []
        self.passed = 0
        self.fed = 0

    def __enter__(self):
        self.kept = (
            sys.modules.get("network"),
            net.time,
            platform.ticks,
            platform.elapsed,
            platform.feed,
            clock.known,
            clock.ask,
        )
        sys.modules["network"] = self.radio
        net.time = self
        platform.ticks = lambda: self.passed
        platform.elapsed = lambda since: self.passed - since
        platform.feed = self.feed
        clock.known = lambda: not self.settings.get("unset")
        clock.ask = self.ask
        platform.phase = self.settings, self.said.append, self.nodes
        return self

    def __exit__(self, *exception):
        platform.phase = ()
        before, net.time, platform.ticks, platform.elapsed, platform.feed = self.kept[:5]
        clock.known, clock.ask = self.kept[5:]
        del sys.modules["network"]
        if before:
            sys.modules["network"] = before

    def sleep(self, seconds):
        self.passed += int(seconds * 1000)

    def feed(self):
        self.fed += 1

    def ask(self, server):
        self.asked.append(server)
        return True

    def join(self):
        return net.join(self.settings, self.said.append, self.nodes)


def test_a_network_is_joined():
    with Case(Radio({"home": GOT_IP}), {"home": "secret12"}) as case:
        assert case.join() is True
    assert case.radio.tried == [("home", "secret12")]
    assert case.said == ["network home, address 10.0.0.2"]
    assert case.asked == []


def test_an_open_network_has_no_key():
    with Case(Radio({"cafe": GOT_IP}), {"cafe": ""}) as case:
        assert case.join() is True
    assert case.radio.tried == [("cafe", None)]


def test_the_clock_is_set_where_it_was_not():
    for settings, server in (
        ({}, clock.SERVER),
        ({"ntp": "time.example:1123"}, "time.example:1123"),
    ):
        settings["unset"] = 1
        with Case(Radio({"home": GOT_IP}), {"home": ""}, settings) as case:
            assert case.join() is True
        assert case.asked == [server]
        assert case.said[1:] == ["clock set"]


def test_an_apps_own_connection_is_used_as_it_is():
    radio = Radio({}, GOT_IP)
    with Case(radio, {"home": ""}) as case:
        assert case.join() is False
    assert radio.tried == [] and radio.undone == []


def test_an_app_that_is_about_to_connect_is_waited_for():
    radio = Radio({"home": GOT_IP}, CONNECTING)
    waited = []

    def app():
        waited.append(1)
        if len(waited) > 20:
            radio.state = GOT_IP
            radio.name = "the app's"

    radio.app = app
    with Case(radio, {"home": ""}) as case:
        assert case.join() is True
    assert radio.tried == [] and radio.undone == []
    assert case.said == ["network the app's, address 10.0.0.2"]


def test_one_after_the_other_with_a_reason_for_each():
    radio = Radio({"a": WRONG, "b": NOT_FOUND, "c": FAIL, "d": GOT_IP})
    with Case(radio, {"a": "", "b": "", "c": "", "d": ""}) as case:
        assert case.join() is True
    assert [name for name, _ in radio.tried] == ["a", "b", "c", "d"]
    assert case.said == [
        "network a: wrong key",
        "network b: not found",
        "network c: refused",
        "network d, address 10.0.0.2",
    ]


def test_a_network_that_comes_back_is_joined():
    radio = Radio({"home": [NOT_FOUND, NOT_FOUND, NOT_FOUND, GOT_IP]})
    with Case(radio, {"home": ""}) as case:
        assert case.join() is True
    # Half a second, one, two: and the watchdog is fed all the time.
    assert 3500 <= case.passed <= 4000
    assert case.fed >= case.passed // 100


def test_who_is_not_there_is_not_waited_for_for_ever():
    for state, reason in (
        (NOT_FOUND, "not found"),
        (WRONG, "wrong key"),
        (CONNECTING, "no answer"),
    ):
        with Case(Radio({"home": state}), {"home": ""}) as case:
            assert case.join() is False
        assert 7000 <= case.passed <= 33000
        assert case.fed >= case.passed // 100
        assert set(case.said) == {"network home: " + reason}
        assert case.radio.undone == []


def test_no_networks_no_radio():
    radio = Radio({})
    with Case(radio, {}) as case:
        assert case.join() is False
        with Link():
            raises(http.HttpError, http.request, "GET", "http://h/", (), None, 1, None)
    assert not radio.tried and not case.said


def test_a_request_joins_a_network_and_goes_on():
    radio = Radio({"home": GOT_IP})
    with Case(radio, {"home": ""}) as case:
        link = Link()
        refuse = link.connect

        def connect(host, port, wrap=None):
            if not radio.isconnected():
                refuse(host, port)
            return Stream([b"HTTP/1.1 204 No Content\r\n\r\n"])

        with link:
            http.connect = connect
            response = http.request("GET", "http://h/", (), None, 1, None)
    assert response.status == 204
    assert link.asked == [("h", 80)]
    assert case.said == ["network home, address 10.0.0.2"]


def test_a_request_without_a_network_is_unreachable():
    with Case(Radio({}), {"home": ""}) as case, Link() as link:
        error = raises(http.HttpError, http.request, "GET", "http://h/", (), None, 1, None)
    assert error.kind == http.UNREACHABLE
    assert len(link.asked) == 1
    assert case.said[0] == "network home: not found"


def test_a_host_at_the_cable_is_no_reason_to_join():
    radio = Radio({"home": GOT_IP})
    platform.cable = True
    try:
        with Case(radio, {"home": ""}), Link():
            raises(http.HttpError, http.request, "GET", "http://h/", (), None, 1, None)
    finally:
        platform.cable = False
    assert radio.tried == []


def test_a_server_that_is_down_is_no_reason_to_join():
    radio = Radio({}, GOT_IP)
    with Case(radio, {"home": ""}) as case, Link() as link:
        raises(http.HttpError, http.request, "GET", "http://h/", (), None, 1, None)
    assert len(link.asked) == 1 and radio.tried == [] and case.said == []


# -- the clock


class Rtc:
    """In place of `machine`: a clock that nobody has set."""

    def __init__(self, epoch=1970):
        self.epoch = epoch
        self.now = None

    def RTC(self):
        return self

    def datetime(self, now):
        self.now = now

    # In place of `time` for the clock, too.
    def gmtime(self, seconds=None):
        if seconds is None:
            year, month, day, weekday, hour, minute, second, _ = self.now or (
                2021,
                1,
                1,
                4,
                0,
                0,
                0,
                0,
            )
            return (year, month, day, hour, minute, second, weekday, 0)
        if self.epoch == 2000:
            seconds += 946684800
        return time.gmtime(seconds)


class TimeServer:
    """In place of `socket`: each question is answered by the next of `answers`, None for never."""

    SOCK_DGRAM = 2

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.questions = []
        self.closed = 0

    def getaddrinfo(self, host, port, family, kind):
        self.asked.append((host, port))
        if host == "unknown":
            raise OSError(-2)
        return [(2, kind, 0, "", (host, port))]

    def socket(self, family, kind):
        return self

    def settimeout(self, seconds):
        assert seconds <= 2

    def sendto(self, question, address):
        self.questions.append(bytes(question))

    def recv(self, size):
        answer = self.answers.pop(0)
        if answer is None:
            raise OSError(110)
        return answer(self.questions[-1])[:size]

    def close(self):
        self.closed += 1


def ntp(question, seconds=3976214400, first=0x24, stratum=2, echo=None):
    # 1 January 2026; the leap indicator 0, version 4, mode 4.
    answer = bytearray(48)
    answer[0] = first
    answer[1] = stratum
    answer[24:32] = question[40:48] if echo is None else echo
    answer[40:44] = (seconds & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(answer)


class Unset:
    """The clock's own modules, while nobody has set it."""

    def __init__(self, *answers, epoch=1970):
        self.rtc = Rtc(epoch)
        self.server = TimeServer(*answers)

    def __enter__(self):
        import socket  # the real one comes back

        self.kept = clock.time, sys.modules.get("machine"), socket
        clock.time = sys.modules["machine"] = self.rtc
        sys.modules["socket"] = self.server
        return self

    def __exit__(self, *exception):
        clock.time, machine, sys.modules["socket"] = self.kept
        del sys.modules["machine"]
        if machine:
            sys.modules["machine"] = machine


def test_the_clock_is_unknown_until_a_server_has_told_it():
    with Unset(ntp) as case:
        assert not clock.known()
        assert clock.ask("time.example")
        assert clock.known()
    assert case.server.asked == [("time.example", 123)]
    assert case.rtc.now == (2026, 1, 1, 3, 0, 0, 0, 0)
    question = case.server.questions[0]
    assert len(question) == 48 and question[0] == 0x23 and question[40:] != bytes(8)
    assert case.server.closed == 1


def test_a_server_with_a_port_and_a_port_with_another_epoch():
    with Unset(ntp, epoch=2000) as case:
        assert clock.ask("time.example:1123")
    assert case.server.asked == [("time.example", 1123)]
    assert case.rtc.now[:6] == (2026, 1, 1, 3, 0, 0)


def test_after_2036_ntp_begins_anew():
    with Unset(lambda question: ntp(question, 100)) as case:
        assert clock.ask("h")
    assert case.rtc.now[:3] == (2036, 2, 7)


def test_an_answer_that_comes_late_or_not():
    with Unset(None, ntp) as case:
        assert clock.ask("h")
    assert len(case.server.questions) == 2 and case.server.closed == 2
    assert case.server.questions[0] != case.server.questions[1]
    with Unset(None, None, None) as case:
        assert not clock.ask("h")
    assert case.rtc.now is None and case.server.closed == 3
    with Unset() as case:
        assert not clock.ask("unknown")
    assert len(case.server.asked) == 3 and case.server.closed == 0


def test_what_is_no_answer_to_the_question():
    wrong = (
        lambda question: ntp(question, echo=bytes(8)),
        lambda question: ntp(question)[:47],
        lambda question: b"",
        lambda question: ntp(question, first=0x23),  # a client's
        lambda question: ntp(question, first=0xE4),  # a server's whose own clock is not set
        lambda question: ntp(question, stratum=0),  # a kiss of death
        lambda question: ntp(question, stratum=16),
    )
    for answer in wrong:
        with Unset(answer, answer, answer) as case:
            assert not clock.ask("h")
        assert case.rtc.now is None
