"""Simulated devices: real MicroPython with the agent, in a folder of the user's."""
