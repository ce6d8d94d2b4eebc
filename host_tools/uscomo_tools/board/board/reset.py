# Resets the board, late enough for the host to hear that this was understood. The name stays until
# the board really was reset.
import time

from machine import reset

uscomo_resetting = True
time.sleep_ms(100)
reset()
