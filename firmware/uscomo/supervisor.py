# Runs what is active: starts each component's entry, gives the agent its time beside them, ends
# trials. Never knows what a server is. Attempts are written here, once a start and before any
# component runs, so that whatever merely restarts the board uses none up.
import asyncio
import sys

import uscomo_boot
from uscomo import agent, consent, platform, store
from uscomo.constant import const
from uscomo.nodes import Nodes

_PAUSE = const(100)
_AFTER_FAILURE = const(60000)
_MAX_FAILURES = const(3)


def say(text):
    """One line of the agent on the console."""
    print("uscomo: " + text)


def settings(nodes):
    """The device's settings: what was provisioned as "~set/<name>", and its type."""
    found = {key[5:]: nodes.get(key).decode() for key in nodes.keys("~set/")}
    kind = nodes.get("DevDetail/DevTyp")
    found["DevTyp"] = kind.decode() if kind else sys.platform
    return found


def _show(error):
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        print(repr(error))


class Supervisor:
    """One start of the device."""

    def __init__(self):
        self.store = store.Store()
        self.nodes = Nodes(self.store)
        self.settings = settings(self.nodes)
        consent.mode = self.settings.get("consent", "console")
        self.agent = agent.Agent(self.store, self.nodes, self.settings, None, say)
        self.running = {}  # component number -> since when (ticks), None once it has ended
        self.tasks = []
        self.failed = False

    def begin(self):
        """Clean up, count this start against every trial; before anything runs."""
        self.store.collect()
        changed = False
        for row in self.store.rows:
            if row[store.STATE] != uscomo_boot.ACTIVE or not row[store.FLAGS] & uscomo_boot.TRIAL:
                continue
            changed = True
            if row[store.TRIES]:
                row[store.TRIES] -= 1
                continue
            # No attempt is left: the predecessor, which stage 0 has chosen, or nothing.
            say("component %s rolled back" % store.manifest(row[store.SLOT])["id"])
            row[store.FLAGS] &= ~uscomo_boot.TRIAL & 0xFF
            if row[store.FALL_BACK]:
                row[store.SLOT] = row[store.FALL_BACK]
            else:
                row[store.STATE] = uscomo_boot.INACTIVE
            row[store.FALL_BACK] = 0
        if changed:
            self.store.commit()

    async def main(self, once):
        """Start the components, then serve the agent; `once` ends when nothing is left to do."""
        foreground = self._start()
        await asyncio.sleep(0)
        while True:
            wait = self._step()
            trials = self._confirm()
            if wait is None and foreground:
                entry = foreground
                foreground = None
                self._foreground(*entry)
                continue
            # Once: also when a server stays out of reach; what is queued is on flash.
            if once and not trials and (wait is None or self.agent.failures >= _MAX_FAILURES):
                return
            await asyncio.sleep(min(wait or _PAUSE, _PAUSE) / 1000 if wait != 0 else 0)

    def _step(self):
        # Whatever goes wrong in the agent, the apps go on.
        try:
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
        foreground = None
        for row in self.store.rows:
            # What stage 0 chose: begin() has rolled back since, and taken this start's attempt.
            slot = row[store.SLOT]
            active = row[store.STATE] == uscomo_boot.ACTIVE
            entry = active and store.manifest(slot).get("entry")
            number = row[store.COMPONENT]
            if not entry:
                continue
            try:
                main = __import__(entry).main
            except Exception as error:
                self._crashed(number, error)
                continue
            if platform.is_async(main):
                self.running[number] = platform.ticks()
                self.tasks.append(asyncio.create_task(self._task(number, main)))
            elif foreground:
                say("component %s not started: one foreground app" % store.manifest(slot)["id"])
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
        for row in self.store.rows:
            if row[store.COMPONENT] == number:
                say("component %s crashed" % store.manifest(row[store.SLOT])["id"])
                _show(error)
                # The next start is the next attempt.
                self.failed = self.failed or bool(row[store.FLAGS] & uscomo_boot.TRIAL)

    def poll(self):
        """Give the agent its time, from a foreground app."""
        self._step()
        self._confirm()

    def _confirm(self):
        # How many trials go on. A trial is over when its app has run long enough.
        if self.failed:
            platform.reset()
        wanted = int(self.settings.get("confirm_after", "10")) * 1000
        trials = 0
        for row in self.store.rows:
            if row[store.STATE] != uscomo_boot.ACTIVE or not row[store.FLAGS] & uscomo_boot.TRIAL:
                continue
            since = self.running.get(row[store.COMPONENT])
            entry = store.manifest(row[store.SLOT]).get("entry")
            if not entry or (since is not None and platform.elapsed(since) >= wanted):
                self.confirm(row)
            else:
                trials += 1
        return trials

    def confirm(self, row):
        """End a component's trial."""
        self.store.confirm(row)
        self.store.commit()
        say("component %s confirmed" % store.manifest(row[store.SLOT])["id"])


current = None


def run(once=False):
    """What main.py does. With `once`, returns the last session's outcome when idle."""
    global current
    try:
        current = Supervisor()
    except store.Record:
        say("SAFE MODE: both copies of the record are broken; nothing runs, nothing is written")
        return None
    current.begin()
    asyncio.run(current.main(once))
    return current.agent.outcome
