# On a board: so many sessions in one start, and the heap after each. SESSIONS stands in front.
import gc

import uscomo

for _ in range(SESSIONS):
    uscomo.check()
    uscomo.run(True)
    gc.collect()
    print("heap", gc.mem_alloc())
