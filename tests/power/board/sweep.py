# One verb on one medium, cut again and again; started by tests/power/sweep.py. Arguments: three
# folders for sys.path, the verb, the medium, the step between cuts, the packages' file.
import gc
import hashlib
import json
import sys

import vfs

verb, medium, step, packages = sys.argv[4:8]
sys.path[:] = sys.argv[1:4]

import medium as media  # noqa: E402
import verbs  # noqa: E402

with open(packages) as file:
    given = json.load(file)
from binascii import unhexlify  # noqa: E402

verbs.ANCHOR[:] = given["key_id"], unhexlify(given["modulus"])
for name, content in given["packages"].items():
    verbs.PACKAGES[name] = unhexlify(content)

# Verbs that a start takes up again where the power went.
FINISHED = ("install", "install-inactive", "update", "deactivate", "activate", "remove")

device = media.MEDIA[medium]()


def started(function):
    """Mount, call, unmount; an exception is returned, not raised."""
    device.mount()
    try:
        return function(), None
    except Exception as error:
        return None, error
    finally:
        try:
            vfs.umount("/flash")
        except OSError:
            pass


def required(function):
    value, error = started(function)
    if error:
        raise error
    return value


def recover():
    """After a cut: what a start finds, then the rest of the work, then what is found."""
    found = verbs.state()
    if verb != "accept":
        verbs.run_pending()
    return found, verbs.state()


device.format()
required(verbs.factory)
before, act = verbs.VERBS[verb]
for function in before:
    required(function)
base = bytes(device.image)
old = required(verbs.state)
device.image[:] = base
device.power_on()
required(act)
total = device.writes
new = required(verbs.state)
violations = []
seen = set()
points = 0
images = 0
for number in range(1, total + 1, int(step)):
    for landed in media.TORN:
        points += 1
        device.image[:] = base
        device.power_on(number, landed)
        started(act)
        gc.collect()  # files that were never closed write now, in vain, and not into a later image
        device.power_on()
        mark = hashlib.sha256(device.image).digest()
        if mark in seen:
            continue
        seen.add(mark)
        images += 1
        result, error = started(recover)
        if error:
            violations.append([number, landed, repr(error)])
            continue
        found, after = result
        if found not in (old, new):
            violations.append([number, landed, "mixed: %r" % (found,)])
        elif verb in FINISHED and after != new:
            violations.append([number, landed, "not finished: %r" % (after,)])
print(
    json.dumps(
        {
            "verb": verb,
            "medium": medium,
            "writes": total,
            "points": points,
            "images": images,
            "violations": violations,
        }
    )
)
