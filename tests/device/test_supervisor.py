# What happens around the agent when it fails or rests: the supervisor goes on.
from support import raises, temporary_root
from uscomo import author, consent, notify, platform, supervisor, watch


class Started:
    """A supervisor on a fresh store."""

    def __enter__(self):
        temporary_root()
        self.said = []
        self.before = supervisor.say
        supervisor.say = self.said.append
        self.held = supervisor.Supervisor()
        return self

    def __exit__(self, *exception):
        supervisor.say = self.before


def test_want_of_memory_in_the_agent_is_survived():
    with Started() as started:
        held = started.held

        def fail(due=False):
            raise MemoryError("allocating 1200 bytes")

        wake = held.wake
        held.wake = fail
        wait, trials = held._serve()
        assert started.said == ["agent failed"] and wait > 1000 and not trials
        assert held.agent is None and not held._is_due()
        # When there is memory again it goes on, and remembers that it failed.
        held.wake = wake
        held._serve()
        assert held.agent.failures == 1


def test_what_the_agent_knows_outlives_its_rest():
    with Started() as started:
        held = started.held
        held._serve()
        held.agent.failures = 2
        held.agent.wait = 5000
        held.agent.polling = ["main"]
        held._limit = None
        held._rest()
        assert held.agent is None
        held.wake()
        assert (held.agent.failures, held.agent.wait) == (2, 5000)
        assert held.agent.polling == ["main"]
        assert not held._asked
        held.wake(True)
        assert held._is_due()


def test_a_short_rest_is_none():
    with Started() as started:
        started.held._limit = 100
        started.held._rest()
        assert started.held.agent is not None


def test_a_crashed_app_without_memory_for_the_agent_is_restarted():
    with Started() as started:
        held = started.held

        def fail(due=False):
            raise MemoryError

        held.wake = fail
        held.failed = True
        before = platform.reset
        platform.reset = lambda: started.said.append("reset")
        try:
            held._serve()
        finally:
            platform.reset = before
        assert started.said == ["agent failed", "reset"]


def with_account(held):
    held.nodes.set("DMAcc/main/ServerID", b"srv")
    held.nodes.commit()


def test_a_clean_run_resets_the_abnormal_starts():
    with Started() as started:
        held = started.held
        held.store.abnormal = 2
        held.store.commit()
        sequence = held.store.sequence
        held.settings["confirm_after"] = "1000"
        held._serve()
        assert held.store.abnormal == 2 and held._limit <= 1000000
        held.settings["confirm_after"] = "0"
        held._serve()
        assert held.store.abnormal == 0 and held._limit is None
        held._serve()
        assert held.store.sequence == sequence + 1


def test_a_restart_and_a_sleep_are_planned():
    with Started() as started:
        held = started.held
        ends = []
        before = platform.sleep, supervisor.uscomo_boot.reset
        platform.sleep = lambda ms: ends.append(ms)
        supervisor.uscomo_boot.reset = lambda: ends.append("reset")
        supervisor.current = held
        try:
            for call, expected in (
                (held.restart, ["reset"]),
                (lambda: author.sleep(7), [7, "reset"]),
            ):
                held.store.abnormal = 2
                held.store.flags = 1
                held.store.commit()
                raises(SystemExit, call)
                assert platform.resetting
                assert held.store.abnormal == held.store.flags == 0
                # An app that catches it does not keep the restart from happening.
                assert held._is_due()
                raises(SystemExit, held._serve)
                held.end()
                assert ends == expected
                del ends[:]
        finally:
            platform.sleep, supervisor.uscomo_boot.reset = before
            supervisor.current = None
            platform.resetting = False


def test_the_device_asks_for_updates_by_the_hour():
    with Started() as started:
        held = started.held
        with_account(held)
        asked = []
        held.agent.request = lambda *words: asked.append(words)
        held.agent.step = lambda: None
        held.nodes.set("SCOMO/CheckUpdateFreq", b"2")
        held.nodes.commit()
        for hour in range(5):
            held._serve()
            assert len(asked) == hour // 2
            assert held._limit <= 3600000
            held.hour -= 3600000
        assert set(asked) == {("update", "", "Device")}


def test_an_update_at_boot():
    for setting, expected in (("0", 0), ("1", 1)):
        with Started() as started:
            held = started.held
            held.settings["update_at_boot"] = setting
            watch.begin(held, supervisor.say)  # nobody to ask
            with_account(held)
            watch.begin(held, supervisor.say)
            assert len(held.nodes.keys("~request/")) == expected


