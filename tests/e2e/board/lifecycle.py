# On the board: print the component rows, results, header and where the agent comes from as JSON.
import json

import uscomo
from uscomo import store

stored = store.Store()
print(
    json.dumps(
        {
            "agent": uscomo.__file__,
            "rows": stored.rows,
            "results": stored.results,
            "abnormal": stored.abnormal,
            "flags": stored.flags,
        }
    )
)
