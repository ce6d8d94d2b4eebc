# When the agent talks, what it reports and in which order it runs what it has accepted.
from operation_case import Device, component, content, deployed, served
from stream_script import Link, Stream

from support import step
from uscomo import agent, consent, platform, store, talk

DONE = 1
UNREACHABLE = 6


class Waking(Device):
    """A device with its agent; sessions are held by `self.talk`, which answers alerts."""

    def __enter__(self):
        super().__enter__()
        self.sessions = []
        self.outcome = DONE
        self.code = 200
        self.in_session = lambda: None
        self.kept = talk.talk, platform.reset
        talk.talk = self.talk
        platform.reset = lambda: self.said.append("reset")
        self.settings = {"retry": "0"}
        self.wake()
        return self

    def __exit__(self, *exception):
        talk.talk, platform.reset = self.kept
        super().__exit__(*exception)

    def wake(self):
        self.start()
        self.agent = agent.Agent(self.store, self.nodes, self.settings, None, self.said.append)

    def talk(self, stored, nodes, name, session_id, code, alerts, receive, send, feed):
        self.sessions.append((session_id, code, alerts))
        self.in_session()
        for alert in alerts:
            alert.status = self.code
        return self.outcome

    def step(self, *answers):
        link = Link(*[Stream([answer]) for answer in answers])
        with link:
            return step(self.agent)

    def alerts(self):
        return self.sessions[-1][2]


def test_a_trial_is_reported_when_it_has_ended():
    with Waking() as device:
        device.install("a")
        assert device.step() > 0 and device.sessions == []
        device.store.conclude(1, 1200)
        assert device.step() == 0
        (alert,) = device.alerts()
        data = "<ResultCode>1200</ResultCode><Identifier>a</Identifier>"
        assert alert.items == [("./SCOMO/Inventory/Deployed/a", data)]
        assert alert.source == "./SCOMO/Download/p/Operations/DownloadInstall"
        assert (alert.correlator, alert.mark) == ("c", "informational")
        assert device.said[-4:] == [
            "operation 1 1200",
            "session main begins",
            "session main done",
            "report 1 answered: 200",
        ]
        assert device.step() is None and store.Store().results == []


def test_a_trial_that_fails_is_told_with_its_reason():
    with Waking() as device:
        device.install("a")
        device.store.conclude(1, 1472)
        device.wake()  # what was concluded and not committed is lost with the power
        assert device.step() > 0
        device.store.conclude(1, 1473)
        device.store.commit()
        device.step()
        (alert,) = device.alerts()
        assert alert.items[0][1].startswith("<ResultCode>1473<") and alert.mark == "critical"


def test_a_long_trial_is_told_once_on_its_way():
    with Waking() as device:
        device.settings["trial_report"] = "0"
        device.install("a")
        assert device.step() == 0
        assert device.alerts()[0].items[0][1].startswith("<ResultCode>1250<")
        assert device.step() > 0 and len(device.sessions) == 1
        device.wake()
        assert device.step() > 0 and len(device.sessions) == 1
        device.store.conclude(1, 1200)
        device.step()
        assert device.alerts()[0].items[0][1].startswith("<ResultCode>1200<")
        assert device.store.results == [] and len(device.sessions) == 2


def test_a_trial_that_nobody_concludes_is_told_as_it_is():
    with Waking() as device:
        device.install("a")
        device.store.find("a")[store.STATE] = 10
        assert device.step() == 0
        assert device.alerts()[0].items[0][1].startswith("<ResultCode>1250<")
        assert device.store.results == []


def test_one_item_for_each_component():
    with Waking() as device:
        device.install(
            "p", content("p", component("a"), component("b"), component("c", entry=None))
        )
        device.store.conclude(1, 1200)
        # One is still on trial.
        assert device.step() > 0 and device.sessions == []
        device.store.conclude(2, 1473)
        device.step()
        (alert,) = device.alerts()
        assert alert.items == [
            (
                "./SCOMO/Inventory/Deployed/" + name,
                "<ResultCode>%d</ResultCode><Identifier>%s</Identifier>" % (code, name),
            )
            for name, code in (("a", 1200), ("b", 1473), ("c", 1200))
        ]
        assert alert.mark == "critical" and device.store.results == []


