# On a board under test: what main.py does, until nothing is left to do. The last line says how the
# last session ended; without it the board has restarted.
import uscomo_boot

uscomo_boot.attempt()
try:
    import uscomo

    outcome = uscomo.run(True)
except Exception as error:
    uscomo_boot.failed(error)
print("\nresult:", outcome)
