# Prints whether the agent that is found has the names of its sources; None where there is none.
try:
    from uscomo import store
except ImportError:
    print(None)
else:
    print(hasattr(store, "slot_path"))
