# Copies files on the board: PAIRS of (source, target).
buffer = bytearray(512)
for source, target in PAIRS:
    with open(source, "rb") as old, open(target, "wb") as new:
        while True:
            size = old.readinto(buffer)
            if not size:
                break
            new.write(memoryview(buffer)[:size])
