# Starts, trials and roll-back of components, as changes of the record. Never runs a component and
# knows nothing of DM. Imported when something is due and let go after it.
import uscomo_boot
from uscomo import platform, store


def count_start(stored, say):
    """Count this start against every trial, before any component runs; end those used up."""
    changed = False
    for row in _trials(stored):
        changed = True
        if row[store.TRIES]:
            row[store.TRIES] -= 1
            continue
        # No attempt is left: the predecessor, which stage 0 has chosen, or nothing.
        say("component %s rolled back" % id_of(row))
        row[store.FLAGS] &= ~uscomo_boot.TRIAL & 0xFF
        if row[store.FALL_BACK]:
            row[store.SLOT] = row[store.FALL_BACK]
        else:
            row[store.STATE] = uscomo_boot.INACTIVE
        row[store.FALL_BACK] = 0
    if changed:
        stored.commit()


def entries(stored):
    """What is to be started: (component number, id, entry module) of each active component."""
    for row in stored.rows:
        # What stage 0 chose: count_start() has rolled back, and taken this start's attempt.
        if row[store.STATE] == uscomo_boot.ACTIVE:
            about = store.manifest(row[store.SLOT])
            if about.get("entry"):
                yield row[store.COMPONENT], about["id"], about["entry"]


def end_trials(stored, running, wanted, say):
    """Confirm what has run for so many milliseconds; how many trials go on.

    `running` maps component numbers to the ticks since when they run, None once they have ended.
    """
    left = 0
    for row in _trials(stored):
        since = running.get(row[store.COMPONENT])
        entry = store.manifest(row[store.SLOT]).get("entry")
        if not entry or (since is not None and platform.elapsed(since) >= wanted):
            confirm(stored, row, say)
        else:
            left += 1
    return left


def confirm(stored, row, say):
    """End a component's trial: it works."""
    if not row[store.FLAGS] & uscomo_boot.TRIAL:
        return
    stored.confirm(row)
    stored.commit()
    say("component %s confirmed" % id_of(row))


def on_trial(stored, number):
    """Whether a component is on trial."""
    return number in [row[store.COMPONENT] for row in _trials(stored)]


def id_of(row):
    """The id of a row's component."""
    return store.manifest(row[store.SLOT])["id"]


def _trials(stored):
    for row in stored.rows:
        if row[store.STATE] == uscomo_boot.ACTIVE and row[store.FLAGS] & uscomo_boot.TRIAL:
            yield row
