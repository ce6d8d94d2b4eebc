# The board's former main.py as a component: main.txt beside this, byte for byte what it was. It
# runs in the foreground as before and knows nothing of the agent, so what it would have to do for
# it is done here.
import asyncio

import uscomo

_NAME = "adopted_main/main.txt"


async def beat():
    # Gives the agent its time where main.py runs the loop that this task waits in.
    while True:
        await asyncio.sleep(1)
        uscomo.poll()


def main():
    # It has run here for long: no trial, and a start that does not come back is none that failed.
    uscomo.confirm()
    running = asyncio.core.cur_task
    task = asyncio.create_task(beat())
    try:
        with open(uscomo.asset(_NAME)) as file:
            source = file.read()
        exec(source, {"__name__": "__main__", "__file__": "main.py"})
    finally:
        # Where it has run the loop, that has forgotten who called.
        asyncio.core.cur_task = running
        task.cancel()
