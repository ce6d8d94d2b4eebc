# The DevDetail management object: what the device can do; read on demand.
# Source: OMA DM Standardized Objects 1.2, section 5.3.3.
from uscomo import tree

MOID = "urn:oma:mo:oma-dm-devdetail:1.0"


def values(nodes):
    """The leaves of DevDetail, true figures of this interpreter and this agent."""
    import sys

    version = ".".join(str(part) for part in sys.implementation.version[:3])
    kind = nodes.get("DevDetail/DevTyp")
    return (
        ("DevTyp", kind.decode() if kind else sys.platform),
        ("OEM", "uscomo"),
        ("FwV", "%s %s" % (sys.implementation.name, version)),
        ("SwV", "0.1.0"),
        ("HwV", sys.platform),
        ("LrgObj", "true"),
        ("URI/MaxDepth", str(tree.MAX_DEPTH)),
        ("URI/MaxTotLen", str(tree.MAX_TOTAL)),
        ("URI/MaxSegLen", str(tree.MAX_SEGMENT)),
    )
