# Enter the bootloader; a moment later, so that the answer still gets through.
import time

import machine

time.sleep_ms(100)
machine.bootloader()
