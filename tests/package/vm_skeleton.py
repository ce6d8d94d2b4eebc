# Runs the app of a folder for a moment: vm_skeleton.py FIRMWARE FOLDER MODULE, on MicroPython.
import asyncio
import sys


def asset(path):
    return sys.argv[2] + "/" + path


async def run(main):
    try:
        await asyncio.wait_for(main(), 0.2)
    except asyncio.TimeoutError:
        print("still running")


sys.path[:0] = [sys.argv[2], sys.argv[1]]
__import__("uscomo").asset = asset
asyncio.run(run(__import__(sys.argv[3]).main))
