# What a host at the cable asks of a board that it has interrupted: sessions with its account
# `local`, through `link`, and what is installed. Called from the REPL by uscomo_tools.board.local,
# so the names stay. Imported by nothing else; costs nothing where there is no such host.
#
# The host has stopped what ran; serve() and leave() end in a planned restart, so that no trial
# loses an attempt. Also when the host is gone: then the link says so soon.
import json
import os
import sys

import uscomo_boot
from uscomo import platform, store


def serve(kind, id):
    """Hold sessions with the account `local` and run its operations, then start anew.

    kind: "check", or what the user asks for, "install" or "update" of an id.
    """
    from uscomo import link

    platform.cable = True
    platform.carrier = link.connect
    try:
        _serve(kind, id)
    except SystemExit:
        if not platform.resetting:
            raise
    except Exception as error:
        # The restart would hide it.
        sys.print_exception(error)
    finally:
        leave()


def _serve(kind, id):
    from uscomo import consent, supervisor

    here = supervisor.Supervisor()
    # It cannot be stopped once main.py has armed it, so that it has to be fed from here.
    bite = here.setting("watchdog")
    if bite:
        platform.watchdog(bite)
    if here.settings.get("consent") == "none":
        # There is a console now.
        here.settings["consent"] = consent.mode = "console"
    # A trial that goes on is told at once: the host's next wish is not to wait for its end.
    here.settings["trial_report"] = "0"
    if kind == "check":
        here.agent.polling = ["local"]
    else:
        here.agent.request(kind, id, "User", "local")
    while here.advance() == 0 and not here.agent.failures:
        pass


def leave():
    """A planned restart, into main.py from the friendly REPL; safe mode stays."""
    stored = store.Store()
    safe = stored.flags
    stored.plan_restart()
    stored.flags = safe
    stored.commit()
    print("uscomo: cable ended")
    uscomo_boot.reset()


def listed():
    """Print what a host wants to know, in lines of JSON: the device, then each component."""
    from uscomo import nodes

    stored = store.Store()
    values = nodes.Nodes(stored)
    settings = {key[5:]: values.get(key).decode() for key in values.keys("~set/")}
    settings["DevTyp"] = (values.get("DevDetail/DevTyp") or b"").decode()
    settings["id"] = (values.get("DevInfo/DevId") or b"").decode()
    settings["root"] = (values.get("DMAcc/local/Ext/ScomoRoot") or b"").decode()
    settings["state"] = stored.flags & uscomo_boot.SAFE
    folder = uscomo_boot.ROOT + "/k/"
    # Of one that was revoked an empty file is left.
    settings["signer"] = [name for name in os.listdir(folder) if store.size(folder + name)]
    settings["mpy"] = platform.mpy()
    print(json.dumps(settings))
    for row in stored.rows:
        about = store.manifest(row[store.SLOT])
        found = {name: about.get(name) for name in ("id", "version", "signer", "entry", "agent")}
        found["state"] = row[store.STATE]
        found["trial"] = row[store.FLAGS] & uscomo_boot.TRIAL
        found["size"] = _size(store.slot_path(row[store.SLOT]))
        print(json.dumps(found))


def _size(path):
    size = 0
    for name in os.listdir(path):
        name = path + "/" + name
        mode = os.stat(name)[0]
        size += _size(name) if mode & 0x4000 else store.size(name)
    return size
