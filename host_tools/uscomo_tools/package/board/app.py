# The skeleton of an application: `uscomo package init` copies it under the app's name.
#
# uscomo imports this module and runs main(): as a task beside those of other apps where it is
# `async`, as here. An exception that leaves main() counts against a new version while it is on
# trial; once it has used up its attempts the device goes back to the version before.
import asyncio

import uscomo

SECONDS = 10


async def main():
    """Says hello for ever."""
    with open(uscomo.asset("greeting.txt")) as file:
        greeting = file.read().strip()
    while True:
        print(greeting)
        await asyncio.sleep(SECONDS)
