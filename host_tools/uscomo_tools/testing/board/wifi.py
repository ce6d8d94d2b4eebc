# At the boot of a board with radio under test: join the only network there is.
import time

import network

wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("RP2040PY-GUEST", "any key")
while not wlan.isconnected():
    time.sleep_ms(20)
