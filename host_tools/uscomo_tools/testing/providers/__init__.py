"""Where boards for tests come from: one module per kind, each with ``start() -> ProvidedBoard``.

An emulated board is served on a pseudo terminal by a process of its own, which ends with the one
that started it. ``python -m uscomo_tools.testing.providers.unix`` serves one until Ctrl-C.
"""
