# What happens around the agent when it fails or rests: the supervisor goes on.
from support import temporary_root
from uscomo import platform, supervisor


class Started:
    """A supervisor on a fresh store; modules stay, other tests of this process hold them."""

    def __enter__(self):
        temporary_root()
        self.said = []
        self.before = supervisor.say, platform.end_phase
        supervisor.say = self.said.append
        platform.end_phase = lambda names: None
        self.held = supervisor.Supervisor()
        return self

    def __exit__(self, *exception):
        supervisor.say, platform.end_phase = self.before


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
