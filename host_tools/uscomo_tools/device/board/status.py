# On the board: print what is installed, as one line of JSON.
import json

import uscomo

print(json.dumps(uscomo.status()))
