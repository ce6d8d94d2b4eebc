# Runs what is active: starts each component's entry, gives the agent its time beside them. Stays
# in memory for ever, so it is small: store, nodes, agent and trials are imported when something
# is due and let go when nothing is. Never knows what a server is.
import asyncio
import sys

from uscomo import platform
from uscomo.constant import const

# Milliseconds.
_PAUSE = const(100)
_TRIAL_PAUSE = const(500)
_AFTER_FAILURE = const(60000)
# A rest that is shorter than this does not pay for importing everything again.
_REST = const(2000)

_MAX_FAILURES = const(3)

_MODULES = ("agent", "consent", "lifecycle", "nodes", "store")


def say(text):
    """One line of the agent on the console."""
    print("uscomo: " + text)


def _show(error):
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        print(repr(error))


class Supervisor:
    """One start of the device; `agent`, `store` and `nodes` are there while it is awake."""

    def __init__(self):
        self.running = {}  # component number -> since when (ticks), None once it has ended
        self.tasks = []
        self.failed = False
        self.settings = None
        self.agent = self.store = self.nodes = None
        self._failures = 0
        self._outcome = 1
        self._asked = False
        self._began = self._polled = platform.ticks()
        self._limit = 0
        self.wake()

    def wake(self):
        """Bring the agent back, with something to do at once."""
        self._asked = True
        if self.agent:
            return
        from uscomo import agent, consent, nodes, store

        self.store = store.Store()
        self.nodes = nodes.Nodes(self.store)
        if self.settings is None:
            self.settings = agent.settings(self.nodes)
        consent.mode = self.settings.get("consent", "console")
        self.agent = agent.Agent(self.store, self.nodes, self.settings, None, say)
        self.agent.failures = self._failures
        self.agent.outcome = self._outcome

    def _rest(self):
        if self._limit is not None and self._limit < _REST:
            return
        self._failures = self.agent.failures
        self._outcome = self.agent.outcome
        self.agent = self.store = self.nodes = None
        platform.end_phase(_MODULES)

    def begin(self):
        """Clean up, count this start against every trial; before anything runs."""
        from uscomo import lifecycle

        self.store.collect()
        lifecycle.count_start(self.store, say)

    async def main(self, once):
        """Start the components, then serve the agent; `once` ends when nothing is left to do."""
        foreground = self._start()
        await asyncio.sleep(0)
        while True:
            wait, trials = self._serve()
            if wait is None and foreground:
                entry = foreground
                foreground = None
                self._foreground(*entry)
                continue
            # Once: also when a server stays out of reach; what is queued is on flash.
            if once and not trials and (wait is None or self.agent.failures >= _MAX_FAILURES):
                return self.agent.outcome
            self._rest()
            while not self._is_due():
                await asyncio.sleep(_PAUSE / 1000)
            await asyncio.sleep(0)

    def poll(self):
        """Give the agent its time, from a foreground app; costs nothing while nothing is due."""
        if self._is_due():
            self._serve()
            self._rest()

    def _serve(self):
        # One step of the agent: how long it wants to be left alone, how many trials go on.
        self.wake()
        self._asked = False
        interval = int(self.settings.get("poll", "0")) * 1000
        polled = interval and platform.elapsed(self._polled) >= interval
        if polled:
            self._polled = platform.ticks()
        wait = self._step(polled)
        trials = self._confirm()
        self._began = platform.ticks()
        self._limit = wait
        if interval:
            interval = max(1, interval - platform.elapsed(self._polled))
        for limit in (_TRIAL_PAUSE if trials else 0, interval):
            if limit and (self._limit is None or limit < self._limit):
                self._limit = limit
        return wait, trials

    def _is_due(self):
        if self._asked or self.failed:
            return True
        return self._limit is not None and platform.elapsed(self._began) >= self._limit

    def _step(self, polled):
        # Whatever goes wrong in the agent, the apps go on.
        try:
            if polled:
                self.agent.poll()
            return self.agent.step()
        except Exception as error:
            say("agent failed")
            _show(error)
            self.nodes.discard()
            self.agent.outcome = 0
            self.agent.failures += 1
            return _AFTER_FAILURE

    def _start(self):
        # Returns the one foreground app, (component number, main), where there is one.
        from uscomo import lifecycle

        foreground = None
        for number, id, entry in list(lifecycle.entries(self.store)):
            try:
                main = __import__(entry).main
            except Exception as error:
                self._crashed(number, error)
                continue
            if platform.is_async(main):
                self.running[number] = platform.ticks()
                self.tasks.append(asyncio.create_task(self._task(number, main)))
            elif foreground:
                say("component %s not started: one foreground app" % id)
            else:
                foreground = number, main
        return foreground

    async def _task(self, number, main):
        try:
            await main()
        except Exception as error:
            self._crashed(number, error)

    def _foreground(self, number, main):
        self.running[number] = platform.ticks()
        try:
            main()
        except Exception as error:
            self._crashed(number, error)

    def _crashed(self, number, error):
        self.running[number] = None
        self.wake()
        from uscomo import lifecycle

        for row in self.store.rows:
            if row[0] == number:
                say("component %s crashed" % lifecycle.id_of(row))
        _show(error)
        # The next start is the next attempt.
        self.failed = self.failed or lifecycle.on_trial(self.store, number)

    def _confirm(self):
        # How many trials go on. A trial is over when its app has run long enough.
        if self.failed:
            platform.reset()
        from uscomo import lifecycle

        wanted = int(self.settings.get("confirm_after", "10")) * 1000
        return lifecycle.end_trials(self.store, self.running, wanted, say)

    def confirm(self, row):
        """End a component's trial."""
        from uscomo import lifecycle

        lifecycle.confirm(self.store, row, say)


current = None


def run(once=False):
    """What main.py does. With `once`, returns the last session's outcome when idle."""
    global current
    from uscomo.store import Record

    try:
        current = Supervisor()
    except Record:
        say("SAFE MODE: both copies of the record are broken; nothing runs, nothing is written")
        return None
    current.begin()
    return asyncio.run(current.main(once))
