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

# What of the agent outlives its rest.
_KEPT = ("failures", "outcome", "wait", "waiting_since", "polling")

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
        self.agent = self.store = self.nodes = self.listener = None
        self._kept = None
        self._asked = False
        self._began = self._polled = platform.ticks()
        self._limit = 0
        self.wake()

    def wake(self, due=False):
        """Bring the agent back; `due` when it has something to do at once."""
        self._asked = self._asked or due
        if self.agent:
            return
        from uscomo import agent, consent, nodes, store

        self.store = store.Store()
        self.nodes = nodes.Nodes(self.store)
        if self.settings is None:
            self.settings = agent.settings(self.nodes)
        consent.mode = self.settings.get("consent", "console")
        self.agent = agent.Agent(self.store, self.nodes, self.settings, None, say)
        if self._kept is None:
            self._keep()
        for name, value in zip(_KEPT, self._kept):
            setattr(self.agent, name, value)

    def _keep(self):
        self._kept = [getattr(self.agent, name) for name in _KEPT]

    def _rest(self):
        if self._limit is not None and self._limit < _REST:
            return
        if self.agent:
            self._keep()
            self.agent = self.store = self.nodes = None
            platform.end_phase(_MODULES)

    def begin(self):
        """Clean up, count this start against every trial; before anything runs."""
        from uscomo import lifecycle

        self.store.collect()
        lifecycle.count_start(self.store, say)
        port = int(self.settings.get("notify_port", "0"))
        if port:
            from uscomo import notify

            try:
                self.listener = notify.Listener(port)
                say("listens on port %d" % port)
            except OSError:
                say("cannot listen on port %d" % port)

    async def main(self, once):
        """Start the components, then serve the agent; `once` ends when nothing is left to do."""
        foreground = self._start()
        await asyncio.sleep(0)
        while True:
            wait, trials = self._serve()
            # Not only when all is done: a server may be out of reach for long.
            if foreground and wait != 0:
                entry = foreground
                foreground = None
                self._foreground(*entry)
                continue
            # Once: also when a server stays out of reach; what is queued is on flash.
            failures, outcome = self._kept[:2]
            if once and not trials and (wait is None or failures >= _MAX_FAILURES or not outcome):
                return outcome
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
        # Whatever goes wrong in it, want of memory first of all, the apps go on.
        self._asked = False
        try:
            self.wake()
            wait, trials, interval = self._step()
            self._keep()
        except Exception as error:
            self._give_up(error)
            if self.failed:
                platform.reset()  # there is no memory to wait for: the app that has it has crashed
            wait = _AFTER_FAILURE
            trials = interval = 0
        self._began = platform.ticks()
        self._limit = wait
        if interval:
            interval = max(1, interval - platform.elapsed(self._polled))
        for limit in (_TRIAL_PAUSE if trials else 0, interval):
            if limit and (self._limit is None or limit < self._limit):
                self._limit = limit
        return wait, trials

    def _step(self):
        interval = int(self.settings.get("poll", "0")) * 1000
        polled = interval and platform.elapsed(self._polled) >= interval
        if polled:
            self._polled = platform.ticks()
            self.agent.poll()
        if self.listener:
            found = self.listener.poll(self.nodes)
            if found:
                say("notified by %s" % found[0])
                self.agent.notified(*found)
        wait = self.agent.step()
        return wait, self._confirm(), interval

    def _give_up(self, error):
        # Nothing of the agent is trusted or kept in memory after this.
        if self.agent:
            self._keep()
        self.agent = self.store = self.nodes = None
        resident = ("constant", "notify", "platform", "supervisor")
        names = [name[7:] for name in sys.modules if name.startswith("uscomo.")]
        platform.end_phase([name for name in names if name not in resident])
        say("agent failed")
        _show(error)
        if self._kept:
            self._kept[0] += 1
            self._kept[1] = 0

    def _is_due(self):
        if self._asked or self.failed or (self.listener and self.listener.waiting()):
            return True
        return self._limit is not None and platform.elapsed(self._began) >= self._limit

    def _start(self):
        # Returns the one foreground app, (component number, main), where there is one.
        from uscomo import lifecycle

        foreground = None
        for number, id, entry in list(lifecycle.entries(self.store)):
            try:
                main = __import__(entry).main
            except (Exception, SystemExit) as error:
                self._crashed(number, error)
                continue
            if platform.is_async(main):
                self.running[number] = platform.ticks()
                self.tasks.append(asyncio.create_task(self._task(number, main)))
            elif foreground:
                # Its trial fails like any other that never runs.
                say("component %s not started: one foreground app" % id)
                self.running[number] = None
                self.failed = self.failed or lifecycle.on_trial(self.store, number)
            else:
                foreground = number, main
        return foreground

    async def _task(self, number, main):
        try:
            await main()
        except (Exception, SystemExit) as error:
            self._crashed(number, error)

    def _foreground(self, number, main):
        self.running[number] = platform.ticks()
        try:
            main()
        except (Exception, SystemExit) as error:
            self._crashed(number, error)

    def _crashed(self, number, error):
        if platform.resetting:
            raise error
        self.running[number] = None
        _show(error)
        try:
            self.wake()
            from uscomo import lifecycle

            for row in self.store.rows:
                if row[0] == number:
                    say("component %s crashed" % lifecycle.id_of(row))
            # The next start is the next attempt.
            self.failed = self.failed or lifecycle.on_trial(self.store, number)
        except MemoryError:
            # It may be on trial: a start with a clean heap finds out.
            self.failed = True

    def _confirm(self):
        # How many trials go on. A trial is over when its app has run long enough.
        if self.failed:
            platform.reset()
        from uscomo import lifecycle

        wanted = int(self.settings.get("confirm_after", "10")) * 1000
        return lifecycle.end_trials(self.store, self.running, wanted, say)


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
