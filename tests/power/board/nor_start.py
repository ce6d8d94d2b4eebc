# On an emulated Pico that has just started: what stage 0 has chosen, and whether its agent lives.
import json
import sys

import uscomo_boot


def told():
    """Slots on the path, whether a record counts, whether the agent is alone; the agent's file."""
    record = uscomo_boot.load()
    import uscomo

    assert uscomo.run, "no agent"
    print(
        json.dumps(
            {
                "path": [place for place in sys.path if place.startswith("/uscomo.d")],
                "record": record is not None,
                "alone": record is None or uscomo_boot.alone(record),
                "agent": uscomo.__file__,
            }
        )
    )
