import uscomo

uscomo.run()
