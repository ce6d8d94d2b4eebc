# Installs a package that came over the cable: with NUMBER 0 prints where to put it, then with the
# printed number installs it. ID: its package id; ACCOUNT: whose it is. Through the operation that
# a server would order, without anybody to report to.
import json
import sys

sys.path.insert(0, HOME)
from uscomo import nodes, platform, store

PLACE = "Inventory/Delivered/" + ID


def install(stored):
    opened = nodes.Nodes(stored)
    key = "SCOMO/" + PLACE
    opened.set(key + "/Data", b"%d" % NUMBER)
    opened.set(key + "/PkgID", ID.encode())
    opened.commit()
    order = {"primitive": "Install", "place": PLACE, "uri": "./SCOMO/" + PLACE}
    order.update({"account": ACCOUNT, "correlator": "", "asked": True, "id": ID})
    number = stored.accept(order)
    from uscomo import agent

    settings = agent.settings(opened)
    del agent
    platform.let_go(("agent",))
    row = stored.begin(number)
    # Before the modules, so that what unpacks finds a hole of its size.
    platform.begin_phase()
    from uscomo import operation

    result = operation.operate(stored, opened, number, row, settings, platform.feed, print)
    stored.reported(number)
    opened.remove_tree(key)
    opened.commit()
    store.remove_tree(store.package_path(NUMBER))
    return result[0]


stored = store.Store()
if NUMBER:
    print(json.dumps({"code": install(stored)}))
else:
    number = stored.new_number()
    print(json.dumps({"number": number, "path": store.package_path(number)}))
