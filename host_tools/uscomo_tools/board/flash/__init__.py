"""Putting MicroPython itself on a board: one module per method, checks before and after.

`flow` is the order of events, `image` and the ``*_file`` modules check a file before anything is
touched; `uf2`, `esptool`, `dfu` and `mpflash` write it. Nothing here knows the command line.
"""
