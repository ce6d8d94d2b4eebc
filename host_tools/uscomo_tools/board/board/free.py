# Prints the free bytes of the file system at PATH.
import os

stat = os.statvfs(PATH)
print(stat[1] * stat[4])
