# Resets the board, late enough for the host to hear that this was understood.
import time

from machine import reset

time.sleep_ms(100)
reset()