def test_a_board_that_cannot_listen_starts_all_the_same():
    def no_sockets(port):
        raise ImportError("no module named 'socket'")

    with Started() as started:
        started.held.settings["notify_port"] = "1000"
        before = notify.Listener
        notify.Listener = no_sockets
        try:
            watch.begin(started.held, supervisor.say)
        finally:
            notify.Listener = before
        assert started.said[-1] == "cannot listen on port 1000"


def test_safe_mode_that_somebody_has_ended():
    """The server has cleared the flag in a session: the components come back with a restart."""
    with Started() as started:
        held = started.held
        held.store.flags = 1
        held.store.commit()
        watch.begin(held, supervisor.say)
        assert watch.start(held, supervisor.say) is None
        held._serve()
        held.store.flags = 0
        held.store.commit()
        try:
            raises(SystemExit, held._serve)
        finally:
            platform.resetting = False


def test_whose_code_is_running():
    with Started() as started:
        supervisor.current = started.held
        try:
            assert author.whose("com.example.a") == "com.example.a"
            raises(ValueError, author.whose)
            started.held.front = "com.example.b"
            assert author.whose() == "com.example.b"
        finally:
            supervisor.current = None
        raises(ValueError, author.whose)


def test_what_an_app_is_called_for():
    with Started() as started:
        held = started.held
        mode = consent.mode
        try:
            consent.mode = "console"
            for given, expected in ((True, 200), (False, 304), (None, 214)):
                held.on_consent = lambda text, default: given  # noqa: B023
                held.listen()
                assert consent.ask("Install?") == expected

            def broken(text, default):
                raise ValueError("in the app")

            held.on_consent = broken
            held.listen()
            assert consent.ask("Install?") == consent.CANCELLED
            # What the operator has set is not asked.
            consent.mode = "yes"
            assert consent.ask("Install?") == consent.YES
            held.on_dialog = lambda text, about: (text, about)
            held.listen()
            assert consent.dialog("Which?", {}) == ("Which?", {})
            answers = []
            held.on_answer = lambda id, answer: answers.append((id, answer))
            held.listen()
            held.agent.on_answer("com.example.a", "refused")
            assert answers == [("com.example.a", "refused")]
        finally:
            held.on_consent = held.on_dialog = held.on_answer = None
            held.listen()
            consent.mode = mode
        assert consent.callback is None and consent.dialog is None


def test_a_watchdog_is_armed_once_and_fed():
    class Dog:
        fed = 0

        def __init__(self, timeout):
            if timeout > 8388:
                raise ValueError("timeout too large")
            Dog.timeout = timeout

        def feed(self):
            Dog.fed += 1

    class Machine:
        WDT = Dog

    import sys

    real = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    try:
        assert not platform.watchdog(9000)
        platform.feed()
        assert not Dog.fed
        assert platform.watchdog(2000) and Dog.timeout == 2000
        platform.feed()
        assert Dog.fed == 1
        # A soft reset would not stop it.
        assert supervisor.uscomo_boot.hard
        with Started() as started:
            started.held._is_due()
        assert Dog.fed > 1
    finally:
        platform._watchdog = None
        supervisor.uscomo_boot.hard = False
        del sys.modules["machine"]
        if real:
            sys.modules["machine"] = real


def test_a_trial_that_does_not_end_is_told_at_growing_intervals():
    import json

    from uscomo import store

    with Started() as started:
        held = started.held
        slot = held.store.new_slot()
        with open(store.slot_path(slot) + "/component", "wb") as file:
            about = {"id": "agent", "version": "2", "release": 2, "agent": True}
            file.write(json.dumps(about).encode() + b"\n")
        held.store.install(slot, 1, True)
        held.store.commit()
        watch.begin(held, supervisor.say)
        held.settings["confirm_after"] = "1"
        del started.said[:]
        began = held.since
        for seconds, lines in ((59, 0), (61, 1), (119, 1), (121, 2), (239, 2), (241, 3)):
            held.since = began - seconds * 1000
            watch.tend(held, supervisor.say)
            assert len(started.said) == lines, seconds
        assert started.said[0] == "on trial for 61 s: agent"
        # In the end that is a failed attempt: nothing is given back.
        held.since = began - 601000
        try:
            raises(SystemExit, watch.tend, held, supervisor.say)
        finally:
            platform.resetting = False
        assert "no good session with the new agent" in started.said
