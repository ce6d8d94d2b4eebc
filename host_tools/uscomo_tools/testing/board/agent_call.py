# On a board under test: call one function of uscomo. What stands in front of it: NAME, ARGUMENTS.
import json

import uscomo

print("\nresult:", json.dumps(getattr(uscomo, NAME)(*ARGUMENTS)))
