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


def request_install(id, cause="User", account=None):
    """Ask the server for an application by its package id; the answer appears on the console."""
    _agent(True).request("install", id, cause, account)


def request_update(id="", cause="User", account=None):
    """Ask the server for an update of one component, or of all."""
    _agent(True).request("update", id, cause, account)


def check():
    """Open a session with every server at the next opportunity."""
    _agent(True).check()


def bootstrap(message, pin=""):
    """Take an account from a bootstrap message: names of accounts; ValueError if it is no good."""
    return _author().bootstrap(message, pin)


def status():
    """What is installed, as a list of dicts: id, version, state, trial."""
    return _author().status(_agent().store)


def confirm(id=None):
    """Say that a component on trial works."""
    _author().confirm(id)


def rollback(id=None):
    """Go back to the version that a component had before, and restart; ValueError without one."""
    _author().rollback(id)


def leave_safe_mode():
    """Start the components again."""
    _author().restart()


def sleep(ms):
    """The run has ended well: sleep deeply, then start anew. Does not return."""
    _author().sleep(ms)


def asset(path):
    """The full path of a file that came with a component: the one that calls comes first."""
    return _author().asset(path)


def data_dir(id=None):
    """A component's folder for its own files; it survives update and roll-back."""
    return _author().data_dir(id)


def params(id=None):
    """The parameters that the server installed a component with, as text."""
    return _author().params(id)


def log(text):
    """A line on the console, with the component's id."""
    _author().log(text)


def on_consent(callback):
    """Ask the user by callback(text, default): True, False, or None for later."""
    _author().listen("on_consent", callback)


def on_dialog(callback):
    """Show a server's texts and questions by callback(text, about); None cancels a question."""
    _author().listen("on_dialog", callback)


def on_answer(callback):
    """Have callback(id, answer) called when a request is answered."""
    _author().listen("on_answer", callback)


def _author():
    from uscomo import author

    return author


def _agent(due=False):
    # The running agent, or one just for this call (from the REPL, or over a cable).
    return _author().held(due).agent
