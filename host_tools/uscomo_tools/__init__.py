"""Host tools of uscomo: package, server, simulated devices, tests."""
