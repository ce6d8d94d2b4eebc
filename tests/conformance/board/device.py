# One start of the device that is tested, on CPython as on MicroPython: what boot.py and main.py
# do, until the agent rests. The argument names a file of JSON: path (folders), root, ask (what
# its user does first), free (bytes that the flash has left), hold (a line at which the power may
# be cut), datagrams (of servers that call, in hexadecimal) and the port that they go to, alerts
# (code, type, data: told in the next session), seed (of what is random, for the same bytes),
# bootstrap (the file of a message, and a PIN), unset (nobody has set its clock).
import json
import os
import sys
import time

with open(sys.argv[1]) as file:  # as an argument it may be too long for the VM
    given = json.load(file)
if sys.implementation.name == "micropython":
    sys.path[:] = given["path"] + [".frozen"]
else:
    sys.path[:0] = given["path"]

import uscomo_boot

# Exit codes by the last session's outcome; 1 is what an interpreter ends with when it fails.
EXITS = {1: 0, 2: 4, 3: 4, 6: 3}
OTHER = 5


def main():
    uscomo_boot.ROOT = given["root"]
    if given.get("seed") is not None:
        sys.modules["os"] = Seeded(given["seed"])
    if given.get("unset"):
        sys.modules["time"] = sys.modules["machine"] = Unset()
    uscomo_boot.start()
    import uscomo
    from uscomo import platform, supervisor

    if given.get("datagrams"):
        called([bytes.fromhex(datagram) for datagram in given["datagrams"]])
    if given.get("free") is not None:
        platform.free = lambda path: given["free"]
    if given.get("alerts"):
        tell(given["alerts"])
    if given.get("hold"):
        supervisor.say = holding(supervisor.say)
    if given.get("bootstrap"):
        path, pin = given["bootstrap"]
        with open(path, "rb") as file:
            message = file.read(4096)
        try:
            print("bootstrapped", uscomo.bootstrap(message, pin))
        except ValueError as error:
            print("bootstrap refused:", error)
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


class Seeded:
    """In place of `os`, whose octets are random."""

    def __init__(self, state):
        self.state = state

    def __getattr__(self, name):
        return getattr(os, name)

    def urandom(self, size):
        made = bytearray(size)
        for i in range(size):
            self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
            made[i] = self.state >> 16 & 0xFF
        return bytes(made)


class Unset:
    """In place of `time` and `machine`: a clock that begins in 2021, as an RP2040's does."""

    now = (2021, 1, 1)

    def __getattr__(self, name):
        return getattr(time, name)

    def gmtime(self, seconds=None):
        return self.now if seconds is None else time.gmtime(seconds)

    def RTC(self):
        return self

    def datetime(self, now):
        self.now = now
        print("clock set to", now[0])


def tell(alerts):
    """Put alerts into the next session: (code, type, data)."""
    from uscomo import agent

    class Telling(agent.Agent):
        def _reports(self, name):
            found = super()._reports(name)
            while alerts:
                code, kind, data = alerts.pop()
                alert = agent.Alert()
                alert.code = code
                alert.type = kind
                alert.data = data
                found.append(alert)
            return found

        def ended(self, due, result):
            return None if isinstance(due[0], str) else super().ended(due, result)

    agent.Agent = Telling


def called(datagrams):
    """What the agent does when datagrams have come."""
    import socket

    from uscomo import notify
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    port = given["port"]
    listener = notify.Listener(port)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nodes = Nodes(Store())
    for datagram in datagrams:
        sender.sendto(datagram, socket.getaddrinfo("127.0.0.1", port)[0][-1])
        entry = listener.poll(nodes)
        listener._refused = None  # who tests does not wait a second
        print("package 0:", entry[1].decode() if entry else "none")
        if entry:
            nodes.set("~check/" + entry[0], entry[1])
            nodes.commit()
    sender.close()
    listener.close()


def holding(say):
    def held(text):
        say(text)
        if text.startswith(given["hold"]):
            sys.stdin.read(1)  # the host cuts the power here

    return held


main()
