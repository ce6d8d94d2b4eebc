# On the board: put a version of the agent into a slot, on trial, as an installation does.
# Argument: good | broken (cannot be imported) | deaf (cannot hold a session).
import json
import os
import sys

from uscomo import store

kind = sys.argv[1]
stored = store.Store()
slot = stored.new_slot()
folder = store.slot_path(slot)
about = {
    "id": "com.uscomo.agent",
    "name": "agent",
    "package": "com.uscomo.agent",
    "version": kind,
    "release": 2,
    "env": "micropython",
    "provides": ["uscomo"],
    "signer": "00" * 8,
    "agent": True,
}
with open(folder + "/component", "wb") as file:
    file.write(json.dumps(about).encode() + b"\n")
os.mkdir(folder + "/uscomo")
if kind == "broken":
    with open(folder + "/uscomo/__init__.py", "w") as file:
        file.write("raise ValueError('a new agent that nobody can import')\n")
else:
    part = bytearray(512)
    for name in os.listdir("/lib/uscomo"):
        if kind == "deaf" and name.startswith("talk."):
            continue
        source = open("/lib/uscomo/" + name, "rb")
        with open(folder + "/uscomo/" + name, "wb") as file:
            size = source.readinto(part)
            while size:
                file.write(memoryview(part)[:size])
                size = source.readinto(part)
        source.close()
number = stored.accept(
    {
        "account": "main",
        "uri": "./SCOMO/Download/agent/Operations/DownloadInstall",
        "correlator": "agent",
        "place": "Download/agent",
        "primitive": "DownloadInstall",
        "asked": True,
    }
)
stored.finish(number, 1200, [stored.install(slot, 1, True)])
stored.commit()