def test_what_reports_point_at():
    with Waking() as device:
        device.prepare("a")
        operation = device.store.operation(device.accept("Download"))
        device.run(1, served(content("a")))
        operation["id"] = "com.example.a"
        device.store.reported(1)
        for place, primitive, code, target in (
            ("Download/p", "Download", 1200, "./SCOMO/Inventory/Delivered/p"),
            ("Download/p", "Download", 1402, None),
            ("Inventory/Delivered/p", "Remove", 1200, None),
            ("Inventory/Deployed/a", "Remove", 1200, None),
        ):
            operation["place"] = place
            operation["primitive"] = primitive
            operation["uri"] = "./SCOMO/%s/Operations/%s" % (place, primitive)
            number = device.store.accept(operation)
            device.store.finish(number, code, ())
            device.step()
            data = "<ResultCode>%d</ResultCode><Identifier>com.example.a</Identifier>" % code
            assert device.alerts()[0].items == [(target, data)]


def test_a_report_is_repeated_and_not_for_ever():
    with Waking() as device:
        device.code = 0
        device.install("a")
        device.store.conclude(1, 1200)
        for count in range(6):
            assert device.store.results, count
            device.step()
        assert device.said[-1] == "report 1 given up" and device.store.results == []
        device.install("b")
        device.store.conclude(2, 1200)
        device.outcome = UNREACHABLE
        for _ in range(9):
            device.step()
        assert device.store.results


def test_what_a_closed_account_would_have_been_told_takes_no_room():
    with Waking() as device:
        device.install("a")
        device.store.conclude(1, 1200)
        room = device.store.room()
        account = device.nodes.children("DMAcc")[0]
        device.nodes.set("DMAcc/second/ServerID", b"second")
        device.nodes.remove_tree("DMAcc/" + account)
        device.nodes.commit()
        device.step()
        assert not device.sessions
        assert device.store.results == [] and device.store.room() == room + 1


def test_what_is_put_off_lets_others_pass():
    with Waking() as device:
        device.settings["postpone"] = "1"
        device.proven("b")
        device.store.reported(1)
        device.prepare("a")
        device.answers = [consent.CANCELLED]
        device.accept("DownloadInstall")
        assert device.step() == 0
        assert device.said[-1] == "operation 2 postponed"
        assert 0 < device.step() <= 1000 and len(device.asked) == 2
        device.accept("Deactivate", deployed("b"))
        assert device.step() == 0
        assert "operation 3 1200" in device.said and device.said[-1] == "reset"
        device.step()
        assert len(device.sessions) == 1
        # After a start it waits anew.
        device.wake()
        assert 0 < device.step() <= 1000
        device.agent.since[2] -= 1001
        assert device.step(served(content("a"))) == 0
        assert "operation 2 1250" in device.said


def test_an_operation_that_was_never_whole_is_passed_over():
    # The power went before it was answered; a start collects it, but not every agent's does.
    with Waking() as device:
        for torn in (b"", b"tor", b"torn in the middle"):
            with open(store.operation_path(7), "wb") as file:
                file.write(torn)
            assert device.store.pending() == [7]
            assert device.step() is None
            device.agent.check()
            assert device.step() == 0
        assert len(device.sessions) == 3
        device.store.collect()
        assert device.store.pending() == []


def test_an_operation_given_up_leaves_a_status():
    with Waking() as device:
        device.prepare("a")
        device.accept("DownloadInstall")
        for _ in range(3):
            device.store.begin(1)
        assert device.step() == 0
        assert device.said[-1] == "operation 1 given up" and device.status() == "20"
        device.step()
        assert device.alerts()[0].items[0][1].startswith("<ResultCode>1412<")


