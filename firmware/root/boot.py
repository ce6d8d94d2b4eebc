# Runs at every start and before every mpremote command: reads only, writes nothing.
import uscomo_boot

uscomo_boot.start()
