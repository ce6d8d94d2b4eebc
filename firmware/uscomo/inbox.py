# The Inbox: where a server puts a management object as one document, and the device knows where
# it belongs. Nothing stays in it. Imported when it is asked for.
# Source: OMA DM Standardized Objects 1.2, section 5.3.4.
from uscomo.constant import ADD

MOID = "urn:oma:mo:oma-dm-inbox:1.0"


class Inbox:
    """A permanent node that takes documents, see tnds."""

    def node(self, path):
        """What a path is, or None."""
        return None if path else ("node", MOID, ADD)

    def children(self, path):
        """Nothing stays here."""
        return ()


def place(tree, top):
    """Where an object with this first node belongs: a path that is free, or None."""
    kind = top.type.decode()
    # Its registered name, and the one that bootstrap messages have for it.
    if "oma-dm-dmacc" not in kind and kind[-3:] != "/w7":
        return None
    name = top.name.decode()
    number = 0
    while not name or tree.node(["DMAcc", name]):
        number += 1
        name = str(number)
    return ["DMAcc", name]
