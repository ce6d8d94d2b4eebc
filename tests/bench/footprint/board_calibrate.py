# A workload whose need of heap is known, to see whether the bench finds it.
PIECES = 12
PIECE = 1008  # with its head 1024 bytes
WHOLE = 1


def prepare():
    pass


def run():
    if WHOLE > 1:
        bytearray(WHOLE)
    held = [None] * PIECES
    for i in range(PIECES):
        held[i] = bytearray(PIECE)
    return len(held)
