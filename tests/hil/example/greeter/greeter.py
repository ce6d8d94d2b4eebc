# Counts its starts in a file that survives updates, and says so.
import asyncio

import uscomo


def greeting(name, starts):
    return "Good day, %s: start %d" % (name, starts)


async def main():
    path = uscomo.data_dir() + "/starts"
    with open(path, "a") as file:
        file.write(".")
    with open(path) as file:
        starts = len(file.read())
    while True:
        print(greeting("board", starts))
        await asyncio.sleep(1)
