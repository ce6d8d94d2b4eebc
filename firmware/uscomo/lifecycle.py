# Starts, trials and roll-back of components, as changes of the record. Never runs a component and
# knows nothing of DM. Imported when something is due and let go after it.
#
# main.py has counted the start already (uscomo_boot.attempt), so of a component on trial one of
# three things is true:
#   1. it had an attempt left, which this start uses up: it runs, and a clean run confirms it;
#   2. it had none: stage 0 has chosen its predecessor, settle() makes that the record's view;
#   3. this start is the agent's alone (safe mode): it does not run, settle() ends its trial.
import uscomo_boot
from uscomo import platform, store
from uscomo.constant import const

_OK = const(1200)
_ROLLED_BACK = const(1251)
_RAISED = const(1472)
_HUNG = const(1473)
_NO_SESSION = const(1474)
_UNSAFE = const(1475)
# Of what a component raised.
_MAX_ERROR = const(120)


def settle(stored, say):
    """End the trials that are used up, see to safe mode; before anything runs. True when safe."""
    undone = []
    for row in _trials(stored):
        if row[store.COMPONENT] in uscomo_boot.spent:
            flags = row[store.FLAGS]
            code = _RAISED if flags & uscomo_boot.CRASHED else _HUNG
            _undo(stored, row, _NO_SESSION if flags & uscomo_boot.AGENT else code, undone)
    if undone:
        # It explains the abnormal starts.
        stored.abnormal = 0
        stored.commit()
    elif uscomo_boot.lone and not stored.flags & uscomo_boot.SAFE:
        stored.flags |= uscomo_boot.SAFE
        for row in _trials(stored):
            # An agent on trial runs right now; its attempts end by themselves.
            if not row[store.FLAGS] & uscomo_boot.AGENT:
                _undo(stored, row, _UNSAFE, undone)
        stored.commit()
    # Who hears this may take the power away.
    for row in undone:
        say("component %s rolled back" % id_of(row))
    if stored.flags & uscomo_boot.SAFE:
        say("SAFE MODE: too many abnormal starts; no component is started")
    return stored.flags & uscomo_boot.SAFE


def _undo(stored, row, code, undone):
    # The predecessor, or nothing: what failed is to prove itself again when it is activated.
    row[store.FLAGS] &= ~uscomo_boot.CRASHED & 0xFF
    if row[store.FALL_BACK]:
        row[store.SLOT] = row[store.FALL_BACK]
        stored.confirm(row)  # which a downgrade that failed had taken the floor from
    else:
        row[store.STATE] = uscomo_boot.INACTIVE
        row[store.TRIES] = store.ATTEMPTS
    row[store.FALL_BACK] = 0
    stored.conclude(row[store.COMPONENT], code)
    undone.append(row)


def entries(stored):
    """What is to be started: (component number, id, entry module) of each active component."""
    for row in stored.rows:
        # What stage 0 chose: settle() has rolled back, attempt() has taken this start's attempt.
        if row[store.STATE] == uscomo_boot.ACTIVE:
            about = store.manifest(row[store.SLOT])
            if about.get("entry"):
                yield row[store.COMPONENT], about["id"], about["entry"]


def end_trials(stored, running, wanted, say):
    """Confirm what has run for so many milliseconds; the ids of what is on trial still.

    `running` maps component numbers to the ticks since when they run, None once they have ended.
    An agent is confirmed by a session, never by time.
    """
    left = []
    for row in _trials(stored):
        about = store.manifest(row[store.SLOT])
        if not row[store.FLAGS] & uscomo_boot.AGENT:
            since = running.get(row[store.COMPONENT])
            if not about.get("entry") or (since is not None and platform.elapsed(since) >= wanted):
                confirm(stored, row, say)
                continue
        left.append(about["id"])
    return left


def confirm(stored, row, say):
    """End a component's trial: it works."""
    if row not in _trials(stored):
        return
    stored.confirm(row)
    stored.conclude(row[store.COMPONENT], _OK)
    stored.commit()
    say("component %s confirmed" % id_of(row))


def roll_back(stored, row, say):
    """Go back to the retained version by hand, without a trial; counts with commit().

    ValueError when nothing is retained. The version that ran is retained instead, if it had
    proved itself. A restart has to follow.
    """
    slot = row[store.FALL_BACK]
    if not slot:
        raise ValueError("nothing retained")
    row[store.FALL_BACK] = 0 if row[store.FLAGS] & uscomo_boot.TRIAL else row[store.SLOT]
    row[store.SLOT] = slot
    row[store.FLAGS] &= uscomo_boot.AGENT
    stored.conclude(row[store.COMPONENT], _ROLLED_BACK)
    say("component %s back to %s" % (id_of(row), store.manifest(slot)["version"]))


def crashed(stored, nodes, number, text, say):
    """Keep what a component raised; True when it is on trial: the next start is an attempt."""
    for row in stored.rows:
        if row[store.COMPONENT] == number:
            break
    else:
        return False
    trial = row in _trials(stored)
    if trial:
        row[store.FLAGS] |= uscomo_boot.CRASHED
        stored.commit()
    say("component %s crashed" % id_of(row))
    key = "~error/" + id_of(row)
    text = text[:_MAX_ERROR].encode()
    # A crash at every start must not wear the flash out.
    if nodes.get(key) != text:
        nodes.set(key, text)
        try:
            nodes.commit()
        except OSError:
            nodes.discard()  # no room for it is no reason to start over
    return trial


def on_trial(stored, number):
    """Whether a component is on trial."""
    return number in [row[store.COMPONENT] for row in _trials(stored)]


def new_agent(stored):
    """The row of the agent that runs on trial, or None."""
    for row in _trials(stored):
        if row[store.FLAGS] & uscomo_boot.AGENT:
            return row
    return None


def id_of(row):
    """The id of a row's component."""
    return store.manifest(row[store.SLOT])["id"]


def _trials(stored):
    return [
        row
        for row in stored.rows
        if row[store.STATE] == uscomo_boot.ACTIVE and row[store.FLAGS] & uscomo_boot.TRIAL
    ]
