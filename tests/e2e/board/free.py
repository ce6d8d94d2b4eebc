# On the board: print how many blocks the file system says are free.
import os

print(os.statvfs("/")[3])
