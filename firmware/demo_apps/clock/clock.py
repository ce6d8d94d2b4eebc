# Prints a tick each second, for ever.
import asyncio


async def main():
    tick = 0
    while True:
        tick += 1
        print("clock:", tick)
        await asyncio.sleep(1)
