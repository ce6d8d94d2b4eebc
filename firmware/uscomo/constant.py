# The one guarded way to `const`: mpy-cross folds the calls, CPython (where a wheel may put a
# `micropython` module without `const` on the path) gets the identity function.
try:
    from micropython import const
except ImportError:

    def const(value):
        return value
