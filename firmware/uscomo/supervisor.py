# Runs what is active: starts each component's entry, gives the agent its time beside them. Stays
# in memory for ever, so it is small: store, nodes, agent and trials are imported when something
# is due and let go when nothing is. Never knows what a server is.
#
# A start ends in one of four ways: power goes; a hang, until the watchdog bites; a restart that
# was planned, or sleep(), after which nobody is blamed; a restart for a failed trial.
import asyncio
import sys

import uscomo_boot
from uscomo import platform
from uscomo.constant import const

# Milliseconds.
_PAUSE = const(100)
_TRIAL_PAUSE = const(500)
_AFTER_FAILURE = const(60000)
# A rest that is shorter than this does not pay for importing everything again.
_REST = const(2000)

# Nor does anybody wait so long for a device that was started to do what is due.
_LONG = const(120000)

_MAX_FAILURES = const(3)

# What of the agent outlives its rest.
_KEPT = ("failures", "outcome", "wait", "waiting_since", "polling", "since")

# What is never let go; what rests while there is nothing to do; and, of the rest, what is not
# needed for doing it.
_RESIDENT = ("cable", "constant", "notify", "platform", "reach", "supervisor")
_MODULES = ("console", "consent", "nodes", "store")
_DECIDERS = ("agent", "author", "lifecycle", "watch")

# A session's buffers; on a heap whose holes have 2 KB they must still find a place. What a
# server may send is announced 512 bytes smaller: see session._INTERIM.
RECEIVE = const(2048)
SEND = const(2048)
# Where a server counts in XML, in which what it has to say in one message takes more than twice
# the octets: with less ours cannot order an installation.
_RECEIVE_XML = const(4096)


def say(text):
    """One line of the agent on the console."""
    print("uscomo: " + text)


def _watch():
    # Looked up each time: it is let go with the others.
    from uscomo import watch

    return watch


def _show(error):
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        print(repr(error))


def perform(stored, nodes, settings, feed, say, work):
    """Hold the session or run the operation that Agent.step() named: what became of it."""
    platform.begin_phase(settings, say, nodes)
    if len(work) == 2:
        from uscomo import operation

        result = operation.operate(stored, nodes, work[0], work[1], settings, feed, say)
        del operation
    else:
        # Before the modules, which scatter over the heap and leave no hole of that size.
        form = nodes.get("DMAcc/" + work[0] + "/Ext/Form")
        receive = bytearray(_RECEIVE_XML if form == b"xml" else RECEIVE)
        send = bytearray(SEND)
        from uscomo import talk

        result = talk.talk(stored, nodes, *work[:4], receive, send, feed)
        del talk
    _end_phase(_RESIDENT + _MODULES)
    return result


def _end_phase(kept):
    # All but these goes, and what is due is over.
    names = [name[7:] for name in sys.modules if name.startswith("uscomo.")]
    platform.end_phase([name for name in names if name not in kept])


