# What `identify` prints, as far as a board with a few KB of heap can tell. Sent line by line: a
# line has to stand for itself, and to fit into the smallest input buffer, 64 bytes.
import gc
import os
import sys

u = os.uname()
f = {"sysname": u[0], "machine": u[4]}
f["platform"] = sys.platform
f["release"] = sys.implementation[1]
f["mpy"] = 0
f["modules"] = {}
gc.collect()
f["heap_free"] = gc.mem_free()
f["heap_total"] = gc.mem_free() + gc.mem_alloc()
print(f)
