# One start of the device that is tested, on CPython as on MicroPython: what boot.py and main.py
# do, until the agent rests. The argument is JSON: path (folders), root, ask (what its user does
# first), free (bytes that the flash has left), hold (a line at which the power may be cut).
import json
import sys

given = json.loads(sys.argv[1])
if sys.implementation.name == "micropython":
    sys.path[:] = given["path"] + [".frozen"]
else:
    sys.path[:0] = given["path"]

import uscomo_boot  # noqa: E402

# Exit codes by the last session's outcome; 1 is what an interpreter ends with when it fails.
EXITS = {1: 0, 2: 4, 3: 4, 6: 3}
OTHER = 5


def main():
    uscomo_boot.ROOT = given["root"]
    uscomo_boot.start()
    import uscomo
    from uscomo import platform, supervisor

    if given.get("free") is not None:
        platform.free = lambda path: given["free"]
    if given.get("hold"):
        supervisor.say = holding(supervisor.say)
    for kind, id, cause in given.get("ask") or ():
        if kind == "install":
            uscomo.request_install(id, cause)
        elif kind == "update":
            uscomo.request_update(id, cause)
        else:
            uscomo.check()
    # As main.py: the start counts as an attempt of what is on trial.
    if hasattr(uscomo_boot, "attempt"):
        uscomo_boot.attempt()
    sys.exit(EXITS.get(uscomo.run(True), OTHER))


def holding(say):
    def held(text):
        say(text)
        if text.startswith(given["hold"]):
            sys.stdin.read(1)  # the host cuts the power here

    return held


main()
