# On the board: print the leaves of the SCOMO object, as the account's server would read them.
import json

from uscomo import dmacc, supervisor
from uscomo.scomo import Scomo
from uscomo.tree import Tree

here = supervisor.Supervisor()
account = dmacc.Account(here.nodes, here.nodes.children("DMAcc")[0])
scomo = Scomo(here.store, here.nodes, account)
tree = Tree(((account.scomo_root, scomo),), here.nodes, account.server_id)
found = {}
for uri, format, _, data in tree.get(("./" + account.scomo_root + "?list=StructData").encode()):
    if format != "node":
        found[uri] = data if isinstance(data, str) else bytes(data or b"").decode()
print(json.dumps(found))
