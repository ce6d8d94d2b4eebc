# The DevDetail management object: what the device can do; read on demand.
# Source: OMA DM Standardized Objects 1.2, section 5.3.3.
from uscomo.constant import MAX_DEPTH, MAX_SEGMENT, MAX_TOTAL

MOID = "urn:oma:mo:oma-dm-devdetail:1.0"


def values(nodes):
    """The leaves of DevDetail: figures of this interpreter and agent, or what was provisioned.

    With Man and Mod of DevInfo they say which software it is.
    """
    import sys

    about = sys.implementation
    version = ".".join(str(part) for part in about.version[:3])
    known = (
        ("DevTyp", sys.platform),
        ("OEM", "uscomo"),
        ("FwV", "%s %s" % (about.name, version)),
        ("SwV", "0.1.0"),
        ("HwV", getattr(about, "_machine", sys.platform)),
        ("LrgObj", "true"),
        ("URI/MaxDepth", str(MAX_DEPTH)),
        ("URI/MaxTotLen", str(MAX_TOTAL)),
        ("URI/MaxSegLen", str(MAX_SEGMENT)),
    )
    found = []
    for name, value in known:
        stored = nodes.get("DevDetail/" + name) if name in ("DevTyp", "OEM", "HwV") else None
        found.append((name, value if stored is None else stored.decode()))
    return found
