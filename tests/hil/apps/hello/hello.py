# Says hello, and counts how often.
import asyncio

import uscomo


async def main():
    with open(uscomo.data_dir() + "/count", "a") as file:
        file.write("x")
    while True:
        print("hello")
        await asyncio.sleep(1)
