# The one guarded way to `const`: mpy-cross folds the calls, CPython (where a wheel may put a
# `micropython` module without `const` on the path) gets the identity function. And numbers of the
# tree that objects on several floors share; a deployed agent has them where they are used.
try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Access types, as bits; the names are those of an ACL.
ADD = const(1)
DELETE = const(2)
EXEC = const(4)
GET = const(8)
REPLACE = const(16)

# What ./DevDetail/URI announces.
MAX_DEPTH = const(12)
MAX_TOTAL = const(127)
MAX_SEGMENT = const(64)

# The root's ACL where none is stored (TND 7.7.1.2).
ROOT_ACL = const(b"Add=*&Get=*")

# A subtree in one value; what follows is the encoding.
TNDS = const("application/vnd.syncml.dmtnds+")
