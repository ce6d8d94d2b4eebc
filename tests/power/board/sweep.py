# One verb on one medium, cut at its writes, and its recovery cut again; started by
# tests/power/sweep.py. Arguments: three folders for sys.path, then JSON: verb, medium, step (of
# first cuts), second (step of second cuts, 0 for none), mutation, packages (a file).
#
# What runs up to a cut is the same whatever comes after it: so the writes of one run are written
# down, and each image that a cut leaves is made from them. Each distinct one is started.
import json
import sys

import vfs

given = json.loads(sys.argv[4])
sys.path[:] = sys.argv[1:4] + [".frozen"]

from binascii import unhexlify  # noqa: E402

import medium  # noqa: E402
import verbs  # noqa: E402

with open(given["packages"]) as file:
    kept = json.load(file)
for name in ("keys", "statements", "packages"):
    for key, text in kept[name].items():
        getattr(verbs, name.upper())[key] = unhexlify(text)

device = medium.MEDIA[given["medium"]]()
verb = verbs.VERBS[given["verb"]]


def started(function):
    """Mount, call, unmount; an exception is returned, not raised."""
    device.trace = []
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
    if verb.finished:
        verbs.work()
    elif verb.again:
        verb.again()
    return found, verbs.state()


def judged(result, error):
    """What is wrong with a recovery, or None. A state is (what runs, values, the rest)."""
    if error:
        return repr(error)
    found, after = result
    if found[0] not in [known[0] for known in chain]:
        return "neither the old nor the new set: %r" % (found[0],)
    if found[1] not in [known[1] for known in chain]:
        return "neither the old nor the new values: %r" % (found[1],)
    if verb.finished and after != new:
        return "not finished: %r" % (after,)
    if not verb.finished and after not in chain:
        return "mixed: %r" % (after,)
    if verb.again and found in chain and chain.index(after) <= chain.index(found):
        return "nothing came of it: %r" % (after,)
    return None


device.format()
verbs.mutate(given["mutation"])
required(verbs.factory)
for function in verb.before:
    required(function)
base = bytes(device.image)
old = required(verbs.state)
device.image[:] = base
required(verb.act)
trace = device.trace
new = required(verbs.state)
# Where each start does something: what it comes to, up to the one after a second cut.
chain = [old, new]
while verb.again and len(chain) < 4:
    required(verb.again)
    chain.append(required(verbs.state))
# A verb that failed would be swept in vain.
if not given["mutation"]:
    verb.check(old, new)

violations = []
first = set()
second = set()
points = more = 0
# Made once: a heap in use has no such hole.
image = bytearray(medium.SIZE)
left = bytearray(medium.SIZE)
for number, torn, mark in medium.cuts(image, base, trace, given["step"]):
    points += 1
    if mark in first:
        continue
    first.add(mark)
    device.image[:] = image
    wrong = judged(*started(recover))
    if wrong:
        violations.append([number, torn, 0, "", wrong])
        continue
    if not given["second"]:
        continue
    rest = device.trace
    for again, also, mark in medium.cuts(left, image, rest, given["second"]):
        more += 1
        if mark in second or mark in first:
            continue
        second.add(mark)
        device.image[:] = left
        wrong = judged(*started(recover))
        if wrong:
            violations.append([number, torn, again, also, wrong])
print(
    json.dumps(
        {
            "verb": given["verb"],
            "medium": given["medium"],
            "writes": len(trace),
            "points": points,
            "images": len(first),
            "second_points": more,
            "second_images": len(second),
            "violations": violations,
        }
    )
)
