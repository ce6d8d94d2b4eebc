# Runs at every start, after boot.py and not before mpremote commands. What an agent raises, also
# one that cannot be imported, ends in a reset: on trial, that uses up its attempts.
import uscomo_boot

try:
    uscomo_boot.attempt()
    import uscomo

    uscomo.run()
except KeyboardInterrupt:
    uscomo_boot.interrupted()
    raise
except Exception as error:
    uscomo_boot.failed(error)
