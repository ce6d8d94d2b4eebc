# On the board: queue a request. Arguments: install | update | check, and the id.
import sys

import uscomo

kind, wanted = sys.argv[1:]
if kind == "install":
    uscomo.request_install(wanted)
elif kind == "update":
    uscomo.request_update(wanted)
else:
    uscomo.check()
