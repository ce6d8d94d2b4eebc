# Blinks the pattern of the asset pattern.txt, for ever.
import asyncio

import blinklib

import uscomo


async def main():
    with open(uscomo.asset("pattern.txt")) as file:
        steps = blinklib.read_pattern(file)
    light = blinklib.Light()
    while True:
        for on, off in steps:
            light.set(True)
            await asyncio.sleep(on)
            light.set(False)
            await asyncio.sleep(off)
