# On the board: queue a request for each of the ids in the arguments.
import sys

import uscomo

for wanted in sys.argv[1:]:
    uscomo.request_install(wanted)
