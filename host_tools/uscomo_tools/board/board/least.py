# Prints what every MicroPython knows of itself: (sys.platform, release).
import sys

print((sys.platform, tuple(sys.implementation[1])))
