# On a Pico W, in the raw REPL: one verified exchange over TLS, from a clock that nobody has set.
# What stands in front of it: URL, SSID, NTP. Prints a line of JSON: the status, the milliseconds
# of the exchange, the heap in use before, in the middle and after.
import gc
import json
import time

from uscomo import clock, http, platform, secure
from uscomo.nodes import Nodes
from uscomo.store import Store


def used():
    gc.collect()
    return gc.mem_alloc()


nodes = Nodes(Store())
said = []
platform.begin_phase({"ntp": NTP}, said.append, nodes)
known = clock.known()
# Joins the network: nobody is reached before.
try:
    http.request("GET", URL.replace("https", "http"), (), None, 30, None).close()
except http.HttpError:
    pass
before = used()
peak = []
wrap = secure.wrap


def wrapped(sock, host):
    stream = wrap(sock, host)
    peak.append(used())
    return stream


secure.wrap = wrapped
began = time.ticks_ms()
answer = http.request("GET", URL, (), None, 60, None)
took = time.ticks_diff(time.ticks_ms(), began)
peak.append(used())
answer.close()
status = answer.status
del answer
print(
    json.dumps(
        {
            "status": status,
            "ms": took,
            "heap": [before, max(peak), used()],
            "known": [known, clock.known()],
            "said": said,
        }
    )
)
