# Prints what a board is provisioned with, as a line of JSON without secrets; writes nothing. HOME:
# folder of the agent whose store this is, for sys.path; "" for the one that is there.
import json
import os
import sys

if HOME:
    sys.path.insert(0, HOME)
import uscomo_boot
from uscomo import nodes, store


def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def account(opened, name):
    base = "DMAcc/" + name + "/"

    def text(key):
        return (opened.get(base + key) or b"").decode()

    about = {
        "url": text("AppAddr/1/Addr"),
        "server_id": text("ServerID"),
        "scomo_root": text("Ext/ScomoRoot"),
        "scomo_version": text("Ext/ScomoVersion"),
        "request_types": text("Ext/RequestTypes"),
        "encoding": text("Ext/Form"),
        "report": text("Ext/Report"),
        "silent": text("Ext/Silent") == "1",
        "levels": {},
    }
    for place in opened.children(base + "AppAuth"):
        level = "AppAuth/" + place + "/"
        about["levels"][text(level + "AAuthLevel")] = {
            "place": place,
            "type": text(level + "AAuthType"),
            "name": text(level + "AAuthName"),
            "secret": bool(text(level + "AAuthSecret")),
        }
    return about


def component(row):
    about = store.manifest(row[4])
    return {
        "id": about["id"],
        "version": about["version"],
        "state": row[1],
        "trial": bool(row[3] & uscomo_boot.TRIAL),
        "attempts": row[2],
        "agent": bool(row[3] & uscomo_boot.AGENT),
    }


def tell():
    if not exists(uscomo_boot.ROOT):
        return {"store": "none"}
    if uscomo_boot.load() is None:
        return {"store": "broken"}
    stored = store.Store()
    opened = nodes.Nodes(stored)
    tls = uscomo_boot.ROOT + "/s"
    folder = uscomo_boot.ROOT + "/k/"
    keys = {name: os.stat(folder + name)[6] > 0 for name in os.listdir(folder[:-1])}
    return {
        "store": "good",
        "safe": bool(stored.flags & uscomo_boot.SAFE),
        "abnormal": stored.abnormal,
        "components": [component(row) for row in stored.rows],
        "device_id": (opened.get("DevInfo/DevId") or b"").decode(),
        "type": (opened.get("DevDetail/DevTyp") or b"").decode(),
        "accounts": {name: account(opened, name) for name in opened.children("DMAcc")},
        "settings": {key[5:]: opened.get(key).decode() for key in opened.keys("~set/")},
        "tls": sorted(os.listdir(tls)) if exists(tls) else [],
        "wifi": [key[5:] for key in opened.keys("~net/")],
        "anchors": sorted(name for name in keys if keys[name] and len(name) == 16),
        "revoked": sorted(name for name in keys if not keys[name]),
    }


print(json.dumps(tell()))
