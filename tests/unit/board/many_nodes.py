# In the VM, on a heap that the test chooses: so many nodes in the store, and the tree lists them.
# Arguments: the folder with the agent, one to write to, the number of nodes.
import gc
import sys

agent, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path[:] = [agent + "/root", agent, ".frozen"]

import uscomo_boot  # noqa: E402

uscomo_boot.ROOT = folder
from uscomo import accounts, tree  # noqa: E402
from uscomo.nodes import Nodes  # noqa: E402
from uscomo.store import Store  # noqa: E402

nodes = Nodes(Store())
for i in range(count):
    # Accounts with addresses, as a server would add them.
    nodes.set("DMAcc/a%d/AppAddr/%d/Addr" % (i // 64, i % 64), b"http://dm.example/%d" % i)
    if i % 8 == 7:
        nodes.commit()
gc.collect()
nodes = Nodes(Store())
held = tree.Tree((("DMAcc", accounts.Accounts(nodes)),), nodes, b"srv")
found = 0
for item in held.get(b"./DMAcc?list=StructData"):
    found += item[1] == ""
print("nodes", found, nodes.room())
