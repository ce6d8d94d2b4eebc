# What the author's interface does behind __init__: for the component that calls, with the agent
# that runs, or with one just for the call (from the REPL, or over a cable). Imported by the call.
import asyncio
import os
import sys

import uscomo_boot
from uscomo import supervisor


def held(due=False):
    """The supervisor that runs, awake; or one just for this call."""
    here = supervisor.current
    if here:
        here.wake(due)
    return here or supervisor.Supervisor()


def whose(id=None):
    """The id, or that of the component whose code calls; ValueError where nobody knows."""
    if id:
        return id
    if supervisor.current:
        try:
            running = asyncio.current_task()
        except RuntimeError:
            running = None
        for task, id in supervisor.current.tasks:
            if task is running:
                return id
        if supervisor.current.front:
            return supervisor.current.front
    raise ValueError("which component?")


def status(stored):
    """What is installed, as a list of dicts."""
    from uscomo import store

    found = []
    for row in stored.rows:
        about = store.manifest(row[store.SLOT])
        active = row[store.STATE] == uscomo_boot.ACTIVE
        found.append(
            {
                "id": about["id"],
                "version": about["version"],
                "state": row[store.STATE],
                "trial": bool(active and row[store.FLAGS] & uscomo_boot.TRIAL),
            }
        )
    return found


def confirm(id):
    """End a component's trial well; while it runs, this start is a clean one."""
    from uscomo import lifecycle

    here = held()
    lifecycle.confirm(here.store, _row(here, id), supervisor.say)
    if supervisor.current:
        here.clean()


def rollback(id):
    """Go back to the retained version, and restart."""
    from uscomo import lifecycle

    here = held()
    lifecycle.roll_back(here.store, _row(here, id), supervisor.say)
    _restart(here)


def restart():
    """A planned restart, which ends safe mode."""
    _restart(held())


def _restart(here):
    if supervisor.current:
        here.restart()
    # Over a cable: what runs next has changed, the start after this is the one that counts.
    here.store.plan_restart()
    here.store.commit()


def _row(here, id):
    row = here.store.find(whose(id))
    if row is None:
        raise ValueError("no such component")
    return row


def sleep(ms):
    """End this run well and sleep: it was a clean one, and a whole one for trials."""
    from uscomo import lifecycle

    here = held()
    here.nap = ms
    lifecycle.end_trials(here.store, here.running, 0, supervisor.say)
    here.restart()


def asset(path):
    """The full path of a file that came with a component: the one that calls comes first."""
    from uscomo import store

    try:
        own = whose()
    except ValueError:
        own = None
    found = None
    root = uscomo_boot.ROOT + "/c/"
    for folder in sys.path:
        if folder.startswith(root):
            name = folder + "/" + path
            try:
                os.stat(name)
            except OSError:
                continue
            if own in (None, store.manifest(int(folder[len(root) :]))["id"]):
                return name
            found = found or name
    if not found:
        raise OSError(2)
    return found


def data_dir(id):
    """A component's own folder, made where there is none."""
    base = uscomo_boot.ROOT + "/a"
    for path in (base, base + "/" + whose(id)):
        try:
            os.mkdir(path)
        except OSError as error:
            if error.args[0] != 17:
                raise
    return path


def params(id):
    """The parameters that a component was installed with."""
    from uscomo import store

    here = held()
    slot = _row(here, id)[store.SLOT]
    return (here.nodes.get("~params/%d" % slot) or b"").decode()


def log(text):
    """A line on the console."""
    print("%s: %s" % (whose(None), text))


def bootstrap(message, pin):
    """Take accounts from a bootstrap message; the first session with their servers is due."""
    from uscomo import platform

    if supervisor.current:
        nodes = held(True).nodes
    else:
        # Over a cable the heap is for the message, not for an agent.
        from uscomo.nodes import Nodes
        from uscomo.store import Store

        nodes = Nodes(Store())
    from uscomo import onboard

    try:
        names = onboard.take(nodes, message, pin)
    finally:
        platform.end_phase(onboard.MODULES)
    for name in names:
        supervisor.say("account %s" % name)
    return names


def listen(name, callback):
    """Have an app called by the agent."""
    here = held()
    setattr(here, name, callback)
    here.listen()