class Supervisor:
    """One start of the device; `agent`, `store` and `nodes` are there while it is awake."""

    # What an app has set, see __init__.
    on_consent = on_dialog = on_answer = None
    nap = None  # how long to sleep at the end of this start, in milliseconds
    loud = 0  # milliseconds after which a trial that goes on is told

    def __init__(self):
        self.running = {}  # component number -> since when (ticks), None once it has ended
        self.tasks = []  # (task, component id)
        self.front = None  # id of the component that is imported, or runs in the foreground
        self.failed = False
        self.settings = None
        self.agent = self.store = self.nodes = None
        self.safe = self.new_agent = self._armed = False
        self.listener = None
        self._kept = None
        self._asked = False
        self.since = self.hour = self._began = self.polled = platform.ticks()
        self.hours = 0
        self._limit = 0
        self.wake()

    def wake(self, due=False):
        """Bring the agent back; `due` when it has something to do at once."""
        self._asked = self._asked or due
        if self.agent:
            return
        from uscomo import agent, consent, nodes, store

        if not self.store:
            self.store = store.Store()
            self.nodes = nodes.Nodes(self.store)
        if self.settings is None:
            self.settings = agent.settings(self.nodes)
        self.agent = agent.Agent(self.store, self.nodes, self.settings, platform.feed, say)
        self.listen()
        consent.mode = self.settings.get("consent", "console")
        if self._kept is None:
            self._keep()
        for name, value in zip(_KEPT, self._kept):
            setattr(self.agent, name, value)

    def listen(self):
        """Let the agent know what the app wants to be called for."""
        if self.agent:
            from uscomo import consent

            consent.callback = self._call(self.on_consent)
            consent.dialog = self._call(self.on_dialog)
            self.agent.on_answer = self._call(self.on_answer)

    def _call(self, callback):
        def called(first, second):
            try:
                return callback(first, second)
            except Exception as error:
                _show(error)

        return callback and called

    def _keep(self):
        self._kept = [getattr(self.agent, name) for name in _KEPT]

    def _rest(self):
        if self._limit is not None and self._limit < _REST:
            return
        if self.agent:
            self._keep()
            self.agent = self.store = self.nodes = None
            platform.end_phase(_DECIDERS + _MODULES)

    def setting(self, name, default=0):
        """A setting that is a number."""
        return int(self.settings.get(name, default))

    async def main(self, once):
        """Run until a restart; the apps end before it."""
        try:
            return await self._main(once)
        except SystemExit:
            if platform.resetting:
                await _watch().stop(self.tasks)
            raise

    async def _main(self, once):
        # Start the components, then serve the agent; `once` ends when nothing is left to do.
        foreground = _watch().start(self, say)
        await asyncio.sleep(0)
        while True:
            wait, trials = self._serve()
            # Not only when all is done: a server may be out of reach for long.
            if wait != 0 and not self._armed:
                self._armed = True
                bite = self.setting("watchdog")
                if bite and not platform.watchdog(bite):
                    say("no watchdog of %d ms" % bite)
            if foreground and wait != 0:
                entry = foreground
                foreground = None
                self._foreground(*entry)
                continue
            # Once: also when a server stays out of reach; what is queued is on flash.
            failures, outcome = self._kept[:2]
            rests = wait is None or wait > _LONG or failures >= _MAX_FAILURES or not outcome
            if once and not trials and rests:
                self.clean()
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

    def restart(self):
        """A planned restart: nothing that runs is blamed for it."""
        self.wake()
        self.store.plan_restart()
        self.store.commit()
        platform.reset()

    def end(self):
        """What follows a restart's exception: the restart."""
        if self.nap is not None:
            platform.sleep(self.nap)
        uscomo_boot.reset()

    def _serve(self):
        # One step of the agent: how long it wants to be left alone, the ids of what is on trial.
        # Whatever goes wrong in it, want of memory first of all, the apps go on.
        self._asked = False
        limits = ()
        try:
            self.wake()
            wait, trials, limits = self._step()
            self._keep()
        except Exception as error:
            self._give_up(error)
            # No memory to wait for, the app that has it has crashed; or an agent on trial has.
            if self.failed or self.new_agent:
                platform.reset()
            wait = _AFTER_FAILURE
            trials = ()
        self._began = platform.ticks()
        self._limit = wait
        for limit in limits:
            if limit and (self._limit is None or limit < self._limit):
                self._limit = limit
        return wait, trials

    def _step(self):
        # What the agent wants, the ids of what is on trial, what else limits a rest (0: nothing).
        if platform.resetting:
            platform.reset()  # an app has caught it
        limits = _watch().poll(self, say)
        # First: what has ended now is to be reported.
        clean, trials = _watch().tend(self, say)
        return self.advance(), trials, limits + (clean, _TRIAL_PAUSE if trials else 0)

    def advance(self):
        """Do what is due: 0 when something was; else what the agent wants, see Agent.step()."""
        work = self.agent.step()
        if not isinstance(work, tuple):
            return work
        # It is decided: the heap is for those who do it.
        self._keep()
        self.agent = None
        platform.let_go(_DECIDERS)
        result = perform(self.store, self.nodes, self.settings, platform.feed, say, work)
        self.wake()
        self.agent.ended(work, result)
        return 0

    def _give_up(self, error):
        # Nothing of the agent is trusted or kept in memory after this.
        if self.agent:
            self._keep()
        self.agent = self.store = self.nodes = None
        _end_phase(_RESIDENT)
        say("agent failed")
        _show(error)
        if self._kept:
            self._kept[0] += 1
            self._kept[1] = 0

    def _is_due(self):
        platform.feed()
        if self._asked or self.failed or platform.resetting:
            return True
        if self.listener and self.listener.waiting():
            return True
        return self._limit is not None and platform.elapsed(self._began) >= self._limit

    async def task(self, number, main):
        """Run an app beside the others."""
        try:
            await main()
        except (Exception, SystemExit) as error:
            # A restart that began in here goes on in _step().
            if not platform.resetting:
                self.crashed(number, error)

    def _foreground(self, number, id, main):
        self.running[number] = platform.ticks()
        self.front = id
        try:
            main()
        except (Exception, SystemExit) as error:
            if platform.resetting:
                raise
            self.crashed(number, error)
        self.front = None

    def crashed(self, number, error):
        """An app has raised this: keep what it says; on trial, the next start is an attempt."""
        self.running[number] = None
        _show(error)
        try:
            self.wake()
            from uscomo import lifecycle

            text = "%s: %s" % (type(error).__name__, error)
            if lifecycle.crashed(self.store, self.nodes, number, text, say):
                self.failed = True
        except (MemoryError, OSError):
            # It may be on trial: a start with a clean heap finds out.
            self.failed = True

    def clean(self):
        """This start was none of the abnormal ones."""
        if self.store and self.store.abnormal:
            self.store.abnormal = 0
            self.store.commit()


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
    _watch().begin(current, say)
    try:
        return asyncio.run(current.main(once))
    except SystemExit:
        if platform.resetting:
            current.end()
        raise
