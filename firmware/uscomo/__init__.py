"""uscomo on the board: what an app's author calls. Imports happen inside the functions."""

# Costs next to nothing to import; everything it needs is loaded by the call that needs it.


def run(once=False):
    """Start the active components and the agent; called by main.py."""
    from uscomo import supervisor

    return supervisor.run(once)


def poll():
    """Give the agent its time; for a foreground app, called in its loop."""
    from uscomo import supervisor

    if supervisor.current:
        supervisor.current.poll()


def asset(path):
    """The full path of a file that came with a component."""
    import os
    import sys

    import uscomo_boot

    for folder in sys.path:
        if folder.startswith(uscomo_boot.ROOT + "/c/"):
            try:
                os.stat(folder + "/" + path)
                return folder + "/" + path
            except OSError:
                pass
    raise OSError(2)


def request_install(id, cause="User", account=None):
    """Ask the server for an application by its package id; the answer appears on the console."""
    _agent(True).request("install", id, cause, account)


def request_update(id="", cause="User", account=None):
    """Ask the server for an update of one component, or of all."""
    _agent(True).request("update", id, cause, account)


def check():
    """Open a session with every server at the next opportunity."""
    _agent(True).check()


def status():
    """What is installed, as a list of dicts: id, version, state, trial."""
    from uscomo import store

    found = []
    for row in _agent().store.rows:
        about = store.manifest(row[store.SLOT])
        found.append(
            {
                "id": about["id"],
                "version": about["version"],
                "state": row[store.STATE],
                "trial": bool(row[store.FLAGS] & 1),
            }
        )
    return found


def confirm(id):
    """Say that a component on trial works."""
    from uscomo import lifecycle, supervisor

    stored = _agent().store
    row = stored.find(id)
    if row is None:
        raise ValueError("no such component")
    lifecycle.confirm(stored, row, supervisor.say)


def _agent(due=False):
    # The running agent, or one just for this call (from the REPL, or over a cable).
    from uscomo import supervisor

    if not supervisor.current:
        return supervisor.Supervisor().agent
    supervisor.current.wake(due)
    return supervisor.current.agent
