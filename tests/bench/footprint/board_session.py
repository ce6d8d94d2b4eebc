# A DM session as the agent holds it, over recorded server messages: the whole talk phase.
# `prepare` is what happened long before, `run` is what is measured.
import os

import board_bench
import board_server
from micropython import const

FOLDER = "/bench/request/"
# Not names that the board would keep: what it keeps is measured.
_ACCOUNT = const("bench")
_TYPE = const("application/vnd.syncml.dm+wbxml")

messages = []


class Request:
    # "Please install": what an app's request becomes (SCOMO 1.1, update request of a user).
    code = 1226
    type = "urn:oma:at:scomo:1.1:UpdateUserRequest"
    format = "chr"
    mark = None
    source = "./SCOMO"
    target = None
    data = "com.example.bench"
    correlator = None
    items = ()
    status = 0
    code = 1226


def prepare():
    # A device that has its account and no history, and the messages in memory: they stand for
    # a socket, and are no part of the agent's need.
    board_bench.fresh_root()
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    nodes = Nodes(Store())
    with open("/bench/nodes", "rb") as file:
        for line in file:
            key, _, value = line.rstrip().partition(b" ")
            nodes.set(key.decode(), value)
    nodes.commit()
    for name in sorted(os.listdir(FOLDER)):
        with open(FOLDER + name, "rb") as file:
            messages.append((_TYPE, file.read()))


def run(alerts=(Request,)):
    # As the agent does: collect often, the buffers first, then the modules.
    from uscomo import consent, platform
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    stored = Store()
    nodes = Nodes(stored)
    platform.begin_phase()
    receive = bytearray(2048)
    send = bytearray(2048)
    from uscomo import http, talk

    # Taken out of the module: what stays there would look like the agent's.
    server = board_server.Server(messages[:])
    messages.clear()
    http.connect = server.connect
    del http
    consent.mode = "yes"
    outcome = talk.talk(stored, nodes, _ACCOUNT, b"1", 1201, alerts, receive, send, None)
    if outcome != 1 or server.connections != len(server.answers):
        raise RuntimeError(f"session ended with {outcome} at {server.connections}")
    if len(stored.pending()) != len(alerts):
        raise RuntimeError("nothing was accepted")
    return server.up, server.down
