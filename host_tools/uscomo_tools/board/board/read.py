# Prints the file PATH in pieces, for boards that lack what send.py needs.
with open(PATH, "rb") as file:
    while True:
        piece = file.read(64)
        if not piece:
            break
        print(piece)