def test_a_session_that_a_server_wants():
    with Waking() as device:
        device.outcome = UNREACHABLE
        device.agent.notified("main", b"1A2B")
        device.agent.poll()
        assert device.step() == 0
        assert device.sessions[-1][:2] == (b"1A2B", 1200)
        device.outcome = DONE
        assert device.step() == 0
        assert device.sessions[-1][:2] == (b"1A2B", 1200)
        assert device.step() is None and len(device.sessions) == 2
        device.agent.poll()
        device.step()
        assert device.sessions[-1][1] == 1201


def test_a_change_in_a_session_restarts_after_it():
    with Waking() as device:
        device.agent.check()
        device.in_session = lambda: setattr(device.store, "restart", True)
        device.step()
        assert device.said[-1] == "reset"


def test_a_new_agent_has_proved_itself_when_it_has_talked():
    with Waking() as device:
        body = content("u", component("u", provides=["uscomo"], entry=None, agent=True))
        device.install("u", body)
        device.outcome = UNREACHABLE
        device.agent.check()
        device.step()
        assert device.store.find("u")[store.FLAGS] & 1
        device.outcome = DONE
        device.step()
        assert not device.store.find("u")[store.FLAGS] & 1
        device.step()
        assert device.alerts()[0].items[0][1].startswith("<ResultCode>1200<")


def test_a_new_agent_that_a_session_makes_active_has_not_run():
    with Waking() as device:
        body = content("u", component("u", provides=["uscomo"], entry=None, agent=True))
        device.install("u", body, "DownloadInstallInactive")
        device.store.reported(1)

        def activate():
            device.store.find("u")[store.STATE] = 20

        device.in_session = activate
        device.agent.check()
        device.step()
        assert device.store.find("u")[store.FLAGS] & 1


def test_a_server_out_of_reach_does_not_keep_others_waiting():
    with Waking() as device:
        device.nodes.set("DMAcc/second/ServerID", b"b")
        device.agent.check()
        held = []

        def talk_to(stored, nodes, name, *rest):
            held.append(name)
            return UNREACHABLE if name == "main" else DONE

        talk.talk = talk_to
        for _ in range(3):
            device.step()
        assert held == ["main", "second", "main"]


def test_a_session_without_news_writes_nothing():
    with Waking() as device:
        device.agent.poll()
        before = device.nodes._log_end, device.store.sequence
        device.step()
        assert len(device.sessions) == 1
        assert (device.nodes._log_end, device.store.sequence) == before


def test_answers_in_words():
    with Waking() as device:
        heard = []
        device.agent.on_answer = lambda id, answer: heard.append((id, answer))

        def accept():
            device.prepare("a")
            device.accept("DownloadInstall")

        for code, outcome, work, answer in (
            (200, DONE, accept, "installing"),
            (200, DONE, None, "refused"),
            (202, DONE, None, "nothing available"),
            (500, DONE, None, "refused"),
            (0, UNREACHABLE, None, "no connection"),
            (0, 2, None, "refused"),
            (0, DONE, accept, "installing"),
            (0, DONE, None, "nothing available"),
        ):
            for number in device.store.pending():
                device.store.finish(number, 1401, ())
                device.store.reported(number)
            device.code = code
            device.outcome = outcome
            device.in_session = work or (lambda: None)
            device.agent.request("install", "x", "User")
            count = len(heard)
            for _ in range(3):
                if len(heard) == count:
                    step(device.agent)
            assert heard[count:] == [("x", answer)], (code, outcome, answer)
            assert "request x " + answer in device.said
            device.nodes.remove("~check/main")


def test_a_server_that_knows_no_request_is_asked_in_another_way():
    with Waking() as device:
        device.code = 415
        device.agent.request("install", "x", "User")
        ways = []
        for _ in range(4):
            if device.step() is None:
                break
            ways.append([alert.type for alert in device.alerts()])
        assert [len(way) for way in ways] == [1, 1, 0]
        assert "request x nothing available" in device.said
