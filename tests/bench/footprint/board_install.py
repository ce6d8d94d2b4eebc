# An accepted operation as the agent runs it: descriptor and package come over a stream, are
# spooled, verified and unpacked: the whole install phase.
import board_bench
import board_server
from micropython import const

SIZE = "20"
# Not names that the board would keep: what it keeps is measured.
_PLACE = const("Download/bench")
_URL = const("http://server.example/")


def prepare():
    board_bench.fresh_root()
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    stored = Store()
    nodes = Nodes(stored)
    for name, value in (("PkgID", b"com.example.bench"), ("PkgURL", _URL.encode())):
        nodes.set("SCOMO/" + _PLACE + "/" + name, value)
    nodes.commit()
    stored.accept(
        {
            "account": "bench",
            "uri": "./SCOMO/" + _PLACE + "/Operations/DownloadInstall",
            "place": _PLACE,
            "primitive": "DownloadInstall",
            "asked": True,
        }
    )


def run():
    from uscomo import consent, platform
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    consent.mode = "yes"
    platform.begin_phase()
    from uscomo import http, operation

    server = board_server.Server(
        (
            ("application/vnd.oma.dd+xml", f"/bench/{SIZE}.dd"),
            ("application/vnd.uscomo.package+gzip", f"/bench/{SIZE}.package"),
        )
    )
    http.connect = server.connect
    del http
    stored = Store()
    held = operation.Run(stored, Nodes(stored), 1, {}, None, lambda *about: None)
    code = held.run()
    if code not in (1200, 1250):
        raise RuntimeError(f"operation ended with {code}")
    return server.down
